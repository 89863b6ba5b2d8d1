import { SeaMeetError } from "../../base/errors.ts";
import type { PacketPool, PooledPacket } from "../../base/packet_pool.ts";
import { randomIceString, type RandomSource, randomU32 } from "../../base/random.ts";
import { type Millis, NEVER } from "../../base/time.ts";
import { TwccRecorder } from "../../bandwidth/twcc_recorder.ts";
import { EXTENSION_URI, ExtensionIndex, readExtensionText } from "../../rtp/header_extension.ts";
import { RtpView } from "../../rtp/rtp_view.ts";
import { unwrapRtx } from "../../rtp/rtx.ts";
import { parseCandidate } from "../../sdp/candidate.ts";
import { type AnsweredLine, parseAnswer, writeOffer } from "../../sdp/offer_builder.ts";
import type { Direction } from "../../sdp/session_description.ts";
import type { CipherProvider } from "../../transport/cipher_provider.ts";
import { Path } from "../../transport/path.ts";
import {
  type ClientLine,
  type LineOptions,
  type LineStats,
  NAME_LENGTH,
  PeerLine,
  type ReceivedRtp,
} from "./client_line.ts";
import { type ClientPeerState, ClientTransport } from "./client_transport.ts";
import type { ClientIdentity } from "./dtls_client.ts";
import { IncomingTrack } from "./incoming_track.ts";
import { OutgoingTrack } from "./outgoing_track.ts";
import { PeerReports } from "./peer_reports.ts";

export type { ClientLine, ClientPeerState, LineOptions, LineStats, ReceivedRtp };

/** M-lines of one peer: the most that the server takes. */
export const MAX_LINES = 256;

/** Scratch space shared by all peers: one packet is read at a time. */
const view = new RtpView();
const extensions = new ExtensionIndex();

/** What a peer needs of the world; `PeerNetwork` is one. */
export interface PeerHost {
  readonly pool: PacketPool;
  readonly ciphers: CipherProvider;
  readonly random: RandomSource;
  /** Milliseconds since 1970 when the clock stood at 0. */
  readonly unixOriginMs: number;
  now(): Millis;
  /** Opens a socket that reaches an address, unless there is one; `false` when there can be none. */
  reaches(peer: ClientPeer, address: string): boolean;
  /** Sends a datagram at the end of this turn, and owns it. */
  send(peer: ClientPeer, packet: PooledPacket, path: Path): void;
  /** Calls `handleTimeout` at `at` or before. */
  wakeBy(peer: ClientPeer, at: Millis): void;
  /** The peer is over: its sockets can go. */
  release(peer: ClientPeer): void;
}

/**
 * Our engine as a client of a server that is ICE-lite and the passive side of DTLS: offers, media both ways, feedback.
 *
 * Add lines, send `createOffer()` to the server, hand its answer to `acceptAnswer()`; more lines and another offer at any
 * time. Each peer has UDP sockets of its own, since a server tells clients apart by their addresses.
 */
export class ClientPeer {
  /** Hears of each new state. */
  onState: (state: ClientPeerState) => void = () => {};
  /** Gets each packet of media, in the order of arrival, retransmissions included. */
  onRtp: (mid: string, packet: ReceivedRtp) => void = () => {};
  /** The server asks for a keyframe of a line that we send on. */
  onKeyframeRequest: (mid: string) => void = () => {};
  /** Kept by the network's timer queue. */
  wakeAt: Millis = NEVER;
  readonly #host: PeerHost;
  readonly #identity: ClientIdentity;
  readonly #transport: ClientTransport;
  readonly #reports: PeerReports;
  readonly #twcc = new TwccRecorder();
  readonly #lines: PeerLine[] = [];
  readonly #bySsrc = new Map<number, PeerLine>();
  readonly #sessionId: string;
  readonly #cname: string;
  readonly #rtcpSsrc: number;
  #offered: readonly PeerLine[] | undefined;
  #offers = 0;
  #transportSequence = 0;

  /** Use `PeerNetwork.createPeer`. */
  constructor(host: PeerHost, identity: ClientIdentity) {
    const { random } = host;
    this.#host = host;
    this.#identity = identity;
    this.#sessionId = String(randomU32(random));
    this.#cname = randomIceString(random, NAME_LENGTH);
    this.#rtcpSsrc = randomU32(random);
    this.#reports = new PeerReports(this.#rtcpSsrc, this.#cname, host.unixOriginMs);
    this.#transport = new ClientTransport({
      random,
      ciphers: host.ciphers,
      identity,
      pool: host.pool,
      send: (packet, path) => host.send(this, packet, path),
      onState: (state) => this.#changed(state),
    });
  }

  /** Where it is in its life. */
  get state(): ClientPeerState {
    return this.#transport.state;
  }

  /** Why it failed, as a stable word; `undefined` unless `state` is `failed`. */
  get error(): string | undefined {
    return this.#transport.error;
  }

  /** All m-lines, in order. */
  get lines(): readonly ClientLine[] {
    return this.#lines;
  }

  /** Datagrams that came and were not for us, or not authentic. */
  get dropped(): number {
    return this.#transport.dropped;
  }

  /**
   * Adds an m-line to the next offer.
   *
   * @throws {SeaMeetError} `peer_connection` when there are 256 already
   */
  addLine(options: LineOptions): ClientLine {
    if (this.#lines.length >= MAX_LINES) {
      throw new SeaMeetError("peer_connection", `Cannot add an m-line: there are ${MAX_LINES} already`);
    }
    const line = new PeerLine(String(this.#lines.length), options, this.#host.random);
    this.#lines.push(line);
    return line;
  }

  /** Changes what the next offer wants on a line; `inactive` stops it. */
  setDirection(mid: string, direction: Direction): void {
    const line = this.#line(mid);
    if (line !== undefined) line.direction = direction;
  }

  /** Makes new ICE credentials: the next offer looks for a new path. */
  restartIce(): void {
    this.#transport.ice.restart();
  }

  /** Writes an offer with all lines. */
  createOffer(): string {
    this.#offered = [...this.#lines];
    const { ice } = this.#transport;
    return writeOffer({
      ufrag: ice.localUfrag,
      pwd: ice.localPwd,
      fingerprint: this.#identity.fingerprint,
      sessionId: this.#sessionId,
      sessionVersion: ++this.#offers,
      cname: this.#cname,
      lines: this.#lines,
    });
  }

  /**
   * Takes the answer to the last offer; the first one starts the connection.
   *
   * @throws {SeaMeetError} `peer_connection` when it does not fit the offer, or names another certificate than before
   */
  acceptAnswer(sdp: string): void {
    if (this.#offered === undefined) {
      throw new SeaMeetError("peer_connection", "Cannot accept an answer: no offer is out");
    }
    const answer = parseAnswer(sdp, this.#offered);
    if ("reason" in answer) throw new SeaMeetError("peer_connection", answer.message);
    if (this.state === "failed" || this.state === "closed") return;
    const paths = answer.candidates.filter(({ address }) => this.#host.reaches(this, address))
      .map(({ address, port }) => new Path(0, address, port));
    const now = this.#host.now();
    if (!this.#transport.setRemote(answer, paths, now)) {
      throw new SeaMeetError("peer_connection", "Cannot accept an answer with another certificate than before");
    }
    for (const [i, line] of answer.lines.entries()) this.#negotiated(this.#offered[i]!, line);
    this.#offered = undefined;
    this.handleTimeout(now);
  }

  /** Takes a candidate of the server that came after its answer; `false` when it cannot be used, or is known. */
  addCandidate(line: string): boolean {
    const candidate = parseCandidate(line);
    if (candidate?.transport !== "udp" || !this.#host.reaches(this, candidate.address)) return false;
    const now = this.#host.now();
    const added = this.#transport.ice.addPath(new Path(0, candidate.address, candidate.port), now);
    if (added) this.handleTimeout(now);
    return added;
  }

  /**
   * Sends one packet on a line; numbers, extensions and encryption are added.
   *
   * @param timestamp 32 bits of the codec's clock.
   * @param audioLevel RFC 6464: 0 loudest … 127 silence; left out: not said.
   * @returns `false` when it was not sent: not connected, the line is not for sending, or more than 1,200 bytes.
   */
  sendRtp(mid: string, payload: Uint8Array, timestamp: number, marker: boolean, audioLevel: number = -1): boolean {
    if (this.state !== "connected") return false;
    const now = this.#host.now();
    const sent = this.#line(mid)?.outgoing?.send(payload, timestamp, marker, audioLevel, now) ?? false;
    if (sent && this.#reports.wake(now)) this.#host.wakeBy(this, this.#reports.nextTimeout());
    return sent;
  }

  /** Asks for a keyframe of what comes on a line; repeated until one has come. */
  requestKeyframe(mid: string): void {
    const incoming = this.#line(mid)?.incoming;
    if (incoming === undefined || this.state !== "connected") return;
    const now = this.#host.now();
    incoming.keyframes.request(now);
    this.handleTimeout(now);
  }

  /** What went over each line so far. */
  stats(): LineStats[] {
    return this.#lines.map((line) => line.stats());
  }

  /** Ends it; works any number of times. */
  close(): void {
    this.#transport.close();
  }

  /** Takes a datagram and owns its packet. */
  handleDatagram(packet: PooledPacket, address: string, port: number): void {
    const now = this.#host.now();
    const kind = this.#transport.handleDatagram(packet, 0, address, port, now);
    if (kind === "rtp") this.#handleRtp(packet, now);
    else if (kind === "rtcp") this.#handleRtcp(packet, now);
    packet.release();
    if (kind !== "rtp") this.#arm();
  }

  /** Does what has become due. */
  handleTimeout(now: Millis): void {
    this.#transport.handleTimeout(now);
    if (this.state === "connected") {
      for (const line of this.#lines) this.#askFor(line, now);
      for (;;) {
        if (this.#twcc.nextTimeout() > now) break;
        const feedback = this.#twcc.feedback(this.#rtcpSsrc, 0);
        if (feedback === undefined) break;
        this.#transport.sendRtcp([feedback]);
      }
      for (const packets of this.#reports.due(this.#lines, now)) this.#transport.sendRtcp(packets);
    }
    this.#arm();
  }

  #line(mid: string): PeerLine | undefined {
    return this.#lines.find((line) => line.mid === mid);
  }

  #changed(state: ClientPeerState): void {
    if (state === "failed" || state === "closed") {
      for (const line of this.#lines) line.outgoing?.close();
      this.#host.release(this);
    }
    this.onState(state);
  }

  #negotiated(line: PeerLine, answer: AnsweredLine): void {
    line.answer = answer;
    if (answer.weSend && line.outgoing === undefined) {
      line.outgoing = new OutgoingTrack(
        {
          pool: this.#host.pool,
          nextTransportSequence: () => this.#transportSequence = (this.#transportSequence + 1) & 0xffff,
          sendRtp: (packet) => this.#transport.sendRtp(packet),
        },
        line,
        this.#host.random,
      );
    }
    line.outgoing?.negotiated(answer);
    if (answer.weReceive && answer.ssrc !== undefined && line.incoming?.ssrc !== answer.ssrc) {
      this.#listen(line, answer.ssrc, answer);
    }
  }

  #listen(line: PeerLine, ssrc: number, answer: AnsweredLine): void {
    line.incoming = new IncomingTrack(ssrc, answer);
    this.#bySsrc.set(ssrc, line);
    if (answer.rtxSsrc !== undefined) this.#bySsrc.set(answer.rtxSsrc, line);
  }

  #handleRtp(packet: PooledPacket, now: Millis): void {
    if (!view.parse(packet.bytes, packet.length) || !extensions.parse(view)) return;
    const line = this.#bySsrc.get(view.ssrc) ?? this.#learn();
    const incoming = line?.incoming;
    if (line === undefined || incoming === undefined) return;
    const { answer } = line;
    this.#recordArrival(answer?.extensions.get(EXTENSION_URI.transportSequence) ?? 0, now);
    const repaired = view.ssrc === incoming.rtxSsrc;
    if (repaired) {
      if (view.payloadType !== incoming.rtxPayloadType) return;
      packet.length = unwrapRtx(packet.bytes, view, incoming.ssrc, incoming.payloadType);
      if (packet.length < 0) return;
    }
    if (view.payloadType !== incoming.payloadType || view.payloadLength === 0) return;
    const sequence = incoming.receive(view, repaired, now);
    if (sequence < 0) return;
    if (this.#reports.wake(now)) this.#host.wakeBy(this, this.#reports.nextTimeout());
    if (incoming.nextTimeout() <= now) this.#askFor(line, now);
    else this.#host.wakeBy(this, incoming.nextTimeout());
    this.onRtp(line.mid, this.#received(packet, sequence, repaired, answer, now));
  }

  #received(
    packet: PooledPacket,
    sequence: number,
    repaired: boolean,
    answer: AnsweredLine | undefined,
    at: Millis,
  ): ReceivedRtp {
    const level = extensions.offsetOf(answer?.extensions.get(EXTENSION_URI.audioLevel) ?? 0);
    return {
      payload: packet.bytes.subarray(view.payloadOffset, view.payloadOffset + view.payloadLength),
      payloadType: view.payloadType,
      ssrc: view.ssrc,
      sequence,
      timestamp: view.timestamp,
      marker: view.marker,
      repaired,
      audioLevel: level < 0 ? undefined : packet.bytes[level]! & 0x7f,
      at,
    };
  }

  /** A server that does not announce its SSRCs says by the mid what a packet belongs to. */
  #learn(): PeerLine | undefined {
    for (const line of this.#lines) {
      const { answer } = line;
      const id = answer?.extensions.get(EXTENSION_URI.mid) ?? 0;
      const at = id === 0 ? -1 : extensions.offsetOf(id);
      if (answer === undefined || !answer.weReceive || line.incoming !== undefined || at < 0) continue;
      if (readExtensionText(view.bytes, at, extensions.lengthOf(id)) !== line.mid) continue;
      if (answer.codecs[0]?.payloadType === view.payloadType) this.#listen(line, view.ssrc, answer);
      return line;
    }
    return undefined;
  }

  #recordArrival(id: number, now: Millis): void {
    const at = id === 0 ? -1 : extensions.offsetOf(id);
    if (at < 0 || extensions.lengthOf(id) < 2) return;
    this.#twcc.record((view.bytes[at]! << 8) | view.bytes[at + 1]!, now);
    this.#host.wakeBy(this, this.#twcc.nextTimeout());
  }

  #handleRtcp(packet: PooledPacket, now: Millis): void {
    for (const event of this.#reports.read(packet, this.#lines, now)) {
      if (event.kind === "keyframe") this.onKeyframeRequest(event.mid);
      else this.#line(event.mid)?.outgoing?.retransmit(event.sequenceNumbers, now);
    }
  }

  #askFor(line: PeerLine, now: Millis): void {
    const { incoming } = line;
    if (incoming === undefined) return;
    const { ssrc: mediaSsrc } = incoming;
    const missing = incoming.nack?.due(now) ?? [];
    if (missing.length > 0) {
      this.#transport.sendRtcp([
        { kind: "nack", senderSsrc: this.#rtcpSsrc, mediaSsrc, sequenceNumbers: [...missing] },
      ]);
    }
    if (incoming.nack?.takeKeyframeNeeded()) incoming.keyframes.request(now);
    if (incoming.keyframes.shouldSend(now)) {
      this.#transport.sendRtcp([{ kind: "pli", senderSsrc: this.#rtcpSsrc, mediaSsrc }]);
    }
    this.#host.wakeBy(this, incoming.nextTimeout());
  }

  #arm(): void {
    let next = this.#transport.nextTimeout();
    if (this.state === "connected") {
      next = Math.min(next, this.#twcc.nextTimeout(), this.#reports.nextTimeout());
      for (const { incoming } of this.#lines) if (incoming !== undefined) next = Math.min(next, incoming.nextTimeout());
    }
    this.#host.wakeBy(this, next);
  }
}
