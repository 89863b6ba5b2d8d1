import { readU16 } from "../base/bytes.ts";
import type { NtpTime } from "../base/time.ts";
import {
  parsePayloadFeedback,
  parseTransportFeedback,
  writeFir,
  writeNack,
  writePli,
  writeRemb,
} from "./rtcp_feedback.ts";
import { parseReceiverReport, parseSenderReport, writeReceiverReport, writeSenderReport } from "./rtcp_reports.ts";
import { parseBye, parseSourceDescription, writeBye, writeSourceDescription } from "./rtcp_sources.ts";
import { writeTransportWide } from "./rtcp_twcc.ts";
import { closeRtcpPacket, MAX_RTCP_COUNT, RTCP_HEADER_LENGTH, RTCP_TYPE } from "./rtcp_wire.ts";
import { parseExtendedReport, writeExtendedReport } from "./rtcp_xr.ts";

/**
 * Transport-wide statuses accepted in one compound packet.
 *
 * A run of 8,191 statuses takes two bytes, so a datagram could ask for millions of entries. A peer that
 * reports every 100 ms stays below this up to 160,000 packets per second.
 */
const MAX_STATUSES = 16_384;

/** What a receiver says about one stream (RFC 3550 section 6.4.1). */
export interface ReportBlock {
  /** The stream that is reported on. */
  readonly ssrc: number;
  /** Packets lost since the last report, in 1/256 of those expected: 0 … 255. */
  readonly fractionLost: number;
  /** Packets lost since the start; 24 bits with sign, negative when duplicates outnumber losses. */
  readonly cumulativeLost: number;
  /** Highest number received: 16 bits of cycles, then 16 bits of the header. */
  readonly highestSequence: number;
  /** Variation of the transit time, in units of the stream's clock. */
  readonly jitter: number;
  /** Middle 32 bits of the NTP time in the last sender report, 0 before the first. */
  readonly lastSenderReport: number;
  /** Time since that report came, in 1/65536 s. */
  readonly delaySinceLastSenderReport: number;
}

/** What a sender says about its own stream (RFC 3550 section 6.4.1). */
export interface SenderReport {
  /** Tells it from other packets. */
  readonly kind: "sr";
  /** The sender's stream. */
  readonly ssrc: number;
  /** Wall clock of the sender. */
  readonly ntp: NtpTime;
  /** The same moment in the stream's own clock. */
  readonly rtpTimestamp: number;
  /** Packets sent, modulo 2^32. */
  readonly packetCount: number;
  /** Payload bytes sent, modulo 2^32. */
  readonly octetCount: number;
  /** At most 31. */
  readonly reports: readonly ReportBlock[];
}

/** Reports of somebody who sends nothing (RFC 3550 section 6.4.2). */
export interface ReceiverReport {
  /** Tells the kinds apart. */
  readonly kind: "rr";
  /** Who reports. */
  readonly ssrc: number;
  /** At most 31. */
  readonly reports: readonly ReportBlock[];
}

/** One item that describes a source: type 1 is the canonical name (RFC 3550 section 6.5). */
export interface SdesItem {
  /** 1 … 255. */
  readonly type: number;
  /** At most 255 bytes of UTF-8. */
  readonly text: string;
}

/** Descriptions of sources (RFC 3550 section 6.5). */
export interface SourceDescription {
  /** Tells the kinds apart. */
  readonly kind: "sdes";
  /** At most 31. */
  readonly chunks: readonly { readonly ssrc: number; readonly items: readonly SdesItem[] }[];
}

/** Sources that end (RFC 3550 section 6.6). */
export interface Bye {
  /** Tells the kinds apart. */
  readonly kind: "bye";
  /** At most 31. */
  readonly ssrcs: readonly number[];
  /** At most 255 bytes of UTF-8. */
  readonly reason?: string;
}

/** A request to send packets again (RFC 4585 section 6.2.1). */
export interface Nack {
  /** Tells the kinds apart. */
  readonly kind: "nack";
  /** Who sends it. */
  readonly senderSsrc: number;
  /** The stream that it is about. */
  readonly mediaSsrc: number;
  /** 16-bit numbers, oldest first. */
  readonly sequenceNumbers: readonly number[];
}

/** A request for a keyframe (RFC 4585 section 6.3.1). */
export interface PictureLoss {
  /** Tells the kinds apart. */
  readonly kind: "pli";
  /** Who sends it. */
  readonly senderSsrc: number;
  /** The stream that it is about. */
  readonly mediaSsrc: number;
}

/** A request for a keyframe by somebody new; numbered so that a repetition is known as such (RFC 5104 section 4.3.1). */
export interface FullIntraRequest {
  /** Tells the kinds apart. */
  readonly kind: "fir";
  /** Who sends it. */
  readonly senderSsrc: number;
  /** The streams asked, each with an 8-bit number. */
  readonly entries: readonly { readonly ssrc: number; readonly sequenceNumber: number }[];
}

/** The bitrate a receiver believes it can take (draft-alvestrand-rmcat-remb section 2.2). */
export interface ReceiverEstimate {
  /** Tells the kinds apart. */
  readonly kind: "remb";
  /** Who sends it. */
  readonly senderSsrc: number;
  /** Written with 18 significant bits, rounded down. */
  readonly bitrateBps: number;
  /** The streams that share it; at most 255. */
  readonly ssrcs: readonly number[];
}

/** When each packet of a transport arrived (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1). */
export interface TransportWideFeedback {
  /** Tells the kinds apart. */
  readonly kind: "twcc";
  /** Who sends it. */
  readonly senderSsrc: number;
  /** The stream that it is about. */
  readonly mediaSsrc: number;
  /** Transport sequence number of the first entry, 16 bits. */
  readonly baseSequence: number;
  /** The time the first delta counts from: 24 bits, units of 64 ms. */
  readonly referenceTime: number;
  /** Counts the feedback packets of a sender, 8 bits. */
  readonly feedbackCount: number;
  /**
   * One entry for each number from `baseSequence` on, at least one.
   *
   * `null` was not received; a number is the time since the previous received packet in 250 µs ticks,
   * -32,768 … 32,767.
   */
  readonly packets: readonly (number | null)[];
}

/** One block of an extended report (RFC 3611 section 4). */
export type XrBlock =
  /** The time at a receiver that sends nothing, so that it can learn its round trip. */
  | { readonly kind: "rrtr"; readonly ntp: NtpTime }
  /** The answer to it. */
  | { readonly kind: "dlrr"; readonly items: readonly XrDelay[] }
  /** Any other block, uninterpreted. */
  | { readonly kind: "other"; readonly blockType: number; readonly typeSpecific: number; readonly body: Uint8Array };

/** How long ago a receiver's reference time came in (RFC 3611 section 4.5). */
export interface XrDelay {
  /** The receiver. */
  readonly ssrc: number;
  /** Middle 32 bits of its NTP time. */
  readonly lastReceiverReport: number;
  /** Time since then, in 1/65536 s. */
  readonly delay: number;
}

/** An extended report (RFC 3611). */
export interface ExtendedReport {
  /** Tells the kinds apart. */
  readonly kind: "xr";
  /** Who sends it. */
  readonly ssrc: number;
  /** The blocks, in order. */
  readonly blocks: readonly XrBlock[];
}

/** A packet of a type we do not interpret. */
export interface OtherRtcp {
  /** Tells the kinds apart. */
  readonly kind: "other";
  /** 0 … 255. */
  readonly packetType: number;
  /** The five bits that hold a count or format. */
  readonly count: number;
  /** What follows the four bytes of header, without padding; its own copy. */
  readonly body: Uint8Array;
}

/** One RTCP packet as plain data. */
export type RtcpPacket =
  | SenderReport
  | ReceiverReport
  | SourceDescription
  | Bye
  | Nack
  | PictureLoss
  | FullIntraRequest
  | ReceiverEstimate
  | TransportWideFeedback
  | ExtendedReport
  | OtherRtcp;

/**
 * Reads a compound RTCP packet, reduced-size ones (RFC 5506) included.
 *
 * The result shares nothing with `bytes`, and its size is bounded by `length` and a cap on transport-wide
 * statuses.
 *
 * @returns `undefined` when the compound or any packet in it is malformed.
 *
 * @example
 * ```ts
 * import { parseRtcp, writeRtcp } from "@seameet/cli/rtp";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = new Uint8Array(64);
 * const length = writeRtcp([{ kind: "pli", senderSsrc: 1, mediaSsrc: 2 }], bytes);
 * assertEquals(parseRtcp(bytes, length), [{ kind: "pli", senderSsrc: 1, mediaSsrc: 2 }]);
 * assertEquals(parseRtcp(bytes, length - 1), undefined);
 * ```
 */
export function parseRtcp(bytes: Uint8Array, length: number): RtcpPacket[] | undefined {
  if (length < RTCP_HEADER_LENGTH || length > bytes.length) return undefined;
  const packets: RtcpPacket[] = [];
  let statuses = 0;
  for (let at = 0; at < length;) {
    if (at + RTCP_HEADER_LENGTH > length || bytes[at]! >>> 6 !== 2) return undefined;
    const end = at + 4 * (readU16(bytes, at + 2) + 1);
    if (end > length) return undefined;
    const bodyEnd = withoutPadding(bytes, at, end);
    if (bodyEnd < 0) return undefined;
    const packet = parsePacket(bytes, at, bodyEnd);
    if (packet === undefined) return undefined;
    if (packet.kind === "twcc") statuses += packet.packets.length;
    if (statuses > MAX_STATUSES) return undefined;
    packets.push(packet);
    at = end;
  }
  return packets;
}

/**
 * Writes packets one after the other as one compound.
 *
 * @returns Bytes written, or -1 when they do not fit: into the buffer, or a value into its field.
 *
 * @example
 * ```ts
 * import { writeRtcp } from "@seameet/cli/rtp";
 * import { assertEquals } from "@std/assert";
 *
 * const picture = { kind: "pli", senderSsrc: 1, mediaSsrc: 2 } as const;
 * assertEquals(writeRtcp([picture], new Uint8Array(64)), 12);
 * assertEquals(writeRtcp([picture], new Uint8Array(8)), -1);
 * ```
 */
export function writeRtcp(packets: readonly RtcpPacket[], into: Uint8Array): number {
  let at = 0;
  for (const packet of packets) {
    at = writePacket(packet, into, at);
    if (at < 0) return -1;
  }
  return at;
}

/** Where the packet's content ends; -1 when its padding count makes no sense (0, or more than there is). */
function withoutPadding(bytes: Uint8Array, start: number, end: number): number {
  if ((bytes[start]! & 0x20) === 0) return end;
  const padding = bytes[end - 1]!;
  // Not only multiples of four: browsers pad transport-wide feedback by one to three bytes.
  return padding === 0 || padding > end - start - RTCP_HEADER_LENGTH ? -1 : end - padding;
}

function parsePacket(bytes: Uint8Array, start: number, end: number): RtcpPacket | undefined {
  const count = bytes[start]! & 0x1f;
  const packetType = bytes[start + 1]!;
  const body = start + RTCP_HEADER_LENGTH;
  switch (packetType) {
    case RTCP_TYPE.senderReport:
      return parseSenderReport(bytes, body, end, count);
    case RTCP_TYPE.receiverReport:
      return parseReceiverReport(bytes, body, end, count);
    case RTCP_TYPE.sourceDescription:
      return parseSourceDescription(bytes, body, end, count);
    case RTCP_TYPE.bye:
      return parseBye(bytes, body, end, count);
    case RTCP_TYPE.transportFeedback:
      return parseTransportFeedback(bytes, body, end, count);
    case RTCP_TYPE.payloadFeedback:
      return parsePayloadFeedback(bytes, body, end, count);
    case RTCP_TYPE.extendedReport:
      return parseExtendedReport(bytes, body, end);
    default:
      return { kind: "other", packetType, count, body: bytes.slice(body, end) };
  }
}

function writePacket(packet: RtcpPacket, into: Uint8Array, at: number): number {
  switch (packet.kind) {
    case "sr":
      return writeSenderReport(packet, into, at);
    case "rr":
      return writeReceiverReport(packet, into, at);
    case "sdes":
      return writeSourceDescription(packet, into, at);
    case "bye":
      return writeBye(packet, into, at);
    case "nack":
      return writeNack(packet, into, at);
    case "pli":
      return writePli(packet, into, at);
    case "fir":
      return writeFir(packet, into, at);
    case "remb":
      return writeRemb(packet, into, at);
    case "twcc":
      return writeTransportWide(packet, into, at);
    case "xr":
      return writeExtendedReport(packet, into, at);
    case "other":
      return writeOther(packet, into, at);
  }
}

function writeOther(packet: OtherRtcp, into: Uint8Array, at: number): number {
  const body = at + RTCP_HEADER_LENGTH;
  if (packet.count > MAX_RTCP_COUNT || body + packet.body.length > into.length) return -1;
  into.set(packet.body, body);
  return closeRtcpPacket(into, at, body + packet.body.length, packet.packetType, packet.count);
}
