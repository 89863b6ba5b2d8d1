import { readU16 } from "../base/bytes.ts";
import { startsKeyframe } from "../rtp/codec_frames.ts";
import type { AssembledPicture, Depacketizer, InboundPacket } from "./depacketizer.ts";
import { PictureAssembly, type WholePicture } from "./picture_assembly.ts";

/** What a packet's payload descriptor says (RFC 9628 section 4.2). */
interface Descriptor {
  readonly headerLength: number;
  readonly startsFrame: boolean;
  /** 7 or 15 bits, or -1. */
  readonly pictureId: number;
  readonly pictureIdMask: number;
  /** Pixels of the highest spatial layer, where the packet says it. */
  readonly width: number;
  readonly height: number;
}

/**
 * Puts VP9 pictures, with all their spatial layers, together (RFC 9628); rules of loss as for VP8.
 *
 * @example
 * ```ts
 * import { Vp9Depacketizer } from "@seameet/cli/pipeline";
 * import { assertEquals } from "@std/assert";
 *
 * const depacketizer = new Vp9Depacketizer();
 * // The rest of a picture whose beginning did not come.
 * const packet = { sequenceNumber: 1, timestamp: 0, marker: true, payload: Uint8Array.of(0x44, 1, 2) };
 * assertEquals(depacketizer.push(packet), undefined);
 * assertEquals(depacketizer.keyframeWanted, true);
 * ```
 */
export class Vp9Depacketizer implements Depacketizer {
  readonly #assembly = new PictureAssembly();
  /** Picture id of the last whole picture and of this one, -1 where the stream has none. */
  #lastPictureId = -1;
  #pictureId = -1;
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
    const { payload, sequenceNumber, timestamp } = packet;
    const assembly = this.#assembly;
    assembly.noteSequence(sequenceNumber);
    if (payload.length === 0) return undefined;
    const descriptor = parseDescriptor(payload);
    if (descriptor === undefined) {
      assembly.giveUp();
      return undefined;
    }
    // Each spatial layer has a start of its own; only the first one begins the picture.
    if (descriptor.startsFrame && !assembly.isOpen(timestamp)) this.#begin(packet, descriptor);
    if (descriptor.width > 0 && assembly.isOpen(timestamp)) {
      [this.#width, this.#height] = [descriptor.width, descriptor.height];
    }
    const whole = assembly.add(packet, descriptor.headerLength);
    return whole && this.#finish(whole);
  }

  #begin({ payload, timestamp }: InboundPacket, { pictureId, pictureIdMask }: Descriptor): void {
    this.#pictureId = pictureId;
    const continues = pictureId >= 0 && pictureId === ((this.#lastPictureId + 1) & pictureIdMask);
    this.#assembly.begin(timestamp, startsKeyframe("VP9", payload, 0, payload.length), continues);
  }

  #finish({ data, timestamp, isKeyframe }: WholePicture): AssembledPicture | undefined {
    this.#lastPictureId = this.#pictureId;
    const assembly = this.#assembly;
    if (isKeyframe) {
      const size = keyframeSize(data);
      if (size !== undefined && this.#width === 0) [this.#width, this.#height] = size;
      assembly.broken = this.#width === 0;
    }
    if (!assembly.broken) return { data, isKeyframe, timestamp, width: this.#width, height: this.#height };
    assembly.dropped++;
    return undefined;
  }
}

function parseDescriptor(payload: Uint8Array): Descriptor | undefined {
  const flags = payload[0]!;
  const [hasPictureId, isPredicted, hasLayer, isFlexible] = [flags & 0x80, flags & 0x40, flags & 0x20, flags & 0x10];
  let at = 1;
  let pictureId = -1;
  let pictureIdMask = 0x7f;
  if (hasPictureId !== 0) {
    if (at + 2 > payload.length) return undefined;
    const isLong = (payload[at]! & 0x80) !== 0;
    pictureId = isLong ? readU16(payload, at) & 0x7fff : payload[at]!;
    if (isLong) pictureIdMask = 0x7fff;
    at += isLong ? 2 : 1;
  }
  // Layer indices, and TL0PICIDX where the references are not flexible.
  if (hasLayer !== 0) at += isFlexible !== 0 ? 1 : 2;
  if (isPredicted !== 0 && isFlexible !== 0) {
    // Up to three reference indices, each saying in its lowest bit whether another follows.
    for (let i = 0; i < 3; i++) if (((payload[at++] ?? 0) & 1) === 0) break;
  }
  const structure = (flags & 0x02) !== 0 ? parseStructure(payload, at) : { end: at, width: 0, height: 0 };
  if (structure === undefined || structure.end > payload.length) return undefined;
  const { end: headerLength, width, height } = structure;
  return { headerLength, startsFrame: (flags & 0x08) !== 0, pictureId, pictureIdMask, width, height };
}

/** The scalability structure (RFC 9628 section 4.2.1): sizes of the spatial layers, then groups of pictures. */
function parseStructure(
  payload: Uint8Array,
  start: number,
): { end: number; width: number; height: number } | undefined {
  const flags = payload[start];
  if (flags === undefined) return undefined;
  let at = start + 1;
  let [width, height] = [0, 0];
  if ((flags & 0x10) !== 0) {
    const layers = (flags >> 5) + 1;
    if (at + 4 * layers > payload.length) return undefined;
    at += 4 * layers;
    [width, height] = [readU16(payload, at - 4), readU16(payload, at - 2)];
  }
  if ((flags & 0x08) !== 0) {
    const pictures = payload[at++] ?? 0;
    for (let i = 0; i < pictures; i++) at += 1 + (((payload[at] ?? 0) >> 2) & 0x03);
  }
  return { end: at, width, height };
}

/** Width and height in the uncompressed header of a profile 0 keyframe (VP9 bitstream section 6.2). */
function keyframeSize(data: Uint8Array): readonly [number, number] | undefined {
  // Marker 2 bits (10), profile 0, not an existing frame, keyframe, shown, no error resilience; then the sync code.
  if (data.length < 10 || data[1] !== 0x49 || data[2] !== 0x83 || data[3] !== 0x42) return undefined;
  if ((data[0]! & 0xf0) !== 0x80 || data[0]! & 0x0c) return undefined;
  // Color space 3 bits (not RGB) and range 1 bit, then 16 bits each of width and height, less one.
  const bits = (data[4]! << 16 | data[5]! << 8 | data[6]!) >>> 0;
  const width = ((bits >> 4) & 0xffff) + 1;
  const height = (((data[6]! & 0x0f) << 12) | (data[7]! << 4) | (data[8]! >> 4)) + 1;
  return [width, height];
}
