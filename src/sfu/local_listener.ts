import type { PooledPacket } from "../base/packet_pool.ts";
import { Backlog } from "../stream/backlog.ts";
import type { Millis } from "../base/time.ts";
import { PASSED_EXTENSIONS } from "../room/media_packet.ts";
import { ALL_TEMPORAL } from "../room/layer_selector.ts";
import type { PublishedTrack } from "../room/published_track.ts";
import type { LineFormat } from "../room/line_format.ts";
import { Subscription } from "../room/subscription.ts";
import { kindOf, type TrackSource } from "../room/track_source.ts";
import type { SenderReport } from "../rtp/rtcp.ts";
import { RtpView } from "../rtp/rtp_view.ts";
import type { Core } from "./core.ts";
import type { Member } from "./member.ts";

/** Nobody sees it: what it belongs to is known without. */
const LISTENER_SSRC = 1;

/** Takes a packet in. It may be read during the call only, and the core must not be called from inside it. */
export type HearPacket = (packet: HeardPacket, now: Millis) => void;

/** A plain packet as a listener gets it; one object is filled again for each. */
export interface HeardPacket {
  /** Header fields and where the payload lies. */
  readonly view: RtpView;
  /** Name of the codec: `opus`, `VP8`, … */
  readonly codec: string;
  /** The codec's RTP clock. */
  readonly clockRateHz: number;
}

const view = new RtpView();
const heard: { view: RtpView; codec: string; clockRateHz: number } = { view, codec: "", clockRateHz: 0 };

/**
 * Hears one source of one member inside this process.
 *
 * It is a subscription like that of any receiver, so that it gets one stream without jumps while the member mutes,
 * starts again or changes quality; and a track that nobody hears costs nothing.
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
 * const heard: number[] = [];
 * const listener = sfu.local.listen("daily", id, "microphone", ({ view }) => heard.push(view.timestamp), 0);
 * const track = sfu.local.publish("daily", id, "microphone", "opus", 0);
 * track?.send({ payload: Uint8Array.of(0xf8, 0xff, 0xfe), timestamp: 960, marker: true }, 20);
 * assertEquals(heard.length, 1);
 * listener?.close(20);
 * ```
 */
export class LocalListener {
  /** It takes packets at any time. */
  readonly canSend = true;
  /** No network is in between. */
  readonly backlog: number = Backlog.none;
  /** The same for screens. */
  readonly screenBacklog: number = Backlog.none;
  /** What it hears. */
  readonly source: TrackSource;
  /** It hears what the others get, not what its member sends: they differ where media is processed here. */
  readonly asOthers: boolean;
  readonly #core: Core;
  readonly #member: Member;
  readonly #onPacket: HearPacket;
  #subscription: Subscription | undefined;
  #closed = false;

  /** Made by `LocalMedia.listen`. */
  constructor(core: Core, member: Member, source: TrackSource, onPacket: HearPacket, asOthers: boolean) {
    this.asOthers = asOthers;
    this.#core = core;
    this.#member = member;
    this.source = source;
    this.#onPacket = onPacket;
  }

  /** Whether it hears nothing any more: closed, or its member has gone. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Puts the listener on the track that its source has now. */
  update(now: Millis): void {
    const { source } = this;
    this.#attach(this.asOthers ? this.#member.outgoing(source) : this.#member.original(source), now);
  }

  #attach(track: PublishedTrack | undefined, now: Millis): void {
    if (this.#closed) return;
    if (this.#subscription?.track === track) return this.#takeBest(now);
    if (track === undefined) {
      this.#subscription?.attach(undefined, now);
      return;
    }
    const format = formatFor(track);
    if (this.#subscription === undefined) {
      const { pool, random } = this.#core.options;
      this.#subscription = new Subscription(format, this, pool, random);
    } else this.#subscription.renegotiate(format);
    this.#subscription.attach(track, now);
    this.#takeBest(now);
  }

  /** No network is in between: of several encodings the best that comes is heard. */
  #takeBest(now: Millis): void {
    const { track, target } = this.#subscription ?? {};
    const best = track?.layers.findLast((layer) => layer.isAlive(now));
    if (best !== undefined && best !== target) this.#subscription?.select(best, ALL_TEMPORAL, now);
  }

  /** Takes a packet over and shows it to the listener. */
  sendRtp(packet: PooledPacket, now: Millis): void {
    const track = this.#subscription?.track;
    const codec = track !== undefined && view.parse(packet.bytes, packet.length)
      ? track.codecOf(view.payloadType)
      : undefined;
    if (codec !== undefined) {
      heard.codec = codec.name;
      heard.clockRateHz = codec.clockRateHz;
      this.#onPacket(heard, now);
    }
    packet.release();
  }

  /** Nothing waits. */
  discard(): void {}

  /** Nothing is left out. */
  leftOut(): void {}

  /** Asks the member for a keyframe. */
  requestKeyframe(now: Millis): void {
    this.#subscription?.requestKeyframe(now);
  }

  /** What the stream's clock reads now, on our wall clock; `undefined` before the member's first sender report. */
  senderReport(now: Millis): SenderReport | undefined {
    return this.#subscription?.senderReport(this.#core.options.unixOriginMs + now, now);
  }

  /** Stops hearing. Any number of times. */
  close(now: Millis): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#member.listeners.delete(this);
    this.#subscription?.attach(undefined, now);
  }
}

function formatFor(track: PublishedTrack): LineFormat {
  return {
    mid: "",
    kind: kindOf(track.source),
    ssrc: LISTENER_SSRC,
    rtxSsrc: undefined,
    // Nothing is lost inside this process: redundant sound is taken apart.
    codecs: track.codecs.filter(({ encloses }) => encloses === undefined),
    extensions: { mid: 0, audioLevel: 0, transportSequence: 0, passed: PASSED_EXTENSIONS.map(() => 0) },
    mixedExtensions: false,
  };
}
