import type { PooledPacket } from "../base/packet_pool.ts";
import type { ParticipantId } from "../base/ids.ts";
import type { Millis } from "../base/time.ts";
import type { ExtensionIndex } from "../rtp/header_extension.ts";
import type { RtpView } from "../rtp/rtp_view.ts";
import type { KeyframeRequester } from "../stream/keyframe_requester.ts";
import type { NackGenerator } from "../stream/nack_generator.ts";
import type { PacketCache } from "../stream/packet_cache.ts";
import type { ReceiveStats } from "../stream/receive_stats.ts";
import { Encoding, type ReceiveResult } from "./encoding.ts";
import { type Layer, LAYER_GONE_MS } from "./layer.ts";
import type { ExtensionIds, MediaPacket, TrackCodec } from "./media_packet.ts";
import type { PublisherClock } from "./publisher_clock.ts";
import type { Subscription } from "./subscription.ts";
import { kindOf, type MediaKind, type TrackSource } from "./track_source.ts";

export type { ReceiveResult } from "./encoding.ts";

/** Whoever a track comes from; the core's peer is one. */
export interface Publisher {
  readonly participant: ParticipantId;
  readonly clock: PublisherClock;
  /** A keyframe of one encoding is wanted: the request should leave in this turn. */
  keyframeWanted(track: PublishedTrack, now: Millis, encoding: Encoding): void;
}

/** What a track is made with. */
export interface PublishedTrackOptions {
  readonly publisher: Publisher;
  readonly source: TrackSource;
  readonly mid: string;
  /** SSRC of the first encoding known. */
  readonly ssrc: number;
  readonly codecs: readonly TrackCodec[];
  readonly extensions: ExtensionIds;
  /** Identifiers of the encodings that may come, worst first; none without simulcast. */
  readonly rids?: readonly string[];
  /** Which of them the SSRC is. */
  readonly rid?: string;
}

/** One track that a participant sends, in one encoding or several, and who gets it. */
export class PublishedTrack {
  readonly publisher: Publisher;
  readonly source: TrackSource;
  readonly kind: MediaKind;
  readonly mid: string;
  /** Identifiers of the encodings that may come, worst first; empty without simulcast. */
  readonly rids: readonly string[];
  /** The encodings that have come, worst first; never empty. */
  readonly encodings: Encoding[] = [];
  /** Everybody who is to be sent this track. */
  readonly subscriptions: Subscription[] = [];
  readonly extensions: ExtensionIds;
  /** Clock rate of its codecs. */
  readonly clockRateHz: number;
  /** The codec it came in last; `undefined` before the first packet. */
  codec: TrackCodec | undefined;
  readonly #codecs: (TrackCodec | undefined)[] = new Array(128).fill(undefined);
  #muted = false;
  /** Its publisher was told that nobody watches: a keyframe must be asked for by a message too. */
  asleep = false;
  /** When its publisher was told last that more of it can be used. */
  wokenAt: Millis = -Infinity;

  constructor(options: PublishedTrackOptions) {
    this.publisher = options.publisher;
    this.source = options.source;
    this.kind = kindOf(options.source);
    this.mid = options.mid;
    this.rids = options.rids ?? [];
    this.extensions = options.extensions;
    for (const codec of options.codecs) this.#codecs[codec.payloadType] = codec;
    this.clockRateHz = options.codecs[0]?.clockRateHz ?? (this.kind === "video" ? 90_000 : 48_000);
    this.encodings.push(new Encoding(this, options.rid ?? "", options.ssrc));
  }

  /** The codecs it may come in, by the publisher's payload types. */
  get codecs(): readonly TrackCodec[] {
    return this.#codecs.filter((codec) => codec !== undefined);
  }

  /** What viewers can be given, worst first: the encodings, or the spatial layers of the only one. */
  get layers(): readonly Layer[] {
    const { encodings } = this;
    const within = encodings.length === 1 ? encodings[0]!.layers : [];
    return within.length > 1 ? within : encodings;
  }

  /**
   * How many of them there are: those that come, and those that would if somebody could use them. Browsers leave
   * encodings out that were negotiated.
   */
  layersThere(now: Millis): number {
    const { layers } = this;
    const isThere = (layer: Layer) => layer.spared || now - Math.max(layer.lastAt, this.wokenAt) < LAYER_GONE_MS;
    return layers.filter(isThere).length || layers.length;
  }

  /** SSRC of the lowest encoding. */
  get ssrc(): number {
    return this.encodings[0]!.ssrc;
  }

  /** What came of the lowest encoding. */
  get stats(): ReceiveStats {
    return this.encodings[0]!.stats;
  }

  /** What is missing of the lowest encoding. */
  get nack(): NackGenerator | undefined {
    return this.encodings[0]!.nack;
  }

  /** Recent packets of the lowest encoding. */
  get cache(): PacketCache {
    return this.encodings[0]!.cache;
  }

  /** Keyframe requests of the lowest encoding. */
  get keyframes(): KeyframeRequester {
    return this.encodings[0]!.keyframes;
  }

  /** Payload bytes received, of all encodings. */
  get bytes(): number {
    return this.encodings.reduce((sum, encoding) => sum + encoding.bytes, 0);
  }

  /** Whether it is kept from everybody now. */
  get muted(): boolean {
    return this.#muted;
  }

  /** The codec of one of the publisher's payload types. */
  codecOf(payloadType: number): TrackCodec | undefined {
    return this.#codecs[payloadType];
  }

  /** Takes one plain packet of the lowest encoding; see `Encoding.receive`. */
  receive(
    packet: PooledPacket,
    view: RtpView,
    extensions: ExtensionIndex,
    media: MediaPacket,
    repaired: boolean,
    now: Millis,
  ): ReceiveResult {
    return this.encodings[0]!.receive(packet, view, extensions, media, repaired, now);
  }

  /** Adds an encoding that has been heard for the first time, or takes the place of the one that had its `rid`. */
  addEncoding(rid: string, ssrc: number): Encoding {
    const encoding = new Encoding(this, rid, ssrc);
    const old = this.encodings.findIndex((other) => other.rid === rid);
    if (old >= 0) {
      const [before] = this.encodings.splice(old, 1, encoding);
      before!.close();
    } else this.encodings.push(encoding);
    this.sortEncodings();
    return encoding;
  }

  /** Puts the encodings in order again: by the size of their pictures once all have told it, before that as offered. */
  sortEncodings(): void {
    const bySize = this.encodings.every(({ height }) => height > 0);
    const order = (one: Encoding) => bySize ? one.width * one.height : this.rids.indexOf(one.rid);
    this.encodings.sort((a, b) => order(a) - order(b));
  }

  /** Asks the publisher for a keyframe of all encodings that somebody gets. */
  requestKeyframe(now: Millis): void {
    for (const encoding of this.encodings) {
      if (encoding.outputs.length > 0) encoding.requestKeyframe(now);
    }
  }

  /** Keeps the track from everybody, or lets it pass again. */
  setMuted(muted: boolean, now: Millis): void {
    if (this.#muted === muted) return;
    this.#muted = muted;
    if (muted) return;
    for (const subscription of this.subscriptions) subscription.restart();
    this.requestKeyframe(now);
  }

  /** Ends the track: nobody gets it any more and its memory is given back. Any number of times. */
  close(now: Millis): void {
    for (const subscription of [...this.subscriptions]) subscription.attach(undefined, now);
    for (const encoding of this.encodings) encoding.close();
  }
}
