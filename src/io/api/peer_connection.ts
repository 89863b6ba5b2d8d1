import { SeaMeetError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { EventHub, type EventStream } from "../event_hub.ts";
import type { EngineKind } from "../native/choose_engine.ts";
import type { AnsweringSide } from "./answering_side.ts";
import type { OfferingSide } from "./offering_side.ts";
import type { OutgoingRtp, PeerEvent, PeerSide } from "./peer_events.ts";

/** Options of a `PeerConnection`. */
export interface PeerConnectionOptions {
  /** Media port of the side that answers; 0 (the default) picks a free one. */
  readonly udpPort?: number;
  /** Addresses under which the answering side is reached from outside. */
  readonly publicIp?: string | readonly string[];
  /** Local addresses of the answering side; every usable one by default. */
  readonly mediaAddresses?: readonly string[];
  /** What moves and encrypts packets (`auto`). */
  readonly engine?: EngineKind;
  /** How many events wait for a slow subscriber before it loses the oldest (256). */
  readonly eventBuffer?: number;
  /** Where log lines go; nowhere by default. */
  readonly logger?: Logger;
}

/** Which way a new line goes. */
export type TrackDirection = "sendonly" | "recvonly" | "sendrecv";

/**
 * One WebRTC session on UDP sockets of its own, with packets instead of rooms: for gateways and tests.
 *
 * It has one of two roles. With `acceptOffer` it answers, as a server does (ICE-lite, the passive side of DTLS): browsers
 * can offer; of each kind, the first line that sends is received, and what is written goes out on a line that only
 * receives. With `addLine`, `createOffer` and `setAnswer` it offers to such a server, or to a full ICE agent, which must
 * answer `a=setup:passive`.
 *
 * @example Both ends in one process
 * ```ts
 * import { PeerConnection } from "@seameet/cli";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = new PeerConnection({ mediaAddresses: ["127.0.0.1"] });
 * await using client = new PeerConnection();
 * const mid = await client.addLine("audio", "sendonly");
 * const events = client.events();
 * await client.setAnswer(await server.acceptOffer(await client.createOffer()));
 * assertEquals((await events.next()).value, { type: "mediaAdded", mid, kind: "audio", direction: "send" });
 * assertEquals((await events.next()).value, { type: "connected" });
 *
 * const received = server.events();
 * client.writeRtp({ mid, payload: Uint8Array.of(0xf8, 0xff, 0xfe), timestamp: 960, marker: true });
 * for await (const event of received) {
 *   if (event.type !== "rtpReceived") continue;
 *   assertEquals([...event.packet.payload], [0xf8, 0xff, 0xfe]);
 *   break;
 * }
 * ```
 */
export class PeerConnection implements AsyncDisposable {
  readonly #options: PeerConnectionOptions;
  readonly #hub: EventHub<PeerEvent>;
  #offering: Promise<OfferingSide> | undefined;
  #answering: Promise<AnsweringSide> | undefined;
  #side: PeerSide | undefined;
  #closing: Promise<void> | undefined;

  /** Opens nothing yet. */
  constructor(options: PeerConnectionOptions = {}) {
    this.#options = options;
    this.#hub = new EventHub(options.eventBuffer);
  }

  /** Everything that happens from now on, packets included, for any number of subscribers. */
  events(): EventStream<PeerEvent> {
    return this.#hub.subscribe();
  }

  /** Calls `observer` with each event at once; returns what ends that. */
  observe(observer: (event: PeerEvent) => void): () => void {
    return this.#hub.observe(observer);
  }

  /**
   * Answers an offer, the first one or a later one.
   *
   * @throws {SeaMeetError} `peer_connection` when it cannot be used or this side offers; `closed`
   */
  async acceptOffer(sdp: string): Promise<string> {
    if (this.#offering !== undefined) throw wrongRole("answer", "offers");
    this.#checkOpen();
    this.#answering ??= import("./answering_side.ts").then(({ AnsweringSide }) =>
      AnsweringSide.open(this.#options, (event) => this.#emit(event))
    );
    const side = this.#side = await this.#answering;
    this.#checkOpen();
    return await side.acceptOffer(sdp);
  }

  /**
   * Adds a media line to the next offer; returns its `mid`.
   *
   * @throws {SeaMeetError} `peer_connection` when this side answers, `closed`
   */
  async addLine(kind: "audio" | "video", direction: TrackDirection): Promise<string> {
    return (await this.#offerer()).addLine(kind, direction);
  }

  /** Writes an offer with all lines. @throws {SeaMeetError} `peer_connection` when this side answers, `closed` */
  async createOffer(): Promise<string> {
    return (await this.#offerer()).createOffer();
  }

  /** Takes the answer to the last offer. @throws {SeaMeetError} `peer_connection` when it does not fit, `closed` */
  async setAnswer(sdp: string): Promise<void> {
    (await this.#offerer()).setAnswer(sdp);
  }

  /**
   * Takes a candidate line of the other side. The answering side needs none: the other one checks towards it, and that
   * shows where it is.
   */
  addIceCandidate(candidate: string): void {
    this.#side?.addIceCandidate(candidate);
  }

  /** Sends a packet, numbered and encrypted; `false` when the line does not send, or not now. */
  writeRtp(packet: OutgoingRtp): boolean {
    return this.#side?.writeRtp(packet) ?? false;
  }

  /** Asks for a keyframe of what comes on a line. */
  requestKeyframe(mid: string): void {
    this.#side?.requestKeyframe(mid);
  }

  /** Ends it: `disconnected` is the last event. Any number of times. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** The same as `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const side = await (this.#offering ?? this.#answering)?.catch(() => undefined);
    await side?.close();
    this.#hub.close();
  }

  async #offerer(): Promise<OfferingSide> {
    if (this.#answering !== undefined) throw wrongRole("offer", "answers");
    this.#checkOpen();
    this.#offering ??= import("./offering_side.ts").then(({ OfferingSide }) =>
      OfferingSide.open(this.#options, (event) => this.#emit(event))
    );
    const side = await this.#offering;
    this.#checkOpen();
    this.#side = side;
    return side;
  }

  #emit(event: PeerEvent): void {
    this.#hub.emit(event);
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new SeaMeetError("closed", "The connection has been closed");
  }
}

function wrongRole(verb: string, does: string): SeaMeetError {
  return new SeaMeetError("peer_connection", `Cannot ${verb}: this side ${does}`);
}
