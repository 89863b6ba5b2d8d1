import { Vp8Descriptor } from "../rtp/vp8_descriptor.ts";
import type { AssembledPicture, Depacketizer, InboundPacket } from "./depacketizer.ts";
import { PictureAssembly, type WholePicture } from "./picture_assembly.ts";

/** Bytes of a keyframe's header: frame tag, start code, width, height (RFC 6386 section 9.1). */
const KEYFRAME_HEADER_LENGTH = 10;

/**
 * Puts VP8 pictures together (RFC 7741).
 *
 * What was missing is told by the picture ids: a gap in the packets between two consecutive pictures (padding, for
 * example) costs nothing. Sequence numbers of a stream whose pauses are cut out upstream are expected to go on.
 *
 * @example
 * ```ts
 * import { Vp8Depacketizer, Vp8Packetizer } from "@seameet/cli/pipeline";
 * import { assertEquals } from "@std/assert";
 *
 * // The header of a keyframe of 16 × 16 pixels.
 * const data = Uint8Array.of(0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 16, 0, 16, 0, 0);
 * const depacketizer = new Vp8Depacketizer();
 * for (const packet of new Vp8Packetizer().packetize({ data }, 90_000)) {
 *   const picture = depacketizer.push(packet);
 *   assertEquals([picture?.isKeyframe, picture?.width, picture?.data], [true, 16, data]);
 * }
 * ```
 */
export class Vp8Depacketizer implements Depacketizer {
  readonly #descriptor = new Vp8Descriptor();
  readonly #assembly = new PictureAssembly();
  /** Picture id and TL0PICIDX of the last whole picture, -1 where the stream has none. */
  #lastPictureId = -1;
  #lastTl0 = -1;
  #width = 0;
  #height = 0;

  get keyframeWanted(): boolean {
    return this.#assembly.broken;
  }

  get dropped(): number {
    return this.#assembly.dropped;
  }

  reset(): void {
    this.#assembly.reset();
  }

  push(packet: InboundPacket): AssembledPicture | undefined {
    const assembly = this.#assembly;
    assembly.noteSequence(packet.sequenceNumber);
    const { payload } = packet;
    // Padding only: it keeps a path busy and carries nothing.
    if (payload.length === 0) return undefined;
    const descriptor = this.#descriptor;
    if (!descriptor.parse(payload, 0, payload.length)) {
      assembly.giveUp();
      return undefined;
    }
    if (descriptor.startOfPartition && descriptor.partitionIndex === 0) {
      assembly.begin(packet.timestamp, descriptor.isKeyframe, this.#continues());
    }
    const whole = assembly.add(packet, descriptor.headerLength);
    return whole && this.#finish(whole);
  }

  /** Whether no picture that this one needs is missing, by what the descriptor counts. */
  #continues(): boolean {
    const { pictureId, pictureIdIsLong, temporalLayer, tl0PicIdx } = this.#descriptor;
    if (pictureId >= 0 && this.#lastPictureId >= 0) {
      const mask = pictureIdIsLong ? 0x7fff : 0x7f;
      if (pictureId === ((this.#lastPictureId + 1) & mask)) return true;
    }
    // The lowest layer refers to itself only, so losing pictures of the layers above does no harm to it.
    return temporalLayer === 0 && this.#lastTl0 >= 0 && tl0PicIdx === ((this.#lastTl0 + 1) & 0xff);
  }

  #finish({ data, timestamp, isKeyframe }: WholePicture): AssembledPicture | undefined {
    const { pictureId, tl0PicIdx } = this.#descriptor;
    this.#lastPictureId = pictureId;
    if (tl0PicIdx >= 0) this.#lastTl0 = tl0PicIdx;
    const assembly = this.#assembly;
    if (isKeyframe) assembly.broken = !this.#readSize(data);
    if (!assembly.broken) return { data, isKeyframe, timestamp, width: this.#width, height: this.#height };
    assembly.dropped++;
    return undefined;
  }

  #readSize(data: Uint8Array): boolean {
    if (data.length < KEYFRAME_HEADER_LENGTH) return false;
    // Start code 9d 01 2a, then 14 bits each of width and height, low byte first; the upper two bits are a scale.
    if (data[3] !== 0x9d || data[4] !== 0x01 || data[5] !== 0x2a) return false;
    this.#width = (data[6]! | (data[7]! << 8)) & 0x3fff;
    this.#height = (data[8]! | (data[9]! << 8)) & 0x3fff;
    return this.#width > 0 && this.#height > 0;
  }
}
