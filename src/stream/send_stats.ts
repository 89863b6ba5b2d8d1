import { compactNtp, type Millis, type NtpTime } from "../base/time.ts";
import type { ReportBlock, SenderReport } from "../rtp/rtcp.ts";

/**
 * Sender reports whose time of sending is remembered. At one per second a receiver's answer refers to one of
 * the last two; the rest allows for reports sent more often and for long paths.
 */
const REPORTS_REMEMBERED = 8;

/** A larger round trip is a wrong report. */
const MAX_RTT_MS = 30_000;

/**
 * The receiver's delay is rounded and its clock runs a little differently; more below zero than this is a wrong
 * report.
 */
const MAX_CLOCK_ERROR_MS = 10;

/**
 * Counts what one outgoing stream sends and understands what its receiver reports (RFC 3550 section 6.4).
 *
 * The round trip is taken from our own record of when each sender report left. So it needs no wall clock, and a
 * report about one we never sent changes nothing.
 */
export class SendStats {
  /** The outgoing SSRC. */
  readonly ssrc: number;
  /** The last measured round trip; `undefined` before the first. */
  rttMs: number | undefined;
  /** Share of packets lost between the receiver's last two reports, 0 … 1. */
  fractionLost = 0;
  /** All packets the receiver misses so far; negative after duplicates. */
  cumulativeLost = 0;
  /** The receiver's jitter in units of the RTP clock. */
  jitter = 0;

  #packets = 0;
  #octets = 0;
  readonly #reportIds = new Float64Array(REPORTS_REMEMBERED).fill(-1);
  readonly #reportTimes = new Float64Array(REPORTS_REMEMBERED);
  #reports = 0;

  /** Creates empty statistics of the stream `ssrc`. */
  constructor(ssrc: number) {
    this.ssrc = ssrc;
  }

  /** Packets sent. */
  get packets(): number {
    return this.#packets;
  }

  /** Payload bytes sent, without headers and padding. */
  get octets(): number {
    return this.#octets;
  }

  /** Counts a packet with `payloadLength` bytes of payload. */
  add(payloadLength: number): void {
    this.#packets++;
    this.#octets += payloadLength;
  }

  /**
   * Builds a sender report and remembers when it left.
   *
   * @param ntp The wall clock at the moment that `rtpTimestamp` stands for.
   * @param rtpTimestamp The same moment on the outgoing stream's clock.
   */
  senderReport(ntp: NtpTime, rtpTimestamp: number, now: Millis): SenderReport {
    const slot = this.#reports++ % REPORTS_REMEMBERED;
    this.#reportIds[slot] = compactNtp(ntp);
    this.#reportTimes[slot] = now;
    return {
      kind: "sr",
      ssrc: this.ssrc,
      ntp,
      rtpTimestamp: rtpTimestamp >>> 0,
      packetCount: this.#packets % 0x100000000,
      octetCount: this.#octets % 0x100000000,
      reports: [],
    };
  }

  /** Takes the receiver's report about this stream; returns `false` when it is about another. */
  handleReport(block: ReportBlock, now: Millis): boolean {
    if (block.ssrc !== this.ssrc) return false;
    this.fractionLost = block.fractionLost / 256;
    this.cumulativeLost = block.cumulativeLost;
    this.jitter = block.jitter;
    const rtt = this.#roundTrip(block, now);
    if (rtt !== undefined) this.rttMs = rtt;
    return true;
  }

  /** RFC 3550 section 6.4.1: now − when the report left − how long the receiver kept it. */
  #roundTrip(block: ReportBlock, now: Millis): number | undefined {
    if (block.lastSenderReport === 0) return undefined;
    const slot = this.#reportIds.indexOf(block.lastSenderReport);
    if (slot < 0) return undefined;
    const rtt = now - this.#reportTimes[slot]! - (block.delaySinceLastSenderReport * 1000) / 0x10000;
    if (rtt > MAX_RTT_MS || rtt < -MAX_CLOCK_ERROR_MS) return undefined;
    return Math.max(0, rtt);
  }
}
