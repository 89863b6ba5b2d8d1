import type { Millis } from "./time.ts";

/** Where waiting is done: the timers of the runtime outside, a clock moved by hand in tests. */
export interface Scheduler {
  /** Calls back once after the given time, unless the returned function is called before. */
  after(delay: Millis, callback: () => void): () => void;
}
