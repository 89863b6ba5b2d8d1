import type { Millis } from "../base/time.ts";

/** The time that the core is told, and one alarm. */
export interface Clock {
  /** Milliseconds that never jump. */
  now(): Millis;
  /** Calls back once after `delay`; returns what takes that back. */
  schedule(delay: Millis, callback: () => void): () => void;
}

/** The longest delay a timer takes; a longer one would fire at once. */
const MAX_DELAY_MS = 0x7fffffff;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  schedule(delay, callback) {
    const timer = setTimeout(callback, Math.min(delay, MAX_DELAY_MS));
    return () => clearTimeout(timer);
  },
};
