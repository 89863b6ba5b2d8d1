import type { Millis } from "./time.ts";

/** Long enough to smooth over the burst of a keyframe, short enough to follow a change of layer. */
const DEFAULT_WINDOW_MS = 1_000;

/** Buckets per window: the rate is then at most a twentieth of a window out of date. */
const DEFAULT_BUCKETS = 20;

/**
 * Measures bits per second over a sliding window.
 *
 * The window is cut into buckets of equal length, so memory is fixed and adding a packet costs one addition;
 * a bucket's bytes leave the window all at once. Before a whole window has passed since the first byte, the
 * rate is taken over the time there is, but at least over one bucket.
 */
export class RateWindow {
  readonly #bucketMs: number;
  readonly #buckets: Float64Array;
  #startedAt: Millis | undefined;
  /** Number of the bucket that is being filled: time divided by the length of a bucket. */
  #current = 0;
  #total = 0;

  /** Creates an empty window of `windowMs`, cut into `buckets` parts. */
  constructor(windowMs: number = DEFAULT_WINDOW_MS, buckets: number = DEFAULT_BUCKETS) {
    this.#bucketMs = windowMs / buckets;
    this.#buckets = new Float64Array(buckets);
  }

  /** Counts `bytes` at `now`. */
  add(bytes: number, now: Millis): void {
    if (this.#startedAt === undefined) {
      this.#startedAt = now;
      this.#current = Math.floor(now / this.#bucketMs);
    }
    this.#advance(now);
    const slot = this.#slot(this.#current);
    this.#buckets[slot] = this.#buckets[slot]! + bytes;
    this.#total += bytes;
  }

  /** The rate in bits per second; 0 when the window is empty. */
  bitsPerSecond(now: Millis): number {
    if (this.#startedAt === undefined) return 0;
    this.#advance(now);
    const windowStart = (this.#current - this.#buckets.length + 1) * this.#bucketMs;
    const covered = Math.max(this.#bucketMs, now - Math.max(windowStart, this.#startedAt));
    return (this.#total * 8_000) / covered;
  }

  /** Empties the buckets that time has left behind. A clock that stands still or goes back changes nothing. */
  #advance(now: Millis): void {
    const target = Math.floor(now / this.#bucketMs);
    if (target - this.#current >= this.#buckets.length) {
      this.#buckets.fill(0);
      this.#total = 0;
      this.#current = target;
    }
    while (this.#current < target) {
      this.#current++;
      const slot = this.#slot(this.#current);
      this.#total -= this.#buckets[slot]!;
      this.#buckets[slot] = 0;
    }
  }

  #slot(bucket: number): number {
    const length = this.#buckets.length;
    return ((bucket % length) + length) % length;
  }
}
