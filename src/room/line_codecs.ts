import type { RtpRewriter } from "../stream/rtp_rewriter.ts";
import type { TrackCodec } from "./media_packet.ts";
import type { PublishedTrack } from "./published_track.ts";

/** How the codecs of a line's receiver go with those of the track that is on it. */
export class LineCodecs {
  /** Sound comes with redundancy, where publisher and receiver can do it (RFC 2198). */
  redundancy = true;
  #red: TrackCodec | undefined;
  /** RTX payload type for each of the receiver's payload types, 0 for none. */
  readonly #rtxTypes = new Uint8Array(128);

  /** How the receiver takes redundant sound, if it is to get it. */
  get red(): TrackCodec | undefined {
    return this.#red;
  }

  /** The payload type of retransmissions, 0 for none. */
  rtxTypeOf(payloadType: number): number {
    return this.#rtxTypes[payloadType]!;
  }

  /** Learns what the receiver has. */
  setReceiver(codecs: readonly TrackCodec[]): void {
    this.#rtxTypes.fill(0);
    for (const codec of codecs) this.#rtxTypes[codec.payloadType] = codec.rtxPayloadType ?? 0;
  }

  /** Tells the rewriter which payload types go over into which. */
  map(codecs: readonly TrackCodec[], track: PublishedTrack | undefined, rewriter: RtpRewriter): void {
    rewriter.clearPayloadTypes();
    this.#red = undefined;
    for (const codec of track?.codecs ?? []) {
      const same = this.#equivalentOf(codec, codecs, track);
      if (same === undefined) continue;
      rewriter.mapPayloadType(codec.payloadType, same.payloadType);
      if (same.encloses !== undefined) this.#red = same;
    }
  }

  /** The receiver's codec for one of the publisher's; for RED that it does not get, the one inside. */
  #equivalentOf(codec: TrackCodec, own: readonly TrackCodec[], track: PublishedTrack | undefined) {
    const { encloses } = codec;
    const same = encloses !== undefined && !this.redundancy ? undefined : own.find(({ key }) => key === codec.key);
    if (same !== undefined || encloses === undefined) return same;
    const inside = track?.codecOf(encloses);
    return inside === undefined ? undefined : own.find(({ key }) => key === inside.key);
  }
}
