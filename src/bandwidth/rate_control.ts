import type { Millis } from "../base/time.ts";
import type { Usage } from "./delay_trend.ts";

/** What is left of the rate that got through when the queue grows (GCC section 5.5). */
const DECREASE = 0.85;

/** Growth per second while the capacity is not known. */
const GROWTH_PER_SECOND = 1.08;

/** The rate may not be further above what gets through than this: nothing proves more. */
const PROVEN_FACTOR = 1.5;
const PROVEN_MARGIN_BPS = 10_000;

/** Near the capacity the rate grows by one packet per response time, at least by this much per second. */
const PACKET_BITS = 9_600;
const FEEDBACK_MS = 100;
const MIN_GROWTH_BPS = 4_000;

/** Weight of a new sample in the capacity, and how many deviations away from it the capacity counts as another one. */
const CAPACITY_WEIGHT = 0.05;
const DEVIATIONS = 3;

/** Bounds of the deviation, as a share of the capacity's root, in kbit/s. */
const MIN_VARIANCE = 0.4;
const MAX_VARIANCE = 2.5;

/** The rate is lowered again only after this time, unless far less gets through. */
const MIN_DECREASE_INTERVAL_MS = 10;
const MAX_DECREASE_INTERVAL_MS = 200;

/**
 * Additive increase, multiplicative decrease after what the trend of the delay says (draft-ietf-rmcat-gcc-02, section 5.5).
 */
export class RateControl {
  /** Bits per second. */
  bps: number;
  readonly #minBps: number;
  readonly #maxBps: number;
  #changedAt: Millis | undefined;
  #decreasedAt: Millis = -Infinity;
  #mayGrow = true;
  /** The capacity in kbit/s, from rates at which the queue began to grow. */
  #capacity = NaN;
  #variance = MIN_VARIANCE;

  constructor(startBps: number, minBps: number, maxBps: number) {
    this.#minBps = minBps;
    this.#maxBps = maxBps;
    this.bps = Math.max(minBps, Math.min(maxBps, startBps));
  }

  /** Applies one observation; `true` when the rate was lowered. */
  update(usage: Usage, ackedBps: number, rttMs: Millis, now: Millis): boolean {
    const elapsed = now - (this.#changedAt ?? now);
    this.#changedAt = now;
    if (usage === "overuse") return this.#decrease(ackedBps, rttMs, now);
    if (usage === "underuse") {
      this.#mayGrow = false;
      return false;
    }
    // One quiet observation after a queue has emptied; then it grows again.
    if (!this.#mayGrow) this.#mayGrow = true;
    else this.#increase(ackedBps, rttMs, elapsed);
    return false;
  }

  /** Takes a proven rate: a probe got through. */
  raiseTo(bps: number): void {
    if (bps <= this.bps) return;
    this.bps = Math.min(this.#maxBps, bps);
    if (bps / 1_000 > this.#capacity + this.#deviation()) this.#capacity = NaN;
  }

  /** Takes a lower rate that something else demands. */
  lowerTo(bps: number, now: Millis): void {
    const lowered = Math.max(this.#minBps, bps);
    // At the bottom nothing is lowered any more, and probes need not wait for calm.
    if (lowered >= this.bps) return;
    this.bps = lowered;
    this.#decreasedAt = now;
    this.#mayGrow = false;
  }

  /** When the rate was lowered last. */
  get decreasedAt(): Millis {
    return this.#decreasedAt;
  }

  /** Starts over on another path. */
  reset(startBps: number): void {
    this.bps = Math.max(this.#minBps, Math.min(this.#maxBps, startBps));
    this.#capacity = NaN;
    this.#changedAt = undefined;
    this.#decreasedAt = -Infinity;
    this.#mayGrow = true;
  }

  #increase(ackedBps: number, rttMs: Millis, elapsed: Millis): void {
    const seconds = Math.min(elapsed, 1_000) / 1_000;
    const proven = PROVEN_FACTOR * ackedBps + PROVEN_MARGIN_BPS;
    if (ackedBps / 1_000 > this.#capacity + this.#deviation()) this.#capacity = NaN;
    const near = !Number.isNaN(this.#capacity);
    const grown = near
      ? this.bps + seconds * Math.max(MIN_GROWTH_BPS, (PACKET_BITS * 1_000) / (2 * (rttMs + FEEDBACK_MS)))
      : this.bps * GROWTH_PER_SECOND ** seconds + seconds * 1_000;
    // What was proven before stays, even when little is sent now.
    this.bps = Math.min(this.#maxBps, Math.max(this.bps, Math.min(grown, proven)));
  }

  #decrease(ackedBps: number, rttMs: Millis, now: Millis): boolean {
    const interval = Math.max(MIN_DECREASE_INTERVAL_MS, Math.min(MAX_DECREASE_INTERVAL_MS, rttMs));
    if (now - this.#decreasedAt < interval && ackedBps > 0.5 * this.bps) return false;
    this.#mayGrow = false;
    const sample = ackedBps / 1_000;
    if (sample < this.#capacity - this.#deviation()) this.#capacity = NaN;
    this.#learnCapacity(sample);
    const lowered = Math.max(this.#minBps, DECREASE * ackedBps);
    if (lowered >= this.bps) return false;
    this.bps = lowered;
    this.#decreasedAt = now;
    return true;
  }

  #learnCapacity(sample: number): void {
    if (Number.isNaN(this.#capacity)) this.#capacity = sample;
    else this.#capacity += CAPACITY_WEIGHT * (sample - this.#capacity);
    const error = this.#capacity - sample;
    const relative = (error * error) / Math.max(this.#capacity, 1);
    this.#variance += CAPACITY_WEIGHT * (relative - this.#variance);
    this.#variance = Math.max(MIN_VARIANCE, Math.min(MAX_VARIANCE, this.#variance));
  }

  /** Three deviations; `NaN` while there is no capacity, so that comparisons with it are false. */
  #deviation(): number {
    return DEVIATIONS * Math.sqrt(this.#variance * this.#capacity);
  }
}
