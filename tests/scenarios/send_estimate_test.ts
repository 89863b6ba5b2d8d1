import { assertGreater, assertGreaterOrEqual, assertLess, assertLessOrEqual } from "@std/assert";
import { STEADY_CASES, STEP_CASES } from "../sim/estimate_cases.ts";
import { EstimateWorld, longestQueue, mean, p95, settleTime } from "../sim/estimate_world.ts";

const MINUTE = 60_000;

for (const { name, link } of STEADY_CASES) {
  Deno.test(`an elastic sender uses a steady link: ${name}`, () => {
    for (const seed of [1, 2, 3]) {
      const world = new EstimateWorld(link, seed);
      const { samples } = world.flow();
      world.run(MINUTE);
      const usable = link.rateBps * (1 - (link.loss ?? 0));
      const use = mean(samples, MINUTE / 3, MINUTE, (sample) => sample.arrivedBps) / usable;
      assertGreaterOrEqual(use, 0.8, `use of the link with seed ${seed}`);
      assertLess(p95(samples, MINUTE / 3, MINUTE, (sample) => sample.queueMs), 150, `queue with seed ${seed}`);
      assertLess(longestQueue(samples, 300), 1_000, `a queue above 300 ms with seed ${seed}`);
    }
  });
}

for (const { name, highBps, lowBps, queueMs, delayMs } of STEP_CASES) {
  Deno.test(`an elastic sender follows a step down and up: ${name}`, () => {
    for (const seed of [1, 2, 3]) {
      const world = new EstimateWorld({ rateBps: highBps, queueMs, delayMs }, seed);
      const { samples } = world.flow();
      world.run(MINUTE / 2);
      world.link.conditions.rateBps = lowBps;
      world.run(MINUTE / 2);
      world.link.conditions.rateBps = highBps;
      world.run(MINUTE / 2);
      const low = samples.filter(({ at }) => at > MINUTE / 2 && at <= MINUTE);
      assertLessOrEqual(longestQueue(low, 300), 1_000, `a queue above 300 ms with seed ${seed}`);
      const settled = low.filter(({ at }) => at > MINUTE / 2 + 5_000);
      assertLess(mean(settled, 0, MINUTE, (sample) => sample.sentBps), 1.05 * lowBps, `after 5 s with seed ${seed}`);
      assertGreater(mean(settled, 0, MINUTE, (sample) => sample.arrivedBps), 0.8 * lowBps, `use with seed ${seed}`);
      assertLess(settleTime(samples, MINUTE, highBps, 0.8), 15_000, `time to settle up with seed ${seed}`);
    }
  });
}

Deno.test("two equal flows share a bottleneck within 30 percent, also when one comes later", () => {
  for (const later of [0, 20_000]) {
    const world = new EstimateWorld({ rateBps: 2_000_000, delayMs: 25 });
    const first = world.flow();
    world.run(later);
    const second = world.flow();
    world.run(90_000);
    const end = later + 90_000;
    const rates = [first, second].map(({ samples }) => mean(samples, later + 30_000, end, (one) => one.arrivedBps));
    const share = Math.max(...rates) / Math.min(...rates);
    assertLess(share, 1.3, `${rates} with the second after ${later} ms`);
    assertGreater(rates[0]! + rates[1]!, 0.8 * 2_000_000);
  }
});

Deno.test("before anything is known an estimate is the guess it was given, and it never falls below what sound needs", () => {
  const world = new EstimateWorld({ rateBps: 20_000, delayMs: 25 });
  const flow = world.flow({ initialBps: 600_000 });
  assertLessOrEqual(flow.estimate.bps, 600_000);
  assertGreaterOrEqual(flow.estimate.bps, 600_000);
  world.run(20_000);
  assertLess(flow.estimate.bps, 60_000);
  assertGreaterOrEqual(flow.estimate.bps, 40_000);
});
