import type { ParticipantId } from "../base/ids.ts";
import { type Millis, ntpFromUnix } from "../base/time.ts";
import { type ExtensionIds, MediaPacket, PASSED_EXTENSIONS, type TrackCodec } from "../room/media_packet.ts";
import { PublishedTrack } from "../room/published_track.ts";
import { PublisherClock } from "../room/publisher_clock.ts";
import type { TrackSource } from "../room/track_source.ts";
import { ExtensionIndex } from "../rtp/header_extension.ts";
import { RtpView } from "../rtp/rtp_view.ts";
import { RtpWriter } from "../rtp/rtp_writer.ts";
import type { Core } from "./core.ts";
import type { Member } from "./member.ts";
import { announceLocal } from "./local_announcement.ts";
import { hearOnFloor } from "./sound.ts";
import { rewireRoom } from "./wiring.ts";

/** Nobody sees it: each receiver gets the SSRC of its own line. */
const LOCAL_SSRC = 0x5ea3_0001;

/** How often the wall clock of the track is noted; receivers get a sender report once a second. */
const REPORT_INTERVAL_MS = 1_000;

/** Silence, in the audio level extension (RFC 6464 section 3). */
const SILENT = 127;

/** The id that the audio level gets on packets made here. */
const AUDIO_LEVEL_ID = 1;

const EXTENSIONS: ExtensionIds = {
  mid: 0,
  audioLevel: AUDIO_LEVEL_ID,
  transportSequence: 0,
  passed: PASSED_EXTENSIONS.map(() => 0),
};

/** Scratch space: one packet is written and read at a time. */
const writer = new RtpWriter();
const view = new RtpView();
const extensions = new ExtensionIndex();
const media = new MediaPacket();

/** What can be made here: nothing but the name and the clock matter to receivers. */
export type LocalCodec = "opus" | "VP8";

const CODECS: { readonly [Name in LocalCodec]: TrackCodec } = {
  opus: { name: "opus", payloadType: 111, rtxPayloadType: undefined, clockRateHz: 48_000, key: "opus/48000/" },
  VP8: { name: "VP8", payloadType: 96, rtxPayloadType: 97, clockRateHz: 90_000, key: "VP8/90000/" },
};

/** One packet of a local track. */
export interface LocalPacket {
  /** What follows the RTP header, as the codec's payload format wants it. */
  readonly payload: Uint8Array;
  /** In ticks of the codec's clock; any start, wraps at 32 bits. */
  readonly timestamp: number;
  /** Last packet of a picture; first one of a stretch of speech. */
  readonly marker: boolean;
  /** How loud it is: 0 loudest … 127 silent (RFC 6464 section 3); left out for pictures. */
  readonly audioLevel?: number | undefined;
  /** When it was captured; now when left out. Sound and picture that belong together need it on one clock. */
  readonly capturedAt?: Millis | undefined;
}

/**
 * A track whose packets are made in this process: a bot's, or the processed form of somebody's own.
 *
 * To its receivers it is like any other: it is repaired, muted, reported on and asked for keyframes (by the output
 * `keyframe_wanted`).
 *
 * @example
 * ```ts
 * import { PacketPool, portableCiphers, Sfu, silentLogger } from "@seameet/cli/sfu";
 * import { assertEquals } from "@std/assert";
 *
 * const sfu = new Sfu({
 *   random: { fill: (bytes) => crypto.getRandomValues(bytes) },
 *   ciphers: portableCiphers(),
 *   pool: new PacketPool(),
 *   fingerprint: "AB:".repeat(31) + "AB",
 *   candidates: () => [],
 *   limits: { maxRoomMembers: 25, maxRooms: 10, maxChatHistory: 100 },
 *   unixOriginMs: 0,
 *   e2ee: { required: false, joinTimeoutMs: 0 },
 *   logger: silentLogger,
 * });
 *
 * const id = crypto.randomUUID();
 * sfu.local.addParticipant("daily", { id }, 0);
 * const track = sfu.local.publish("daily", id, "microphone", "opus", 0);
 * // 20 ms of sound, as Opus wants it behind the RTP header.
 * track?.send({ payload: Uint8Array.of(0xf8, 0xff, 0xfe), timestamp: 960, marker: true, audioLevel: 30 }, 20);
 * assertEquals(track?.closed, false);
 * track?.close(40);
 * assertEquals(track?.closed, true);
 * ```
 */
export class LocalTrack {
  /** The participant. */
  readonly participant: ParticipantId;
  /**
   * Relates its time to ours.
   *
   * @internal
   */
  readonly clock: PublisherClock = new PublisherClock();
  /** Told by the host when receivers wait for a keyframe. */
  onKeyframeWanted: () => void = () => {};
  /**
   * What the others get.
   *
   * @internal
   */
  readonly track: PublishedTrack;
  readonly #core: Core;
  readonly #member: Member;
  #sequence = 0;
  #reportedAt: Millis | undefined;
  #closed = false;

  /** Made by `LocalMedia.publish`. */
  constructor(core: Core, member: Member, source: TrackSource, codec: LocalCodec) {
    this.#core = core;
    this.#member = member;
    this.participant = member.id;
    const codecs = [CODECS[codec]];
    this.track = new PublishedTrack({
      publisher: this,
      source,
      mid: "",
      ssrc: LOCAL_SSRC,
      codecs,
      extensions: EXTENSIONS,
    });
  }

  /** What it shows or sounds. */
  get source(): TrackSource {
    return this.track.source;
  }

  /** Whether it has ended: closed, replaced, or its member has gone. */
  get closed(): boolean {
    return this.#closed || this.#member.localTracks.get(this.source) !== this.track;
  }

  /** Whether anybody gets it: if not, nothing needs to be encoded. */
  get wanted(): boolean {
    return !this.closed && !this.track.muted && this.track.subscriptions.length > 0;
  }

  /**
   * A receiver of the track needs a keyframe.
   *
   * @internal
   */
  keyframeWanted(track: PublishedTrack, now: Millis): void {
    if (track.keyframes.shouldSend(now)) this.#core.outbox.push({ kind: "keyframe_wanted", track: this });
  }

  /** Sends one packet to all receivers; `false` when it does not fit into a datagram or the track has ended. */
  send(packet: LocalPacket, now: Millis): boolean {
    if (this.closed) return false;
    const { payload, timestamp, marker, audioLevel } = packet;
    const pooled = this.#core.options.pool.acquire();
    const { bytes } = pooled;
    const codec = this.track.codecs[0]!;
    writer.start(bytes, marker, codec.payloadType, this.#sequence & 0xffff, timestamp >>> 0, LOCAL_SSRC, false);
    if (audioLevel !== undefined) bytes[writer.extension(AUDIO_LEVEL_ID, 1)] = audioLevel & SILENT;
    const offset = writer.finish();
    pooled.length = offset + payload.length;
    if (pooled.length > bytes.length) {
      pooled.release();
      return false;
    }
    bytes.set(payload, offset);
    this.#sequence++;
    this.#noteTime(packet.capturedAt ?? now, timestamp >>> 0, now);
    view.parse(bytes, pooled.length);
    extensions.parse(view);
    if (this.source === "microphone") {
      hearOnFloor(this.#core, this.#member, this.track, audioLevel === undefined ? -1 : audioLevel & SILENT, now);
    }
    const result = this.track.receive(pooled, view, extensions, media, false, now);
    pooled.release();
    if (result === "ok" && this.source === "microphone" && audioLevel !== undefined && !this.track.muted) {
      this.#hear(audioLevel & SILENT, now);
    }
    return result === "ok";
  }

  /** Ends the track for everybody. Any number of times. */
  close(now: Millis): void {
    if (this.#closed) return;
    this.#closed = true;
    const { localTracks, room } = this.#member;
    if (localTracks.get(this.source) === this.track) localTracks.delete(this.source);
    this.track.close(now);
    if (room.members.get(this.#member.id) !== this.#member) return;
    if (this.#member.isLocal) announceLocal(this.#core, this.#member, this.source, false, now);
    else rewireRoom(this.#core, room, now);
  }

  #noteTime(capturedAt: Millis, timestamp: number, now: Millis): void {
    if (this.#reportedAt !== undefined && now - this.#reportedAt < REPORT_INTERVAL_MS) return;
    this.#reportedAt = now;
    const { unixOriginMs } = this.#core.options;
    // Made on our own clock, so it is neither ahead nor behind.
    this.clock.sample(ntpFromUnix(unixOriginMs + now), unixOriginMs + now);
    this.track.stats.handleSenderReport(ntpFromUnix(unixOriginMs + capturedAt), timestamp, now);
  }

  #hear(level: number, now: Millis): void {
    // Somebody whose voice is processed is heard at its own microphone already.
    if (!this.#member.isLocal) return;
    const { room, meter } = this.#member;
    meter?.level(level, now);
    this.#core.timers.wakeBy(room, room.speaker.nextTimeout());
  }
}
