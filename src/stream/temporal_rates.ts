import type { Millis } from "../base/time.ts";

/** Temporal layers of a stream: two bits tell them apart in VP8 (RFC 7741 section 4.2), and nobody sends more. */
export const TEMPORAL_LAYERS = 4;

/** Rates are taken over so much time: a keyframe's burst must not look like a higher rate. */
const INTERVAL_MS = 1_000;

/** Weight of the newest interval. */
const WEIGHT = 0.4;

/** Rates of a stream up to each of its temporal layers, smoothed over some seconds. */
export class TemporalRates {
  readonly #bytes = new Float64Array(TEMPORAL_LAYERS);
  readonly #bps = new Float64Array(TEMPORAL_LAYERS);
  #since: Millis | undefined;
  #known = false;
  #top = 0;

  /** The highest layer seen. */
  get top(): number {
    return this.#top;
  }

  /** Counts a packet of a layer; -1 counts as 0, what is higher than any known as the highest. */
  add(layer: number, bytes: number, now: Millis): void {
    this.#since ??= now;
    const elapsed = now - this.#since;
    if (elapsed >= INTERVAL_MS) this.#turn(elapsed, now);
    const own = Math.max(0, Math.min(layer, TEMPORAL_LAYERS - 1));
    if (own > this.#top) this.#top = own;
    this.#bytes[own] = this.#bytes[own]! + bytes;
  }

  /** Bits per second of the layers up to `layer`; 0 before the first second is over. */
  upTo(layer: number): number {
    let sum = 0;
    for (let i = 0; i <= layer && i < TEMPORAL_LAYERS; i++) sum += this.#bps[i]!;
    return sum;
  }

  #turn(elapsed: Millis, now: Millis): void {
    for (let i = 0; i < TEMPORAL_LAYERS; i++) {
      const bps = (this.#bytes[i]! * 8_000) / elapsed;
      this.#bps[i] = this.#known && elapsed < 3 * INTERVAL_MS ? this.#bps[i]! + WEIGHT * (bps - this.#bps[i]!) : bps;
      this.#bytes[i] = 0;
    }
    this.#known = true;
    this.#since = now;
  }
}
