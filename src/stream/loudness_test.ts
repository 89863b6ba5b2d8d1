import { assertAlmostEquals, assertEquals, assertGreater } from "@std/assert";
import { Loudness } from "./loudness.ts";

Deno.test("add() turns levels around: 0 is loudest, 127 silent", () => {
  const loud = new Loudness();
  const silent = new Loudness();
  for (let i = 0; i < 100; i++) {
    loud.add(0);
    silent.add(127);
  }
  assertAlmostEquals(loud.value, 127, 0.001);
  assertEquals(silent.value, 0);
});

Deno.test("add() weighs the newest level with 0.3 and ignores the voice flag", () => {
  const loudness = new Loudness();
  loudness.add(0x80 | 27);
  assertAlmostEquals(loudness.value, 30, 0.001);
  loudness.add(27);
  assertAlmostEquals(loudness.value, 51, 0.001);
});

Deno.test("decay() and reset() lower the average", () => {
  const loudness = new Loudness();
  loudness.add(0);
  const before = loudness.value;
  assertGreater(before, 0);
  loudness.decay(0.5);
  assertAlmostEquals(loudness.value, before / 2, 0.001);
  loudness.reset();
  assertEquals(loudness.value, 0);
});
