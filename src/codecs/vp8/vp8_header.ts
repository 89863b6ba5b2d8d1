/** Bytes of the header of a keyframe (RFC 6386 section 9.1). */
const KEYFRAME_HEADER_BYTES = 10;

/** Bytes of the header of any frame. */
const HEADER_BYTES = 3;

/** What the first bytes of a VP8 frame say. */
export interface Vp8Header {
  /** Decodable without any picture before it. */
  readonly isKeyframe: boolean;
  /** Pixels; 0 where it is no keyframe. */
  readonly width: number;
  /** Pixels; 0 where it is no keyframe. */
  readonly height: number;
}

/** Reads the uncompressed start of a VP8 frame (RFC 6386 section 9.1); `undefined` when it is none. */
export function readVp8Header(data: Uint8Array): Vp8Header | undefined {
  if (data.length < HEADER_BYTES) return undefined;
  // The lowest bit is 0 in a keyframe.
  if ((data[0]! & 1) === 1) return { isKeyframe: false, width: 0, height: 0 };
  if (data.length < KEYFRAME_HEADER_BYTES) return undefined;
  if (data[3] !== 0x9d || data[4] !== 0x01 || data[5] !== 0x2a) return undefined;
  // 14 bits each; the upper two ask the player to enlarge the picture.
  const width = (data[6]! | (data[7]! << 8)) & 0x3fff;
  const height = (data[8]! | (data[9]! << 8)) & 0x3fff;
  return width === 0 || height === 0 ? undefined : { isKeyframe: true, width, height };
}
