/** What waits for one receiver, against plain lists: everything leaves once, in order, the urgent first, and is given back. */

import { assert, assertEquals } from "@std/assert";
import { writeU32 } from "../../src/base/bytes.ts";
import { PacketPool, type PooledPacket } from "../../src/base/packet_pool.ts";
import { NEVER } from "../../src/base/time.ts";
import { Pacer, WIRE_OVERHEAD_BYTES } from "../../src/bandwidth/pacer.ts";
import { below, chance, fuzzOperations, OPERATIONS, type Rng } from "./harness.ts";

/** As `Pacer` documents them. */
const MAX_PACKETS = 512;
const MAX_BYTES = 400_000;

/** Repairs, cameras, screens. */
const URGENCIES = [1, 2, 3] as const;

function packetOf(pool: PacketPool, rng: Rng): PooledPacket {
  const packet = pool.acquire();
  packet.length = chance(rng, 0.7) ? 1_100 + below(rng, 100) : 12 + below(rng, 200);
  packet.urgency = URGENCIES[below(rng, URGENCIES.length)]!;
  writeU32(packet.bytes, 8, below(rng, 4));
  return packet;
}

fuzzOperations("Pacer", (rng) => {
  const pool = new PacketPool();
  const pacer = new Pacer();
  const rings: PooledPacket[][] = URGENCIES.map(() => []);
  const count = () => rings.reduce((sum, { length }) => sum + length, 0);
  let bytes = 0;
  let now = 0;
  const left = (packet: PooledPacket) => bytes -= packet.length + WIRE_OVERHEAD_BYTES;
  const takeOne = (packet: PooledPacket | undefined) => {
    assert(
      packet !== undefined && packet === rings.find(({ length }) => length > 0)?.shift(),
      "not the first of the most urgent",
    );
    left(packet);
    packet.release();
  };
  pacer.setRate(100_000, now);
  for (let i = 0; i < OPERATIONS; i++) {
    const waiting = count();
    const kind = rng.next();
    if (kind < 0.4) {
      for (let more = below(rng, 30); more > 0; more--) {
        const packet = packetOf(pool, rng);
        const ring = rings[packet.urgency - 1]!;
        const size = packet.length + WIRE_OVERHEAD_BYTES;
        const fits = ring.length < MAX_PACKETS && bytes + size <= MAX_BYTES;
        assert(pacer.add(packet, now) === fits);
        if (fits) bytes += size;
        if (fits) ring.push(packet);
        else packet.release();
      }
    } else if (kind < 0.45) pacer.setRate(10_000 + below(rng, 10_000_000), now);
    else if (kind < 0.5) {
      const [ssrc, rtxSsrc] = [below(rng, 4), chance(rng, 0.5) ? below(rng, 4) : undefined];
      const own = ({ bytes }: PooledPacket) => bytes[11] === ssrc || bytes[11] === rtxSsrc;
      let discarded = 0;
      for (const ring of rings) {
        for (const packet of ring.filter(own)) {
          left(packet);
          ring.splice(ring.indexOf(packet), 1);
          discarded++;
        }
      }
      assertEquals(pacer.discard(ssrc, rtxSsrc), discarded);
    } else if (kind < 0.52) {
      pacer.clear();
      for (const ring of rings) ring.length = 0;
      bytes = 0;
    } else if (kind < 0.55 && waiting > 0) takeOne(pacer.takeEarly());
    else {
      // As the driver does: at the moment it was told, something leaves.
      const at = pacer.nextTimeout(now);
      assertEquals(at === NEVER, waiting === 0);
      now = at === NEVER || chance(rng, 0.3) ? now + below(rng, 20) : Math.max(now, at + 1e-6);
      let packet = pacer.take(now);
      assert(packet !== undefined || waiting === 0 || now < at, "nothing leaves when its time has come");
      for (; packet !== undefined; packet = pacer.take(now)) takeOne(packet);
    }
    const remaining = count();
    assert(pacer.waiting === remaining && pool.inUse === remaining && pacer.waitMs > 0 === remaining > 0);
  }
  pacer.clear();
  assertEquals(pool.inUse, 0);
});
