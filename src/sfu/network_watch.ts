import type { Millis } from "../base/time.ts";

/** From this share of lost packets on a call is visibly worse: repair helps below, not far beyond. */
const DEGRADED_PERCENT = 5;

/** How often it is said while it lasts. */
const REPEAT_MS = 10_000;

/** Weight of a new report: one bad second in a good call is no bad network, three are. */
const NEWEST_WEIGHT = 0.5;

/** Follows what a receiver says it loses, and tells when that is much. */
export class NetworkWatch {
  #percent = 0;
  #saidAt: Millis | undefined;

  /** Takes the loss that one report tells, 0 … 100; returns the average when it must be told now. */
  handleLoss(percent: number, now: Millis): number | undefined {
    this.#percent += (percent - this.#percent) * NEWEST_WEIGHT;
    if (this.#percent < DEGRADED_PERCENT) return undefined;
    if (this.#saidAt !== undefined && now - this.#saidAt < REPEAT_MS) return undefined;
    this.#saidAt = now;
    return this.#percent;
  }
}
