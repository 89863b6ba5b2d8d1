import { assertEquals, assertGreater, assertLess, assertLessOrEqual } from "@std/assert";
import { PacketPool, type PooledPacket } from "../base/packet_pool.ts";
import { seededRandom } from "../base/random.ts";
import { NEVER } from "../base/time.ts";
import { Pacer, WIRE_OVERHEAD_BYTES } from "./pacer.ts";

const REPAIR = 1;
const VIDEO = 2;

/** A packet of `bytes` on the wire. */
function packet(pool: PacketPool, urgency: number, ssrc: number, number = 0, bytes = 1_000): PooledPacket {
  const made = pool.acquire();
  made.length = bytes - WIRE_OVERHEAD_BYTES;
  made.urgency = urgency;
  made.bytes.set([0x80, 96, number >> 8, number & 0xff, 0, 0, 0, 0, 0, 0, 0, ssrc]);
  return made;
}

const numberOf = ({ bytes }: PooledPacket) => (bytes[2]! << 8) | bytes[3]!;

/** A pacer of one byte per microsecond: 1,000 bytes take a millisecond. */
function pacerOf(bytesPerMs: number): Pacer {
  const pacer = new Pacer();
  pacer.setRate(bytesPerMs * 8_000, 0);
  return pacer;
}

Deno.test("what waits leaves at the rate, repairs before pictures, each stream in order", () => {
  const pool = new PacketPool();
  const pacer = pacerOf(100);
  for (let i = 0; i < 20; i++) pacer.add(packet(pool, VIDEO, 7, i), 0);
  for (let i = 0; i < 5; i++) pacer.add(packet(pool, REPAIR, 9, 100 + i), 0);
  assertEquals([pacer.waiting, pacer.waitMs], [25, 250]);
  const left: number[] = [];
  let now = 0;
  for (; pacer.waiting > 0; now = pacer.nextTimeout(now)) {
    for (let next = pacer.take(now); next !== undefined; next = pacer.take(now)) {
      left.push(numberOf(next));
      next.release();
    }
    if (pacer.waiting === 0) break;
  }
  assertEquals(left, [100, 101, 102, 103, 104, ...Array.from({ length: 20 }, (_, i) => i)]);
  assertGreater(now, 220);
  assertLess(now, 250);
  assertEquals([pacer.nextTimeout(now), pool.inUse], [NEVER, 0]);
});

Deno.test("a packet need not wait where nothing does and the rate allows; nothing is saved up while nothing is sent", () => {
  const pool = new PacketPool();
  const pacer = pacerOf(100);
  const one = packet(pool, VIDEO, 7);
  for (const now of [0, 10, 10_000, 10_010]) {
    assertEquals(pacer.isFree(now), true, `at ${now}`);
    pacer.passed(one, now);
    assertEquals(pacer.isFree(now), false, `just after ${now}`);
  }
  pacer.add(one, 10_100);
  assertEquals(pacer.isFree(10_100), false, "behind one that waits");
  pacer.clear();
  assertEquals([pacer.waiting, pacer.waitMs, pool.inUse], [0, 0, 0]);
});

Deno.test("sound that passes is made up for, but never stops the others", () => {
  const pool = new PacketPool();
  const pacer = pacerOf(10);
  const sound = packet(pool, 0, 3);
  pacer.add(packet(pool, VIDEO, 7), 0);
  for (let i = 0; i < 50; i++) pacer.passed(sound, 0);
  assertEquals(pacer.take(0), undefined);
  const at = pacer.nextTimeout(0);
  assertGreater(at, 30);
  assertLess(at, 200);
  assertEquals(pacer.take(at)?.urgency, VIDEO);
});

Deno.test("whatever waits has left after about a second, however low the rate has become", () => {
  const pool = new PacketPool();
  const pacer = pacerOf(1_000);
  for (let i = 0; i < 100; i++) pacer.add(packet(pool, VIDEO, 7, i), 0);
  pacer.setRate(1_000, 0);
  assertLessOrEqual(pacer.waitMs, 1_000);
  let left = 0;
  for (let now = 0; now < 2_500; now++) {
    for (let next = pacer.take(now); next !== undefined; next = pacer.take(now), left++) next.release();
  }
  assertGreater(left, 80);
});

Deno.test("what waits is bounded in packets and bytes, and what is refused stays the caller's", () => {
  for (const [bytes, most] of [[100, 512], [1_500, 266]] as const) {
    const pool = new PacketPool();
    const pacer = pacerOf(10);
    let taken = 0;
    for (let i = 0; i < 600; i++) {
      const one = packet(pool, VIDEO, 7, i, bytes);
      if (pacer.add(one, 0)) taken++;
      else one.release();
    }
    assertEquals([taken, pacer.waiting, pool.inUse], [most, most, most]);
    pacer.clear();
    assertEquals(pool.inUse, 0);
  }
});

Deno.test("discard() gives back one line's packets and keeps the order of the rest", () => {
  const pool = new PacketPool();
  const pacer = pacerOf(10);
  for (let i = 0; i < 50; i++) {
    pacer.add(packet(pool, i % 5 === 0 ? REPAIR : VIDEO, i % 5 === 0 ? 8 : 7 + 4 * (i % 2), i), 0);
  }
  assertEquals(pacer.discard(7, 8), 30);
  assertEquals([pacer.waiting, pool.inUse, pacer.waitMs], [20, 20, 2_000 / 2]);
  const left: number[] = [];
  for (let next = pacer.takeEarly(); next !== undefined; next = pacer.takeEarly()) {
    left.push(numberOf(next));
    next.release();
  }
  assertEquals(left, Array.from({ length: 50 }, (_, i) => i).filter((i) => i % 5 !== 0 && i % 2 === 1));
  assertEquals(pool.inUse, 0);
});

Deno.test("any order of calls loses and doubles nothing", () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const random = seededRandom(seed);
    const pool = new PacketPool();
    const pacer = new Pacer();
    pacer.setRate(400_000, 0);
    const waiting = new Map<number, number>();
    let number = 0;
    for (let now = 0; now < 20_000; now += random.next() * 10) {
      const drawn = random.next();
      if (drawn < 0.6) {
        const one = packet(
          pool,
          random.next() < 0.2 ? REPAIR : VIDEO,
          7,
          ++number & 0xffff,
          60 + random.next() * 1_200,
        );
        if (pacer.add(one, now)) waiting.set(number & 0xffff, one.urgency);
        else one.release();
      } else if (drawn < 0.98) {
        for (let next = pacer.take(now); next !== undefined; next = pacer.take(now)) {
          const oldest = [...waiting].find(([, urgency]) => urgency === next!.urgency);
          assertEquals(oldest?.[0], numberOf(next));
          waiting.delete(numberOf(next));
          next.release();
        }
      } else if (drawn < 0.99) pacer.setRate(40_000 + random.next() * 4_000_000, now);
      else {
        assertEquals(pacer.discard(7, undefined), waiting.size);
        waiting.clear();
      }
      assertEquals([pacer.waiting, pool.inUse], [waiting.size, waiting.size]);
    }
  }
});
