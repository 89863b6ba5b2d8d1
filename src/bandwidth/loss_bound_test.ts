import { assertEquals, assertLess } from "@std/assert";
import { LossBound } from "./loss_bound.ts";

/** Lets seconds pass in which `share` of 100 packets are lost. */
function pass(bound: LossBound, from: number, seconds: number, share: number, ackedBps = 1_000_000): void {
  for (let second = from; second < from + seconds; second++) {
    bound.add(100 - 100 * share, 100 * share, 0);
    bound.update(ackedBps, second * 1_000);
  }
}

Deno.test("steady loss bounds nothing, sudden loss bounds the rate to what gets through", () => {
  const steady = new LossBound();
  pass(steady, 0, 60, 0.1);
  assertEquals(steady.bps, Infinity);
  const sudden = new LossBound();
  pass(sudden, 0, 20, 0);
  pass(sudden, 20, 2, 0.4, 500_000);
  assertLess(sudden.bps, 500_000);
  pass(sudden, 22, 30, 0, 500_000);
  assertEquals(sudden.bps, Infinity, "it ends when nothing is lost any more");
});

Deno.test("a late packet was not lost", () => {
  const bound = new LossBound();
  bound.update(1_000_000, 0);
  for (let second = 1; second < 20; second++) {
    bound.add(60, 40, 0);
    bound.add(0, 0, 40);
    bound.update(1_000_000, second * 1_000);
  }
  assertEquals([bound.bps, bound.fraction], [Infinity, 0]);
});
