import type { Millis } from "../base/time.ts";

/** A judgement needs this many packets and this much time. */
const MIN_PACKETS = 80;
const MIN_INTERVAL_MS = 500;

/** Loss up to here is the network's own (Wi-Fi, mobile) and not a reason to send less; GCC section 6 has 10 %. */
const TOLERATED = 0.1;

/** The network's own loss is the lower quartile of this many intervals. */
const INTERVALS_KEPT = 16;

/** Loss that the network has anyway is no reason either, with this much on top. */
const ABOVE_USUAL = 1.5;

/** So many standard deviations above the tolerated loss are no accident; losses in bursts vary more than single ones. */
const CERTAINTY = 4;

/** The bound rises by this factor per second while nothing is lost. */
const GROWTH_PER_SECOND = 1.2;

/** What gets through a bottleneck that drops is its capacity; a little below it, so that loss ends. */
const BACK_OFF = 0.9;

/**
 * Bounds the rate by loss, for bottlenecks that drop instead of queueing.
 *
 * Random loss, however high it steadily is, does not bound anything: sending less would not lessen it.
 */
export class LossBound {
  /** Bits per second; `Infinity` while loss says nothing. */
  bps = Infinity;
  /** Share lost in the last interval, 0 … 1. */
  fraction = 0;
  readonly #usual = new Float64Array(INTERVALS_KEPT);
  readonly #sorted = new Float64Array(INTERVALS_KEPT);
  #intervals = 0;
  #received = 0;
  #lost = 0;
  #since: Millis | undefined;

  /** Takes what a feedback said about packets it is the first to speak of; `late` ones had been taken for lost. */
  add(received: number, lost: number, late: number): void {
    this.#received += received + late;
    this.#lost = Math.max(0, this.#lost + lost - late);
  }

  /** Judges the interval when it is long enough; `true` when the bound has been lowered. */
  update(ackedBps: number, now: Millis): boolean {
    const packets = this.#received + this.#lost;
    const elapsed = now - (this.#since ?? now);
    this.#since ??= now;
    if (packets < MIN_PACKETS || elapsed < MIN_INTERVAL_MS) return false;
    const fraction = this.#lost / packets;
    this.fraction = fraction;
    const tolerated = Math.max(TOLERATED, this.#usualLoss() * ABOVE_USUAL);
    this.#usual[this.#intervals++ % INTERVALS_KEPT] = fraction;
    this.#received = this.#lost = 0;
    this.#since = now;
    const chance = CERTAINTY * Math.sqrt((tolerated * (1 - tolerated)) / packets);
    if (fraction > tolerated + chance) {
      this.bps = Math.min(this.bps, ackedBps * BACK_OFF);
      return true;
    }
    if (this.bps !== Infinity) {
      this.bps *= GROWTH_PER_SECOND ** (elapsed / 1_000);
      if (this.bps > 4 * ackedBps && fraction < TOLERATED) this.bps = Infinity;
    }
    return false;
  }

  /** Another path, other losses. */
  reset(): void {
    this.bps = Infinity;
    this.fraction = 0;
    this.#intervals = this.#received = this.#lost = 0;
    this.#since = undefined;
  }

  #usualLoss(): number {
    const kept = Math.min(this.#intervals, INTERVALS_KEPT);
    if (kept === 0) return 0;
    this.#sorted.fill(1);
    this.#sorted.set(this.#usual.subarray(0, kept));
    this.#sorted.sort();
    return this.#sorted[kept >> 2]!;
  }
}
