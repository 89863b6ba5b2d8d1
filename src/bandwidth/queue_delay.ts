import type { Millis } from "../base/time.ts";

/** The least delay is taken from the last one to two of these: shorter than a path's change, longer than a full queue lasts. */
const BASELINE_MS = 15_000;

/** Share of a new packet in the smoothed delay. */
const WEIGHT = 0.2;

/**
 * How long packets wait in queues: their delay above the least one seen lately.
 *
 * The offset between the two clocks cancels out.
 */
export class QueueDelay {
  /** The smoothed wait. */
  ms: Millis = 0;
  #least = Infinity;
  #leastBefore = Infinity;
  #since: Millis | undefined;

  /** Takes a packet's two moments. */
  add(sentAt: Millis, arrivedAt: Millis): void {
    const delay = arrivedAt - sentAt;
    this.#since ??= sentAt;
    if (sentAt - this.#since > BASELINE_MS) {
      this.#leastBefore = this.#least;
      this.#least = delay;
      this.#since = sentAt;
    }
    this.#least = Math.min(this.#least, delay);
    const queued = delay - Math.min(this.#least, this.#leastBefore);
    this.ms += WEIGHT * (queued - this.ms);
  }

  /** Another path has another least delay. */
  reset(): void {
    this.ms = 0;
    this.#least = this.#leastBefore = Infinity;
    this.#since = undefined;
  }
}
