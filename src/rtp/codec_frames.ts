import { readU16 } from "../base/bytes.ts";
import { Vp8Descriptor } from "./vp8_descriptor.ts";

/** The video codecs whose payload formats are understood. */
export type VideoCodec = "VP8" | "VP9" | "H264" | "AV1";

/** NAL unit types of H.264 (RFC 6184 section 5.2, ITU-T H.264 table 7-1). */
const NAL_IDR = 5;
const NAL_SPS = 7;
const NAL_STAP_A = 24;
const NAL_FU_A = 28;

/** Scratch space: reading one descriptor at a time, it holds nothing between calls. */
const vp8 = new Vp8Descriptor();

/**
 * Says whether a keyframe starts with this packet, so that a receiver can start decoding here.
 *
 * Malformed payloads start nothing. Only payload descriptors and the first codec byte are looked at, which
 * end-to-end encryption leaves clear; for AV1 and H.264 it does not, those need the dependency descriptor.
 */
export function startsKeyframe(
  codec: VideoCodec,
  bytes: Uint8Array,
  payloadOffset: number,
  payloadLength: number,
): boolean {
  if (payloadLength < 1 || payloadOffset + payloadLength > bytes.length) return false;
  switch (codec) {
    case "VP8":
      return vp8.parse(bytes, payloadOffset, payloadLength) && vp8.isKeyframe;
    case "VP9":
      return startsVp9(bytes, payloadOffset, payloadLength);
    case "H264":
      return startsH264(bytes, payloadOffset, payloadLength);
    case "AV1":
      return startsAv1(bytes[payloadOffset]!);
  }
}

/** RFC 9628 section 4.2: not predicted from another picture, start of a frame, of the lowest spatial layer. */
function startsVp9(bytes: Uint8Array, offset: number, length: number): boolean {
  const first = bytes[offset]!;
  const hasPictureId = (first & 0x80) !== 0;
  const isPredicted = (first & 0x40) !== 0;
  const hasLayer = (first & 0x20) !== 0;
  const startsFrame = (first & 0x08) !== 0;
  if (isPredicted || !startsFrame) return false;
  let at = 1;
  if (hasPictureId) {
    if (at >= length) return false;
    at += (bytes[offset + at]! & 0x80) !== 0 ? 2 : 1;
  }
  if (!hasLayer) return at < length;
  if (at >= length) return false;
  const spatialLayer = (bytes[offset + at]! >>> 1) & 0x07;
  return spatialLayer === 0;
}

/** RFC 6184: a sequence parameter set or an IDR slice, alone, in an aggregate, or the first fragment of one. */
function startsH264(bytes: Uint8Array, offset: number, length: number): boolean {
  const type = bytes[offset]! & 0x1f;
  if (type === NAL_FU_A) {
    if (length < 2) return false;
    const fragment = bytes[offset + 1]!;
    return (fragment & 0x80) !== 0 && opensSequence(fragment & 0x1f);
  }
  if (type !== NAL_STAP_A) return opensSequence(type);
  const end = offset + length;
  let at = offset + 1;
  while (at + 2 < end) {
    const size = readU16(bytes, at);
    if (size === 0 || at + 2 + size > end) return false;
    if (opensSequence(bytes[at + 2]! & 0x1f)) return true;
    at += 2 + size;
  }
  return false;
}

function opensSequence(nalType: number): boolean {
  return nalType === NAL_SPS || nalType === NAL_IDR;
}

/** AV1 RTP specification section 4.4: N announces a new coded video sequence; Z would make this a continuation. */
function startsAv1(aggregationHeader: number): boolean {
  return (aggregationHeader & 0x88) === 0x08;
}
