import { type Millis, NEVER } from "../../base/time.ts";
import type { Clock } from "../clock.ts";

/** One timer that follows a `nextTimeout()`: armed again after each change, never twice. */
export class Alarm {
  readonly #clock: Clock;
  readonly #onTime: (now: Millis) => void;
  #at: Millis = NEVER;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, onTime: (now: Millis) => void) {
    this.#clock = clock;
    this.#onTime = onTime;
  }

  /** Rings at this moment, and at no other. */
  set(at: Millis): void {
    if (at === this.#at) return;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#at = at;
    if (at === NEVER) return;
    this.#cancel = this.#clock.schedule(Math.max(0, at - this.#clock.now()), () => {
      this.#at = NEVER;
      this.#cancel = undefined;
      this.#onTime(this.#clock.now());
    });
  }
}
