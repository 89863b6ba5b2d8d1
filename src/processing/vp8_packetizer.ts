import { writeU16 } from "../base/bytes.ts";
import type { EncodedVideo } from "./frames.ts";
import type { PacketizerStart } from "./opus_packetizer.ts";
import { MAX_PAYLOAD_BYTES, type OutboundPacket } from "./outbound_packet.ts";

/** Video RTP timestamps count at this rate (RFC 7741 section 6.1). */
export const VIDEO_CLOCK_HZ = 90_000;

/** X byte, I byte and a picture id of 15 bits (RFC 7741 section 4.2). */
const DESCRIPTOR_LENGTH = 4;

/**
 * Cuts encoded VP8 pictures into RTP packets (RFC 7741): payload descriptor with a picture id of 15 bits, pieces of
 * even size, the marker on the last one.
 *
 * @example
 * ```ts
 * import { Vp8Packetizer } from "@seameet/cli/pipeline";
 * import { assertEquals } from "@std/assert";
 *
 * const packets = new Vp8Packetizer().packetize({ data: new Uint8Array(3_000) }, 90_000);
 * assertEquals(packets.map(({ marker }) => marker), [false, false, true]);
 * ```
 */
export class Vp8Packetizer {
  readonly #maxPayload: number;
  #sequenceNumber: number;
  #pictureId: number;

  /** `maxPayload` is the largest payload in bytes, descriptor included. */
  constructor(start: PacketizerStart & { readonly pictureId?: number } = {}, maxPayload: number = MAX_PAYLOAD_BYTES) {
    this.#maxPayload = maxPayload;
    this.#sequenceNumber = (start.sequenceNumber ?? 0) & 0xffff;
    this.#pictureId = (start.pictureId ?? 0) & 0x7fff;
  }

  /** The packets of one picture; none for an empty one. */
  packetize(picture: Pick<EncodedVideo, "data">, timestamp: number): OutboundPacket[] {
    const { data } = picture;
    const packets: OutboundPacket[] = [];
    const count = Math.ceil(data.length / (this.#maxPayload - DESCRIPTOR_LENGTH));
    for (let i = 0; i < count; i++) {
      const from = Math.floor((data.length * i) / count);
      const to = Math.floor((data.length * (i + 1)) / count);
      const payload = new Uint8Array(DESCRIPTOR_LENGTH + to - from);
      // X: extension follows; S: a partition starts, said of the first packet only (the rest continues partition 0).
      payload[0] = i === 0 ? 0x90 : 0x80;
      payload[1] = 0x80;
      writeU16(payload, 2, 0x8000 | this.#pictureId);
      payload.set(data.subarray(from, to), DESCRIPTOR_LENGTH);
      packets.push({ sequenceNumber: this.#sequenceNumber, timestamp, marker: i === count - 1, payload });
      this.#sequenceNumber = (this.#sequenceNumber + 1) & 0xffff;
    }
    if (count > 0) this.#pictureId = (this.#pictureId + 1) & 0x7fff;
    return packets;
  }
}
