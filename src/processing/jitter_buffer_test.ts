import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { NEVER } from "../base/time.ts";
import { JitterBuffer, type SequencedPacket } from "./jitter_buffer.ts";

const packet = (number: number): SequencedPacket => ({
  sequenceNumber: number & 0xffff,
  timestamp: (number * 960) >>> 0,
});

function drain(buffer: JitterBuffer, now: number): number[] {
  const numbers: number[] = [];
  for (let next = buffer.poll(now); next !== undefined; next = buffer.poll(now)) numbers.push(next.sequenceNumber);
  return numbers;
}

Deno.test("packets in order come out at once, reordered ones in order", () => {
  const buffer = new JitterBuffer();
  buffer.push(packet(1), 0);
  assertEquals(drain(buffer, 0), [1]);
  buffer.push(packet(3), 20);
  buffer.push(packet(2), 22);
  assertEquals(drain(buffer, 22), [2, 3]);
  assertEquals(buffer.stats, { received: 3, lost: 0, reordered: 1, late: 0, duplicates: 0 });
});

Deno.test("at a gap it waits from when the packet behind it came, then gives up the missing ones", () => {
  const buffer = new JitterBuffer({ maxLateMs: 100, adaptive: false });
  buffer.push(packet(10), 0);
  assertEquals(drain(buffer, 0), [10]);
  assertEquals(buffer.nextTimeout(), NEVER);
  buffer.push(packet(13), 60);
  buffer.push(packet(14), 80);
  assertEquals(buffer.nextTimeout(), 160);
  assertEquals(drain(buffer, 159), []);
  assertEquals(drain(buffer, 160), [13, 14]);
  assertEquals(buffer.takeEvents(), [
    { type: "packetLost", sequenceNumber: 11 },
    { type: "packetLost", sequenceNumber: 12 },
  ]);
  buffer.push(packet(12), 170);
  assertEquals(drain(buffer, 170), []);
  assertEquals(buffer.stats, { received: 4, lost: 2, reordered: 1, late: 1, duplicates: 0 });
});

Deno.test("a packet that fills part of the gap does not prolong the wait for the rest", () => {
  const buffer = new JitterBuffer({ maxLateMs: 100, adaptive: false });
  buffer.push(packet(1), 0);
  drain(buffer, 0);
  buffer.push(packet(4), 20);
  buffer.push(packet(3), 90);
  assertEquals(drain(buffer, 119), []);
  assertEquals(drain(buffer, 120), [3, 4]);
});

Deno.test("the wait adapts: short on a quiet network, as long as the jitter needs, never above maxLateMs", () => {
  const quiet = new JitterBuffer({ maxLateMs: 150 });
  for (let i = 0; i < 100; i++) quiet.push(packet(i), i * 20 + (i % 3));
  assert(quiet.targetDelayMs <= 10, `${quiet.targetDelayMs} ms`);

  const shaky = new JitterBuffer({ maxLateMs: 150, capacity: 1000 });
  for (let i = 0; i < 100; i++) shaky.push(packet(i), i * 20 + (i % 10 === 9 ? 60 : 0));
  assert(shaky.targetDelayMs >= 55 && shaky.targetDelayMs <= 65, `${shaky.targetDelayMs} ms`);

  const terrible = new JitterBuffer({ maxLateMs: 150, capacity: 1000 });
  for (let i = 0; i < 100; i++) terrible.push(packet(i), i * 20 + (i % 10 === 9 ? 900 : 0));
  assertEquals(terrible.targetDelayMs, 150);
});

Deno.test("the wait sinks again when the network has calmed down", () => {
  const buffer = new JitterBuffer({ maxLateMs: 150 });
  let now = 0;
  for (let i = 0; i < 1_200; i++, now += 20) {
    buffer.push(packet(i), now + (i < 200 && i % 5 === 0 ? 80 : 0));
    drain(buffer, now);
  }
  assert(buffer.targetDelayMs <= 20, `${buffer.targetDelayMs} ms`);
});

Deno.test("a clock that drifts by 200 ppm for an hour is not taken for jitter", () => {
  const buffer = new JitterBuffer();
  for (let i = 0; i < 180_000; i++) {
    buffer.push(packet(i), i * 20 * 1.0002);
    buffer.poll(i * 20 * 1.0002);
  }
  assert(buffer.targetDelayMs <= 10, `${buffer.targetDelayMs} ms`);
});

Deno.test("two packets in disorder at the very beginning both come out, if nobody was faster", () => {
  const buffer = new JitterBuffer();
  buffer.push(packet(8), 0);
  buffer.push(packet(7), 1);
  assertEquals(drain(buffer, 1), [7, 8]);
  buffer.push(packet(6), 2);
  assertEquals(drain(buffer, 2), []);
  assertEquals(buffer.stats.late, 1);
});

Deno.test("duplicates are counted and come out once", () => {
  const buffer = new JitterBuffer();
  buffer.push(packet(1), 0);
  buffer.push(packet(1), 0);
  assertEquals(drain(buffer, 0), [1]);
  assertEquals(buffer.stats.duplicates, 1);
});

Deno.test("numbers wrap without a gap", () => {
  const buffer = new JitterBuffer();
  for (const number of [65_534, 65_535, 65_537, 65_536]) buffer.push(packet(number), 0);
  assertEquals(drain(buffer, 0), [65_534, 65_535, 0, 1]);
  assertEquals(buffer.stats.lost, 0);
});

Deno.test("one stray number changes nothing, two in a row begin a new numbering", () => {
  const buffer = new JitterBuffer();
  for (let i = 0; i < 10; i++) buffer.push(packet(i), i * 20);
  drain(buffer, 200);
  buffer.push(packet(40_000), 200);
  buffer.push(packet(10), 200);
  assertEquals(drain(buffer, 200), [10]);
  buffer.push(packet(20_000), 220);
  buffer.push(packet(20_001), 240);
  assertEquals(drain(buffer, 240), [20_000, 20_001]);
  assertEquals(buffer.stats.lost, 0);
});

Deno.test("over capacity the oldest goes", () => {
  const buffer = new JitterBuffer({ capacity: 4 });
  for (let i = 0; i < 6; i++) buffer.push(packet(i), 0);
  assertEquals(buffer.size, 4);
  assertEquals(drain(buffer, 0), [2, 3, 4, 5]);
});

Deno.test("whatever arrives, what comes out rises, and every packet is accounted for", () => {
  const arrivals = fc.array(fc.record({ number: fc.nat(60), after: fc.nat(80) }), { maxLength: 200 });
  fc.assert(fc.property(arrivals, (list) => {
    const buffer = new JitterBuffer({ capacity: 16, maxLateMs: 50 });
    let now = 0;
    let last = -1;
    let out = 0;
    for (const { number, after } of list) {
      now += after;
      buffer.push(packet(1000 + number), now);
      for (let next = buffer.poll(now); next !== undefined; next = buffer.poll(now)) {
        assert(next.sequenceNumber > last);
        last = next.sequenceNumber;
        out++;
      }
    }
    const { received, late } = buffer.stats;
    assert(out + buffer.size + late <= received);
    assert(buffer.size <= 16);
  }));
});
