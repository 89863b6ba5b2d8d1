/** Spatial layers that are told apart: VP9 and AV1 have three bits for them. */
export const SPATIAL_LAYERS = 8;

/** Where a packet stands among the spatial and temporal layers of its stream; the same for all codecs that have them. */
export interface LayerInfo {
  /** 0 … 7, the smallest picture first. */
  readonly spatialLayer: number;
  /** 0 … 7. */
  readonly temporalLayer: number;
  /** The picture is predicted from no earlier one: all layers can be begun with it. */
  readonly isKey: boolean;
  /** From this picture on all higher temporal layers can be added. */
  readonly temporalSwitch: boolean;
  /** The last packet of its layer in this picture. */
  readonly endsLayer: boolean;
  /** How many sizes are told in this packet, from the lowest spatial layer on. */
  readonly sizes: number;
  /** Pixels, as many as `sizes`. */
  readonly widths: Uint16Array;
  readonly heights: Uint16Array;
}
