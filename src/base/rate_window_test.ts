import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { RateWindow } from "./rate_window.ts";

Deno.test("bitsPerSecond() is 0 before the first byte", () => {
  assertEquals(new RateWindow().bitsPerSecond(123), 0);
});

Deno.test("bitsPerSecond() follows a steady stream", () => {
  for (const start of [-700, 0, 13, 1e9]) {
    const rate = new RateWindow();
    // 125 bytes each millisecond are one megabit per second.
    for (let t = 0; t < 3_000; t++) rate.add(125, start + t);
    assertAlmostEquals(rate.bitsPerSecond(start + 3_000), 1_000_000, 10_000);
  }
});

Deno.test("bitsPerSecond() is right before a whole window has passed", () => {
  const rate = new RateWindow();
  for (let t = 1_000; t < 1_200; t++) rate.add(125, t);
  assertAlmostEquals(rate.bitsPerSecond(1_200), 1_000_000, 10_000);
});

Deno.test("bitsPerSecond() falls to 0 when nothing has come for a window", () => {
  const rate = new RateWindow(1_000, 20);
  for (let t = 0; t < 2_000; t++) rate.add(125, t);
  assertLess(rate.bitsPerSecond(2_500), 600_000);
  assertEquals(rate.bitsPerSecond(3_001), 0);
  assertEquals(rate.bitsPerSecond(1_000_000), 0);
});

Deno.test("add() counts a burst over at least one bucket", () => {
  const rate = new RateWindow(1_000, 20);
  rate.add(1_000, 500);
  assertEquals(rate.bitsPerSecond(500), (1_000 * 8) / 0.05);
});

Deno.test("add() survives a clock that goes back", () => {
  const rate = new RateWindow();
  rate.add(100, 5_000);
  rate.add(100, 4_000);
  assertEquals(rate.bitsPerSecond(5_000) > 0, true);
});
