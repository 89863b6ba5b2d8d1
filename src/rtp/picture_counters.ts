import { writeU16 } from "../base/bytes.ts";

/** The counters that payload descriptors of VP8 and VP9 have, and where they lie (RFC 7741 and 9628, section 4.2). */
export interface PictureCounters {
  /** 7 or 15 bits that count pictures, or -1. */
  readonly pictureId: number;
  /** Where the picture id lies in the parsed buffer, or -1. */
  readonly pictureIdOffset: number;
  /** Whether the picture id has 15 bits. */
  readonly pictureIdIsLong: boolean;
  /** 8 bits that count pictures of temporal layer 0, or -1. */
  readonly tl0PicIdx: number;
  /** Where that count lies in the parsed buffer, or -1. */
  readonly tl0PicIdxOffset: number;
}

/**
 * Overwrites picture id and TL0PICIDX in a copy of the packet; fields that the packet lacks stay absent.
 *
 * @param bytes The copy.
 * @param counters What was parsed from the original; it is not changed.
 * @param offsetDelta How much further behind the payload starts in the copy than in the original.
 * @param pictureId Cut to the 7 or 15 bits there are.
 * @param tl0PicIdx Cut to 8 bits.
 */
export function patchCounters(
  bytes: Uint8Array,
  counters: PictureCounters,
  offsetDelta: number,
  pictureId: number,
  tl0PicIdx: number,
): void {
  if (counters.pictureIdOffset >= 0) {
    const at = counters.pictureIdOffset + offsetDelta;
    if (counters.pictureIdIsLong) writeU16(bytes, at, 0x8000 | (pictureId & 0x7fff));
    else bytes[at] = pictureId & 0x7f;
  }
  if (counters.tl0PicIdxOffset >= 0) bytes[counters.tl0PicIdxOffset + offsetDelta] = tl0PicIdx;
}
