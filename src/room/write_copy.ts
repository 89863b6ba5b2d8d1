import { writeU16 } from "../base/bytes.ts";
import type { PooledPacket } from "../base/packet_pool.ts";
import { patchRed } from "../rtp/red.ts";
import { RtpWriter } from "../rtp/rtp_writer.ts";
import { writeRtxPayload } from "../rtp/rtx.ts";
import type { RtpRewriter } from "../stream/rtp_rewriter.ts";
import { DEPENDENCIES_INDEX, type MediaPacket, type TrackCodec } from "./media_packet.ts";
import type { LineFormat } from "./line_format.ts";

/** Bytes an extension element with a one-byte header can have (RFC 8285 section 4.2). */
const MAX_ONE_BYTE_ELEMENT = 16;

/** The longest plain packet sent: room for an SRTP tag below an Ethernet frame's 1,500 bytes of IP packet. */
const MAX_PLAIN_BYTES = 1_440;

/** Padding's length is one byte, which counts itself (RFC 3550 section 5.1). */
const PADDING_LENGTH = 255;

/** Scratch space: one packet is written at a time, nothing lives in it between calls. */
const writer = new RtpWriter();

/**
 * Writes a receiver's copy: header, extensions and payload; `originalNumber` 0 … 65535 makes it an RTX packet.
 *
 * @param red The receiver's RED, if it gets redundant sound; else it gets the newest sound alone.
 * @returns `false` when the packet would be too long.
 */
export function writeCopy(
  packet: PooledPacket,
  media: MediaPacket,
  format: LineFormat,
  mid: Uint8Array,
  rewriter: RtpRewriter,
  payloadType: number,
  sequenceNumber: number,
  ssrc: number,
  originalNumber: number,
  red: TrackCodec | undefined,
): boolean {
  const { bytes } = packet;
  const payload = media.isRed && red === undefined ? media.primary : media.payload;
  const twoByte = format.mixedExtensions && media.longestPassed > MAX_ONE_BYTE_ELEMENT;
  writer.start(bytes, rewriter.marker, payloadType, sequenceNumber, rewriter.timestamp, ssrc, twoByte);
  writeLineExtensions(packet, format, mid);
  writeMediaExtensions(bytes, media, format, rewriter);
  const payloadOffset = writer.finish();
  if (payloadOffset + payload.length + 2 > MAX_PLAIN_BYTES) return false;
  if (originalNumber < 0) {
    bytes.set(payload, payloadOffset);
    packet.length = payloadOffset + payload.length;
    if (media.isRed && red?.encloses !== undefined) patchRed(bytes, payloadOffset, red.encloses);
  } else {
    packet.length = writeRtxPayload(bytes, payloadOffset, originalNumber, payload, 0, payload.length);
  }
  if (media.counters !== undefined) {
    const start = packet.length - media.payload.length;
    rewriter.patchPicture(bytes, media.counters, start - media.payload.byteOffset);
  }
  return true;
}

/** Writes an RTX packet that holds nothing but padding. */
export function writePadding(
  packet: PooledPacket,
  format: LineFormat,
  mid: Uint8Array,
  payloadType: number,
  sequenceNumber: number,
  timestamp: number,
  ssrc: number,
): void {
  const { bytes } = packet;
  writer.start(bytes, false, payloadType, sequenceNumber, timestamp, ssrc, false);
  writeLineExtensions(packet, format, mid);
  const start = writer.finish();
  bytes.fill(0, start, start + PADDING_LENGTH - 1);
  bytes[start + PADDING_LENGTH - 1] = PADDING_LENGTH;
  bytes[0] = bytes[0]! | 0x20;
  packet.length = start + PADDING_LENGTH;
}

/** The transport-wide number is left open: it is known when the packet leaves. */
function writeLineExtensions(packet: PooledPacket, format: LineFormat, mid: Uint8Array): void {
  const { bytes } = packet;
  const ids = format.extensions;
  if (ids.transportSequence !== 0) {
    const at = writer.extension(ids.transportSequence, 2);
    if (at >= 0) packet.stampAt = at;
  }
  if (ids.mid !== 0) {
    const at = writer.extension(ids.mid, mid.length);
    // A few bytes: a loop costs less than `set`.
    if (at >= 0) { for (let byte = 0; byte < mid.length; byte++) bytes[at + byte] = mid[byte]!; }
  }
}

function writeMediaExtensions(bytes: Uint8Array, media: MediaPacket, format: LineFormat, rewriter: RtpRewriter): void {
  const ids = format.extensions;
  if (ids.audioLevel !== 0 && media.audioLevel >= 0) {
    const at = writer.extension(ids.audioLevel, 1);
    if (at >= 0) bytes[at] = media.audioLevel;
  }
  for (let i = 0; i < ids.passed.length; i++) {
    const offset = media.passedOffsets[i]!;
    if (offset < 0 || ids.passed[i] === 0) continue;
    const length = media.passedLengths[i]!;
    const at = writer.extension(ids.passed[i]!, length);
    // A few bytes: a loop costs less than a view of the source.
    if (at >= 0) { for (let byte = 0; byte < length; byte++) bytes[at + byte] = media.bytes[offset + byte]!; }
    if (at >= 0 && i === DEPENDENCIES_INDEX && media.frameNumber >= 0) {
      writeU16(bytes, at + 1, (media.frameNumber + rewriter.frameOffset) & 0xffff);
    }
  }
}
