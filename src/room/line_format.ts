import type { ExtensionIds, TrackCodec } from "./media_packet.ts";
import type { MediaKind } from "./track_source.ts";

/** One sending m-line as it was negotiated with the receiver. */
export interface LineFormat {
  readonly mid: string;
  readonly kind: MediaKind;
  readonly ssrc: number;
  readonly rtxSsrc: number | undefined;
  readonly codecs: readonly TrackCodec[];
  readonly extensions: ExtensionIds;
  /** The receiver takes two-byte extension headers beside one-byte ones. */
  readonly mixedExtensions: boolean;
}

/** Says whether the receiver is told by the dependency descriptor which layer a packet of AV1 belongs to. */
export function hasDependencies({ extensions }: LineFormat): boolean {
  return (extensions.dependencies ?? 0) !== 0;
}
