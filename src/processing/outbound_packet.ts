/** An RTP packet without the header fields that belong to the session: whoever sends it adds SSRC and extensions. */
export interface OutboundPacket {
  /** 16 bits, counting on from packet to packet. */
  readonly sequenceNumber: number;
  /** 32 bits in units of the codec's clock. */
  readonly timestamp: number;
  /** The first packet after silence (audio), the last packet of a picture (video). */
  readonly marker: boolean;
  /** Payload descriptor and codec bytes; its buffer belongs to the receiver of the packet. */
  readonly payload: Uint8Array<ArrayBuffer>;
}

/**
 * The largest payload that is made, in bytes: with RTP header (12), header extensions (up to 40), SRTP tag (16), UDP
 * and IPv6 headers (48) the packet stays below 1,280, which every IPv6 path must carry (RFC 8200 section 5).
 *
 * @example
 * ```ts
 * import { MAX_PAYLOAD_BYTES } from "@seameet/cli/pipeline";
 * import { assert } from "@std/assert";
 *
 * assert(12 + 40 + MAX_PAYLOAD_BYTES + 16 + 48 < 1_280);
 * ```
 */
export const MAX_PAYLOAD_BYTES = 1_150;
