import type { Millis } from "../../src/base/time.ts";
import type { LinkConditions } from "./link.ts";

/** One steady link that an estimate has to use. */
export interface SteadyCase {
  readonly name: string;
  readonly link: Partial<LinkConditions> & { readonly rateBps: number };
}

/** A link whose rate steps down and up again, 30 s each. */
export interface StepCase {
  readonly name: string;
  readonly highBps: number;
  readonly lowBps: number;
  readonly queueMs: Millis;
  readonly delayMs: Millis;
}

const M3 = 3_000_000;
const K800 = 800_000;
const K300 = 300_000;

/** Steady links of the table in docs/quality.md; `delayMs` is one way, so the round trip is twice that. */
export const STEADY_CASES: readonly SteadyCase[] = [
  { name: "3 Mbit/s", link: { rateBps: M3, delayMs: 10, queueMs: 100 } },
  { name: "3 Mbit/s, long", link: { rateBps: M3, delayMs: 100, queueMs: 500 } },
  { name: "800 kbit/s", link: { rateBps: K800, delayMs: 25, queueMs: 100 } },
  { name: "800 kbit/s, long", link: { rateBps: K800, delayMs: 100, queueMs: 500 } },
  { name: "300 kbit/s", link: { rateBps: K300, delayMs: 25, queueMs: 100 } },
  { name: "300 kbit/s, long", link: { rateBps: K300, delayMs: 100, queueMs: 500 } },
  { name: "1 % loss", link: { rateBps: K800, delayMs: 25, loss: 0.01 } },
  { name: "5 % loss", link: { rateBps: K800, delayMs: 25, loss: 0.05 } },
  { name: "10 % loss", link: { rateBps: M3, delayMs: 25, loss: 0.1 } },
  { name: "5 % loss in bursts", link: { rateBps: K800, delayMs: 25, loss: 0.05, burst: 4 } },
  { name: "30 ms jitter, reordered", link: { rateBps: K800, delayMs: 25, jitterMs: 30 } },
  { name: "30 ms jitter, in order", link: { rateBps: K800, delayMs: 25, jitterMs: 30, inOrder: true } },
  { name: "30 ms jitter, 3 Mbit/s", link: { rateBps: M3, delayMs: 25, jitterMs: 30, inOrder: true } },
  { name: "duplicates", link: { rateBps: K800, delayMs: 25, duplicate: 0.1 } },
  { name: "drops without a queue", link: { rateBps: K800, delayMs: 25, queueMs: 15 } },
];

/** Steps of the same table. */
export const STEP_CASES: readonly StepCase[] = [
  { name: "3 → 0.8 Mbit/s", highBps: M3, lowBps: K800, queueMs: 100, delayMs: 25 },
  { name: "3 → 0.3 Mbit/s", highBps: M3, lowBps: K300, queueMs: 100, delayMs: 25 },
  { name: "3 → 0.3 Mbit/s, queue 500 ms", highBps: M3, lowBps: K300, queueMs: 500, delayMs: 25 },
  { name: "3 → 0.3 Mbit/s, long, queue 500 ms", highBps: M3, lowBps: K300, queueMs: 500, delayMs: 100 },
  { name: "3 → 0.8 Mbit/s, queue 500 ms", highBps: M3, lowBps: K800, queueMs: 500, delayMs: 25 },
  { name: "0.8 → 0.3 Mbit/s, queue 500 ms", highBps: K800, lowBps: K300, queueMs: 500, delayMs: 25 },
];
