import type { Scheduler } from "../base/scheduler.ts";

export type { Scheduler };

/** A scheduler over the timers of the browser. */
export function browserScheduler(): Scheduler {
  return {
    after(delay, callback) {
      const timer = setTimeout(callback, delay);
      return () => clearTimeout(timer);
    },
  };
}
