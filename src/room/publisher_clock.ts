import { type Millis, type NtpTime, unixFromNtp } from "../base/time.ts";

/** How far one later sample moves the estimate down: slow against jitter, fast enough to follow a drifting clock. */
const DECAY = 0.02;

/** A step of the publisher's clock, after which the old estimate says nothing. */
const STEP_MS = 1_000;

/**
 * How far a publisher's wall clock is ahead of ours.
 *
 * One for all its tracks, so that sound and picture get sender reports on the same scale and stay in sync however
 * late a single report arrived. A delayed report makes the difference look smaller, so the largest value counts.
 */
export class PublisherClock {
  #aheadMs: number | undefined;

  /** Takes the NTP time of a sender report that arrived when our own clock read `unixMs`. */
  sample(ntp: NtpTime, unixMs: number): void {
    const ahead = unixFromNtp(ntp) - unixMs;
    const last = this.#aheadMs;
    if (last === undefined || ahead > last || last - ahead > STEP_MS) this.#aheadMs = ahead;
    else this.#aheadMs = last + (ahead - last) * DECAY;
  }

  /**
   * What a track's RTP clock reads at our time `unixMs`, counting from its latest sender report; `undefined`
   * before the first report.
   */
  rtpAt(unixMs: Millis, report: { ntp: NtpTime; rtpTimestamp: number }, clockRateHz: number): number | undefined {
    if (this.#aheadMs === undefined) return undefined;
    const elapsedMs = unixMs + this.#aheadMs - unixFromNtp(report.ntp);
    return (report.rtpTimestamp + Math.round((elapsedMs * clockRateHz) / 1000)) >>> 0;
  }
}
