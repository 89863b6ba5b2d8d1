/** What is taken out of a measured time, and what is not. */
import { assert, assertEquals } from "@std/assert";
import { longestPause, measure } from "./page_clock.ts";
import { covered, stalledShare, Stalls } from "./patience.ts";

const SECOND = { from: 0, to: 1_000 };

Deno.test("time that was not given is counted once, and only inside the span", () => {
  assertEquals(covered([], SECOND), 0);
  assertEquals(covered([{ from: -500, to: 100 }, { from: 50, to: 200 }, { from: 900, to: 5_000 }], SECOND), 300);
  assertEquals(measure(SECOND, [{ from: 100, to: 400 }], [{ from: 300, to: 500 }]), { tookMs: 1_000, ownMs: 600 });
  assertEquals(measure({ from: 30, to: 0 }), { tookMs: -30, ownMs: -30 });
});

Deno.test("the longest pause is that of the system: a longer one of the machine does not hide it", () => {
  const stalls = [{ from: 1_000, to: 3_000 }];
  assertEquals(longestPause([0, 1_000, 3_000, 3_700], stalls), { tookMs: 1_000, ownMs: 1_000 });
  assertEquals(longestPause([1_000, 3_000, 3_700], stalls), { tookMs: 700, ownMs: 700 });
  assertEquals(longestPause([1_000], stalls), { tookMs: 0, ownMs: 0 });
});

Deno.test("short waits for a core do not make a span unfit, long ones do", () => {
  const short = Array.from({ length: 10 }, (_, i) => ({ from: 100 * i, to: 100 * i + 50 }));
  assertEquals(stalledShare(short, SECOND), 0);
  assertEquals(stalledShare([...short, { from: 500, to: 700 }], SECOND), 0.2);
});

Deno.test("a process that gets no time notes it", async () => {
  using stalls = new Stalls();
  const from = Date.now();
  while (Date.now() < from + 200);
  const to = Date.now();
  // Of two timers the earlier one runs first, so the note is there.
  await new Promise((resolve) => setTimeout(resolve, 1));
  assert(covered(stalls.spans, { from, to }) > 100, JSON.stringify(stalls.spans));
});
