/** What is kept for retransmission, against a plain map of what should be there. */

import { assert, assertEquals } from "@std/assert";
import { PacketPool } from "../../src/base/packet_pool.ts";
import { RtpView } from "../../src/rtp/rtp_view.ts";
import { CACHE_MAX_AGE_MS, PacketCache } from "../../src/stream/packet_cache.ts";
import { below, chance, firstNumber, fuzzOperations, nextNumber, OPERATIONS, type Rng } from "./harness.ts";

/** What is held of one packet. */
interface Held {
  readonly bytes: number;
  readonly at: number;
}

/** What `PacketCache` says of itself, in as few words as possible. */
class Model {
  readonly held = new Map<number, Held>();
  newest = -1;

  constructor(readonly capacity: number, readonly maxBytes: number) {}

  get bytes(): number {
    return [...this.held.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  put(sequence: number, packet: Held): boolean {
    if (sequence <= this.newest - this.capacity || this.held.has(sequence)) return false;
    this.held.set(sequence, packet);
    this.newest = Math.max(this.newest, sequence);
    const oldestFirst = [...this.held.keys()].sort((a, b) => a - b);
    for (const other of oldestFirst) {
      const tooOld = other <= this.newest - this.capacity;
      if (tooOld || (other < this.newest && this.bytes > this.maxBytes)) this.held.delete(other);
    }
    return true;
  }

  expire(now: number): void {
    for (const [sequence, { at }] of this.held) if (now - at > CACHE_MAX_AGE_MS) this.held.delete(sequence);
  }

  clear(): void {
    this.held.clear();
    this.newest = -1;
  }
}

/** As `nextNumber`, and at times a gap of a few times what is kept. */
function numberAfter(rng: Rng, newest: number, capacity: number): number {
  return chance(rng, 0.03) ? newest + below(rng, 3 * capacity) : nextNumber(rng, newest);
}

fuzzOperations("PacketCache", (rng) => {
  const pool = new PacketPool();
  const capacity = 1 + below(rng, 32);
  const maxBytes = chance(rng, 0.5) ? 100_000 : 100 * (1 + below(rng, capacity));
  const cache = new PacketCache(capacity, maxBytes);
  const model = new Model(capacity, maxBytes);
  const view = new RtpView();
  let newest = firstNumber(rng);
  let now = 0;
  for (let i = 0; i < OPERATIONS; i++) {
    now += below(rng, 40);
    const kind = rng.next();
    if (kind < 0.01) {
      cache.clear();
      model.clear();
      newest = firstNumber(rng);
    } else if (kind < 0.05) {
      cache.expire(now);
      model.expire(now);
    } else {
      const sequence = numberAfter(rng, newest, capacity);
      newest = Math.max(newest, sequence);
      const packet = pool.acquire();
      packet.bytes.set([0x80, 96, sequence >> 8, sequence, 0, sequence >> 16, sequence >> 8, sequence, 0, 0, 0, 0]);
      packet.length = 12 + below(rng, 200);
      view.parse(packet.bytes, packet.length);
      const expected = model.put(sequence, { bytes: packet.length, at: now });
      assertEquals(cache.put(sequence, packet, view, false, now), expected);
      packet.release();
    }
    assertEquals([cache.size, cache.bytes, pool.inUse], [model.held.size, model.bytes, model.held.size]);
    const asked = Math.max(0, newest - below(rng, 2 * capacity));
    const found = cache.get(asked);
    assertEquals(found?.packet.length, model.held.get(asked)?.bytes, `${asked}`);
    if (found === undefined) continue;
    view.parse(found.packet.bytes, found.packet.length);
    assertEquals([view.sequenceNumber, view.timestamp, found.sequence], [asked & 0xffff, asked, asked]);
  }
  cache.clear();
  assert(pool.inUse === 0);
});
