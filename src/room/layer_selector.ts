import { TEMPORAL_LAYERS } from "../stream/temporal_rates.ts";
import type { Encoding } from "./encoding.ts";
import { ALL_SPATIAL, type Layer } from "./layer.ts";
import type { MediaPacket } from "./media_packet.ts";
import { SpatialSelector } from "./spatial_selector.ts";

/** What becomes of a packet; numbers, because it is said for every copy. */
export const Selection: SelectionCodes = { ignore: 0, leaveOut: 1, send: 2, start: 3 };

/** The values of `Selection`. */
export interface SelectionCodes {
  /** It is no part of what this receiver gets. */
  readonly ignore: 0;
  /** It belongs to the stream, but this receiver does without it. */
  readonly leaveOut: 1;
  /** It goes on. */
  readonly send: 2;
  /** It goes on, and with it the stream starts anew. */
  readonly start: 3;
}

/** Every temporal layer. */
export const ALL_TEMPORAL: number = TEMPORAL_LAYERS - 1;

/**
 * Chooses among the encodings of one track, packet by packet, for one receiver.
 *
 * Another encoding takes over at its keyframe only. Until that comes the old one goes on, thinned to its base layer when
 * the new one is lower. Temporal layers are left out from any picture on, and come back where a picture depends on the
 * base layer alone. Within an encoding that has spatial layers a `SpatialSelector` decides.
 */
export class LayerSelector {
  /** The path is full for the moment: all but the base layer is left out. */
  squeezed = false;
  /** The receiver is told the layers of AV1; without that it can decode one spatial layer only. */
  readsDependencies = true;
  readonly #isVideo: boolean;
  #current: Encoding | undefined;
  #target: Layer | undefined;
  readonly #within = new SpatialSelector();
  #isLayered = false;
  #highestSpatial = ALL_SPATIAL;
  #temporal = ALL_TEMPORAL;
  #wantedTemporal = ALL_TEMPORAL;
  #thinned = false;

  constructor(isVideo: boolean) {
    this.#isVideo = isVideo;
  }

  /** What is forwarded now; `undefined` while a keyframe is awaited, and while paused. */
  get current(): Encoding | undefined {
    return this.#current;
  }

  /** What shall be forwarded; `undefined` while paused. */
  get target(): Layer | undefined {
    return this.#target;
  }

  /** A lower encoding is to take over. */
  get descends(): boolean {
    return this.#thinned && this.#current !== undefined;
  }

  /** The highest temporal layer that passes now. */
  get temporal(): number {
    return this.#isLayered ? this.#within.temporal : this.#temporal;
  }

  /** The highest spatial layer that passes now; without spatial layers it says nothing. */
  get spatial(): number {
    return this.#within.spatial;
  }

  /** Chooses; `undefined` pauses. `thin` leaves out all but the base layer until the switch. */
  choose(target: Layer | undefined, temporal: number, thin: boolean): void {
    this.#target = target;
    this.#wantedTemporal = temporal;
    this.#thinned = thin && target?.encoding !== this.#current;
    if (target !== undefined && target.encoding === this.#current) this.#chooseWithin(target, temporal);
    if (target === undefined) this.#current = undefined;
  }

  /** The stream starts anew with the next keyframe. */
  restart(): void {
    this.#current = undefined;
  }

  /** Decides about a packet of `encoding`. */
  select(media: MediaPacket, encoding: Encoding): number {
    if (encoding !== this.#current) return this.#maySwitch(media, encoding);
    const { picture, layers } = media;
    if (layers !== undefined) {
      this.#within.squeezed = this.squeezed;
      return this.#within.passes(layers, media.timestamp) ? Selection.send : Selection.leaveOut;
    }
    // A layer that is not known might be one too many.
    if (this.#isLayered) return Selection.leaveOut;
    if (picture === undefined || picture.temporalLayer < 0) return Selection.send;
    if (picture.startOfPartition && picture.partitionIndex === 0) this.#atPicture(media);
    return picture.temporalLayer <= this.#temporal ? Selection.send : Selection.leaveOut;
  }

  /** Says whether a packet that goes on gets the marker bit. */
  marks(media: MediaPacket): boolean {
    const { layers } = media;
    return media.marker || (layers !== undefined && this.#within.endsPicture(layers, media.timestamp));
  }

  #chooseWithin({ spatial }: Layer, temporal: number): void {
    this.#within.choose(Math.min(spatial, this.#highestSpatial), temporal);
  }

  #maySwitch(media: MediaPacket, encoding: Encoding): number {
    const target = this.#target;
    if (encoding !== target?.encoding) return Selection.ignore;
    if (this.#isVideo && !media.startsKeyframe) return Selection.ignore;
    this.#current = encoding;
    this.#temporal = this.#wantedTemporal;
    this.#thinned = false;
    this.#isLayered = media.layers !== undefined;
    this.#within.restart();
    // Only AV1 numbers its frames.
    this.#highestSpatial = media.frameNumber >= 0 && !this.readsDependencies ? 0 : ALL_SPATIAL;
    this.#chooseWithin(target, this.#wantedTemporal);
    if (media.layers !== undefined) this.#within.passes(media.layers, media.timestamp);
    return Selection.start;
  }

  #atPicture(media: MediaPacket): void {
    const wanted = this.#thinned || this.squeezed ? 0 : this.#wantedTemporal;
    if (wanted <= this.#temporal || media.startsKeyframe) this.#temporal = wanted;
    else {
      const { temporalLayer, layerSync } = media.picture!;
      if (layerSync && temporalLayer > this.#temporal && temporalLayer <= wanted) this.#temporal = temporalLayer;
    }
  }
}
