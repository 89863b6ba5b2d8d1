import type { Millis } from "../../base/time.ts";
import { decodeServerMessage } from "../../signaling/decode_server.ts";
import {
  CLOSE_CODES,
  type CloseReason,
  type ErrorReason,
  FINAL_ALWAYS,
  FINAL_FOR_JOIN,
} from "../../signaling/errors.ts";
import type { ClientMessage, ErrorMessage, ServerMessage } from "../../signaling/messages.ts";

/** Pauses between tries (docs/protocol.md, close codes); the last one is repeated. */
const BACK_OFF_MS: readonly Millis[] = [1_000, 2_000, 4_000, 8_000, 10_000];

/** How much of a pause is chance, so that the clients of a restarted server do not all come back at once. */
const JITTER = 0.5;

/** How long a try may take until the server has said `ready`. */
const JOIN_TIMEOUT_MS: Millis = 15_000;

const OPEN = 1;

/** Close words after which coming back is of no use (docs/protocol.md, close codes). */
const FINAL_WORDS: ReadonlySet<string> = new Set<CloseReason>([
  "unauthorized",
  "e2ee_required",
  "taken_over",
  "removed",
  "abuse",
  "message_too_big",
]);

/** Close codes after which coming back is of no use, whatever the word; 1008 has exceptions that the words tell. */
const FINAL_CODES: ReadonlySet<number> = new Set([1002, 1008, 1009]);

/** Refusals of a join that a link gives up on besides: it has nobody whom it could ask what to do. */
const FINAL_FOR_LINK: ReadonlySet<ErrorReason> = new Set<ErrorReason>(["participant_in_use", "too_many_rooms"]);

/** What a link tells its owner. */
export interface RoomLinkEvents {
  /** The socket is open: join now. */
  opened(): void;
  /** A message came. */
  received(message: ServerMessage): void;
  /** The connection is lost, another try follows after `delay` milliseconds. */
  lost(delay: Millis): void;
  /** It is over for good. */
  ended(code: number, reason: string): void;
}

/** Says whether a refusal ends the client: any of a join that would be refused again, and some at any time. */
export function isFinalError(error: ErrorMessage, joined: boolean): boolean {
  const { reason, request } = error;
  if (joined) return FINAL_ALWAYS.has(reason);
  return (request === undefined || request === "join") && (FINAL_FOR_JOIN.has(reason) || FINAL_FOR_LINK.has(reason));
}

/** Says whether a client should come back after a close. */
export function mayComeBack(code: number, reason: string): boolean {
  if (FINAL_WORDS.has(reason)) return false;
  if (code === CLOSE_CODES.unjoined_timeout && reason === "unjoined_timeout") return true;
  return !FINAL_CODES.has(code);
}

/** One WebSocket to the server that comes back when it is lost, with growing pauses. */
export class RoomLink {
  readonly #url: string;
  readonly #events: RoomLinkEvents;
  readonly #reconnects: boolean;
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #over = false;

  /** Does nothing before `open`. `reconnects`: false ends with the first loss. */
  constructor(url: string, reconnects: boolean, events: RoomLinkEvents) {
    this.#url = url;
    this.#reconnects = reconnects;
    this.#events = events;
  }

  /**
   * Connects, the first time perhaps over a socket that is open already (if it still is).
   *
   * @throws {SyntaxError} when the address is none of a WebSocket
   */
  open(present?: WebSocket): void {
    const socket = present?.readyState === OPEN ? present : new WebSocket(this.#url);
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#drop(socket, 1006, "join_timeout"), JOIN_TIMEOUT_MS);
    socket.onopen = () => {
      if (socket === this.#socket) this.#events.opened();
    };
    socket.onmessage = ({ data }) => {
      const message = typeof data === "string" ? decodeServerMessage(data) : undefined;
      if (socket === this.#socket && message !== undefined) this.#events.received(message);
    };
    socket.onerror = () => {};
    socket.onclose = ({ code, reason }) => this.#drop(socket, code, reason);
    if (socket.readyState === OPEN) this.#events.opened();
  }

  /** Sends a message; `false` when there is no connection now. */
  send(message: ClientMessage): boolean {
    if (this.#socket?.readyState !== OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** The server has taken us in: the pauses start over. */
  joined(): void {
    clearTimeout(this.#timer);
    this.#failures = 0;
  }

  /** Ends it; returns when the socket is closed. */
  async stop(code: number = 1000, reason: string = "bye"): Promise<void> {
    this.#over = true;
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined || socket.readyState === WebSocket.CLOSED) return;
    const closed = Promise.withResolvers<void>();
    socket.onclose = () => closed.resolve();
    if (socket.readyState === OPEN) socket.close(code, reason);
    else socket.close();
    await closed.promise;
  }

  #drop(socket: WebSocket, code: number, reason: string): void {
    if (socket !== this.#socket) return;
    clearTimeout(this.#timer);
    this.#socket = undefined;
    if (socket.readyState <= OPEN) socket.close();
    if (this.#over) return;
    if (!this.#reconnects || !mayComeBack(code, reason)) {
      this.#over = true;
      this.#events.ended(code, reason);
      return;
    }
    const base = BACK_OFF_MS[Math.min(this.#failures++, BACK_OFF_MS.length - 1)]!;
    const delay = base * (1 - JITTER / 2 + JITTER * Math.random());
    this.#timer = setTimeout(() => this.open(), delay);
    this.#events.lost(delay);
  }
}
