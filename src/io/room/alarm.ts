import { type Millis, NEVER } from "../../base/time.ts";

/** The longest that a timer sleeps before it looks again; more would fire at once. */
const MAX_SLEEP_MS = 60_000;

/** One timer that calls `work` again and again, each time when `nextTimeout` says. */
export class Alarm {
  readonly #nextTimeout: () => Millis;
  readonly #work: (now: Millis) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #at: Millis = NEVER;
  #closed = false;

  constructor(nextTimeout: () => Millis, work: (now: Millis) => void) {
    this.#nextTimeout = nextTimeout;
    this.#work = work;
  }

  /** Looks again when to ring; after everything that may have brought it forward. */
  arm(): void {
    const next = this.#nextTimeout();
    if (this.#closed || next === NEVER || next >= this.#at) return;
    clearTimeout(this.#timer);
    this.#at = next;
    const delay = Math.max(0, Math.min(MAX_SLEEP_MS, next - performance.now()));
    this.#timer = setTimeout(() => this.#ring(), delay);
  }

  /** Never rings again. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #ring(): void {
    this.#at = NEVER;
    this.#work(performance.now());
    this.arm();
  }
}
