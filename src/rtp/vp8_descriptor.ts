import { readU16 } from "../base/bytes.ts";
import type { PictureCounters } from "./picture_counters.ts";

/**
 * The VP8 payload descriptor of one packet (RFC 7741 section 4.2); made once and reused.
 *
 * Only the descriptor and the first byte behind it are read: with end-to-end encryption nothing else is clear.
 */
export class Vp8Descriptor implements PictureCounters {
  /** The S bit: a partition starts with this packet. */
  startOfPartition = false;
  /** The partition the payload belongs to, 0 … 7; 0 holds the frame header. */
  partitionIndex = 0;
  /** The N bit: no later frame refers to this one, it may be dropped. */
  nonReference = false;
  /** 7 or 15 bits that count frames, or -1. */
  pictureId: number = -1;
  /** Where the picture id lies in the parsed buffer, or -1. */
  pictureIdOffset: number = -1;
  /** Whether the picture id has 15 bits. */
  pictureIdIsLong = false;
  /** 8 bits that count frames of temporal layer 0, or -1. */
  tl0PicIdx: number = -1;
  /** Where that count lies in the parsed buffer, or -1. */
  tl0PicIdxOffset: number = -1;
  /** 0 … 3, or -1 when the stream does not say. */
  temporalLayer: number = -1;
  /** The Y bit: the frame depends on temporal layer 0 only, so a receiver can step up to this layer here. */
  layerSync = false;
  /** 0 … 31, or -1. */
  keyIndex: number = -1;
  /** Bytes of the descriptor. */
  headerLength = 0;
  /** Whether a keyframe starts with this packet. */
  isKeyframe = false;

  /**
   * Reads the descriptor of the payload at `offset`.
   *
   * @returns `false` when the payload ends within the descriptor; the fields then mean nothing.
   */
  parse(bytes: Uint8Array, offset: number, length: number): boolean {
    this.#clear();
    const end = offset + length;
    if (length < 1 || end > bytes.length) return false;
    const first = bytes[offset]!;
    this.startOfPartition = (first & 0x10) !== 0;
    this.partitionIndex = first & 0x07;
    this.nonReference = (first & 0x20) !== 0;
    const after = (first & 0x80) === 0 ? offset + 1 : this.#parseOptional(bytes, offset + 1, end);
    if (after < 0) return false;
    this.headerLength = after - offset;
    // The lowest bit of the frame header is 0 in keyframes (RFC 6386 section 9.1).
    this.isKeyframe = this.startOfPartition && this.partitionIndex === 0 && after < end && (bytes[after]! & 1) === 0;
    return true;
  }

  /** Reads the fields that the X bit announces; returns where they end, or -1. */
  #parseOptional(bytes: Uint8Array, start: number, end: number): number {
    if (start >= end) return -1;
    const flags = bytes[start]!;
    let at = start + 1;
    if ((flags & 0x80) !== 0) {
      if (at >= end) return -1;
      this.pictureIdOffset = at;
      this.pictureIdIsLong = (bytes[at]! & 0x80) !== 0;
      if (this.pictureIdIsLong) {
        if (at + 2 > end) return -1;
        this.pictureId = readU16(bytes, at) & 0x7fff;
        at += 2;
      } else {
        this.pictureId = bytes[at++]!;
      }
    }
    if ((flags & 0x40) !== 0) {
      if (at >= end) return -1;
      this.tl0PicIdxOffset = at;
      this.tl0PicIdx = bytes[at++]!;
    }
    if ((flags & 0x30) !== 0) {
      if (at >= end) return -1;
      const layer = bytes[at++]!;
      if ((flags & 0x20) !== 0) {
        this.temporalLayer = layer >>> 6;
        this.layerSync = (layer & 0x20) !== 0;
      }
      if ((flags & 0x10) !== 0) this.keyIndex = layer & 0x1f;
    }
    return at;
  }

  #clear(): void {
    this.startOfPartition = false;
    this.partitionIndex = 0;
    this.nonReference = false;
    this.pictureId = -1;
    this.pictureIdOffset = -1;
    this.pictureIdIsLong = false;
    this.tl0PicIdx = -1;
    this.tl0PicIdxOffset = -1;
    this.temporalLayer = -1;
    this.layerSync = false;
    this.keyIndex = -1;
    this.headerLength = 0;
    this.isKeyframe = false;
  }
}
