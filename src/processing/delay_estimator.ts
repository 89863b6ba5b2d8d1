import { distance32 } from "../base/sequence.ts";
import type { Millis } from "../base/time.ts";

/** Packets that the estimate looks back over: ten seconds of sound in packets of 20 ms. */
const WINDOW = 500;
/** Packets between two calculations of the quantile; in between the estimate only rises. */
const RECALCULATE_EVERY = 25;
/** Share of the packets that shall arrive in time; waiting for the last few costs everybody delay. */
const QUANTILE = 0.97;
/** A jump of sending time against arrival this large is a new timeline, not delay. */
const STEP_MS = 5_000;

/**
 * How long packets are under way compared with the fastest ones, and so how long to wait for them.
 *
 * The fastest packet of the last ten seconds is the reference, which follows a drifting clock by itself. A packet later
 * than expected raises the estimate at once; it sinks as late packets leave the window.
 */
export class DelayEstimator {
  readonly #clockRateHz: number;
  readonly #transits = new Float64Array(WINDOW);
  readonly #sorted = new Float64Array(WINDOW);
  #count = 0;
  #lastTimestamp = 0;
  #mediaTicks = 0;
  #base: Millis = 0;
  #spread: Millis = 0;

  constructor(clockRateHz: number) {
    this.#clockRateHz = clockRateHz;
  }

  /** Takes the arrival of a packet. */
  sample(timestamp: number, now: Millis): void {
    if (this.#count === 0) this.#restart(timestamp);
    this.#mediaTicks += distance32(this.#lastTimestamp, timestamp);
    this.#lastTimestamp = timestamp;
    let transit = now - (this.#mediaTicks * 1000) / this.#clockRateHz;
    if (this.#count > 0 && Math.abs(transit - this.#base) > STEP_MS) {
      this.#restart(timestamp);
      transit = now;
    }
    this.#transits[this.#count % WINDOW] = transit;
    this.#count++;
    if (this.#count === 1 || transit < this.#base) this.#base = transit;
    this.#spread = Math.max(this.#spread, transit - this.#base);
    if (this.#count % RECALCULATE_EVERY === 0) this.#recalculate();
  }

  /** Milliseconds that nearly all packets arrive within, counted from the fastest. */
  get spreadMs(): Millis {
    return this.#spread;
  }

  /** When the fastest way would have brought the packet with this timestamp here; `undefined` before any packet. */
  arrivalOf(timestamp: number): Millis | undefined {
    if (this.#count === 0) return undefined;
    const ticks = this.#mediaTicks + distance32(this.#lastTimestamp, timestamp);
    return this.#base + (ticks * 1000) / this.#clockRateHz;
  }

  /** Forgets everything: the stream began anew. */
  reset(): void {
    this.#count = 0;
    this.#spread = 0;
  }

  #restart(timestamp: number): void {
    this.#count = 0;
    this.#spread = 0;
    this.#mediaTicks = 0;
    this.#lastTimestamp = timestamp;
  }

  #recalculate(): void {
    const filled = Math.min(this.#count, WINDOW);
    const sorted = this.#sorted.subarray(0, filled);
    sorted.set(this.#transits.subarray(0, filled));
    sorted.sort();
    this.#base = sorted[0]!;
    this.#spread = sorted[Math.min(filled - 1, Math.floor(filled * QUANTILE))]! - this.#base;
  }
}
