import { writeU16, writeU32 } from "../base/bytes.ts";
import { ONE_BYTE_PROFILE, TWO_BYTE_PROFILE } from "./header_extension.ts";
import { RTP_HEADER_LENGTH } from "./rtp_view.ts";

/** The profile word and the length in front of the extension's elements. */
const EXTENSION_HEADER_LENGTH = 4;

const EMPTY = new Uint8Array(0);

/**
 * Writes the header of one RTP packet: `start`, any number of `extension`, `finish`; the payload is the caller's.
 *
 * Made once and reused for each packet. It writes in place and never reads, so the buffer may hold anything.
 */
export class RtpWriter {
  #bytes: Uint8Array = EMPTY;
  #at = 0;
  #twoByte = false;

  /**
   * Writes the fixed header.
   *
   * @param bytes At least 12 bytes long; the packet starts at its first byte.
   * @param twoByte Whether extension elements get two-byte headers (ids to 255, lengths 0 … 255) instead of
   * one-byte ones (ids to 14, lengths 1 … 16), RFC 8285 section 4.
   */
  start(
    bytes: Uint8Array,
    marker: boolean,
    payloadType: number,
    sequenceNumber: number,
    timestamp: number,
    ssrc: number,
    twoByte: boolean,
  ): void {
    bytes[0] = 0x80;
    bytes[1] = (marker ? 0x80 : 0) | (payloadType & 0x7f);
    writeU16(bytes, 2, sequenceNumber);
    writeU32(bytes, 4, timestamp);
    writeU32(bytes, 8, ssrc);
    this.#bytes = bytes;
    this.#at = RTP_HEADER_LENGTH;
    this.#twoByte = twoByte;
  }

  /**
   * Adds an extension element and leaves its data to the caller.
   *
   * @returns Where the caller must write `length` bytes, or -1 when the element does not fit the form chosen
   * at `start` or the buffer; the packet is then as before.
   */
  extension(id: number, length: number): number {
    const start = this.#at === RTP_HEADER_LENGTH ? RTP_HEADER_LENGTH + EXTENSION_HEADER_LENGTH : this.#at;
    const data = start + (this.#twoByte ? 2 : 1);
    // Up to three bytes of padding follow the last element.
    if (data + length + 3 > this.#bytes.length) return -1;
    if (this.#twoByte) {
      if (id < 1 || id > 255 || length < 0 || length > 255) return -1;
      this.#bytes[start] = id;
      this.#bytes[start + 1] = length;
    } else {
      if (id < 1 || id > 14 || length < 1 || length > 16) return -1;
      this.#bytes[start] = (id << 4) | (length - 1);
    }
    this.#at = data + length;
    return data;
  }

  /** Pads and closes the extension, if there is one, and returns where the payload starts. */
  finish(): number {
    const bytes = this.#bytes;
    let at = this.#at;
    if (at === RTP_HEADER_LENGTH) return at;
    while ((at & 3) !== 0) bytes[at++] = 0;
    bytes[0] = 0x90;
    writeU16(bytes, RTP_HEADER_LENGTH, this.#twoByte ? TWO_BYTE_PROFILE : ONE_BYTE_PROFILE);
    writeU16(bytes, RTP_HEADER_LENGTH + 2, (at - RTP_HEADER_LENGTH - EXTENSION_HEADER_LENGTH) >>> 2);
    this.#at = at;
    return at;
  }
}
