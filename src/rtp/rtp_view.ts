import { readU16, readU32 } from "../base/bytes.ts";

/** Bytes of the part that every RTP packet has (RFC 3550 section 5.1). */
export const RTP_HEADER_LENGTH = 12;

const EMPTY = new Uint8Array(0);

/**
 * Says where the fields of one RTP packet lie, without copying any of it (RFC 3550 section 5.1).
 *
 * One view is made once and reused for each packet: `parse` only fills in numbers. The view does not own the
 * bytes; it is valid until they change or are given back to their pool.
 */
export class RtpView {
  /** The buffer the packet lies in, from its first byte on. */
  bytes: Uint8Array = EMPTY;
  /** Bytes of the whole packet, padding included. */
  length = 0;
  /** The marker bit: for video the last packet of a frame, for audio the first one after silence. */
  marker = false;
  /** 0 … 127. */
  payloadType = 0;
  /** The 16 bits of the header. */
  sequenceNumber = 0;
  /** 32 bits, in units of the codec's clock. */
  timestamp = 0;
  /** 32 bits. */
  ssrc = 0;
  /** Contributing sources, 0 … 15; they lie right after the fixed header. */
  csrcCount = 0;
  /** The 16 bits in front of the header extension, such as 0xBEDE; 0 when there is no extension. */
  extensionProfile = 0;
  /** Where the data of the header extension starts, behind its own four bytes. */
  extensionOffset = 0;
  /** Bytes of extension data, a multiple of four; 0 when there is none. */
  extensionLength = 0;
  /** Where the payload starts. */
  payloadOffset = 0;
  /** Bytes of payload, without padding; may be 0. */
  payloadLength = 0;
  /** Bytes of padding, its count byte included; 0 when the packet has none. */
  paddingLength = 0;

  /**
   * Reads the header of the packet in the first `length` bytes.
   *
   * @returns `false` when the packet is malformed; the fields then mean nothing.
   */
  parse(bytes: Uint8Array, length: number): boolean {
    if (length < RTP_HEADER_LENGTH || length > bytes.length) return false;
    const first = bytes[0]!;
    if (first >>> 6 !== 2) return false;
    const second = bytes[1]!;
    this.bytes = bytes;
    this.length = length;
    this.marker = (second & 0x80) !== 0;
    this.payloadType = second & 0x7f;
    this.sequenceNumber = readU16(bytes, 2);
    this.timestamp = readU32(bytes, 4);
    this.ssrc = readU32(bytes, 8);
    this.csrcCount = first & 0x0f;
    const afterCsrcs = RTP_HEADER_LENGTH + 4 * this.csrcCount;
    if (!this.#parseExtension((first & 0x10) !== 0, afterCsrcs)) return false;
    return this.#parsePadding((first & 0x20) !== 0);
  }

  #parseExtension(present: boolean, offset: number): boolean {
    this.extensionProfile = 0;
    this.extensionOffset = offset;
    this.extensionLength = 0;
    this.payloadOffset = offset;
    if (!present) return offset <= this.length;
    if (offset + 4 > this.length) return false;
    this.extensionProfile = readU16(this.bytes, offset);
    this.extensionOffset = offset + 4;
    this.extensionLength = 4 * readU16(this.bytes, offset + 2);
    this.payloadOffset = this.extensionOffset + this.extensionLength;
    return this.payloadOffset <= this.length;
  }

  #parsePadding(present: boolean): boolean {
    const rest = this.length - this.payloadOffset;
    this.paddingLength = 0;
    if (present) {
      if (rest === 0) return false;
      const padding = this.bytes[this.length - 1]!;
      // The count includes itself, so 0 is as wrong as more than there is.
      if (padding === 0 || padding > rest) return false;
      this.paddingLength = padding;
    }
    this.payloadLength = rest - this.paddingLength;
    return true;
  }
}
