import { BitReader } from "./bit_reader.ts";
import type { DependencyTemplates } from "./dependency_templates.ts";
import { type LayerInfo, SPATIAL_LAYERS } from "./layer_info.ts";

/** Bytes that every descriptor has. */
const MANDATORY_LENGTH = 3;

/** How many template ids there are. */
const TEMPLATE_IDS = 64;

const NO_SIZES = new Uint16Array(SPATIAL_LAYERS);

/** Scratch space: nothing lives in it between calls. */
const bits = new BitReader();

/**
 * The dependency descriptor of one packet (AV1 RTP specification, appendix A), as far as layers can be told by it; made
 * once and reused.
 */
export class DependencyDescriptor implements LayerInfo {
  spatialLayer = 0;
  temporalLayer = 0;
  isKey = false;
  temporalSwitch = false;
  endsLayer = false;
  sizes = 0;
  widths: Uint16Array = NO_SIZES;
  heights: Uint16Array = NO_SIZES;

  /**
   * Reads the descriptor at `offset`.
   *
   * @param templates The stream's templates; filled anew where the descriptor brings others and `mayLearn` says so.
   * @returns `false` when it is malformed or its template is not known; the fields then mean nothing.
   */
  parse(bytes: Uint8Array, offset: number, length: number, templates: DependencyTemplates, mayLearn: boolean): boolean {
    if (length < MANDATORY_LENGTH || offset + length > bytes.length) return false;
    this.sizes = 0;
    if (length > MANDATORY_LENGTH && mayLearn && (bytes[offset + MANDATORY_LENGTH]! & 0x80) !== 0) {
      // Behind the first of five flags comes the structure.
      bits.start(bytes, offset + MANDATORY_LENGTH, length - MANDATORY_LENGTH);
      bits.read(5);
      if (!templates.read(bits)) return false;
      this.sizes = templates.sizes;
      this.widths = templates.widths;
      this.heights = templates.heights;
    }
    const first = bytes[offset]!;
    const template = ((first & 0x3f) + TEMPLATE_IDS - templates.idOffset) % TEMPLATE_IDS;
    if (template >= templates.count) return false;
    this.endsLayer = (first & 0x40) !== 0;
    this.spatialLayer = templates.spatial[template]!;
    this.temporalLayer = templates.temporal[template]!;
    this.isKey = templates.isKey[template] === 1;
    this.temporalSwitch = templates.isSwitch[template] === 1;
    return true;
  }
}
