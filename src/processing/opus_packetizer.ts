import type { EncodedAudio } from "./frames.ts";
import { isOpusDtx, opusSamples } from "./opus_payload.ts";
import type { OutboundPacket } from "./outbound_packet.ts";

/** Where numbering starts; random in a session (RFC 3550 section 5.1), fixed in tests. */
export interface PacketizerStart {
  /** 16 bits (default 0). */
  readonly sequenceNumber?: number;
  /** 32 bits (default 0). */
  readonly timestamp?: number;
}

/**
 * Makes RTP packets of encoded Opus frames: one frame, one packet (RFC 7587 section 4.2).
 *
 * The timestamp counts samples at 48 kHz whatever the codec's own rate. The marker bit is set on the first packet
 * after silence (RFC 3551 section 4.1).
 *
 * @example
 * ```ts
 * import { OpusPacketizer } from "@seameet/cli/pipeline";
 * import { assertEquals } from "@std/assert";
 *
 * const packetizer = new OpusPacketizer({ sequenceNumber: 7, timestamp: 0 });
 * const silence = Uint8Array.of(0xf8, 0xff, 0xfe); // 20 ms
 * packetizer.packetize({ data: silence });
 * const second = packetizer.packetize({ data: silence });
 * assertEquals([second?.sequenceNumber, second?.timestamp], [8, 960]);
 * ```
 */
export class OpusPacketizer {
  #sequenceNumber: number;
  #timestamp: number;
  #wasSilent = true;

  /** Creates one that has sent nothing. */
  constructor(start: PacketizerStart = {}) {
    this.#sequenceNumber = (start.sequenceNumber ?? 0) & 0xffff;
    this.#timestamp = (start.timestamp ?? 0) >>> 0;
  }

  /** The timestamp that the next packet gets. */
  get timestamp(): number {
    return this.#timestamp;
  }

  /** The packet of this frame; `undefined` for bytes that are no Opus. */
  packetize(encoded: EncodedAudio): OutboundPacket | undefined {
    const samples = opusSamples(encoded.data);
    if (samples === 0) return undefined;
    const packet: OutboundPacket = {
      sequenceNumber: this.#sequenceNumber,
      timestamp: this.#timestamp,
      marker: this.#wasSilent,
      payload: encoded.data,
    };
    this.#sequenceNumber = (this.#sequenceNumber + 1) & 0xffff;
    this.#timestamp = (this.#timestamp + samples) >>> 0;
    this.#wasSilent = isOpusDtx(encoded.data);
    return packet;
  }

  /** Lets `samples` (at 48 kHz) pass without a packet: the source paused, or a frame is not worth sending. */
  skip(samples: number): void {
    this.#timestamp = (this.#timestamp + samples) >>> 0;
    this.#wasSilent = true;
  }
}
