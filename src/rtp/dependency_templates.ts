import type { BitReader } from "./bit_reader.ts";
import { SPATIAL_LAYERS } from "./layer_info.ts";

/** Template ids have six bits, decode targets are counted with five (AV1 RTP specification, appendix A.8.2). */
const MAX_TEMPLATES = 64;
const MAX_DECODE_TARGETS = 32;

/** What follows a template in the list of layers. */
const NEXT_TEMPORAL = 1;
const NEXT_SPATIAL = 2;
const NO_NEXT = 3;

/** A decode target indication: from this frame on the target can be decoded. */
const SWITCH = 2;

/** Scratch space: by template and decode target, while a structure is read. */
const indications = new Uint8Array(MAX_TEMPLATES * MAX_DECODE_TARGETS);

/**
 * The template structure that a stream with dependency descriptors sends with its key pictures (AV1 RTP specification,
 * appendix A.8.3): what its frames can be. One object is filled again for each.
 */
export class DependencyTemplates {
  /** The template with this id is the first one. */
  idOffset = 0;
  /** How many templates there are; 0 before a structure has come. */
  count = 0;
  decodeTargets = 0;
  /** By template. */
  readonly spatial: Uint8Array = new Uint8Array(MAX_TEMPLATES);
  readonly temporal: Uint8Array = new Uint8Array(MAX_TEMPLATES);
  /** By template: 1 for frames that are predicted from no other. */
  readonly isKey: Uint8Array = new Uint8Array(MAX_TEMPLATES);
  /** By template: 1 where all temporal layers of the frame's spatial layer can begin. */
  readonly isSwitch: Uint8Array = new Uint8Array(MAX_TEMPLATES);
  /** How many sizes are known, from the lowest spatial layer on. */
  sizes = 0;
  readonly widths: Uint16Array = new Uint16Array(SPATIAL_LAYERS);
  readonly heights: Uint16Array = new Uint16Array(SPATIAL_LAYERS);

  /** Reads a structure; where it is malformed nothing is known afterwards, and `false` is returned. */
  read(bits: BitReader): boolean {
    this.idOffset = bits.read(6);
    this.decodeTargets = bits.read(5) + 1;
    const isComplete = this.#readLayers(bits) && this.#readTemplates(bits) && this.#readSizes(bits);
    if (!isComplete || bits.failed) this.count = this.sizes = 0;
    return this.count > 0;
  }

  #readLayers(bits: BitReader): boolean {
    let spatial = 0;
    let temporal = 0;
    this.count = 0;
    for (let next = 0; next !== NO_NEXT;) {
      if (this.count === MAX_TEMPLATES || bits.failed) return false;
      this.spatial[this.count] = spatial;
      this.temporal[this.count++] = temporal;
      next = bits.read(2);
      if (next === NEXT_TEMPORAL) temporal++;
      else if (next === NEXT_SPATIAL) {
        temporal = 0;
        spatial++;
      }
      if (spatial >= SPATIAL_LAYERS || temporal >= SPATIAL_LAYERS) return false;
    }
    return true;
  }

  #readTemplates(bits: BitReader): boolean {
    const { count, decodeTargets } = this;
    for (let i = 0; i < count * decodeTargets; i++) indications[i] = bits.read(2);
    for (let template = 0; template < count; template++) {
      this.isKey[template] = 1;
      while (bits.read(1) === 1) {
        if (bits.failed) return false;
        bits.read(4);
        this.isKey[template] = 0;
      }
      this.isSwitch[template] = this.#switches(template) ? 1 : 0;
    }
    const chains = bits.readNonSymmetric(decodeTargets + 1);
    if (chains === 0) return true;
    for (let target = 0; target < decodeTargets; target++) bits.readNonSymmetric(chains);
    for (let i = 0; i < count * chains; i++) bits.read(4);
    return true;
  }

  #readSizes(bits: BitReader): boolean {
    this.sizes = 0;
    if (bits.read(1) === 0) return true;
    const layers = this.spatial[this.count - 1]! + 1;
    for (let layer = 0; layer < layers; layer++) {
      this.widths[layer] = bits.read(16) + 1;
      this.heights[layer] = bits.read(16) + 1;
    }
    this.sizes = layers;
    return true;
  }

  /** The target with all temporal layers of a spatial layer is the one that has the most templates of it. */
  #switches(template: number): boolean {
    const spatial = this.spatial[template]!;
    let most = 0;
    let full = -1;
    for (let target = 0; target < this.decodeTargets; target++) {
      let own = 0;
      let higher = false;
      for (let other = 0; other < this.count; other++) {
        if (indications[other * this.decodeTargets + target] === 0) continue;
        if (this.spatial[other]! > spatial) higher = true;
        else if (this.spatial[other] === spatial) own++;
      }
      if (!higher && own > most) {
        most = own;
        full = target;
      }
    }
    return full >= 0 && indications[template * this.decodeTargets + full] === SWITCH;
  }
}
