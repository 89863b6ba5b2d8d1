import type { Millis } from "../base/time.ts";

/** A timer is set so often, to see how late it comes. */
export const BEAT_MS: Millis = 250;

/** A load is told for so long a time. */
const WINDOW_MS: Millis = 1_000;

/** With this share of a core used up, more work only makes queues longer. */
const FULL_SHARE = 0.95;

/** With timers so late, half of them later, sound breaks off: receivers buffer about as much. */
const FULL_LATE_MS: Millis = 100;

/** Below this share of a core late timers are others' doing, and sending less would give nothing back. */
const OWN_SHARE = 0.2;

/**
 * Measures how busy a thread is, from two sides: the share of its core that it uses, or the time that turns of the core
 * take where the system does not tell that; and how late timers are, which also shows what others take from it. That
 * counts once the thread itself has enough to do that less of it would help.
 *
 * The load is the worse of the two, 1 being as much as can be done without delay.
 */
export class LoadMeter {
  readonly #threadTime: () => Millis | undefined;
  #windowAt: Millis;
  #threadAt: Millis | undefined;
  #turns: Millis = 0;
  #isIdle = true;
  readonly #late: Millis[] = [];

  /** `threadTime` says how long the thread has run so far, or `undefined` where nobody knows. */
  constructor(threadTime: () => Millis | undefined, now: Millis) {
    this.#threadTime = threadTime;
    this.#windowAt = now;
    this.#threadAt = threadTime();
  }

  /** Begins to measure: what was before does not count. */
  start(now: Millis): void {
    this.#windowAt = now;
    this.#threadAt = this.#threadTime();
    this.#turns = this.#late.length = 0;
    this.#isIdle = true;
  }

  /** A turn of the core has ended. */
  turn(startedAt: Millis, endedAt: Millis): void {
    this.#turns += endedAt - startedAt;
    this.#isIdle = false;
  }

  /** Nothing was done since the last window. */
  get isIdle(): boolean {
    return this.#isIdle;
  }

  /** A timer that was due at `dueAt` has come; returns the load when it is time to tell one. */
  beat(dueAt: Millis, now: Millis): number | undefined {
    this.#late.push(Math.max(0, now - dueAt));
    const window = now - this.#windowAt;
    if (window < WINDOW_MS) return undefined;
    const threadAt = this.#threadTime();
    const used = threadAt === undefined || this.#threadAt === undefined ? 0 : threadAt - this.#threadAt;
    // Turns go on by the clock while another process has the core.
    const share = (threadAt === undefined ? this.#turns : used) / window;
    const late = this.#late.sort((a, b) => a - b)[Math.floor((this.#late.length - 1) / 2)] ?? 0;
    this.start(now);
    return Math.max(share / FULL_SHARE, share < OWN_SHARE ? 0 : late / FULL_LATE_MS);
  }
}
