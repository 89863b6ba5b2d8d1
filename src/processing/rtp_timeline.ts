import { distance32 } from "../base/sequence.ts";
import type { Millis } from "../base/time.ts";

/** Turns the 32-bit timestamps of one stream into milliseconds since its first one, across wraps of the counter. */
export class RtpTimeline {
  readonly #clockRateHz: number;
  #last: number | undefined;
  #ticks = 0;

  constructor(clockRateHz: number) {
    this.#clockRateHz = clockRateHz;
  }

  /** Milliseconds from the first timestamp to this one; negative for an earlier one. */
  msOf(timestamp: number): Millis {
    if (this.#last !== undefined) this.#ticks += distance32(this.#last, timestamp);
    this.#last = timestamp;
    return (this.#ticks * 1000) / this.#clockRateHz;
  }
}
