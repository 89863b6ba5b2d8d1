import { readU32, writeU32 } from "../base/bytes.ts";
import { ExtensionIndex } from "./header_extension.ts";
import { RTP_HEADER_LENGTH, RtpView } from "./rtp_view.ts";
import { RtpWriter } from "./rtp_writer.ts";

/**
 * The payload type that our offers and bots use for Opus; what counts is what was negotiated.
 *
 * @example
 * ```ts
 * import { PT_AUDIO, RtpPacket } from "@seameet/cli/rtp";
 * import { assertEquals } from "@std/assert";
 *
 * const packet = new RtpPacket({ payloadType: PT_AUDIO, sequenceNumber: 1, timestamp: 960, ssrc: 7, payload: new Uint8Array(3) });
 * assertEquals(packet.payloadType, 111);
 * ```
 */
export const PT_AUDIO = 111;
/**
 * The same for VP8.
 *
 * @example
 * ```ts
 * import { PT_AUDIO, PT_VIDEO } from "@seameet/cli/rtp";
 * import { assertEquals } from "@std/assert";
 *
 * const kindOf = (payloadType: number) => payloadType === PT_VIDEO ? "video" : payloadType === PT_AUDIO ? "audio" : "other";
 * assertEquals(kindOf(96), "video");
 * ```
 */
export const PT_VIDEO = 96;

/** More than any header extension has. */
const MAX_EXTENSIONS_LENGTH = 1_024;
/** The highest id of an element with a one-byte header, and the longest one (RFC 8285 section 4.2). */
const MAX_ONE_BYTE_ID = 14;
const MAX_ONE_BYTE_LENGTH = 16;

/** What a packet is made of; everything has a default but what names the stream. */
export interface RtpPacketFields {
  /** 0 … 127. */
  readonly payloadType: number;
  /** 16 bits. */
  readonly sequenceNumber: number;
  /** 32 bits, in units of the codec's clock. */
  readonly timestamp: number;
  /** 32 bits. */
  readonly ssrc: number;
  /** Last packet of a picture; first one of a stretch of speech. */
  readonly marker?: boolean;
  /** Contributing sources, 15 at most. */
  readonly csrcs?: readonly number[];
  /** Header extension elements by id (RFC 8285). */
  readonly extensions?: ReadonlyMap<number, Uint8Array>;
  /** What follows the header. */
  readonly payload?: Uint8Array;
  /** Bytes of padding behind the payload, 0 … 255. */
  readonly paddingLength?: number;
}

/**
 * One RTP packet as an object (RFC 3550 section 5.1), for tools and tests; the server itself copies nothing.
 *
 * @example
 * ```ts
 * import { PT_AUDIO, RtpPacket } from "@seameet/cli/rtp";
 * import { assertEquals } from "@std/assert";
 *
 * const fields = { payloadType: PT_AUDIO, sequenceNumber: 7, timestamp: 960, ssrc: 0xcafe };
 * const packet = new RtpPacket({ ...fields, extensions: new Map([[1, Uint8Array.of(0x1e)]]), payload: Uint8Array.of(1, 2) });
 * const read = RtpPacket.parse(packet.serialize());
 * assertEquals([read?.sequenceNumber, read?.extensions.get(1), read?.payload.length], [7, Uint8Array.of(0x1e), 2]);
 * assertEquals(RtpPacket.parse(Uint8Array.of(0x80)), undefined);
 * ```
 */
export class RtpPacket {
  /** 0 … 127. */
  readonly payloadType: number;
  /** 16 bits. */
  readonly sequenceNumber: number;
  /** 32 bits. */
  readonly timestamp: number;
  /** 32 bits. */
  readonly ssrc: number;
  /** Last packet of a picture; first one of a stretch of speech. */
  readonly marker: boolean;
  /** Contributing sources. */
  readonly csrcs: readonly number[];
  /** Header extension elements by id. */
  readonly extensions: ReadonlyMap<number, Uint8Array>;
  /** What follows the header, without padding. */
  readonly payload: Uint8Array;
  /** Bytes of padding behind the payload. */
  readonly paddingLength: number;

  /** Takes the fields as they are; numbers are cut to their bits when they are written. */
  constructor(fields: RtpPacketFields) {
    this.payloadType = fields.payloadType;
    this.sequenceNumber = fields.sequenceNumber;
    this.timestamp = fields.timestamp;
    this.ssrc = fields.ssrc;
    this.marker = fields.marker ?? false;
    this.csrcs = fields.csrcs ?? [];
    this.extensions = fields.extensions ?? new Map();
    this.payload = fields.payload ?? new Uint8Array(0);
    this.paddingLength = fields.paddingLength ?? 0;
  }

  /** Reads a packet, copying what it keeps; `undefined` when it is malformed. */
  static parse(bytes: Uint8Array): RtpPacket | undefined {
    const view = new RtpView();
    const index = new ExtensionIndex();
    if (!view.parse(bytes, bytes.length) || !index.parse(view)) return undefined;
    const extensions = new Map<number, Uint8Array>();
    for (let id = 1; id <= 255; id++) {
      const at = index.offsetOf(id);
      if (at >= 0) extensions.set(id, bytes.slice(at, at + index.lengthOf(id)));
    }
    const csrcs: number[] = [];
    for (let i = 0; i < view.csrcCount; i++) csrcs.push(readU32(bytes, RTP_HEADER_LENGTH + 4 * i));
    const { payloadType, sequenceNumber, timestamp, ssrc, marker, payloadOffset, payloadLength, paddingLength } = view;
    const payload = bytes.slice(payloadOffset, payloadOffset + payloadLength);
    return new RtpPacket({
      payloadType,
      sequenceNumber,
      timestamp,
      ssrc,
      marker,
      csrcs,
      extensions,
      payload,
      paddingLength,
    });
  }

  /** Writes the packet; extension elements that do not fit RFC 8285 are left out. */
  serialize(): Uint8Array<ArrayBuffer> {
    const header = new Uint8Array(RTP_HEADER_LENGTH + MAX_EXTENSIONS_LENGTH);
    const writer = new RtpWriter();
    const twoByte = [...this.extensions].some(([id, data]) =>
      id > MAX_ONE_BYTE_ID || data.length > MAX_ONE_BYTE_LENGTH || data.length === 0
    );
    const { marker, payloadType, sequenceNumber, timestamp, ssrc } = this;
    writer.start(header, marker, payloadType, sequenceNumber & 0xffff, timestamp >>> 0, ssrc >>> 0, twoByte);
    for (const [id, data] of this.extensions) {
      const at = writer.extension(id, data.length);
      if (at >= 0) header.set(data, at);
    }
    const headerLength = writer.finish();
    const csrcs = this.csrcs.slice(0, 15);
    const payloadAt = headerLength + 4 * csrcs.length;
    const packet = new Uint8Array(payloadAt + this.payload.length + this.paddingLength);
    packet.set(header.subarray(0, RTP_HEADER_LENGTH));
    packet[0]! |= csrcs.length | (this.paddingLength > 0 ? 0x20 : 0);
    csrcs.forEach((csrc, i) => writeU32(packet, RTP_HEADER_LENGTH + 4 * i, csrc >>> 0));
    packet.set(header.subarray(RTP_HEADER_LENGTH, headerLength), RTP_HEADER_LENGTH + 4 * csrcs.length);
    packet.set(this.payload, payloadAt);
    if (this.paddingLength > 0) packet[packet.length - 1] = this.paddingLength;
    return packet;
  }
}
