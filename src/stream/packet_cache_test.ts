import { assert, assertEquals, assertThrows } from "@std/assert";
import { PacketPool, type PooledPacket } from "../base/packet_pool.ts";
import { RtpView } from "../rtp/rtp_view.ts";
import { CACHE_MAX_AGE_MS, PacketCache } from "./packet_cache.ts";

const STARTS = [0, 1, 32767, 32768, 65534, 65535].map((low) => 0x10000 + low);

/** Puts a packet whose payload is its number, as a publisher does: the cache is left as its only owner. */
function put(pool: PacketPool, cache: PacketCache, sequence: number, now = 0): boolean {
  const packet = pool.acquire();
  const stored = cache.put(sequence, packet, fill(packet, sequence), false, now);
  packet.release();
  return stored;
}

function fill(packet: PooledPacket, sequence: number): RtpView {
  packet.bytes.set([0x80, 0x80 | 96, sequence >> 8, sequence, 0, 0, 0, sequence & 0xff, 0, 0, 0, 1, 0xaa, 0xbb]);
  packet.length = 14;
  const view = new RtpView();
  assert(view.parse(packet.bytes, packet.length));
  return view;
}

Deno.test("constructor refuses a capacity that is no positive integer", () => {
  for (const capacity of [0, -1, 1.5, NaN]) assertThrows(() => new PacketCache(capacity), RangeError);
});

Deno.test("get() finds what was put, with what the parser found", () => {
  const pool = new PacketPool();
  const cache = new PacketCache(16);
  const packet = pool.acquire();
  assert(cache.put(0x10007, packet, fill(packet, 0x10007), true, 42));
  packet.release();
  const cached = cache.get(0x10007);
  assert(cached !== undefined);
  assertEquals(cached.packet, packet);
  assertEquals(
    [cached.sequence, cached.timestamp, cached.marker, cached.payloadType, cached.payloadOffset, cached.payloadLength],
    [0x10007, 7, true, 96, 12, 2],
  );
  assertEquals([cached.startsKeyframe, cached.storedAt], [true, 42]);
  assertEquals([cache.get(0x10006), cache.get(0x10017), cache.get(-1)], [undefined, undefined, undefined]);
});

Deno.test("put() evicts what is older by the capacity and gives it back", () => {
  for (const start of STARTS) {
    const pool = new PacketPool();
    const cache = new PacketCache(8);
    for (let i = 0; i < 100; i++) {
      assert(put(pool, cache, start + i));
      assertEquals(pool.inUse, Math.min(i + 1, 8));
      assertEquals(cache.get(start + i)?.sequence, start + i);
      assertEquals(cache.get(start + i - 8), undefined);
    }
    cache.clear();
    assertEquals(pool.inUse, 0);
  }
});

Deno.test("put() takes late packets in and refuses duplicates and those too old", () => {
  const pool = new PacketPool();
  const cache = new PacketCache(8);
  assert(put(pool, cache, 100));
  assert(put(pool, cache, 105));
  assert(put(pool, cache, 102));
  assertEquals(put(pool, cache, 102), false);
  assertEquals(put(pool, cache, 97), false);
  assert(put(pool, cache, 98));
  assertEquals(cache.size, 4);
  assertEquals(pool.inUse, 4);
});

Deno.test("put() survives a jump far ahead", () => {
  const pool = new PacketPool();
  const cache = new PacketCache(8);
  for (let i = 0; i < 8; i++) put(pool, cache, 100 + i);
  assert(put(pool, cache, 20_003));
  assertEquals([100, 108, 19_995].map((n) => put(pool, cache, n)), [false, false, false]);
  for (let i = 1; i < 8; i++) put(pool, cache, 20_003 + i);
  assertEquals([cache.size, pool.inUse], [8, 8]);
  for (let i = 0; i < 8; i++) assertEquals(cache.get(100 + i), undefined);
});

Deno.test("get() hands out a packet that its user may keep beyond eviction", () => {
  const pool = new PacketPool();
  const cache = new PacketCache(4);
  put(pool, cache, 1);
  const kept = cache.get(1)!.packet.retain();
  put(pool, cache, 5);
  assertEquals(cache.get(1), undefined);
  assertEquals(pool.inUse, 2);
  kept.release();
  assertEquals(pool.inUse, 1);
});

Deno.test("expire() gives back what is too old, gaps or not", () => {
  const pool = new PacketPool();
  const cache = new PacketCache(8);
  put(pool, cache, 19_998, 0);
  put(pool, cache, 20_001, 1_000);
  put(pool, cache, 20_003, 2_000);
  cache.expire(CACHE_MAX_AGE_MS);
  assertEquals(cache.size, 3);
  cache.expire(CACHE_MAX_AGE_MS + 1_001);
  assertEquals([cache.size, pool.inUse, cache.get(20_003)?.sequence], [1, 1, 20_003]);
  cache.expire(1e9);
  assertEquals([cache.size, pool.inUse], [0, 0]);
  assert(put(pool, cache, 20_004, 1e9));
  assertEquals(cache.get(20_004)?.sequence, 20_004);
});

Deno.test("clear() gives everything back and lets the numbers begin anywhere", () => {
  const pool = new PacketPool();
  const cache = new PacketCache(1_024);
  for (let i = 0; i < 3_000; i++) put(pool, cache, 90_000 + i);
  assertEquals(pool.inUse, 1_024);
  cache.clear();
  assertEquals([cache.size, pool.inUse], [0, 0]);
  cache.clear();
  assertEquals(pool.inUse, 0);
  assert(put(pool, cache, 5));
});

Deno.test("put() gives the oldest packets back when the bytes do not fit, whatever the order of arrival", () => {
  for (const start of STARTS) {
    const pool = new PacketPool();
    // The packets of `put` have 14 bytes each.
    const cache = new PacketCache(64, 10 * 14);
    for (const offset of [0, 2, 1, 5, 4, 3, 6, 7, 8, 9]) assert(put(pool, cache, start + offset));
    assertEquals([cache.size, cache.bytes, pool.inUse], [10, 140, 10]);
    assert(put(pool, cache, start + 12));
    assertEquals([cache.size, cache.bytes, pool.inUse], [10, 140, 10]);
    assertEquals([cache.get(start), cache.get(start + 1)?.sequence], [undefined, start + 1]);
    // A late one is older than all: it goes again at once.
    assert(put(pool, cache, start));
    assertEquals([cache.get(start), cache.size], [undefined, 10]);
    // After a jump everything that was there is too old.
    assert(put(pool, cache, start + 1_000));
    cache.expire(CACHE_MAX_AGE_MS + 1);
    assertEquals([cache.size, cache.bytes, pool.inUse], [0, 0, 0]);
  }
});

Deno.test("a packet larger than all room is held until the next one comes", () => {
  const pool = new PacketPool();
  const cache = new PacketCache(16, 10);
  assert(put(pool, cache, 5));
  assertEquals([cache.size, cache.bytes], [1, 14]);
  assert(put(pool, cache, 6));
  assertEquals([cache.size, cache.get(5), cache.get(6)?.sequence], [1, undefined, 6]);
});

Deno.test("after a gap longer than the cache new packets stay, and not those from before it", () => {
  const pool = new PacketPool();
  const cache = new PacketCache(16, 8 * 14);
  for (let n = 96; n < 104; n++) put(pool, cache, n);
  // Their places are free, so that nothing from before the gap has to make way for them.
  for (const n of [200, 201, 202]) put(pool, cache, n);
  assertEquals([200, 201, 202].map((n) => cache.get(n)?.sequence), [200, 201, 202]);
  assertEquals([cache.size, pool.inUse], [3, 3]);
});
