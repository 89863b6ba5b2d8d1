import { writeU16 } from "../base/bytes.ts";

/** Bytes of the header that every RTCP packet starts with (RFC 3550 section 6.4.1). */
export const RTCP_HEADER_LENGTH = 4;

/** The largest count the five bits of the header hold: reports, chunks or sources of one packet. */
export const MAX_RTCP_COUNT = 31;

/** The packet types (RFC 3550 section 12.1, RFC 4585 section 6.1, RFC 3611 section 2). */
export const RTCP_TYPE = {
  senderReport: 200,
  receiverReport: 201,
  sourceDescription: 202,
  bye: 203,
  transportFeedback: 205,
  payloadFeedback: 206,
  extendedReport: 207,
} as const;

/** The feedback formats, which take the place of the count (RFC 4585, RFC 5104, draft-holmer-rmcat-transport-wide-cc). */
export const FEEDBACK_FORMAT = {
  nack: 1,
  transportWide: 15,
  pli: 1,
  fir: 4,
  application: 15,
} as const;

/**
 * Fills in the header of the packet that lies from `start` to `end`.
 *
 * @returns `end`, or -1 when the length does not fit the header's 16 bits or is not a multiple of four.
 */
export function closeRtcpPacket(into: Uint8Array, start: number, end: number, type: number, count: number): number {
  const words = (end - start) / 4 - 1;
  if (!Number.isInteger(words) || words > 0xffff) return -1;
  into[start] = 0x80 | count;
  into[start + 1] = type;
  writeU16(into, start + 2, words);
  return end;
}
