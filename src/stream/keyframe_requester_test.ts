import { assertEquals } from "@std/assert";
import { NEVER } from "../base/time.ts";
import { KEYFRAME_INTERVAL_MS, KeyframeRequester } from "./keyframe_requester.ts";

/** Lets time run up to and including `to`, and lists when requests leave. */
function run(requester: KeyframeRequester, from: number, to: number): number[] {
  const sent: number[] = [];
  for (let now = from; now <= to; now++) if (requester.shouldSend(now)) sent.push(now);
  return sent;
}

Deno.test("shouldSend() says nothing before somebody asks", () => {
  const requester = new KeyframeRequester();
  assertEquals([requester.shouldSend(0), requester.nextTimeout(), requester.pending], [false, NEVER, false]);
});

Deno.test("request() leaves in the same turn", () => {
  const requester = new KeyframeRequester();
  requester.request(7);
  assertEquals([requester.nextTimeout(), requester.pending], [7, true]);
  assertEquals([requester.shouldSend(7), requester.shouldSend(7)], [true, false]);
  assertEquals(requester.nextTimeout(), 7 + KEYFRAME_INTERVAL_MS);
});

Deno.test("request() of many becomes one per interval", () => {
  const requester = new KeyframeRequester();
  const sent: number[] = [];
  for (let now = 0; now < 1_000; now++) {
    requester.request(now);
    requester.request(now);
    if (requester.shouldSend(now)) sent.push(now);
    // A keyframe answers each request after 40 ms.
    if (sent.length > 0 && now === sent.at(-1)! + 40) requester.keyframeReceived(now);
  }
  assertEquals(sent, [0, 300, 600, 900]);
});

Deno.test("shouldSend() repeats until a keyframe passes, less often after a while", () => {
  const requester = new KeyframeRequester();
  const sent: number[] = [];
  for (let now = 0; now < 4_000; now++) {
    requester.request(now); // whoever waits keeps asking
    if (requester.shouldSend(now)) sent.push(now);
  }
  assertEquals(sent, [0, 300, 600, 900, 1_900, 2_900, 3_900]);
  requester.keyframeReceived(4_000);
  assertEquals([requester.pending, requester.nextTimeout()], [false, NEVER]);
  assertEquals(run(requester, 4_000, 9_000), []);
});

Deno.test("keyframeReceived() between request and repetition clears it", () => {
  const requester = new KeyframeRequester();
  requester.request(0);
  requester.shouldSend(0);
  requester.request(50);
  requester.keyframeReceived(120);
  assertEquals(run(requester, 120, 2_000), []);
});

Deno.test("request() just after a keyframe began is not lost", () => {
  const requester = new KeyframeRequester();
  requester.request(0);
  requester.shouldSend(0);
  requester.keyframeReceived(100);
  requester.request(101);
  // The same keyframe is reported again: whoever came in between has missed its start.
  requester.keyframeReceived(103);
  assertEquals(requester.pending, true);
  assertEquals(run(requester, 103, 400), [300]);
  requester.keyframeReceived(420);
  assertEquals(requester.pending, false);
});

Deno.test("shouldSend() gives up when nobody asks any more", () => {
  const requester = new KeyframeRequester();
  requester.request(0);
  const sent = run(requester, 0, 20_000);
  assertEquals(sent, [0, 300, 600, 900, 1_900, 2_900, 3_900, 4_900]);
  assertEquals([requester.pending, requester.nextTimeout()], [false, NEVER]);
  requester.request(30_000);
  assertEquals(requester.shouldSend(30_000), true);
});
