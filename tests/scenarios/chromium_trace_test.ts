/**
 * Traces of Chromium behind a real limited link (made by tests/interop/record_trace.ts): what the estimate makes of them,
 * and how well the simulated network and sender agree with them.
 */
import { assertAlmostEquals, assertGreater, assertLess } from "@std/assert";
import type { Millis } from "../../src/base/time.ts";
import { decodeTrace, type Trace } from "../sim/trace.ts";
import { quantile, simulatedCourse, stepFigures, waitsOf } from "../sim/trace_figures.ts";
import { type Fate, recordedFates, replayEstimate, simulatedFates } from "../sim/trace_replay.ts";

/** A link that goes down in one step and up again. */
const NAMES = ["chromium_3000_400", "chromium_1000_300"];

/** The agreement that is asked for, and what the machines themselves add: both ends wake up a few milliseconds late. */
const TOLERANCE = 0.2;
const WAKE_UP_MS = 6;
const FEW_PACKETS = 2;
const SEEDS = [1, 2];

async function load(name: string) {
  const file = await Deno.readFile(new URL(`../data/traces/${name}.trace.gz`, import.meta.url));
  const trace = await decodeTrace(file);
  const [high, low, again] = trace.head.steps;
  if (high === undefined || low === undefined || again === undefined) throw new Error(`${name} has no three steps`);
  return { trace, highBps: high.kbps * 1_000, lowBps: low.kbps * 1_000, downAt: low.at, upAt: again.at };
}

/** Least, mean and most of the estimate within a span. */
function estimateIn(trace: Trace, from: Millis, to: Millis): { min: number; mean: number; max: number } {
  const values = replayEstimate(trace).filter(({ at }) => at >= from && at < to).map(({ bps }) => bps);
  assertGreater(values.length, 10, `feedback from ${from} ms to ${to} ms`);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { min: Math.min(...values), mean, max: Math.max(...values) };
}

function lostIn(fates: readonly Fate[], from: Millis, to: Millis): number {
  return fates.filter(({ at, waitMs }) => at >= from && at < to && waitMs === undefined).length;
}

for (const name of NAMES) {
  Deno.test(`the estimate follows what Chromium reported: ${name}`, async () => {
    const { trace, highBps, lowBps, downAt, upAt } = await load(name);
    const high = estimateIn(trace, 10_000, downAt);
    assertGreater(high.min, 0.6 * highBps, "never far below a steady link");
    assertLess(high.max, 1.2 * highBps, "never far above it");

    const soon = estimateIn(trace, downAt + 1_000, downAt + 5_000);
    assertLess(soon.max, 1.15 * lowBps, "down within a second");
    assertGreater(soon.min, 0.5 * lowBps, "and not much too far");

    const low = estimateIn(trace, downAt + 5_000, upAt);
    assertGreater(low.min, 0.6 * lowBps, "steady");
    assertLess(low.max, 1.2 * lowBps, "steady");
    assertAlmostEquals(low.mean, 0.9 * lowBps, 0.15 * lowBps, "mean of the low rate");

    const end = estimateIn(trace, upAt + 15_000, Infinity);
    assertGreater(end.mean, 0.7 * highBps, "back within 15 seconds");
  });

  Deno.test(`packets fare on the simulated link as they did on the real one: ${name}`, async () => {
    const { trace, downAt, upAt } = await load(name);
    const real = recordedFates(trace);
    const simulated = simulatedFates(trace);
    const spans = [[5_000, downAt], [downAt, downAt + 5_000], [downAt + 5_000, upAt], [
      upAt + 10_000,
      Infinity,
    ]] as const;
    for (const [from, to] of spans) {
      const waits = [real, simulated].map((fates) => quantile(waitsOf(fates, from, to), 0.95));
      assertGreater(waits[0], 0, `packets from ${from} ms on`);
      assertAlmostEquals(waits[1]!, waits[0]!, TOLERANCE * waits[0]! + WAKE_UP_MS, `waits from ${from} ms to ${to} ms`);
      const lost = [real, simulated].map((fates) => lostIn(fates, from, to));
      assertAlmostEquals(lost[1]!, lost[0]!, TOLERANCE * lost[0]! + FEW_PACKETS, `losses from ${from} ms to ${to} ms`);
    }
  });

  Deno.test(`the simulated room uses a link as the real one did: ${name}`, async () => {
    const { trace, lowBps, downAt, upAt } = await load(name);
    const real = stepFigures(trace.head.link, downAt, upAt, lowBps);
    const figures = SEEDS.map((seed) => stepFigures(simulatedCourse(trace, seed), downAt, upAt, lowBps));
    const mean = (figure: "use" | "quietMs") => figures.reduce((sum, one) => sum + one[figure], 0) / figures.length;
    assertAlmostEquals(mean("use"), real.use, TOLERANCE * real.use, "use of the low rate");
    assertAlmostEquals(mean("quietMs"), real.quietMs, 600, "time until the queue is short");
  });
}
