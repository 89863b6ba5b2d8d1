import { distance32 } from "../base/sequence.ts";
import type { LayerInfo } from "../rtp/layer_info.ts";

/** Pictures whose packets may still come, late or sent again; a power of two: some two seconds. */
const KEPT = 64;

/** Chosen layers of a picture in one byte. */
const TEMPORAL_BITS = 3;
const TEMPORAL_MASK = 7;

/**
 * Chooses spatial and temporal layers within one encoding (scalable VP9 and AV1), picture by picture, for one receiver.
 *
 * What is chosen for a picture holds for all its packets, however late they come. Spatial layers are left out from any
 * picture on, and come back with a key picture: a higher layer is predicted from its own earlier pictures. Temporal
 * layers come back where the stream says that they depend on nothing older.
 */
export class SpatialSelector {
  /** The path is full for the moment: all but the base temporal layer is left out. */
  squeezed = false;
  readonly #timestamps = new Uint32Array(KEPT);
  readonly #chosen = new Uint8Array(KEPT);
  #count = 0;
  #spatial = 0;
  #temporal = 0;
  #wantedSpatial = 0;
  #wantedTemporal = 0;

  /** The highest spatial layer that passes now. */
  get spatial(): number {
    return this.#spatial;
  }

  /** The highest temporal layer that passes now. */
  get temporal(): number {
    return this.#temporal;
  }

  /** Says what is wanted from the next picture on where that is possible. */
  choose(spatial: number, temporal: number): void {
    this.#wantedSpatial = spatial;
    this.#wantedTemporal = temporal;
  }

  /** The stream starts anew: the next packet must be of a key picture. */
  restart(): void {
    this.#count = 0;
  }

  /** Says whether a packet passes; its picture is known by its timestamp. */
  passes(info: LayerInfo, timestamp: number): boolean {
    const chosen = this.#of(info, timestamp);
    return info.spatialLayer <= chosen >> TEMPORAL_BITS && info.temporalLayer <= (chosen & TEMPORAL_MASK);
  }

  /** Says whether a packet that passes is the last one of its picture as the receiver gets it. */
  endsPicture(info: LayerInfo, timestamp: number): boolean {
    return info.endsLayer && info.spatialLayer === this.#of(info, timestamp) >> TEMPORAL_BITS;
  }

  #of(info: LayerInfo, timestamp: number): number {
    const newest = (this.#count - 1) & (KEPT - 1);
    if (this.#count === 0 || distance32(this.#timestamps[newest]!, timestamp) > 0) return this.#begin(info, timestamp);
    if (this.#timestamps[newest] === timestamp) {
      // The packet that says it is a key picture came after others of it.
      const raises = info.isKey && info.spatialLayer === 0 && this.#spatial < this.#wantedSpatial;
      return raises ? this.#begin(info, timestamp) : this.#chosen[newest]!;
    }
    for (let back = 2; back <= Math.min(KEPT, this.#count); back++) {
      const slot = (this.#count - back) & (KEPT - 1);
      if (this.#timestamps[slot] === timestamp) return this.#chosen[slot]!;
    }
    return this.#chosen[newest]!;
  }

  #begin(info: LayerInfo, timestamp: number): number {
    const wantedTemporal = this.squeezed ? 0 : this.#wantedTemporal;
    if (info.isKey) {
      this.#spatial = this.#wantedSpatial;
      this.#temporal = wantedTemporal;
    } else {
      this.#spatial = Math.min(this.#spatial, this.#wantedSpatial);
      const mayRise = info.temporalSwitch && info.temporalLayer <= this.#temporal;
      if (mayRise || wantedTemporal < this.#temporal) this.#temporal = wantedTemporal;
    }
    const slot = this.#count & (KEPT - 1);
    this.#timestamps[slot] = timestamp;
    this.#chosen[slot] = (this.#spatial << TEMPORAL_BITS) | this.#temporal;
    this.#count++;
    return this.#chosen[slot]!;
  }
}
