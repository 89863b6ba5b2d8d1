import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { NEVER } from "../base/time.ts";
import { NackGenerator } from "./nack_generator.ts";

const STARTS = [0, 1, 32767, 32768, 65534, 65535].map((low) => 0x10000 + low);

/** Takes in packets by number, all at `now`. */
function receive(generator: NackGenerator, now: number, ...sequences: number[]): void {
  for (const sequence of sequences) generator.received(sequence, now);
}

Deno.test("nextTimeout() is NEVER while nothing is missing", () => {
  const generator = new NackGenerator();
  assertEquals(generator.nextTimeout(), NEVER);
  for (let i = 0; i < 1_000; i++) generator.received(70_000 + i, i);
  assertEquals([generator.nextTimeout(), generator.outstanding, generator.due(5_000).length], [NEVER, 0, 0]);
});

Deno.test("due() asks for a lost packet as soon as two newer ones lie behind the next", () => {
  for (const start of STARTS) {
    const generator = new NackGenerator();
    receive(generator, 0, start, start + 2);
    assertEquals(generator.due(1), []);
    receive(generator, 1, start + 3);
    assertEquals(generator.due(1), []);
    receive(generator, 2, start + 4);
    assert(generator.nextTimeout() <= 2);
    // start + 1 lies three behind the newest now, which the tolerance of two does not cover.
    assertEquals(generator.due(2), [(start + 1) & 0xffff]);
    assertEquals(generator.due(2), []);
  }
});

Deno.test("due() asks after ten milliseconds when few packets follow", () => {
  const generator = new NackGenerator();
  receive(generator, 0, 100, 102);
  assertEquals(generator.nextTimeout(), 10);
  assertEquals(generator.due(9), []);
  assertEquals(generator.due(10), [101]);
});

Deno.test("received() forgets a packet that was only late", () => {
  const generator = new NackGenerator();
  receive(generator, 0, 100, 102, 101, 103, 104, 105);
  assertEquals([generator.outstanding, generator.nextTimeout()], [0, NEVER]);
  assertEquals(generator.due(1_000), []);
});

Deno.test("due() repeats at the distance of a round trip, then gives up and wants a keyframe", () => {
  const generator = new NackGenerator();
  generator.setRtt(50);
  receive(generator, 0, 100, 102);
  const asked: number[] = [];
  for (let now = 0; now < 2_000; now++) if (generator.due(now).length > 0) asked.push(now);
  assertEquals(asked, [10, 60, 110, 160, 210, 260, 310]);
  assertEquals([generator.outstanding, generator.givenUp, generator.nextTimeout()], [0, 1, NEVER]);
  assertEquals([generator.takeKeyframeNeeded(), generator.takeKeyframeNeeded()], [true, false]);
});

Deno.test("due() gives up what has been missing for a second", () => {
  const generator = new NackGenerator();
  generator.setRtt(10_000); // capped
  receive(generator, 0, 100, 102);
  const asked: number[] = [];
  for (let now = 0; now < 3_000; now++) if (generator.due(now).length > 0) asked.push(now);
  assertEquals(asked, [10, 310, 610, 910]);
  assertEquals(generator.givenUp, 1);
});

Deno.test("setRtt() keeps requests apart even on a path without delay", () => {
  const generator = new NackGenerator();
  generator.setRtt(0);
  receive(generator, 0, 100, 102);
  const asked: number[] = [];
  for (let now = 0; now < 60; now++) if (generator.due(now).length > 0) asked.push(now);
  assertEquals(asked, [10, 30, 50]);
});

Deno.test("due() asks for several packets at once, oldest first, wrapped", () => {
  const generator = new NackGenerator();
  receive(generator, 0, 0x1fffd, 0x20002, 0x20003, 0x20004);
  assertEquals(generator.due(0), [0xfffe, 0xffff, 0, 1]);
});

Deno.test("due() returns an array of its own", () => {
  const generator = new NackGenerator();
  receive(generator, 0, 100, 102);
  const first = generator.due(10);
  receive(generator, 11, 104);
  generator.due(500);
  assertEquals(first, [101]);
});

Deno.test("due() goes on asking for younger packets when it gives one up", () => {
  const generator = new NackGenerator();
  generator.setRtt(300);
  receive(generator, 0, 100, 102);
  const asked: [number, number][] = [];
  for (let now = 0; now < 3_000; now++) {
    if (now === 500) receive(generator, now, 104);
    for (const number of generator.due(now)) asked.push([now, number]);
  }
  assertEquals(asked.filter(([, number]) => number === 101).map(([at]) => at), [10, 310, 610, 910]);
  assertEquals(asked.filter(([, number]) => number === 103).map(([at]) => at), [510, 810, 1_110, 1_410]);
  assertEquals(generator.givenUp, 2);
});

Deno.test("received() keeps the counts of the others when one of the missing arrives", () => {
  const generator = new NackGenerator();
  generator.setRtt(20);
  receive(generator, 0, 100, 102);
  let asked = 0;
  for (let now = 0; now < 60; now++) generator.due(now); // 101 asked for three times
  receive(generator, 60, 104, 101);
  for (let now = 60; now < 1_000; now++) asked += generator.due(now).length;
  assertEquals(asked, 7);
});

Deno.test("received() clears everything on a jump larger than can be repaired", () => {
  const generator = new NackGenerator();
  receive(generator, 0, 100, 102, 102 + 257);
  assertEquals(generator.takeKeyframeNeeded(), true);
  assertEquals([generator.outstanding, generator.nextTimeout()], [0, NEVER]);
  // Late packets from within the jump are nothing special.
  receive(generator, 1, 200, 101);
  receive(generator, 2, 102 + 259);
  assertEquals(generator.due(12), [102 + 258]);
});

Deno.test("received() keeps at most 256 packets outstanding", () => {
  const generator = new NackGenerator();
  generator.received(100, 0);
  for (let i = 1; i <= 256; i++) generator.received(100 + 2 * i, 0);
  assertEquals([generator.outstanding, generator.takeKeyframeNeeded()], [256, false]);
  generator.received(100 + 2 * 257, 0);
  assertEquals([generator.outstanding, generator.takeKeyframeNeeded()], [0, true]);
});

Deno.test("received() removes the right packet from the middle", () => {
  const generator = new NackGenerator();
  receive(generator, 0, 100, 106, 103, 105);
  assertEquals(generator.due(10), [101, 102, 104]);
});

Deno.test("clearBefore() stops asking for what lies before a keyframe", () => {
  const generator = new NackGenerator();
  receive(generator, 0, 100, 103, 110);
  generator.clearBefore(105);
  assertEquals(generator.due(10), [105, 106, 107, 108, 109]);
  generator.clearBefore(1_000);
  assertEquals([generator.outstanding, generator.nextTimeout()], [0, NEVER]);
  generator.clearBefore(1_000);
  assertEquals(generator.takeKeyframeNeeded(), false);
});

Deno.test("reset() lets the numbers begin anywhere", () => {
  const generator = new NackGenerator();
  receive(generator, 0, 90_000, 90_005);
  generator.reset();
  receive(generator, 1, 70_000, 70_001);
  assertEquals([generator.outstanding, generator.nextTimeout()], [0, NEVER]);
});

Deno.test("received() learns the round trip from the answer to an only request, until reports tell it", () => {
  const generator = new NackGenerator();
  // Without anything measured requests are 100 ms apart; the answers take 40.
  for (let i = 0; i < 40; i++) {
    const [at, first] = [i * 1_000, 1_000 + 10 * i];
    for (let next = first; next < first + 10; next++) if (next !== first + 5) generator.received(next, at);
    assertEquals(generator.due(at), [first + 5]);
    generator.received(first + 5, at + 40);
  }
  const asked: number[] = [];
  receive(generator, 50_000, 1_400, 1_402, 1_403, 1_404, 1_405);
  for (let now = 50_000; now < 50_100; now++) if (generator.due(now).length > 0) asked.push(now);
  assertEquals(asked, [50_000, 50_040, 50_080]);
  generator.setRtt(25);
  for (let now = 50_100; now < 50_200; now++) if (generator.due(now).length > 0) asked.push(now);
  assertEquals(asked.slice(3), [50_120, 50_145, 50_170, 50_195]);
});

Deno.test("due() asks for no more than half as many packets as come in", () => {
  const generator = new NackGenerator();
  generator.setRtt(20);
  let [asked, came] = [0, 0];
  // Two of three are lost, and the answers are lost as well.
  for (let now = 0; now < 10_000; now += 5) {
    generator.received(1_000 + 3 * (now / 5), now);
    came++;
    asked += generator.due(now).length;
  }
  assertLess(asked, 0.5 * came + 65);
  assertGreater(asked, 0.4 * came);
  assertGreater(generator.takeSaved(), 1_000);
  assertEquals(generator.takeSaved(), 0);
});
