import type { SenderReport } from "../rtp/rtcp.ts";
import { type Millis, ntpFromUnix } from "../base/time.ts";

/**
 * What sender reports of one outgoing stream say (RFC 3550 section 6.4.1): which RTP timestamp belongs to which moment
 * of the wall clock, and how much was sent. Receivers bring sound and picture of one sender together by it.
 */
export class MediaClock {
  readonly #clockRateHz: number;
  #timestamp: number | undefined;
  #at: Millis = 0;
  #packets = 0;
  #octets = 0;

  constructor(clockRateHz: number) {
    this.#clockRateHz = clockRateHz;
  }

  /** Notes that media with this timestamp was captured at `now`. */
  mark(timestamp: number, now: Millis): void {
    this.#timestamp = timestamp;
    this.#at = now;
  }

  /** Counts a packet that was sent. */
  sent(payloadBytes: number): void {
    this.#packets++;
    this.#octets += payloadBytes;
  }

  /** The timestamp that media captured at `now` has; `undefined` before anything was sent. */
  timestampAt(now: Millis): number | undefined {
    if (this.#timestamp === undefined) return undefined;
    return (this.#timestamp + Math.round(((now - this.#at) * this.#clockRateHz) / 1000)) >>> 0;
  }

  /** A sender report for `now`, at which the wall clock reads `unixMs`; `undefined` before anything was sent. */
  report(ssrc: number, now: Millis, unixMs: Millis): SenderReport | undefined {
    const rtpTimestamp = this.timestampAt(now);
    if (rtpTimestamp === undefined) return undefined;
    return {
      kind: "sr",
      ssrc,
      ntp: ntpFromUnix(unixMs),
      rtpTimestamp,
      packetCount: this.#packets >>> 0,
      octetCount: this.#octets >>> 0,
      reports: [],
    };
  }
}
