import { distance32 } from "../../base/sequence.ts";
import type { Millis, NtpTime } from "../../base/time.ts";
import type { PublisherClock } from "../../room/publisher_clock.ts";

/** Differences below this are the reports' own inexactness and not followed: lip sync starts to be seen at 40 ms. */
const IGNORED_MS = 4;
/** Share of a difference that one report moves the timeline: no jump that could be heard. */
const SLEW = 0.1;
/** A difference above this is a step of a clock and followed at once. */
const STEP_MS = 1_000;

/** A packet this far from when it should have come has a timestamp of another timeline: it began anew. */
const MAX_AGE_MS = 10_000;

/** What the times of a track are calculated from (RFC 3550 section 6.4.1). */
export interface ReportedTime {
  readonly ntp: NtpTime;
  readonly rtpTimestamp: number;
}

/**
 * When the media of one track was captured, on our own clock: by the sender reports of its publisher, or, before the
 * first one, by arrival.
 *
 * All tracks of a publisher share its `PublisherClock`, so sound and picture captured together get the same time.
 */
export class CaptureTimeline {
  readonly #clock: PublisherClock;
  readonly #clockRateHz: number;
  #lastTimestamp: number | undefined;
  #ticks = 0;
  /** Our time at tick 0, by reports, and by the fastest arrival. */
  #offsetMs: Millis | undefined;
  #arrivalOffsetMs: Millis = Infinity;

  constructor(clock: PublisherClock, clockRateHz: number) {
    this.#clock = clock;
    this.#clockRateHz = clockRateHz;
  }

  /** Whether a sender report has said when media was captured. */
  get isReported(): boolean {
    return this.#offsetMs !== undefined;
  }

  /** Takes the arrival of a packet. */
  arrived(timestamp: number, now: Millis): void {
    const arrivalOffset = now - this.#msOf(timestamp);
    if (Math.abs(now - this.timeOf(timestamp)) > MAX_AGE_MS) {
      this.#offsetMs = undefined;
      this.#arrivalOffsetMs = arrivalOffset;
    }
    if (arrivalOffset < this.#arrivalOffsetMs) this.#arrivalOffsetMs = arrivalOffset;
  }

  /** Takes a sender report that has arrived now; `PublisherClock.sample` is the caller's. */
  reported(report: ReportedTime, now: Millis): void {
    const atNow = this.#clock.rtpAt(now, report, this.#clockRateHz);
    if (atNow === undefined) return;
    this.#lastTimestamp ??= atNow;
    const target = now - this.#peek(atNow);
    const difference = this.#offsetMs === undefined ? Infinity : target - this.#offsetMs;
    if (Math.abs(difference) > STEP_MS) this.#offsetMs = target;
    else if (Math.abs(difference) > IGNORED_MS) this.#offsetMs! += difference * SLEW;
  }

  /** Our time at which media with this timestamp was captured. */
  timeOf(timestamp: number): Millis {
    return (this.#offsetMs ?? this.#arrivalOffsetMs) + this.#peek(timestamp);
  }

  #msOf(timestamp: number): Millis {
    if (this.#lastTimestamp !== undefined) this.#ticks += distance32(this.#lastTimestamp, timestamp);
    this.#lastTimestamp = timestamp;
    return (this.#ticks * 1000) / this.#clockRateHz;
  }

  #peek(timestamp: number): Millis {
    const ticks = this.#ticks + distance32(this.#lastTimestamp ?? timestamp, timestamp);
    return (ticks * 1000) / this.#clockRateHz;
  }
}
