import type { PacketPool, PooledPacket } from "../base/packet_pool.ts";
import { type RandomSource, randomU32 } from "../base/random.ts";
import { type Millis, ntpFromUnix } from "../base/time.ts";
import { Backlog } from "../stream/backlog.ts";
import type { SenderReport } from "../rtp/rtcp.ts";
import { RtpRewriter } from "../stream/rtp_rewriter.ts";
import { RepairGuard } from "../stream/repair_guard.ts";
import { SendStats } from "../stream/send_stats.ts";
import { cachedMedia, readCached } from "./cached_media.ts";
import type { Encoding } from "./encoding.ts";
import { type Layer, SpatialLayer } from "./layer.ts";
import { LineCodecs } from "./line_codecs.ts";
import { hasDependencies, type LineFormat } from "./line_format.ts";
import { ALL_TEMPORAL, LayerSelector, Selection } from "./layer_selector.ts";
import type { MediaPacket } from "./media_packet.ts";
import type { PublishedTrack } from "./published_track.ts";
import type { RepairPath, RtpSink } from "./rtp_sink.ts";
import { writeCopy, writePadding } from "./write_copy.ts";

/** Outgoing video packets that can be asked for again: as many as the publisher's cache holds; audio is not repaired. */
const VIDEO_HISTORY = 1_024;
const AUDIO_HISTORY = 64;

/** Which packets leave first when not all can. */
const AUDIO_URGENCY = 0;
const REPAIR_URGENCY = 1;
const VIDEO_URGENCY = 2;
const SCREEN_URGENCY = 3;

/** Every layer there is and will be. */
export const EVERY_LAYER: number = Infinity;

/** Sources whose encodings are remembered for retransmissions, a power of two; as many as the rewriter knows. */
const SOURCES_KEPT = 16;

/**
 * One outgoing copy for one receiver: an m-line of its, and the track that is on it now.
 *
 * The line's SSRC lives as long as the session; tracks and encodings come and go on it, and the receiver sees one stream
 * without jumps. Video starts with a keyframe.
 */
export class Subscription {
  readonly stats: SendStats;
  /** Another encoding took over so often. */
  switches = 0;
  /** The highest layer of its track that the receiver could use, by number, -1 for none; everything before it is known. */
  usefulTop: number = EVERY_LAYER;
  #format: LineFormat;
  #retransmitted = 0;
  readonly #sink: RtpSink;
  readonly #pool: PacketPool;
  readonly #rewriter: RtpRewriter;
  readonly #selector: LayerSelector;
  readonly #mid: Uint8Array;
  #urgency: number;
  #track: PublishedTrack | undefined;
  /** The encoding that each source of the rewriter was; retransmissions come from its cache. */
  readonly #sources: (Encoding | undefined)[] = new Array(SOURCES_KEPT).fill(undefined);
  #rtxSequence: number;
  readonly #repairs: RepairGuard;
  readonly #codecs = new LineCodecs();

  constructor(format: LineFormat, sink: RtpSink, pool: PacketPool, random: RandomSource) {
    this.#format = format;
    this.stats = new SendStats(format.ssrc);
    this.#sink = sink;
    this.#pool = pool;
    const isVideo = format.kind === "video";
    this.#rewriter = new RtpRewriter({
      ssrc: format.ssrc,
      clockRateHz: isVideo ? 90_000 : 48_000,
      capacity: isVideo ? VIDEO_HISTORY : AUDIO_HISTORY,
    });
    this.#repairs = new RepairGuard(isVideo ? VIDEO_HISTORY : AUDIO_HISTORY);
    this.#selector = new LayerSelector(isVideo);
    this.#urgency = isVideo ? VIDEO_URGENCY : AUDIO_URGENCY;
    this.#mid = new TextEncoder().encode(format.mid);
    this.#rtxSequence = randomU32(random) & 0x7fff;
    this.#codecs.setReceiver(this.#format.codecs);
    this.#selector.readsDependencies = hasDependencies(format);
  }

  /** How the line was negotiated. */
  get format(): LineFormat {
    return this.#format;
  }

  /** Packets sent again. */
  get retransmitted(): number {
    return this.#retransmitted;
  }

  /** The track on the line now. */
  get track(): PublishedTrack | undefined {
    return this.#track;
  }

  /** The encoding that is sent now; `undefined` while paused or waiting. */
  get current(): Encoding | undefined {
    return this.#selector.current;
  }

  /** What shall be sent; `undefined` while paused. */
  get target(): Layer | undefined {
    return this.#selector.target;
  }

  /** The highest temporal layer that is sent now. */
  get temporal(): number {
    return this.#selector.temporal;
  }

  /** Says whether sound comes with redundancy, where publisher and receiver can do it (RFC 2198). */
  setRedundancy(on: boolean): void {
    if (on === this.#codecs.redundancy) return;
    this.#codecs.redundancy = on;
    this.#codecs.map(this.#format.codecs, this.#track, this.#rewriter);
  }

  /** Whether what is sent now has redundancy. */
  get isRedundant(): boolean {
    return this.#codecs.red !== undefined && this.#track?.codec?.encloses !== undefined;
  }

  /** Whether nothing is shown until the next keyframe. */
  get waitsForKeyframe(): boolean {
    return this.#format.kind === "video" && this.#selector.current === undefined;
  }

  /** Takes over what a later negotiation agreed on; SSRCs stay. */
  renegotiate(format: LineFormat): void {
    this.#format = format;
    this.#selector.readsDependencies = hasDependencies(format);
    this.#codecs.setReceiver(this.#format.codecs);
    this.#codecs.map(this.#format.codecs, this.#track, this.#rewriter);
  }

  /** Puts another track on the line, or none; the same one again changes nothing. */
  attach(track: PublishedTrack | undefined, now: Millis): void {
    const old = this.#track;
    if (old === track) return;
    if (old !== undefined) {
      old.subscriptions.splice(old.subscriptions.indexOf(this), 1);
      this.#choose(undefined, ALL_TEMPORAL);
      this.#sink.discard(this.#format.ssrc, this.#format.rtxSsrc);
    }
    this.#track = track;
    this.#sources.fill(undefined);
    if (track === undefined) return;
    track.subscriptions.push(this);
    this.usefulTop = EVERY_LAYER;
    if (track.kind === "video") this.#urgency = track.source === "screen" ? SCREEN_URGENCY : VIDEO_URGENCY;
    this.#codecs.map(this.#format.codecs, this.#track, this.#rewriter);
    this.restart();
    // The lowest one is there soonest and always fits; the allocation decides what follows.
    this.select(track.layers[0], ALL_TEMPORAL, now);
  }

  /** The next packet starts the stream anew: after a switch, or when the track was silent on purpose. */
  restart(): void {
    const { current, target } = this.#selector;
    if (current !== undefined && current !== target?.encoding) leave(current, this);
    this.#rewriter.switchSource();
    this.#selector.restart();
  }

  /** Chooses what is sent from now on, `undefined` to pause; asks for the keyframe that it takes. */
  select(layer: Layer | undefined, temporal: number, now: Millis): void {
    const selector = this.#selector;
    this.#choose(layer, temporal);
    if (layer === undefined) return;
    const { encoding } = layer;
    // The picture is there sooner when it does not wait for the path to the receiver.
    if (encoding.track.asleep) encoding.track.publisher.keyframeWanted(encoding.track, now, encoding);
    if (!this.#sink.canSend) return;
    const rises = layer instanceof SpatialLayer && layer.spatial > selector.spatial;
    if (layer.encoding !== selector.current || rises) layer.encoding.requestKeyframe(now);
  }

  /** An encoding turns out to have spatial layers: who gets all of it gets them all. */
  layersFound(encoding: Encoding): void {
    const top = encoding.layers.at(-1);
    if (this.#selector.target === encoding && top !== undefined) this.#selector.choose(top, ALL_TEMPORAL, false);
  }

  /** Asks for what the receiver needs to start showing the track. */
  requestKeyframe(now: Millis): void {
    (this.#selector.target?.encoding ?? this.#selector.current)?.requestKeyframe(now);
  }

  /** Leaves a packet out without the receiver noticing. */
  drop(sequence: number, encoding: Encoding): void {
    if (encoding === this.#selector.current && this.#rewriter.started) this.#rewriter.drop(sequence);
  }

  /** An encoding has started its numbering again. */
  encodingRestarted(encoding: Encoding): void {
    this.#forget(encoding);
    if (encoding === this.#selector.current) this.restart();
  }

  /** An encoding is gone; the lowest one that is left takes its place. */
  encodingEnded(encoding: Encoding): void {
    this.#forget(encoding);
    const next = this.#track?.encodings[0];
    this.restart();
    this.#choose(next === encoding ? undefined : next, ALL_TEMPORAL);
  }

  /** Sends the receiver's copy of a packet of the track. */
  forward(media: MediaPacket, encoding: Encoding, now: Millis): void {
    if (!this.#sink.canSend) return;
    const selector = this.#selector;
    const backlog = this.#backlog;
    selector.squeezed = backlog !== Backlog.none;
    if (selector.squeezed && this.#isHeld(media, encoding, backlog, now)) return;
    const before = selector.current;
    const selection = selector.select(media, encoding);
    if (selection === Selection.send) this.#send(media, now);
    else if (selection === Selection.leaveOut) this.#leaveOut(media);
    else if (selection === Selection.start) this.#start(media, encoding, before, now);
    else if (encoding === selector.target?.encoding && backlog < Backlog.busy) encoding.requestKeyframe(now);
  }

  /** Picture ids go on without a gap in VP8; in VP9 they say what a picture depends on. */
  #leaveOut(media: MediaPacket): void {
    const { picture, sequence } = media;
    if (picture === undefined) this.#rewriter.drop(sequence);
    else this.#rewriter.dropPicture(sequence, picture);
  }

  /**
   * Says whether a packet is left out because too much waits on the way. A picture that has begun is finished, and the
   * numbering goes on without a gap: the receiver sees a still picture and then a keyframe.
   */
  #isHeld(media: MediaPacket, encoding: Encoding, backlog: number, now: Millis): boolean {
    const selector = this.#selector;
    if (this.#format.kind !== "video") return false;
    // A keyframe would wait with the others, and be old when it leaves.
    if (encoding !== selector.current) return backlog === Backlog.full;
    if (backlog !== Backlog.full && !selector.descends) return false;
    if (!this.#rewriter.beginsPicture(media.timestamp)) return false;
    this.#sink.leftOut("pacer_backlog");
    this.#interrupt(now);
    return true;
  }

  /** A picture could not be sent whole: the stream goes on at the next keyframe. Repairs of others do not count. */
  interrupt(urgency: number, now: Millis): void {
    if (urgency === this.#urgency) this.#interrupt(now);
  }

  #start(media: MediaPacket, encoding: Encoding, before: Encoding | undefined, now: Millis): void {
    if (before !== undefined) {
      this.switches++;
      this.#rewriter.switchSource();
      before.outputs.splice(before.outputs.indexOf(this), 1);
    }
    this.#sources[this.#rewriter.currentSource & (SOURCES_KEPT - 1)] = encoding;
    this.#send(media, now);
    if (this.#format.kind === "video") this.#catchUp(media.sequence, encoding, now);
  }

  /** Sends what came before the keyframe's first packet though it belongs after it: that one was late or lost once. */
  #catchUp(sequence: number, encoding: Encoding, now: Millis): void {
    for (let next = sequence + 1; next <= encoding.newest; next++) {
      if (!readCached(encoding, encoding.cache.get(next))) continue;
      if (this.#selector.select(cachedMedia, encoding) === Selection.send) this.#send(cachedMedia, now);
      else this.#leaveOut(cachedMedia);
    }
  }

  #send(media: MediaPacket, now: Millis): void {
    const rewriter = this.#rewriter;
    const marker = this.#selector.marks(media);
    if (!rewriter.forward(media.sequence, media.timestamp, media.payloadType, media.counters, now, marker)) return;
    if (media.frameNumber >= 0) rewriter.followFrame(media.frameNumber);
    const packet = this.#pool.acquire();
    const { sequenceNumber, payloadType, ssrc } = rewriter;
    if (!this.#write(packet, media, payloadType, sequenceNumber, ssrc, -1)) {
      packet.release();
      return;
    }
    packet.urgency = this.#urgency;
    this.stats.add(media.isRed && this.#codecs.red === undefined ? media.primary.length : media.payload.length);
    if (media.startsKeyframe) this.#repairs.keyframe(rewriter.outgoing, rewriter.timestamp);
    this.#sink.sendRtp(packet, now);
  }

  #write(packet: PooledPacket, media: MediaPacket, type: number, number: number, ssrc: number, original: number) {
    const { red } = this.#codecs;
    return writeCopy(packet, media, this.#format, this.#mid, this.#rewriter, type, number, ssrc, original, red);
  }

  /** Sends packets again that the receiver misses, as far as budgets allow; returns how many. */
  retransmit(sequenceNumbers: readonly number[], now: Millis, path: RepairPath): number {
    if (this.#track === undefined || this.#track.muted || !this.#sink.canSend) return 0;
    this.#repairs.earn(this.stats.octets);
    let sent = 0;
    for (const sequenceNumber of sequenceNumbers) if (this.#resend(sequenceNumber, now, path)) sent++;
    return sent;
  }

  /** Sends an RTX packet of nothing but padding, to try the path; returns its bytes, 0 without RTX. */
  sendPadding(now: Millis): number {
    const { rtxSsrc, codecs } = this.#format;
    const rtxType = codecs[0]?.rtxPayloadType;
    if (rtxSsrc === undefined || rtxType === undefined || !this.#sink.canSend) return 0;
    const packet = this.#pool.acquire();
    const number = this.#rtxSequence++ & 0xffff;
    writePadding(packet, this.#format, this.#mid, rtxType, number, this.#rewriter.timestamp, rtxSsrc);
    const { length } = packet;
    packet.urgency = REPAIR_URGENCY;
    this.#sink.sendRtp(packet, now);
    return length;
  }

  /** What a sender report says about this stream at our wall clock `unixMs`; `undefined` while there is nothing to say. */
  senderReport(unixMs: Millis, now: Millis): SenderReport | undefined {
    const track = this.#track;
    const report = this.#selector.current?.stats.lastReport;
    if (track === undefined || report === undefined || this.stats.packets === 0 || track.muted) return undefined;
    const sourceTime = track.publisher.clock.rtpAt(unixMs, report, track.clockRateHz);
    const rtpTimestamp = sourceTime === undefined ? -1 : this.#rewriter.mapTimestamp(sourceTime);
    return rtpTimestamp < 0 ? undefined : this.stats.senderReport(ntpFromUnix(unixMs), rtpTimestamp, now);
  }

  /** Brings the outputs of the encodings in line with what is chosen: the old one goes on until the new one starts. */
  #choose(layer: Layer | undefined, temporal: number): void {
    const selector = this.#selector;
    const { current } = selector;
    const target = selector.target?.encoding;
    const encoding = layer?.encoding;
    const order = this.#track?.encodings ?? [];
    const thin = encoding !== undefined && current !== undefined && order.indexOf(encoding) < order.indexOf(current);
    selector.choose(layer, temporal, thin);
    if (target !== undefined && target !== encoding && (target !== current || encoding === undefined)) {
      leave(target, this);
    }
    if (current !== undefined && encoding === undefined) {
      leave(current, this);
      this.#rewriter.switchSource();
    }
    if (encoding !== undefined && !encoding.outputs.includes(this)) encoding.outputs.push(this);
  }

  get #backlog(): number {
    return this.#urgency === SCREEN_URGENCY ? this.#sink.screenBacklog : this.#sink.backlog;
  }

  #interrupt(now: Millis): void {
    this.restart();
    if (this.#backlog < Backlog.busy) this.requestKeyframe(now);
  }

  #forget(encoding: Encoding): void {
    for (let i = 0; i < SOURCES_KEPT; i++) if (this.#sources[i] === encoding) this.#sources[i] = undefined;
  }

  /** Without RTX nothing is sent again: the same number twice would repeat a nonce of the cipher. */
  #resend(sequenceNumber: number, now: Millis, path: RepairPath): boolean {
    const rewriter = this.#rewriter;
    const { rtxSsrc } = this.#format;
    if (rtxSsrc === undefined || !rewriter.recall(sequenceNumber)) return false;
    const encoding = this.#sources[rewriter.source & (SOURCES_KEPT - 1)];
    if (encoding === undefined || !readCached(encoding, encoding.cache.get(rewriter.originalSequence))) {
      return false;
    }
    const rtxType = this.#codecs.rtxTypeOf(rewriter.payloadType);
    if (rtxType === 0) return false;
    const bytes = cachedMedia.payload.length;
    const verdict = this.#repairs.allows(rewriter.outgoing, bytes, path.paces, this.stats.rttMs, now);
    if (verdict !== "ok" || !path.mayRepair(bytes, now)) {
      path.refused(verdict === "ok" ? "repair_budget" : verdict);
      return false;
    }
    const copy = this.#pool.acquire();
    const number = this.#rtxSequence++ & 0xffff;
    if (!this.#write(copy, cachedMedia, rtxType, number, rtxSsrc, sequenceNumber)) {
      copy.release();
      return false;
    }
    copy.urgency = REPAIR_URGENCY;
    this.#retransmitted++;
    this.#sink.sendRtp(copy, now);
    return true;
  }
}

function leave(encoding: Encoding, subscription: Subscription): void {
  const at = encoding.outputs.indexOf(subscription);
  if (at >= 0) encoding.outputs.splice(at, 1);
}
