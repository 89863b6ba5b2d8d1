import type { PooledPacket } from "../base/packet_pool.ts";
import { RateWindow } from "../base/rate_window.ts";
import { SequenceUnwrapper } from "../base/sequence.ts";
import type { Millis } from "../base/time.ts";
import { startsKeyframe, type VideoCodec } from "../rtp/codec_frames.ts";
import { DependencyTemplates } from "../rtp/dependency_templates.ts";
import type { ExtensionIndex } from "../rtp/header_extension.ts";
import type { LayerInfo } from "../rtp/layer_info.ts";
import type { RtpView } from "../rtp/rtp_view.ts";
import { readVp8Size } from "../rtp/vp8_size.ts";
import { KeyframeRequester } from "../stream/keyframe_requester.ts";
import { NackGenerator } from "../stream/nack_generator.ts";
import { AUDIO_CACHE_CAPACITY, PacketCache, VIDEO_CACHE_CAPACITY } from "../stream/packet_cache.ts";
import { Arrival, ReceiveStats } from "../stream/receive_stats.ts";
import { TemporalRates } from "../stream/temporal_rates.ts";
import { ALL_SPATIAL, type Layer, LAYER_SILENT_MS, SpatialLayer } from "./layer.ts";
import type { MediaPacket } from "./media_packet.ts";
import type { PublishedTrack } from "./published_track.ts";
import type { Subscription } from "./subscription.ts";

/** Names of the video codecs that `startsKeyframe` knows. */
const VIDEO_CODECS: ReadonlySet<string> = new Set<VideoCodec>(["VP8", "VP9", "H264", "AV1"]);

/**
 * Repairs of packets further ahead of the newest are not believed: nobody has asked for them. A sender that tries the path
 * may repeat some that are on their way; as many as are ever asked for at once.
 */
const MAX_REPAIR_AHEAD = 256;

/** What became of a packet, for the counters. */
export type ReceiveResult = "ok" | "duplicate" | "far_away" | "padding" | "unknown_payload_type" | "bad_payload";

/** One encoding of a track (RFC 8853): its loss, its recent packets, and who gets it now. A track without simulcast has one. */
export class Encoding implements Layer {
  readonly track: PublishedTrack;
  readonly encoding = this;
  readonly spatial: number = ALL_SPATIAL;
  /** Its spatial layers, lowest first; empty where it has one only. */
  readonly layers: SpatialLayer[] = [];
  /** What its dependency descriptors refer to. */
  readonly templates: DependencyTemplates = new DependencyTemplates();
  /** Its restriction identifier (RFC 8851); empty for the only encoding of a track. */
  readonly rid: string;
  readonly ssrc: number;
  readonly stats: ReceiveStats;
  readonly nack: NackGenerator | undefined;
  readonly cache: PacketCache;
  readonly keyframes: KeyframeRequester = new KeyframeRequester();
  /** Everybody who is sent this encoding, or waits for its next keyframe. */
  readonly outputs: Subscription[] = [];
  /** Size of the picture in pixels, from the last keyframe that told it; 0 before. */
  width = 0;
  height = 0;
  /** When a packet came last. */
  lastAt: Millis = -Infinity;
  /** Its publisher was told that nobody can use it. */
  spared = false;
  /** When its first packet came. */
  firstAt: Millis | undefined;
  /** Rates by temporal layer. */
  readonly rates: TemporalRates = new TemporalRates();
  readonly #rate = new RateWindow();
  #unwrapper = new SequenceUnwrapper();
  #bytes = 0;

  constructor(track: PublishedTrack, rid: string, ssrc: number) {
    this.track = track;
    this.rid = rid;
    this.ssrc = ssrc;
    const isVideo = track.kind === "video";
    this.stats = new ReceiveStats(ssrc, track.clockRateHz);
    this.nack = isVideo ? new NackGenerator() : undefined;
    this.cache = new PacketCache(isVideo ? VIDEO_CACHE_CAPACITY : AUDIO_CACHE_CAPACITY);
  }

  /** Payload bytes received. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The newest sequence number so far, -1 before the first packet. */
  get newest(): number {
    return this.#unwrapper.newest;
  }

  /** Bits per second that came in lately. */
  bitsPerSecond(now: Millis): number {
    return this.#rate.bitsPerSecond(now);
  }

  /** Says whether the publisher sends it now. */
  isAlive(now: Millis): boolean {
    return now - this.lastAt < LAYER_SILENT_MS;
  }

  /** Takes one plain packet; `media` is scratch space. It stays the caller's, the cache adds itself as an owner. */
  receive(
    packet: PooledPacket,
    view: RtpView,
    extensions: ExtensionIndex,
    media: MediaPacket,
    repaired: boolean,
    now: Millis,
  ): ReceiveResult {
    const { track } = this;
    const codec = track.codecOf(view.payloadType);
    if (codec === undefined) return "unknown_payload_type";
    track.codec = codec;
    if (!this.#fits(view, repaired, now)) return "far_away";
    const sequence = this.#unwrapper.unwrap(view.sequenceNumber);
    this.nack?.received(sequence, now);
    if (this.nack?.takeKeyframeNeeded()) this.requestKeyframe(now);
    if (view.payloadLength === 0) {
      this.#dropEverywhere(sequence);
      return "padding";
    }
    const isVideo = VIDEO_CODECS.has(codec.name);
    if (!media.read(packet, view, extensions, track.extensions, codec, sequence, this.templates, true)) {
      return "bad_payload";
    }
    if (isVideo) {
      const { payloadOffset, payloadLength } = view;
      media.startsKeyframe = startsKeyframe(codec.name as VideoCodec, packet.bytes, payloadOffset, payloadLength);
    }
    if (!this.cache.put(sequence, packet, view, media.startsKeyframe, now)) return "duplicate";
    this.#count(view, media, now);
    if (!track.muted) {
      const { outputs } = this;
      // From the end: whoever switches to another encoding leaves the list.
      for (let i = outputs.length - 1; i >= 0; i--) outputs[i]!.forward(media, this, now);
    }
    return "ok";
  }

  /** Asks the publisher for a keyframe, at once unless one was asked for a moment ago. */
  requestKeyframe(now: Millis): void {
    const { track } = this;
    if (track.kind !== "video" || track.muted) return;
    this.keyframes.request(now);
    track.publisher.keyframeWanted(track, now, this);
  }

  /** Ends the encoding and gives its memory back. Any number of times. */
  close(): void {
    for (const subscription of [...this.outputs]) subscription.encodingEnded(this);
    this.cache.clear();
  }

  /** Whether a number can be the stream's: one far away would make all that follow too old until they come there. */
  #fits(view: RtpView, repaired: boolean, now: Millis): boolean {
    const { newest } = this.#unwrapper;
    if (repaired) return newest < 0 || this.#unwrapper.peek(view.sequenceNumber) - newest <= MAX_REPAIR_AHEAD;
    const arrival = this.stats.update(view.sequenceNumber, view.timestamp, now);
    if (arrival === Arrival.restarted) this.#restart(now);
    return arrival !== Arrival.suspicious;
  }

  #count(view: RtpView, media: MediaPacket, now: Millis): void {
    this.#bytes += view.payloadLength;
    this.lastAt = now;
    this.firstAt ??= now;
    if (this.track.kind !== "video") return;
    this.#rate.add(view.length, now);
    const { layers } = media;
    this.rates.add((media.picture ?? layers)?.temporalLayer ?? 0, view.length, now);
    if (layers !== undefined) this.#countLayers(layers, view.length, now);
    if (!media.startsKeyframe) return;
    this.keyframes.keyframeReceived(now);
    const size = media.picture === undefined ? 0 : readVp8Size(media.payload, media.picture.headerLength);
    if (size === 0 || (size >>> 16 === this.width && (size & 0xffff) === this.height)) return;
    this.width = size >>> 16;
    this.height = size & 0xffff;
    this.track.sortEncodings();
  }

  #countLayers(info: LayerInfo, bytes: number, now: Millis): void {
    const { layers } = this;
    const known = layers.length;
    if (info.spatialLayer > 0) {
      while (layers.length <= info.spatialLayer) layers.push(new SpatialLayer(this, layers.length));
    }
    for (let i = info.spatialLayer; i < layers.length; i++) {
      layers[i]!.count(info.spatialLayer, info.temporalLayer, bytes, now);
    }
    if (info.sizes > 0) this.#takeSizes(info);
    if (known === 0 && layers.length > 0) { for (const output of this.outputs) output.layersFound(this); }
  }

  #takeSizes({ sizes, widths, heights }: LayerInfo): void {
    this.width = widths[sizes - 1]!;
    this.height = heights[sizes - 1]!;
    // Without the higher layers the publisher may have changed the size of the lowest.
    if (sizes < 2 && this.layers.length === 0) return;
    while (this.layers.length < sizes) this.layers.push(new SpatialLayer(this, this.layers.length));
    for (let i = 0; i < sizes; i++) {
      this.layers[i]!.width = widths[i]!;
      this.layers[i]!.height = heights[i]!;
    }
  }

  /** The publisher has started its numbering again: nothing that was known about the old numbers holds. */
  #restart(now: Millis): void {
    this.#unwrapper = new SequenceUnwrapper();
    this.nack?.reset();
    this.cache.clear();
    for (const subscription of [...this.outputs]) subscription.encodingRestarted(this);
    if (this.outputs.length > 0) this.requestKeyframe(now);
  }

  #dropEverywhere(sequence: number): void {
    if (this.track.muted) return;
    for (let i = 0; i < this.outputs.length; i++) this.outputs[i]!.drop(sequence, this);
  }
}
