import { assert, assertEquals, assertNotEquals, assertStrictEquals } from "@std/assert";
import { PACKET_CAPACITY, PacketPool } from "./packet_pool.ts";

Deno.test("acquire() hands out an empty packet of full capacity", () => {
  const packet = new PacketPool().acquire();
  assertEquals(packet.length, 0);
  assertEquals(packet.bytes.length, PACKET_CAPACITY);
});

Deno.test("release() makes the buffer available again, with its length reset", () => {
  const pool = new PacketPool();
  const packet = pool.acquire();
  packet.length = 100;
  packet.release();
  const again = pool.acquire();
  assertStrictEquals(again, packet);
  assertEquals(again.length, 0);
});

Deno.test("acquire() never hands out a buffer that is in use", () => {
  const pool = new PacketPool();
  const inUse = Array.from({ length: 50 }, () => pool.acquire());
  assertEquals(new Set(inUse).size, 50);
  inUse[10]!.release();
  inUse[20]!.release();
  const next = [pool.acquire(), pool.acquire(), pool.acquire()];
  assertEquals(new Set([...next, ...inUse]).size, 51);
});

Deno.test("retain() keeps the buffer until the last owner has released it", () => {
  const pool = new PacketPool();
  const packet = pool.acquire().retain().retain();
  packet.release();
  packet.release();
  assertEquals(pool.inUse, 1);
  assertNotEquals(pool.acquire() === packet, true);
  packet.release();
  assertStrictEquals(pool.acquire(), packet);
});

Deno.test("retain() counts from one again after reuse", () => {
  const pool = new PacketPool();
  const packet = pool.acquire().retain();
  packet.release();
  packet.release();
  const again = pool.acquire();
  again.release();
  assertEquals(pool.inUse, 0);
});

Deno.test("inUse follows acquire() and release()", () => {
  const pool = new PacketPool();
  assertEquals(pool.inUse, 0);
  const packets = [pool.acquire(), pool.acquire(), pool.acquire()];
  assertEquals(pool.inUse, 3);
  packets[1]!.release();
  assertEquals(pool.inUse, 2);
  pool.acquire();
  assertEquals(pool.inUse, 3);
});

Deno.test("inUse stays right when more is released than the pool keeps", () => {
  const pool = new PacketPool();
  const packets = Array.from({ length: 16_384 + 10 }, () => pool.acquire());
  for (const packet of packets) packet.release();
  assertEquals(pool.inUse, 0);
  const reused = Array.from({ length: 16_384 }, () => pool.acquire());
  const known = new Set(packets);
  assert(reused.every((packet) => known.has(packet)));
  assertEquals(pool.inUse, 16_384);
  assert(!known.has(pool.acquire()));
});
