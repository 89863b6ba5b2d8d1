import type { ParticipantId, RoomId } from "../../base/ids.ts";
import type { Scheduler } from "../../base/scheduler.ts";
import type { Millis } from "../../base/time.ts";
import { type Continuation, Continuity } from "../../signaling/continuity.ts";
import { decodeServerMessage } from "../../signaling/decode_server.ts";
import type { ClientMessage, ReadyMessage, ServerMessage } from "../../signaling/messages.ts";
import type { NumberedMessage } from "../../signaling/numbered.ts";
import { SignalingLink } from "../../signaling/signaling_link.ts";
import { systemClock } from "../clock.ts";
import { mayComeBack } from "./end_rules.ts";

/** What is reported for a line that broke (RFC 6455 section 7.4.1). */
const ABNORMAL_CLOSURE = 1006;

/** The machine's timers. */
const systemScheduler: Scheduler = { after: (delay, callback) => systemClock.schedule(delay, callback) };

/** Where and as whom to join. */
export interface RoomSignalingOptions {
  /** Address of the server, `ws:` or `wss:`. */
  readonly url: string;
  readonly participant: ParticipantId;
  readonly room: RoomId;
  readonly displayName: string | undefined;
  readonly token: string | undefined;
  /** Whether a lost connection is made again. */
  readonly reconnects: boolean;
}

/** What the signaling of a room tells its owner. */
export interface RoomSignalingEvents {
  /** A message came. */
  received(message: ServerMessage): void;
  /** The connection is lost, another try follows after `delay` milliseconds. */
  lost(delay: Millis): void;
  /** It is over for good. */
  ended(code: number, reason: string): void;
}

/**
 * The signaling of one participant in one room: joins, and goes on with the session when the connection was lost, over
 * the link and with the counts that the browser client has too.
 */
export class RoomSignaling {
  readonly #options: RoomSignalingOptions;
  readonly #events: RoomSignalingEvents;
  readonly #continuity = new Continuity();
  readonly #link: SignalingLink;
  #socket: WebSocket | undefined;
  #wasJoined = false;

  /** Does nothing before `open`. */
  constructor(options: RoomSignalingOptions, events: RoomSignalingEvents) {
    this.#options = options;
    this.#events = events;
    this.#link = new SignalingLink({
      url: options.url,
      scheduler: systemScheduler,
      random: Math.random,
      createSocket: (url) => this.#socket = new WebSocket(url),
      onOpen: () => this.#join(),
      onText: (text) => this.#receive(text),
      onDown: (code, reason) => this.#down(code === 0 ? ABNORMAL_CLOSURE : code, reason),
      onRetry: ({ retryInMs }) => events.lost(retryInMs),
    });
  }

  /**
   * Connects and joins, the first time perhaps over a socket that is open already (if it still is).
   *
   * @throws {SyntaxError} when the address is none of a WebSocket
   */
  open(present?: WebSocket): void {
    this.#socket = present;
    this.#link.open(present);
  }

  /** Sends a message; `false` when there is no connection now. One that must not be lost is said again after a loss. */
  send(message: ClientMessage): boolean {
    this.#continuity.sent(message);
    return this.#link.send(message);
  }

  /** The server has taken us in. @returns what of the session before goes on */
  begin(ready: ReadyMessage): Continuation {
    const continuation = this.#continuity.begin(ready);
    this.#wasJoined = true;
    this.#link.markJoined(this.#continuity.isKept);
    return continuation;
  }

  /** Says again what the server has not heard. */
  repeat(messages: readonly NumberedMessage[]): void {
    for (const message of messages) if (message.type !== "moderated") this.#link.send(message);
  }

  /** Gives up this connection and tries again later, where we were in the room before: the server could not take us now. */
  tryLater(): void {
    if (this.#wasJoined) this.#link.restart();
  }

  /** Ends it; returns when the socket is closed. */
  async stop(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#link.stop();
    if (socket === undefined || socket.readyState === WebSocket.CLOSED) return;
    await new Promise((resolve) => socket.addEventListener("close", resolve, { once: true }));
  }

  #join(): void {
    const { participant, room, displayName, token } = this.#options;
    this.#link.send({
      type: "join",
      participant,
      room_id: room,
      capabilities: ["track_map", "resume"],
      ...(displayName === undefined ? {} : { display_name: displayName }),
      ...(token === undefined ? {} : { token }),
      ...this.#continuity.joinFields,
    });
  }

  #receive(text: string): void {
    const message = decodeServerMessage(text);
    if (message === undefined) return;
    this.#continuity.received(message);
    this.#events.received(message);
  }

  #down(code: number, reason: string): boolean {
    // It may be dead rather than closed: nobody waits for its end.
    this.#socket = undefined;
    const comesBack = this.#options.reconnects && mayComeBack(code, reason);
    if (comesBack && this.#wasJoined) return true;
    // A line that breaks gives no reason.
    if (this.#wasJoined) this.#events.ended(code, reason === "" ? "connection_lost" : reason);
    else if (comesBack || reason === "") this.#events.ended(ABNORMAL_CLOSURE, "not_reachable");
    else this.#events.ended(code, reason);
    return false;
  }
}
