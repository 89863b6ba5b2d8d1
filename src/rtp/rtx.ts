import { readU16, writeU16, writeU32 } from "../base/bytes.ts";
import type { RtpView } from "./rtp_view.ts";

/** The original sequence number at the head of each RTX payload (RFC 4588 section 4). */
export const RTX_HEADER_LENGTH = 2;

/**
 * Turns a retransmission back into the original packet, in place (RFC 4588 section 4).
 *
 * The view is brought up to date, so it needs no second parse. Padding, which belongs to the
 * retransmission, is removed.
 *
 * @param view A successful parse of `bytes`.
 * @param ssrc The SSRC of the stream that is repaired.
 * @param payloadType The payload type the RTX one is associated with by `apt`.
 * @returns The new length, or -1 when there is no original in it, as in padding sent to probe for bandwidth.
 */
export function unwrapRtx(bytes: Uint8Array, view: RtpView, ssrc: number, payloadType: number): number {
  if (view.payloadLength < RTX_HEADER_LENGTH) return -1;
  const start = view.payloadOffset;
  const sequenceNumber = readU16(bytes, start);
  bytes.copyWithin(start, start + RTX_HEADER_LENGTH, start + view.payloadLength);
  bytes[0] = bytes[0]! & ~0x20;
  bytes[1] = (bytes[1]! & 0x80) | (payloadType & 0x7f);
  writeU16(bytes, 2, sequenceNumber);
  writeU32(bytes, 8, ssrc);
  view.payloadType = payloadType & 0x7f;
  view.sequenceNumber = sequenceNumber;
  view.ssrc = ssrc >>> 0;
  view.payloadLength -= RTX_HEADER_LENGTH;
  view.paddingLength = 0;
  view.length = start + view.payloadLength;
  return view.length;
}

/**
 * Writes the payload of a retransmission: the original number, then the original payload.
 *
 * The header in front of it carries the RTX stream's own SSRC, payload type and sequence number, and the
 * original's timestamp and marker.
 *
 * @param sequenceNumber The number under which the receiver misses the packet.
 * @returns The length of the whole packet, or -1 when it does not fit.
 */
export function writeRtxPayload(
  into: Uint8Array,
  payloadOffset: number,
  sequenceNumber: number,
  source: Uint8Array,
  sourceOffset: number,
  sourceLength: number,
): number {
  const data = payloadOffset + RTX_HEADER_LENGTH;
  if (data + sourceLength > into.length || sourceOffset + sourceLength > source.length) return -1;
  writeU16(into, payloadOffset, sequenceNumber);
  into.set(source.subarray(sourceOffset, sourceOffset + sourceLength), data);
  return data + sourceLength;
}
