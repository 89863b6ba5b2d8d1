/** Bytes of a keyframe's header up to and with its size (RFC 6386 section 9.1). */
const HEADER_LENGTH = 10;

/**
 * Reads the size of a VP8 keyframe from the payload of its first packet; end-to-end encryption leaves these bytes clear.
 *
 * @param offset Where the frame starts, behind the payload descriptor.
 * @returns Width in the upper and height in the lower 16 bits, 0 when there is none.
 */
export function readVp8Size(payload: Uint8Array, offset: number): number {
  if (payload.length < offset + HEADER_LENGTH) return 0;
  if (payload[offset + 3] !== 0x9d || payload[offset + 4] !== 0x01 || payload[offset + 5] !== 0x2a) return 0;
  // The two upper bits of each are a scaling hint.
  const width = payload[offset + 6]! | ((payload[offset + 7]! & 0x3f) << 8);
  const height = payload[offset + 8]! | ((payload[offset + 9]! & 0x3f) << 8);
  return width * 0x10000 + height;
}
