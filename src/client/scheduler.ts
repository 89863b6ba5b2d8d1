import type { Millis } from "../base/time.ts";

/** Where the client's waiting is done: the browser's timers outside, a clock moved by hand in tests. */
export interface Scheduler {
  /** Calls back once after the given time, unless the returned function is called before. */
  after(delay: Millis, callback: () => void): () => void;
}

/** A scheduler over the timers of the browser. */
export function browserScheduler(): Scheduler {
  return {
    after(delay, callback) {
      const timer = setTimeout(callback, delay);
      return () => clearTimeout(timer);
    },
  };
}
