import { distance16, distance32 } from "../base/sequence.ts";
import { compactNtp, type Millis, type NtpTime } from "../base/time.ts";
import type { ReportBlock } from "../rtp/rtcp.ts";

/**
 * A larger step forward is suspected to be a restart (RFC 3550 appendix A.1): ten seconds of video are not lost
 * at once.
 */
const MAX_DROPOUT = 3_000;

/**
 * A larger step back is suspected to be a restart. The RFC suggests 100; a path change can hold a second of
 * video back, and we must not take that for a new stream.
 */
const MAX_MISORDER = 512;

/** A change of transit time beyond this many seconds is a jump of somebody's clock and no jitter. */
const MAX_TRANSIT_CHANGE_SECONDS = 5;

/** The limits of the signed 24-bit loss count (RFC 3550 section 6.4.1). */
const MAX_LOST = 0x7fffff;
const MIN_LOST = -0x800000;

/** What `ReceiveStats.update` found; a number, because it is said for every packet. */
export const Arrival: ArrivalCodes = { accepted: 0, suspicious: 1, restarted: 2 };

/** The values of `Arrival`. */
export interface ArrivalCodes {
  /** Counted: in order, late, or a duplicate. */
  readonly accepted: 0;
  /** A jump that nothing confirms yet: not counted. */
  readonly suspicious: 1;
  /** The second packet after a jump: the stream has started again with other numbers, and so have the counts. */
  readonly restarted: 2;
}

/** The last sender report of a stream. */
export interface ReceivedSenderReport {
  /** The sender's wall clock. */
  readonly ntp: NtpTime;
  /** The same moment on the stream's clock. */
  readonly rtpTimestamp: number;
  /** When it arrived here. */
  readonly at: Millis;
}

/**
 * Counts what arrives of one incoming stream and builds the report about it (RFC 3550 section 6.4.1, appendices
 * A.1, A.3 and A.8).
 *
 * A stream counts from its first packet on, without probation: only authenticated packets get here.
 * Retransmissions that came on their own SSRC (RFC 4588) must not be counted, or loss would hide.
 */
export class ReceiveStats {
  /** The stream. */
  readonly ssrc: number;
  /** The codec's RTP clock. */
  readonly clockRateHz: number;
  /** The last sender report, `undefined` before the first. */
  lastReport: ReceivedSenderReport | undefined;
  /** Share of packets lost between the last two reports built, 0 … 1. */
  intervalLoss = 0;
  /** How often the stream has started again. */
  restarts = 0;

  #started = false;
  /** Extended numbers; the first packet's is its 16 bits. */
  #base = 0;
  #highest = 0;
  #received = 0;
  /** The number that would confirm a restart, or -1. */
  #confirms = -1;
  #total = 0;
  #expectedBefore = 0;
  #receivedBefore = 0;
  #jitter = 0;
  #lastArrival: Millis = 0;
  #lastTimestamp = 0;
  #transitKnown = false;

  /** Creates statistics of a stream that has not begun. */
  constructor(ssrc: number, clockRateHz: number) {
    this.ssrc = ssrc;
    this.clockRateHz = clockRateHz;
  }

  /** All packets counted so far, over restarts. */
  get packets(): number {
    return this.#total;
  }

  /** Packets missing since the start or the last restart; negative when duplicates outnumber losses. */
  get lost(): number {
    return this.#expected - this.#received;
  }

  /** Variation of the transit time in milliseconds. */
  get jitterMs(): number {
    return (this.#jitter * 1000) / this.clockRateHz;
  }

  /** Counts a packet; the answer is one of `Arrival`. */
  update(sequenceNumber: number, timestamp: number, now: Millis): number {
    if (!this.#started) {
      this.#start(sequenceNumber);
      this.#count(timestamp, now);
      return Arrival.accepted;
    }
    const step = distance16(this.#highest, sequenceNumber);
    if (step >= MAX_DROPOUT || step < -MAX_MISORDER) {
      if (sequenceNumber !== this.#confirms) {
        this.#confirms = (sequenceNumber + 1) & 0xffff;
        return Arrival.suspicious;
      }
      this.restarts++;
      this.#start(sequenceNumber);
      this.#count(timestamp, now);
      return Arrival.restarted;
    }
    this.#confirms = -1;
    if (step > 0) this.#highest += step;
    this.#count(timestamp, now);
    return Arrival.accepted;
  }

  /** Remembers a sender report of this stream. */
  handleSenderReport(ntp: NtpTime, rtpTimestamp: number, now: Millis): void {
    this.lastReport = { ntp, rtpTimestamp, at: now };
  }

  /** Builds the report block and begins the next interval. */
  reportBlock(now: Millis): ReportBlock {
    const expected = this.#expected;
    const expectedInterval = expected - this.#expectedBefore;
    const lostInterval = expectedInterval - (this.#received - this.#receivedBefore);
    this.#expectedBefore = expected;
    this.#receivedBefore = this.#received;
    this.intervalLoss = expectedInterval <= 0 || lostInterval <= 0 ? 0 : lostInterval / expectedInterval;
    const report = this.lastReport;
    return {
      ssrc: this.ssrc,
      fractionLost: Math.min(255, Math.floor(this.intervalLoss * 256)),
      cumulativeLost: Math.max(MIN_LOST, Math.min(MAX_LOST, this.lost)),
      highestSequence: this.#highest % 0x100000000,
      jitter: Math.floor(this.#jitter),
      lastSenderReport: report === undefined ? 0 : compactNtp(report.ntp),
      delaySinceLastSenderReport: report === undefined ? 0 : delayUnits(now - report.at),
    };
  }

  get #expected(): number {
    return this.#started ? this.#highest - this.#base + 1 : 0;
  }

  #start(sequenceNumber: number): void {
    this.#started = true;
    this.#base = sequenceNumber;
    this.#highest = sequenceNumber;
    this.#received = 0;
    this.#confirms = -1;
    this.#expectedBefore = 0;
    this.#receivedBefore = 0;
    this.#transitKnown = false;
  }

  #count(timestamp: number, now: Millis): void {
    this.#received++;
    this.#total++;
    if (this.#transitKnown) {
      const arrivalTicks = ((now - this.#lastArrival) * this.clockRateHz) / 1000;
      const change = Math.abs(arrivalTicks - distance32(this.#lastTimestamp, timestamp));
      if (change <= MAX_TRANSIT_CHANGE_SECONDS * this.clockRateHz) this.#jitter += (change - this.#jitter) / 16;
    }
    this.#transitKnown = true;
    this.#lastArrival = now;
    this.#lastTimestamp = timestamp;
  }
}

/** Milliseconds in units of 1/65536 s, as 32 bits can hold them. */
function delayUnits(delayMs: Millis): number {
  return Math.max(0, Math.min(0xffffffff, Math.round((delayMs * 0x10000) / 1000)));
}
