import { type InboundPacket, MAX_PICTURE_BYTES } from "./depacketizer.ts";

/** A picture whose packets have all come. */
export interface WholePicture {
  /** A buffer of its own. */
  readonly data: Uint8Array<ArrayBuffer>;
  readonly timestamp: number;
  readonly isKeyframe: boolean;
}

/**
 * What the depacketizers of all codecs have in common: the parts of one picture, and what loss does to it and to those
 * after it.
 *
 * A picture with a missing packet is dropped, and all after it until a keyframe, because they refer to it.
 */
export class PictureAssembly {
  /** Nothing can be decoded until a keyframe comes. */
  broken = true;
  /** Pictures that were given up. */
  dropped = 0;
  #parts: Uint8Array[] | undefined;
  #bytes = 0;
  #timestamp = 0;
  #isKeyframe = false;
  #lastSequence = -1;
  /** Packets were missing since the last picture began. */
  #gap = false;

  /** A picture has begun, and this is its timestamp. */
  isOpen(timestamp: number): boolean {
    return this.#parts !== undefined && this.#timestamp === timestamp;
  }

  /** Takes the number of the next packet; a picture that misses one is given up. */
  noteSequence(sequenceNumber: number): void {
    const isNext = this.#lastSequence < 0 || sequenceNumber === ((this.#lastSequence + 1) & 0xffff);
    this.#lastSequence = sequenceNumber;
    if (isNext) return;
    this.#gap = true;
    if (this.#parts !== undefined) this.giveUp();
  }

  /** Begins a picture; `continues`: none that it needs is missing, by what the codec's descriptor counts. */
  begin(timestamp: number, isKeyframe: boolean, continues: boolean): void {
    // One that is open still has lost its last packet, and the mark on it.
    if (this.#parts !== undefined) this.giveUp();
    if (this.#gap && !isKeyframe && !continues) this.broken = true;
    this.#gap = false;
    this.#parts = [];
    this.#bytes = 0;
    this.#timestamp = timestamp;
    this.#isKeyframe = isKeyframe;
  }

  /** Adds what follows the descriptor of a packet; gives the picture when it was the last one. */
  add({ payload, timestamp, marker }: InboundPacket, headerLength: number): WholePicture | undefined {
    // The rest of a picture whose beginning was lost, or was given up.
    if (this.#parts === undefined) {
      this.broken = true;
      return undefined;
    }
    if (this.#timestamp !== timestamp || this.#bytes + payload.length - headerLength > MAX_PICTURE_BYTES) {
      this.giveUp();
      return undefined;
    }
    this.#parts.push(payload.subarray(headerLength));
    this.#bytes += payload.length - headerLength;
    if (!marker) return undefined;
    const data = new Uint8Array(this.#bytes);
    let at = 0;
    for (const part of this.#parts) {
      data.set(part, at);
      at += part.length;
    }
    this.#parts = undefined;
    return { data, timestamp, isKeyframe: this.#isKeyframe };
  }

  /** Drops the picture that is open, or one that came, and waits for a keyframe. */
  giveUp(): void {
    this.#parts = undefined;
    this.broken = true;
    this.dropped++;
  }

  /** Something was left out on purpose: pictures are wanted again from the next keyframe on. */
  reset(): void {
    this.#parts = undefined;
    this.#lastSequence = -1;
    this.#gap = false;
    this.broken = true;
  }
}
