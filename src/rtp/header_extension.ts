import type { Millis } from "../base/time.ts";
import type { RtpView } from "./rtp_view.ts";

/** The profile word of extensions with one-byte element headers (RFC 8285 section 4.2). */
export const ONE_BYTE_PROFILE = 0xbede;
/** The profile word of extensions with two-byte element headers; its last four bits are the application's (section 4.3). */
export const TWO_BYTE_PROFILE = 0x1000;

/** The one-byte id that ends the extension, whatever follows (RFC 8285 section 4.2). */
const ONE_BYTE_STOP = 15;

/** Ids have one byte at most. */
const IDS = 256;

/** Parses between two clearings of the index: as many as 16 bits can tell apart, so that the wrap can be tested. */
const MAX_GENERATION = 0xffff;

/** The names by which SDP maps header extensions to ids. */
export const EXTENSION_URI = {
  audioLevel: "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
  csrcAudioLevel: "urn:ietf:params:rtp-hdrext:csrc-audio-level",
  mid: "urn:ietf:params:rtp-hdrext:sdes:mid",
  rid: "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
  repairedRid: "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
  timeOffset: "urn:ietf:params:rtp-hdrext:toffset",
  absSendTime: "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
  absCaptureTime: "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
  transportSequence: "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
  videoOrientation: "urn:3gpp:video-orientation",
  playoutDelay: "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
  videoContentType: "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type",
  videoTiming: "http://www.webrtc.org/experiments/rtp-hdrext/video-timing",
  videoLayersAllocation: "http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00",
  colorSpace: "http://www.webrtc.org/experiments/rtp-hdrext/color-space",
  dependencyDescriptor: "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
} as const;

/**
 * Finds the elements of one packet's header extension by id (RFC 8285).
 *
 * Made once and reused: each entry carries the number of the parse that wrote it, so nothing has to be
 * cleared between packets. When an id comes twice, the later one counts, as browsers do it.
 */
export class ExtensionIndex {
  readonly #writtenBy = new Uint16Array(IDS);
  readonly #offsets = new Uint32Array(IDS);
  readonly #lengths = new Uint8Array(IDS);
  /** Never 0, which is what unwritten entries hold. */
  #generation = 1;

  /**
   * Indexes the elements of the packet in `view`; a profile that is not RFC 8285's counts as no elements.
   *
   * @returns `false` when an element is longer than the extension; nothing is found then.
   */
  parse(view: RtpView): boolean {
    this.#nextGeneration();
    if (view.extensionLength === 0) return true;
    const end = view.extensionOffset + view.extensionLength;
    let complete = true;
    if (view.extensionProfile === ONE_BYTE_PROFILE) {
      complete = this.#parseOneByte(view.bytes, view.extensionOffset, end);
    } else if ((view.extensionProfile & 0xfff0) === TWO_BYTE_PROFILE) {
      complete = this.#parseTwoByte(view.bytes, view.extensionOffset, end);
    }
    if (!complete) this.#nextGeneration();
    return complete;
  }

  /** Where the data of element `id` starts in the packet, or -1. */
  offsetOf(id: number): number {
    return this.#writtenBy[id] === this.#generation ? this.#offsets[id]! : -1;
  }

  /** Bytes of the data of element `id`, or -1. */
  lengthOf(id: number): number {
    return this.#writtenBy[id] === this.#generation ? this.#lengths[id]! : -1;
  }

  #nextGeneration(): void {
    if (this.#generation < MAX_GENERATION) {
      this.#generation++;
      return;
    }
    // Entries of the previous round must not look current.
    this.#writtenBy.fill(0);
    this.#generation = 1;
  }

  #parseOneByte(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start;
    while (at < end) {
      const header = bytes[at++]!;
      if (header === 0) continue;
      const id = header >>> 4;
      // Section 4.2: both end the extension; what came before them counts.
      if (id === 0 || id === ONE_BYTE_STOP) return true;
      const length = (header & 0x0f) + 1;
      if (at + length > end) return false;
      this.#add(id, at, length);
      at += length;
    }
    return true;
  }

  #parseTwoByte(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start;
    while (at < end) {
      const id = bytes[at++]!;
      if (id === 0) continue;
      if (at === end) return false;
      const length = bytes[at++]!;
      if (at + length > end) return false;
      this.#add(id, at, length);
      at += length;
    }
    return true;
  }

  #add(id: number, offset: number, length: number): void {
    this.#writtenBy[id] = this.#generation;
    this.#offsets[id] = offset;
    this.#lengths[id] = length;
  }
}

/** The moment as the abs-send-time extension carries it: 24 bits, seconds modulo 64 with an 18-bit fraction. */
export function absSendTime(now: Millis): number {
  return Math.floor((now * 0x40000) / 1000) % 0x1000000;
}

/**
 * Reads a mid or rid; `undefined` unless it is printable ASCII without spaces.
 *
 * It allocates, so callers ask only while they do not yet know the packet's SSRC. Some senders pad the text
 * with zero bytes to its usual length; those are left off.
 */
export function readExtensionText(bytes: Uint8Array, offset: number, length: number): string | undefined {
  let end = offset + length;
  while (end > offset && bytes[end - 1] === 0) end--;
  if (end === offset || end > bytes.length) return undefined;
  let text = "";
  for (let i = offset; i < end; i++) {
    const byte = bytes[i]!;
    if (byte < 0x21 || byte > 0x7e) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}
