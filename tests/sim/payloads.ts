import { readU16, readU32, writeU16, writeU32 } from "../../src/base/bytes.ts";
import type { Millis } from "../../src/base/time.ts";
import { TRACK_SOURCES, type TrackSource } from "../../src/room/track_source.ts";

/** What is inside each packet of the simulated codecs, so that a receiver knows for certain whose frame it got. */
export interface Content {
  /** Number of the publishing client. */
  readonly owner: number;
  readonly source: TrackSource;
  /** Counts the frames of this source from 0. */
  readonly frame: number;
  /** Which packet of the frame, and of how many. */
  readonly index: number;
  readonly count: number;
  readonly isKeyframe: boolean;
  /** Which simulcast encoding, 0 the lowest. */
  readonly layer: number;
  /** Temporal layer. */
  readonly temporal: number;
  /** It is of a higher temporal layer and predicted from the base layer alone. */
  readonly isSync: boolean;
  /** The frame that this one is predicted from, -1 for a keyframe. */
  readonly reference: number;
  /** When it was captured. */
  readonly capturedAt: Millis;
}

/** Marks a packet that was written here. */
const MAGIC = 0x5ea3;
/** Bytes of the content block. */
const CONTENT_LENGTH = 26;
/** X; I with 15 bits, L, T; picture id (2), TL0PICIDX, TID with Y. RFC 7741 section 4.2 */
const VP8_DESCRIPTOR_LENGTH = 6;
/** Pictures of the simulcast encodings. */
const SIZES = [[320, 180], [640, 360], [1280, 720]] as const;
/** A keyframe's header (RFC 6386 section 9.1); other packets keep the room to make things simple. */
const VP8_HEADER_LENGTH = 10;
/** Capture times are in tenths of a millisecond. */
const TICKS_PER_MS = 10;

const VIDEO_CONTENT_OFFSET = VP8_DESCRIPTOR_LENGTH + VP8_HEADER_LENGTH;
const AUDIO_CONTENT_OFFSET = 1;

/** What stands before the piece of a real picture in a payload: descriptor, frame header and our content. */
export const PIECE_OFFSET: number = VIDEO_CONTENT_OFFSET + CONTENT_LENGTH;

/** Length of an audio payload: about 32 kbit/s. */
export const AUDIO_PAYLOAD_LENGTH = 80;

/** Writes a VP8 payload of `length` bytes with a real descriptor. */
export function writeVideoPayload(
  bytes: Uint8Array,
  offset: number,
  length: number,
  content: Content,
  pictureId: number,
  tl0PicIdx: number,
): void {
  bytes.fill(0xa5, offset, offset + length);
  bytes[offset] = 0x80 | (content.index === 0 ? 0x10 : 0);
  bytes[offset + 1] = 0xe0;
  writeU16(bytes, offset + 2, 0x8000 | (pictureId & 0x7fff));
  bytes[offset + 4] = tl0PicIdx;
  // Y: predicted from the base layer alone.
  bytes[offset + 5] = (content.temporal << 6) | (content.isSync ? 0x20 : 0);
  const header = offset + VP8_DESCRIPTOR_LENGTH;
  bytes[header] = content.isKeyframe ? 0x10 : 0x11;
  const [width, height] = SIZES[content.layer]!;
  if (content.isKeyframe) {
    bytes.set([0x9d, 0x01, 0x2a, width & 0xff, width >> 8, height & 0xff, height >> 8], header + 3);
  }
  writeContent(bytes, offset + VIDEO_CONTENT_OFFSET, content);
}

/**
 * Puts a piece of a really encoded picture into a payload that `writeVideoPayload` has written.
 *
 * The picture's own header takes the place of the made-up one, where a server looks for the size of a keyframe.
 */
export function writePiece(bytes: Uint8Array, picture: Uint8Array, from: number, to: number): void {
  bytes.set(picture.subarray(0, VP8_HEADER_LENGTH), VP8_DESCRIPTOR_LENGTH);
  bytes.set(picture.subarray(from, to), PIECE_OFFSET);
}

/** The payload without what we have put into it: descriptor and piece, as a browser would have sent them. */
export function readPiece(payload: Uint8Array): Uint8Array {
  const plain = new Uint8Array(payload.length - PIECE_OFFSET + VP8_DESCRIPTOR_LENGTH);
  plain.set(payload.subarray(0, VP8_DESCRIPTOR_LENGTH));
  plain.set(payload.subarray(PIECE_OFFSET), VP8_DESCRIPTOR_LENGTH);
  return plain;
}

/** Writes an Opus-like payload of `AUDIO_PAYLOAD_LENGTH` bytes. */
export function writeAudioPayload(bytes: Uint8Array, offset: number, content: Content): void {
  bytes.fill(0x5a, offset, offset + AUDIO_PAYLOAD_LENGTH);
  bytes[offset] = 0x78; // CELT, 20 ms, mono
  writeContent(bytes, offset + AUDIO_CONTENT_OFFSET, content);
}

/** Puts an older payload before a newer one (RFC 2198), `ticks` apart. */
export function writeRed(older: Uint8Array, newer: Uint8Array, payloadType: number, ticks: number): Uint8Array {
  const header = new Uint8Array(5);
  header[0] = 0x80 | payloadType;
  writeU16(header, 1, (ticks << 2) | (older.length >> 8));
  header[3] = older.length;
  header[4] = payloadType;
  return Uint8Array.from([...header, ...older, ...newer]);
}

/** The blocks of a payload, oldest first; `undefined` when they are not of the given type or not whole. */
export function splitRed(payload: Uint8Array, payloadType: number): Uint8Array[] | undefined {
  const lengths: number[] = [];
  let at = 0;
  for (; at + 4 < payload.length && payload[at]! >= 0x80; at += 4) {
    if (payload[at] !== (0x80 | payloadType)) return undefined;
    lengths.push(readU16(payload, at + 2) & 0x3ff);
  }
  if (payload[at++] !== payloadType) return undefined;
  const blocks = lengths.map((length) => payload.slice(at, at += length));
  return at < payload.length ? [...blocks, payload.slice(at)] : undefined;
}

/** Reads the content of a payload; `undefined` when it was not written here. */
export function readContent(payload: Uint8Array, isVideo: boolean): Content | undefined {
  const at = isVideo ? VIDEO_CONTENT_OFFSET : AUDIO_CONTENT_OFFSET;
  if (payload.length < at + CONTENT_LENGTH || readU16(payload, at) !== MAGIC) return undefined;
  return {
    owner: readU32(payload, at + 2),
    source: TRACK_SOURCES[payload[at + 6]!] ?? "camera",
    isKeyframe: payload[at + 7] === 1,
    frame: readU32(payload, at + 8),
    index: readU16(payload, at + 12),
    count: readU16(payload, at + 14),
    capturedAt: readU32(payload, at + 16) / TICKS_PER_MS,
    layer: payload[at + 20]!,
    temporal: payload[at + 21]! & 3,
    isSync: (payload[at + 21]! & 4) !== 0,
    reference: readU32(payload, at + 22) | 0,
  };
}

/** The picture id that a receiver sees in a VP8 payload written here. */
export function readPictureId(payload: Uint8Array): number {
  return readU16(payload, 2) & 0x7fff;
}

function writeContent(bytes: Uint8Array, at: number, content: Content): void {
  writeU16(bytes, at, MAGIC);
  writeU32(bytes, at + 2, content.owner);
  bytes[at + 6] = TRACK_SOURCES.indexOf(content.source);
  bytes[at + 7] = content.isKeyframe ? 1 : 0;
  writeU32(bytes, at + 8, content.frame);
  writeU16(bytes, at + 12, content.index);
  writeU16(bytes, at + 14, content.count);
  writeU32(bytes, at + 16, Math.round(content.capturedAt * TICKS_PER_MS));
  bytes[at + 20] = content.layer;
  bytes[at + 21] = content.temporal | (content.isSync ? 4 : 0);
  writeU32(bytes, at + 22, content.reference >>> 0);
}
