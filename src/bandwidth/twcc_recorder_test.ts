import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../base/random.ts";
import { NEVER } from "../base/time.ts";
import { parseRtcp, type TransportWideFeedback, writeRtcp } from "../rtp/rtcp.ts";
import { TWCC_FEEDBACK_INTERVAL_MS, TwccRecorder } from "./twcc_recorder.ts";

const STARTS = [0, 1, 32767, 32768, 65534, 65535];

function drain(recorder: TwccRecorder): TransportWideFeedback[] {
  const all: TransportWideFeedback[] = [];
  for (;;) {
    const feedback = recorder.feedback(1, 2);
    if (feedback === undefined) return all;
    all.push(feedback);
    assert(all.length < 100, "feedback() does not end");
  }
}

/** Arrival times by 16-bit number, as a sender reads them; missing ones are null. */
function read(feedback: TransportWideFeedback): Map<number, number | null> {
  const arrivals = new Map<number, number | null>();
  let ticks = feedback.referenceTime * 256;
  feedback.packets.forEach((delta, i) => {
    if (delta !== null) ticks += delta;
    arrivals.set((feedback.baseSequence + i) & 0xffff, delta === null ? null : ticks / 4);
  });
  return arrivals;
}

Deno.test("nextTimeout() is NEVER when nothing is recorded", () => {
  const recorder = new TwccRecorder();
  assertEquals([recorder.nextTimeout(), recorder.feedback(1, 2)], [NEVER, undefined]);
  recorder.record(7, 1_000);
  assertEquals(recorder.nextTimeout(), 1_000 + TWCC_FEEDBACK_INTERVAL_MS);
  recorder.record(8, 1_050);
  assertEquals(recorder.nextTimeout(), 1_000 + TWCC_FEEDBACK_INTERVAL_MS);
  drain(recorder);
  assertEquals([recorder.nextTimeout(), recorder.feedback(1, 2)], [NEVER, undefined]);
});

Deno.test("feedback() tells arrivals and losses over the wrap", () => {
  for (const start of STARTS) {
    const recorder = new TwccRecorder();
    for (const step of [0, 1, 4, 3]) recorder.record((start + step) & 0xffff, 6_400 + step * 10);
    const feedback = recorder.feedback(11, 22)!;
    assertEquals([feedback.senderSsrc, feedback.mediaSsrc, feedback.feedbackCount], [11, 22, 0]);
    assertEquals([feedback.baseSequence, feedback.referenceTime], [start, 100]);
    assertEquals(feedback.packets, [0, 40, null, 80, 40]);
    assertEquals(drain(recorder), []);
  }
});

Deno.test("feedback() begins where the one before ended and counts itself", () => {
  const recorder = new TwccRecorder();
  recorder.record(10, 640);
  drain(recorder);
  recorder.record(13, 740);
  const feedback = recorder.feedback(1, 2)!;
  assertEquals([feedback.baseSequence, feedback.feedbackCount], [11, 1]);
  assertEquals(read(feedback), new Map([[11, null], [12, null], [13, 740]]));
  for (let i = 0; i < 255; i++) {
    recorder.record(14 + i, 800 + i);
    assertEquals(recorder.feedback(1, 2)!.feedbackCount, (2 + i) & 0xff);
  }
});

Deno.test("feedback() begins again with a packet that came late", () => {
  const recorder = new TwccRecorder();
  recorder.record(10, 640);
  recorder.record(12, 660);
  drain(recorder);
  recorder.record(11, 760);
  assertEquals(recorder.nextTimeout(), 860);
  const [feedback, ...rest] = drain(recorder);
  assertEquals(read(feedback!), new Map([[11, 760], [12, 660]]));
  assertEquals(rest, []);
});

Deno.test("record() counts a repetition once", () => {
  const recorder = new TwccRecorder();
  recorder.record(10, 640);
  recorder.record(10, 650);
  drain(recorder);
  recorder.record(10, 660);
  assertEquals(recorder.nextTimeout(), NEVER);
});

Deno.test("feedback() splits where a delta does not fit 16 bits", () => {
  const recorder = new TwccRecorder();
  recorder.record(1, 1_000);
  recorder.record(2, 1_010);
  recorder.record(3, 11_000);
  recorder.record(4, 11_010);
  const all = drain(recorder);
  assertEquals(all.map((f) => [f.baseSequence, f.packets.length]), [[1, 2], [3, 2]]);
  assertEquals(read(all[1]!), new Map([[3, 11_000], [4, 11_010]]));
});

Deno.test("feedback() splits by number and still tells every packet", () => {
  const recorder = new TwccRecorder();
  for (let i = 0; i < 1_500; i++) if (i % 3 !== 1) recorder.record((65_000 + i) & 0xffff, 1_000 + i / 4);
  const all = drain(recorder);
  assertEquals(all.map((f) => f.packets.length <= 400), [true, true, true, true]);
  const arrivals = new Map(all.flatMap((f) => [...read(f)]));
  for (let i = 0; i < 1_500; i++) {
    assertEquals(arrivals.get((65_000 + i) & 0xffff), i % 3 === 1 ? null : 1_000 + i / 4, `${i}`);
  }
});

Deno.test("feedback() lets rounding errors not add up", () => {
  const recorder = new TwccRecorder();
  for (let i = 0; i < 390; i++) recorder.record(i, 1_000 + i * 0.1);
  const arrivals = read(recorder.feedback(1, 2)!);
  for (let i = 0; i < 390; i++) assert(Math.abs(arrivals.get(i)! - (1_000 + i * 0.1)) <= 0.126, `${i}`);
});

Deno.test("feedback() cuts a long gap and the reference time to 24 bits", () => {
  const recorder = new TwccRecorder();
  const start = 0x1000001 * 64;
  recorder.record(1, start);
  drain(recorder);
  recorder.record(1_000, start + 5);
  const feedback = recorder.feedback(1, 2)!;
  assertEquals([feedback.referenceTime, feedback.packets.length, feedback.baseSequence], [1, 201, 800]);
});

Deno.test("record() begins anew after a jump beyond the window, forward or back", () => {
  for (const jump of [2_048, 20_000, 40_000, 65_536 - 2_048]) {
    const recorder = new TwccRecorder();
    recorder.record(5, 1_000);
    recorder.record((5 + jump) & 0xffff, 1_010);
    const all = drain(recorder);
    assertEquals(all.map((f) => [...read(f)]), [[[(5 + jump) & 0xffff, 1_010]]]);
    recorder.record((6 + jump) & 0xffff, 1_020);
    assertEquals(read(recorder.feedback(1, 2)!), new Map([[(6 + jump) & 0xffff, 1_020]]));
  }
});

Deno.test("record() mistakes no packet for one of an earlier round of the ring", () => {
  const recorder = new TwccRecorder();
  for (let i = 0; i < 5_000; i++) recorder.record(i, i);
  drain(recorder);
  recorder.record(5_003, 6_000);
  assertEquals(read(recorder.feedback(1, 2)!), new Map([[5_000, null], [5_001, null], [5_002, null], [5_003, 6_000]]));
  // The same place of the ring again, after a jump and late.
  recorder.record((5_003 + 4 * 2_048) & 0xffff, 6_010);
  recorder.record((5_002 + 4 * 2_048) & 0xffff, 6_020);
  recorder.record((4_999 + 4 * 2_048) & 0xffff, 6_030);
  assertEquals(
    [...read(recorder.feedback(1, 2)!).values()],
    [6_030, null, null, 6_020, 6_010],
  );
});

Deno.test("record() stays bounded and right when nobody fetches feedback for long", () => {
  const recorder = new TwccRecorder();
  for (let i = 0; i < 100_000; i++) recorder.record(i & 0xffff, i);
  const arrivals = new Map(drain(recorder).flatMap((f) => [...read(f)]));
  assertEquals(arrivals.size, 2_048);
  for (let i = 100_000 - 2_048; i < 100_000; i++) assertEquals(arrivals.get(i & 0xffff), i);
});

Deno.test("feedback() survives the way over the wire, whatever order packets come in", () => {
  const seed = 4_711;
  const random = seededRandom(seed);
  const recorder = new TwccRecorder();
  const wire = new Uint8Array(1_200);
  let next = 65_000;
  let now = 10_000;
  let told = 0;
  for (let round = 0; round < 500; round++) {
    const sent = new Map<number, number>();
    for (let i = 0; i < 30; i++) {
      now += random.next() * 8;
      if (random.next() < 0.1) next += Math.floor(random.next() * 20);
      const number = (next++ - (random.next() < 0.1 ? Math.floor(random.next() * 5) : 0)) & 0xffff;
      recorder.record(number, now);
      if (!sent.has(number)) sent.set(number, now);
    }
    for (const feedback of drain(recorder)) {
      const length = writeRtcp([feedback], wire);
      assert(length > 0, `seed ${seed}`);
      assertEquals(parseRtcp(wire, length), [feedback], `seed ${seed}`);
      for (const [number, at] of read(feedback)) {
        const really = sent.get(number);
        if (at === null || really === undefined) continue;
        // A repetition of an earlier round keeps its first time.
        if (Math.abs(at - really) <= 0.126) told++;
      }
    }
  }
  assert(told > 500 * 24, `${told} told, seed ${seed}`);
});
