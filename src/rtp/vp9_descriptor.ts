import { readU16 } from "../base/bytes.ts";
import { type LayerInfo, SPATIAL_LAYERS } from "./layer_info.ts";
import type { PictureCounters } from "./picture_counters.ts";

/** Pictures that one may be predicted from (RFC 9628 section 4.2). */
const MAX_REFERENCES = 3;

/** Bits of the first byte. */
const HAS_PICTURE_ID = 0x80;
const IS_PREDICTED = 0x40;
const HAS_LAYERS = 0x20;
const IS_FLEXIBLE = 0x10;
const STARTS_FRAME = 0x08;
const ENDS_FRAME = 0x04;
const HAS_STRUCTURE = 0x02;

/** The VP9 payload descriptor of one packet (RFC 9628 section 4.2); made once and reused. Nothing behind it is read. */
export class Vp9Descriptor implements LayerInfo, PictureCounters {
  pictureId = -1;
  pictureIdOffset = -1;
  pictureIdIsLong = false;
  tl0PicIdx = -1;
  tl0PicIdxOffset = -1;
  /** Whether the stream tells its layers. */
  hasLayers = false;
  spatialLayer = 0;
  temporalLayer = 0;
  /** The P bit is clear: this layer is predicted from no earlier picture, only from a lower layer of the same. */
  isKey = false;
  temporalSwitch = false;
  /** The B bit: the first packet of its layer in this picture. */
  startsLayer = false;
  endsLayer = false;
  sizes = 0;
  readonly widths: Uint16Array = new Uint16Array(SPATIAL_LAYERS);
  readonly heights: Uint16Array = new Uint16Array(SPATIAL_LAYERS);
  /** Bytes of the descriptor. */
  headerLength = 0;

  /**
   * Reads the descriptor of the payload at `offset`.
   *
   * @returns `false` when the payload ends within the descriptor; the fields then mean nothing.
   */
  parse(bytes: Uint8Array, offset: number, length: number): boolean {
    const end = offset + length;
    if (length < 1 || end > bytes.length) return false;
    const first = bytes[offset]!;
    this.isKey = (first & IS_PREDICTED) === 0;
    this.startsLayer = (first & STARTS_FRAME) !== 0;
    this.endsLayer = (first & ENDS_FRAME) !== 0;
    this.hasLayers = (first & HAS_LAYERS) !== 0;
    this.pictureId =
      this.pictureIdOffset =
      this.tl0PicIdx =
      this.tl0PicIdxOffset =
        -1;
    this.pictureIdIsLong = this.temporalSwitch = false;
    this.spatialLayer = this.temporalLayer = this.sizes = 0;
    let at = offset + 1;
    if ((first & HAS_PICTURE_ID) !== 0) at = this.#parsePictureId(bytes, at, end);
    if (this.hasLayers && at >= 0) at = this.#parseLayers(bytes, at, end, (first & IS_FLEXIBLE) !== 0);
    if ((first & IS_FLEXIBLE) !== 0 && !this.isKey && at >= 0) at = skipReferences(bytes, at, end);
    if ((first & HAS_STRUCTURE) !== 0 && at >= 0) at = this.#parseStructure(bytes, at, end);
    if (at < 0 || at > end) return false;
    this.headerLength = at - offset;
    return true;
  }

  #parsePictureId(bytes: Uint8Array, at: number, end: number): number {
    if (at >= end) return -1;
    this.pictureIdOffset = at;
    this.pictureIdIsLong = (bytes[at]! & 0x80) !== 0;
    if (!this.pictureIdIsLong) {
      this.pictureId = bytes[at]!;
      return at + 1;
    }
    if (at + 2 > end) return -1;
    this.pictureId = readU16(bytes, at) & 0x7fff;
    return at + 2;
  }

  #parseLayers(bytes: Uint8Array, at: number, end: number, isFlexible: boolean): number {
    if (at >= end) return -1;
    const layers = bytes[at]!;
    this.temporalLayer = layers >>> 5;
    this.temporalSwitch = (layers & 0x10) !== 0;
    this.spatialLayer = (layers >>> 1) & 0x07;
    if (isFlexible) return at + 1;
    if (at + 1 >= end) return -1;
    this.tl0PicIdxOffset = at + 1;
    this.tl0PicIdx = bytes[at + 1]!;
    return at + 2;
  }

  /** Sizes of all spatial layers; the pattern of pictures behind them is stepped over. */
  #parseStructure(bytes: Uint8Array, start: number, end: number): number {
    if (start >= end) return -1;
    const flags = bytes[start]!;
    const layers = (flags >>> 5) + 1;
    let at = start + 1;
    if ((flags & 0x10) !== 0) {
      if (at + 4 * layers > end) return -1;
      for (let layer = 0; layer < layers; layer++, at += 4) {
        this.widths[layer] = readU16(bytes, at);
        this.heights[layer] = readU16(bytes, at + 2);
      }
      this.sizes = layers;
    }
    if ((flags & 0x08) === 0) return at;
    if (at >= end) return -1;
    for (let left = bytes[at++]!; left > 0; left--) {
      if (at >= end) return -1;
      at += 1 + ((bytes[at]! >>> 2) & 0x03);
    }
    return at;
  }
}

/** In flexible mode up to three references follow, the last of which says so. */
function skipReferences(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  for (let count = 0; count < MAX_REFERENCES; count++) {
    if (at >= end) return -1;
    if ((bytes[at++]! & 0x01) === 0) return at;
  }
  // A fourth one is announced.
  return -1;
}
