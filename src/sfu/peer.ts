import type { ParticipantId, PeerId } from "../base/ids.ts";
import type { PooledPacket } from "../base/packet_pool.ts";
import { randomIceString, randomU32 } from "../base/random.ts";
import { type Millis, NEVER } from "../base/time.ts";
import { Backlog } from "../stream/backlog.ts";
import { TwccRecorder } from "../bandwidth/twcc_recorder.ts";
import type { Encoding } from "../room/encoding.ts";
import { MediaPacket } from "../room/media_packet.ts";
import type { PublishedTrack, Publisher } from "../room/published_track.ts";
import { PublisherClock } from "../room/publisher_clock.ts";
import type { RtpSink } from "../room/rtp_sink.ts";
import type { Subscription } from "../room/subscription.ts";
import { ExtensionIndex } from "../rtp/header_extension.ts";
import type { RtcpPacket } from "../rtp/rtcp.ts";
import { RtpView } from "../rtp/rtp_view.ts";
import { unwrapRtx } from "../rtp/rtx.ts";
import type { ParsedOffer } from "../sdp/negotiate.ts";
import type { Path } from "../transport/path.ts";
import type { PeerTransport } from "../transport/peer_transport.ts";
import type { Core } from "./core.ts";
import { ConnectionQuality } from "./connection_quality.ts";
import { IncomingStreams } from "./incoming_streams.ts";
import type { Member } from "./member.ts";
import { NetworkWatch } from "./network_watch.ts";
import { OutgoingRate } from "./outgoing_rate.ts";
import { handleRtcp, sendRtcp } from "./rtcp_router.ts";
import { Reports } from "./reports.ts";
import { hearOnFloor } from "./sound.ts";
import { Viewer } from "./viewer.ts";

/** Scratch space shared by all peers: one packet is read at a time. */
const view = new RtpView();
const extensions = new ExtensionIndex();
const media = new MediaPacket();

/** Names of the reasons that `SrtpSession` gives as numbers, for the counters. */
const SRTP_FAILURES = [
  "ok",
  "srtp_malformed",
  "srtp_authentication",
  "srtp_replay",
  "srtp_too_many_ssrcs",
  "srtp_closed",
];

/** Silence before a change of path that tells a broken path from one that was left while it still worked. */
const INTERRUPTION_MS: Millis = 300;

/** Length of the name that binds a peer's streams together in RTCP (RFC 7022 wants it short-lived and random). */
const CNAME_LENGTH = 16;

/**
 * The media path of one member: what comes in on it and what goes out.
 *
 * It is the publisher of the member's tracks and the sink of its subscriptions; loss, reports and keyframe requests
 * of this path are timed here.
 */
export class Peer implements RtpSink, Publisher {
  readonly id: PeerId;
  readonly member: Member;
  readonly transport: PeerTransport;
  readonly clock: PublisherClock = new PublisherClock();
  /** What the member sends, by SSRC. */
  readonly incoming: IncomingStreams;
  /** Every line that was ever negotiated, by mid: an SSRC belongs to its line for the session's life. */
  readonly lines: Map<string, Subscription> = new Map();
  /** The same lines by SSRC and by RTX SSRC, for feedback about them. */
  readonly linesBySsrc: Map<number, Subscription> = new Map();
  /** Our own SSRC in feedback. */
  readonly rtcpSsrc: number;
  readonly cname: string;
  readonly twcc: TwccRecorder = new TwccRecorder();
  readonly reports: Reports;
  /** What the member says it loses of what it is sent. */
  readonly network: NetworkWatch = new NetworkWatch();
  /** What the path to the member carries. */
  readonly outgoing: OutgoingRate;
  /** Which layers the member gets. */
  readonly viewer: Viewer;
  readonly quality: ConnectionQuality;
  /** The last offer that was accepted; the next one must fit it. */
  offer: ParsedOffer | undefined;
  canSend = false;
  /** How much waits on the way to the member, a `Backlog`; kept by `outgoing`. */
  backlog: number = Backlog.none;
  /** The same for screens, which all others pass. */
  screenBacklog: number = Backlog.none;
  /** Kept by the core's timer queue. */
  wakeAt: Millis = NEVER;
  readonly #core: Core;
  #heardAt: Millis = -Infinity;

  constructor(core: Core, member: Member, transport: PeerTransport) {
    this.#core = core;
    this.id = transport.id;
    this.member = member;
    this.transport = transport;
    this.rtcpSsrc = randomU32(core.options.random);
    this.cname = randomIceString(core.options.random, CNAME_LENGTH);
    this.incoming = new IncomingStreams(this);
    this.reports = new Reports(this, core.options.unixOriginMs);
    this.outgoing = new OutgoingRate(this, core);
    this.viewer = new Viewer(core, this);
    this.quality = new ConnectionQuality(core, this);
  }

  get participant(): ParticipantId {
    return this.member.id;
  }

  /** Takes an SRTP packet from the member's proven address and owns it. */
  handleRtp(packet: PooledPacket, now: Millis): void {
    const failure = this.transport.unprotectRtp(packet);
    if (failure < 0) this.#core.drops.add(SRTP_FAILURES[-failure] ?? "media_before_dtls");
    else {
      this.#heardAt = now;
      this.#handlePlainRtp(packet, now);
    }
    packet.release();
  }

  /** Takes an SRTCP packet from the member's proven address and owns it. */
  handleRtcp(packet: PooledPacket, now: Millis): void {
    const failure = this.transport.unprotectRtcp(packet);
    if (failure < 0) this.#core.drops.add(SRTP_FAILURES[-failure] ?? "media_before_dtls");
    else {
      this.#heardAt = now;
      handleRtcp(this.#core, this, packet, now);
    }
    packet.release();
  }

  /** Takes a plain packet over to send it, at once unless the path is limited. */
  sendRtp(packet: PooledPacket, now: Millis): void {
    if (this.outgoing.paces && this.outgoing.holds(packet, now)) return;
    this.depart(packet, now);
  }

  /** Stamps and encrypts a plain packet that leaves now, and queues it for the driver; owns it. */
  depart(packet: PooledPacket, now: Millis): void {
    if (packet.stampAt > 0) this.outgoing.stamp(packet, now);
    const { path } = this.transport;
    if (path === undefined || !this.transport.protectRtp(packet)) {
      this.#core.drops.add("not_sendable");
      packet.release();
      return;
    }
    this.#mediaFlows(now);
    this.#core.outbox.send(packet, path);
  }

  /** Gives back what waits of a line whose track has changed. */
  discard(ssrc: number, rtxSsrc: number | undefined): void {
    this.outgoing.discard(ssrc, rtxSsrc);
  }

  /** Counts what is left out because the path is full. */
  leftOut(reason: string): void {
    this.#core.drops.add(reason);
  }

  /** Everything that the member sends now, one encoding at a time. */
  encodings(): Encoding[] {
    const all: Encoding[] = [];
    for (const track of this.member.tracks.values()) all.push(...track.encodings);
    return all;
  }

  /** Feedback and reports to the member, in one datagram. */
  sendRtcp(packets: readonly RtcpPacket[]): void {
    sendRtcp(this.#core, this, packets);
  }

  keyframeWanted(track: PublishedTrack, now: Millis, encoding: Encoding): void {
    // An encoder that is switched off hears no request.
    if (track.asleep) this.member.layers.wake(track, now);
    if (this.canSend) this.#askForKeyframe(encoding, now);
  }

  /** Media can flow: everything that was waiting for it starts. */
  connected(now: Millis): void {
    this.canSend = true;
    for (const line of this.lines.values()) line.requestKeyframe(now);
    for (const encoding of this.encodings()) {
      if (encoding.keyframes.pending) this.#askForKeyframe(encoding, now);
    }
    this.arm(now);
  }

  /**
   * The member's datagrams come from elsewhere now.
   *
   * From another address it is another network, and nothing learnt about the old one holds; another port alone is the
   * same one behind a NAT that has forgotten us. After a pause pictures were lost both ways: more than can be repaired.
   */
  pathChanged(from: Path, to: Path, now: Millis): void {
    if (!this.canSend) return;
    if (from.address !== to.address || from.socket !== to.socket) this.outgoing.pathChanged(now);
    if (now - this.#heardAt < INTERRUPTION_MS) return;
    for (const line of this.lines.values()) if (line.format.kind === "video") line.requestKeyframe(now);
    for (const track of this.member.tracks.values()) if (track.kind === "video") track.requestKeyframe(now);
  }

  /** Does what has become due. */
  handleTimeout(now: Millis): void {
    if (this.canSend) {
      for (const encoding of this.encodings()) {
        this.#askForLost(encoding, now);
        this.#askForKeyframe(encoding, now);
      }
      this.outgoing.handleTimeout(now);
      if (this.twcc.nextTimeout() <= now) this.#sendTransportFeedback();
      this.reports.handleTimeout(now);
    }
    this.arm(now);
  }

  /** Sets the alarm for whatever is due next. */
  arm(now: Millis): void {
    let next = this.transport.nextTimeout();
    if (this.canSend) {
      next = Math.min(next, this.twcc.nextTimeout(), this.reports.nextTimeout(now), this.outgoing.nextTimeout(now));
      for (const { keyframes, nack } of this.encodings()) {
        next = Math.min(next, keyframes.nextTimeout(), nack?.nextTimeout() ?? NEVER);
      }
    }
    this.#core.timers.wakeBy(this, next);
  }

  #handlePlainRtp(packet: PooledPacket, now: Millis): void {
    const { drops, timers } = this.#core;
    if (!view.parse(packet.bytes, packet.length) || !extensions.parse(view)) {
      drops.add("rtp_malformed");
      return;
    }
    const stream = this.incoming.find(view, extensions, now);
    if (stream === undefined) {
      drops.add("unknown_ssrc");
      return;
    }
    const { encoding } = stream;
    const { track } = encoding;
    this.#recordArrival(track, now);
    if (stream.isRtx) {
      const codec = track.codecs.find((candidate) => candidate.rtxPayloadType === view.payloadType);
      const length = codec === undefined ? -1 : unwrapRtx(packet.bytes, view, encoding.ssrc, codec.payloadType);
      // Browsers probe for bandwidth with RTX packets that hold nothing.
      if (length < 0) return;
      packet.length = length;
    }
    if (track.source === "microphone") this.#takeFloor(track, now);
    const result = encoding.receive(packet, view, extensions, media, stream.isRtx, now);
    if (result === "ok" && track.source === "microphone" && media.audioLevel >= 0 && !track.muted) {
      this.#hear(media.audioLevel & 0x7f, now);
    } else if (result !== "ok" && result !== "padding") drops.add(result);
    const { nack } = encoding;
    if (nack !== undefined && nack.outstanding > 0) {
      const at = nack.nextTimeout();
      if (at <= now) this.#askForLost(encoding, now);
      else timers.wakeBy(this, at);
    }
    this.#mediaFlows(now);
  }

  /** Sees to it that reports go out; costs a look at a flag once they are on their way. */
  #mediaFlows(now: Millis): void {
    if (this.reports.active) return;
    this.reports.active = true;
    this.#core.timers.wakeBy(this, this.reports.nextTimeout(now));
  }

  #recordArrival(track: PublishedTrack, now: Millis): void {
    const id = track.extensions.transportSequence;
    const at = id === 0 ? -1 : extensions.offsetOf(id);
    if (at < 0 || extensions.lengthOf(id) < 2) return;
    this.twcc.record((view.bytes[at]! << 8) | view.bytes[at + 1]!, now);
    this.#core.timers.wakeBy(this, this.twcc.nextTimeout());
  }

  /** In a large room not everybody has a line: this packet may be the one that gets one. */
  #takeFloor(track: PublishedTrack, now: Millis): void {
    const id = track.extensions.audioLevel;
    const at = id === 0 ? -1 : extensions.offsetOf(id);
    hearOnFloor(this.#core, this.member, track, at < 0 ? -1 : view.bytes[at]! & 0x7f, now);
  }

  #hear(level: number, now: Millis): void {
    const { room, meter } = this.member;
    meter?.level(level, now);
    this.#core.timers.wakeBy(room, room.speaker.nextTimeout());
  }

  #askForLost(encoding: Encoding, now: Millis): void {
    const { nack } = encoding;
    const missing = nack?.due(now) ?? [];
    if (missing.length > 0) {
      const mediaSsrc = encoding.ssrc;
      this.sendRtcp([{ kind: "nack", senderSsrc: this.rtcpSsrc, mediaSsrc, sequenceNumbers: [...missing] }]);
    }
    const saved = nack?.takeSaved() ?? 0;
    if (saved > 0) this.#core.drops.add("nack_budget", saved);
    if (nack?.takeKeyframeNeeded()) encoding.requestKeyframe(now);
    if (nack !== undefined) this.#core.timers.wakeBy(this, nack.nextTimeout());
  }

  #askForKeyframe(encoding: Encoding, now: Millis): void {
    if (encoding.keyframes.shouldSend(now)) {
      this.sendRtcp([{ kind: "pli", senderSsrc: this.rtcpSsrc, mediaSsrc: encoding.ssrc }]);
    }
    this.#core.timers.wakeBy(this, encoding.keyframes.nextTimeout());
  }

  #sendTransportFeedback(): void {
    const [first] = this.member.tracks.values();
    for (;;) {
      const feedback = this.twcc.feedback(this.rtcpSsrc, first?.ssrc ?? 0);
      if (feedback === undefined) return;
      this.sendRtcp([feedback]);
    }
  }
}
