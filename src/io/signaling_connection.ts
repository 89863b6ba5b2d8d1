import type { ConnectionId } from "../base/ids.ts";
import type { Millis } from "../base/time.ts";
import { RECONNECTING } from "../signaling/errors.ts";

/** One client's signaling socket, as the host sees it. */
export interface SignalingConnection {
  /** Unique in this process. */
  readonly id: ConnectionId;
  /** The client's address; the one a trusted proxy forwards, where there is such a proxy. */
  readonly remoteAddress: string;
  /** The headers of the handshake. */
  readonly headers: Headers;
  /** The URL the client asked for. */
  readonly url: string;
  /** Called with each text message, one at a time; the host sets it in `onConnection`. */
  onText: (text: string) => void;
  /** Called once when the socket is gone, with `lost` when nobody ended it; the host sets it in `onConnection`. */
  onClose: (reason: string, lost?: boolean) => void;
  /** Queues a message; a receiver too slow for it is closed with 1013. After the end it does nothing. */
  send(text: string): void;
  /** Says goodbye with a Close frame, and cuts the socket if the client does not answer. */
  close(code: number, reason: string): void;
  /** The client is let in: the guard's limits for strangers, message length and number, no longer hold for it. */
  welcome(): void;
  /** Bytes and characters waiting to be sent. */
  readonly bufferedBytes: number;
}

/** What the guard can do for a connection. */
export interface Guarded {
  /** Ends it at once, whatever is under way. */
  cut(reason: string): void;
  /** Ends the limits for strangers. */
  welcome(): void;
}

/** What bounds the queue of one connection. */
export interface SendLimits {
  /** Bytes handed to the socket and not on the wire yet. */
  readonly maxHandedBytes: number;
  /** Characters waiting behind those; a chat history goes out in one burst, so this is larger. */
  readonly maxWaitingChars: number;
  /** How long nothing may move while something is waiting. */
  readonly stallMs: Millis;
  /** How long the client may take to answer a Close frame. */
  readonly closeTimeoutMs: Millis;
}

/** The defaults of `SendLimits`. */
export const DEFAULT_SEND_LIMITS: SendLimits = {
  maxHandedBytes: 262_144,
  maxWaitingChars: 2_097_152,
  stallMs: 10_000,
  closeTimeoutMs: 2_000,
};

/** How often a queue that has something waiting looks whether the socket takes more; there is no event for it. */
const DRAIN_MS: Millis = 20;
/** Bytes of UTF-8 that one unit of a string can become; counting them exactly would mean encoding twice. */
const MAX_BYTES_PER_UNIT = 3;
/** What the runtime reports when no Close frame came; 1006 would be the number for it (RFC 6455 section 7.4.1). */
const NO_CLOSE_FRAME: ReadonlySet<number> = new Set([0, 1006]);
/** A close reason's room in its frame (RFC 6455 section 5.5). */
const MAX_REASON_BYTES = 123;
/** Registered by IANA for "the server is overloaded": we use it for receivers that are too slow. */
const TRY_AGAIN_LATER = 1013;

/** Says whether a socket that closed with this code broke off, or was given up by a client that comes back. */
export function isBrokenOff(code: number): boolean {
  return code === RECONNECTING || NO_CLOSE_FRAME.has(code);
}

/** A `SignalingConnection` over a WebSocket of the runtime, with the bounds that one lacks. */
export class WebSocketConnection implements SignalingConnection {
  readonly id: ConnectionId;
  readonly remoteAddress: string;
  readonly headers: Headers;
  readonly url: string;
  onText: (text: string) => void = () => {};
  onClose: (reason: string, lost?: boolean) => void = () => {};

  readonly #socket: WebSocket;
  readonly #guarded: Guarded;
  readonly #limits: SendLimits;
  readonly #waiting: string[] = [];
  #waitingChars = 0;
  #lastHanded = 0;
  #movedAt: Millis = 0;
  #drainTimer: ReturnType<typeof setInterval> | undefined;
  #closeTimer: ReturnType<typeof setTimeout> | undefined;
  #ending: string | undefined;
  #over = false;

  constructor(
    identity: { id: ConnectionId; remoteAddress: string; headers: Headers; url: string },
    socket: WebSocket,
    guarded: Guarded,
    limits: SendLimits = DEFAULT_SEND_LIMITS,
  ) {
    this.id = identity.id;
    this.remoteAddress = identity.remoteAddress;
    this.headers = identity.headers;
    this.url = identity.url;
    this.#socket = socket;
    this.#guarded = guarded;
    this.#limits = limits;
  }

  get bufferedBytes(): number {
    return this.#over ? 0 : this.#socket.bufferedAmount + this.#waitingChars;
  }

  send(text: string): void {
    if (this.#ending !== undefined || this.#socket.readyState !== WebSocket.OPEN) return;
    if (this.#waiting.length === 0 && this.#fits(text)) return this.#socket.send(text);
    this.#waitingChars += text.length;
    if (this.#waitingChars > this.#limits.maxWaitingChars) return this.close(TRY_AGAIN_LATER, "slow_consumer");
    this.#waiting.push(text);
    if (this.#drainTimer !== undefined) return;
    this.#movedAt = performance.now();
    this.#lastHanded = this.#socket.bufferedAmount;
    this.#drainTimer = setInterval(() => this.#drain(), DRAIN_MS);
  }

  close(code: number, reason: string): void {
    if (this.#ending !== undefined) return;
    this.#ending = reason;
    this.#dropWaiting();
    this.#closeTimer = setTimeout(() => this.#guarded.cut(reason), this.#limits.closeTimeoutMs);
    try {
      this.#socket.close(code, shorten(reason));
    } catch {
      this.#guarded.cut(reason); // the runtime does not take this code, or the socket is not open yet
    }
  }

  welcome(): void {
    this.#guarded.welcome();
  }

  /** The socket delivered a message. */
  handleMessage(data: unknown): void {
    if (this.#ending === undefined && typeof data === "string") this.onText(data);
  }

  /** The socket is gone; tells the host once. `lost` says that the client did not end it. */
  handleClose(reason: string, lost = false): void {
    if (this.#over) return;
    this.#over = true;
    this.#dropWaiting();
    clearTimeout(this.#closeTimer);
    const ending = this.#ending;
    this.#ending ??= reason;
    // A network that takes nothing more has not been left either; whatever else we end stays ended.
    this.onClose(this.#ending, ending === undefined ? lost : ending === "slow_consumer");
  }

  /** A message larger than the limit is taken alone, when nothing else is under way. */
  #fits(text: string): boolean {
    const handed = this.#socket.bufferedAmount;
    return handed === 0 || handed + MAX_BYTES_PER_UNIT * text.length <= this.#limits.maxHandedBytes;
  }

  #drain(): void {
    const now = performance.now();
    const handed = this.#socket.bufferedAmount;
    if (handed !== this.#lastHanded) this.#movedAt = now;
    while (this.#waiting.length > 0 && this.#socket.readyState === WebSocket.OPEN && this.#fits(this.#waiting[0]!)) {
      const text = this.#waiting.shift()!;
      this.#waitingChars -= text.length;
      this.#socket.send(text);
    }
    this.#lastHanded = this.#socket.bufferedAmount;
    if (this.#waiting.length === 0) this.#dropWaiting();
    else if (now - this.#movedAt > this.#limits.stallMs) this.close(TRY_AGAIN_LATER, "slow_consumer");
  }

  #dropWaiting(): void {
    clearInterval(this.#drainTimer);
    this.#drainTimer = undefined;
    this.#waiting.length = 0;
    this.#waitingChars = 0;
  }
}

/** Cuts a close reason to what its frame can hold, between characters. */
function shorten(reason: string): string {
  let text = reason.slice(0, MAX_REASON_BYTES);
  while (new TextEncoder().encode(text).length > MAX_REASON_BYTES) text = text.slice(0, -1);
  return text.isWellFormed() ? text : text.slice(0, -1);
}
