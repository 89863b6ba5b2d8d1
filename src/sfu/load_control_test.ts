import { assertEquals } from "@std/assert";
import { LOAD_STEPS, LoadControl } from "./load_control.ts";

/** A report each second; returns when the step changed, in seconds, and to which. */
function run(control: LoadControl, level: number, from: number, to: number): [number, number][] {
  const changes: [number, number][] = [];
  for (let second = from; second < to; second++) {
    if (control.handle(level, 1_000 * second)) changes.push([second, control.step]);
  }
  return changes;
}

Deno.test("LoadControl sends less step by step while the load is too high, and not for a moment of it", () => {
  const control = new LoadControl(0);
  assertEquals(run(control, 3, 0, 2), []);
  assertEquals(run(control, 0.5, 2, 4), []);
  assertEquals(run(control, 1.1, 4, 13), [[6, 1], [9, 2], [12, 3]]);
  assertEquals([control.lastN, control.sparedLayers], [9, 2]);
  run(control, 2, 13, 100);
  assertEquals(control.step, LOAD_STEPS.length - 1);
  assertEquals(control.lastN, 1, "the speaker is always sent");
});

Deno.test("LoadControl holds between the two thresholds, and recovers step by step below", () => {
  const control = new LoadControl(0);
  run(control, 1.5, 0, 7);
  assertEquals(control.step, 2);
  assertEquals(run(control, 0.8, 7, 100), []);
  assertEquals(run(control, 0.3, 100, 140), [[110, 1], [121, 0]]);
  assertEquals(control.lastN, Infinity);
});

Deno.test("LoadControl takes longer and longer to recover what does not hold", () => {
  const control = new LoadControl(0);
  const waits: number[] = [];
  let second = 0;
  const until = (level: number, step: number) => {
    const from = second;
    while (control.step !== step) control.handle(level, 1_000 * second++);
    return second - from;
  };
  for (let i = 0; i < 6; i++) {
    until(1.2, 1);
    waits.push(until(0.2, 0));
  }
  assertEquals(waits, [11, 21, 41, 81, 121, 121]);
});

Deno.test("LoadControl never sends more than what was configured", () => {
  const control = new LoadControl(6);
  assertEquals(control.lastN, 6);
  run(control, 1.5, 0, 4);
  assertEquals(control.lastN, 6);
  run(control, 1.5, 4, 40);
  assertEquals(control.lastN, 1);
});
