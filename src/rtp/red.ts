/** The redundant blocks that a packet may carry: browsers send one or two, and each costs what the sound costs. */
const MAX_REDUNDANT_BLOCKS = 8;

/** F bit (another block follows), payload type, 14 bits of time and 10 bits of length. */
const REDUNDANT_HEADER_LENGTH = 4;

/** The F bit. */
const MORE_FOLLOW = 0x80;

/** Finds the newest sound in a packet that repeats older ones (RFC 2198 section 3); made once and reused. */
export class RedReader {
  /** The payload type of all blocks. */
  payloadType = 0;
  /** Where the primary block starts, in the parsed buffer; it ends where the payload does. */
  primaryOffset = 0;

  /**
   * Reads the headers of the payload at `offset`.
   *
   * @returns `false` when a block ends beyond the payload, nothing is left for the primary one, blocks are of different
   * types, or there are more than anybody sends; the fields then mean nothing.
   */
  parse(bytes: Uint8Array, offset: number, length: number): boolean {
    const end = offset + length;
    if (length < 1 || end > bytes.length) return false;
    this.payloadType = bytes[offset]! & 0x7f;
    let at = offset;
    let redundant = 0;
    let blocks = 0;
    while ((bytes[at]! & MORE_FOLLOW) !== 0) {
      if (at + REDUNDANT_HEADER_LENGTH >= end || ++blocks > MAX_REDUNDANT_BLOCKS) return false;
      if ((bytes[at]! & 0x7f) !== this.payloadType) return false;
      redundant += ((bytes[at + 2]! & 0x03) << 8) | bytes[at + 3]!;
      at += REDUNDANT_HEADER_LENGTH;
    }
    if ((bytes[at]! & 0x7f) !== this.payloadType) return false;
    this.primaryOffset = at + 1 + redundant;
    return this.primaryOffset < end;
  }
}

/** Writes another payload type into all block headers of a payload that `RedReader` has read. */
export function patchRed(bytes: Uint8Array, offset: number, payloadType: number): void {
  let at = offset;
  while ((bytes[at]! & MORE_FOLLOW) !== 0) {
    bytes[at] = MORE_FOLLOW | payloadType;
    at += REDUNDANT_HEADER_LENGTH;
  }
  bytes[at] = payloadType;
}
