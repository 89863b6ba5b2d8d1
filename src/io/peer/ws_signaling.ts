import { SeaMeetError } from "../../base/errors.ts";
import type { Millis } from "../../base/time.ts";
import { decodeServerMessage } from "../../signaling/decode_server.ts";
import type { ClientMessage, ServerMessage } from "../../signaling/messages.ts";
import { decodePeerMessage, type PeerMessage } from "../../signaling/peer_message.ts";
import { mayComeBack } from "./end_rules.ts";
import { KeptSessions } from "./kept_sessions.ts";

/** How long a client waits for the next message by default. */
const DEFAULT_RECEIVE_TIMEOUT_MS: Millis = 30_000;

/** How often and after which first pause a connection is tried again by default; each pause is twice the one before. */
const DEFAULT_ATTEMPTS = 3;
const DEFAULT_BACK_OFF_MS: Millis = 1_000;

/** Pauses grow no longer than this. */
const LONGEST_BACK_OFF_MS: Millis = 10_000;

/** How long one try to open a connection may take. */
const OPEN_TIMEOUT_MS: Millis = 15_000;

/** Messages that wait to be read; a reader that is so far behind has stopped. */
const MAX_WAITING = 10_000;

const OPEN = 1;

/** How `WsSignaling.connect` behaves. */
export interface WsSignalingOptions {
  /** How long to wait for the next message before the iteration fails, in milliseconds; 0: for ever. 30,000 when left out. */
  readonly recvTimeoutMs?: number;
  /** How often connecting is tried again. 3 when left out. */
  readonly maxReconnectAttempts?: number;
  /** The first pause, in milliseconds; each one is twice as long, 10 s at most. 1,000 when left out. */
  readonly baseBackoffMs?: number;
  /**
   * Connects again after the connection was lost, as often as `maxReconnectAttempts` says, and calls this to join again:
   * send the same `join`. Where it announces the capabilities `track_map` and `resume`, it goes on with the session (the
   * secret and the counts are filled in, what was not heard is said again), and `ready.session` says whether it does.
   */
  readonly onReconnect?: (signaling: WsSignaling) => void;
  /**
   * Gets what other clients send to this one, where the server carries no media (`createSignalingServer`); offers,
   * answers and candidates then do not come as `messages()`.
   */
  readonly onPeerMessage?: (message: PeerMessage) => void;
  /** Gives up connecting, or closes the connection. */
  readonly signal?: AbortSignal;
}

/** How a connection ended. */
export interface SignalingClose {
  /** The WebSocket close code; 1006 when the line broke. */
  readonly code: number;
  /** The word the server gave. */
  readonly reason: string;
}

/** A client's end of signaling over any transport; `WsSignaling` is one. */
export interface SignalingBackend {
  /** Sends a message. @throws {SeaMeetError} `closed` */
  send(message: ClientMessage | PeerMessage): void;
  /** All messages from here on; ends with the connection. */
  messages(): AsyncIterable<ServerMessage>;
  /** Ends it. Any number of times. */
  close(): void;
}

/**
 * The client's end of a signaling connection: typed messages out, checked messages in.
 *
 * What a server sends that is unknown or malformed is left out.
 *
 * @example
 * ```ts
 * import { createServer } from "@seameet/cli/server";
 * import { WsSignaling } from "@seameet/cli/signaling";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = await createServer({ ws: "127.0.0.1:0", udpPort: 0, allowUnauthenticatedJoins: true });
 * await using signaling = await WsSignaling.connect(`ws://127.0.0.1:${server.wsAddress.port}`, { recvTimeoutMs: 5_000 });
 * signaling.send({ type: "join", participant: crypto.randomUUID(), room_id: "daily", display_name: "Ana" });
 * const { value } = await signaling.messages().next();
 * assertEquals(value?.type, "ready");
 * ```
 */
export class WsSignaling implements SignalingBackend, AsyncDisposable {
  readonly #url: string;
  readonly #options: WsSignalingOptions;
  readonly #sessions = new KeptSessions();
  #socket: WebSocket | undefined;
  #waiting: ServerMessage[] = [];
  #wake: () => void = () => {};
  #end: SignalingClose | undefined;
  #closing = false;
  #detached = false;

  private constructor(url: string, options: WsSignalingOptions) {
    this.#url = url;
    this.#options = options;
    options.signal?.addEventListener("abort", () => this.#finish({ code: 1000, reason: "aborted" }), { once: true });
  }

  /**
   * Connects; tries again with growing pauses.
   *
   * @throws {SeaMeetError} `signaling` when no try succeeds or `signal` says so
   */
  static async connect(url: string, options: WsSignalingOptions = {}): Promise<WsSignaling> {
    const signaling = new WsSignaling(url, options);
    await signaling.#connect();
    return signaling;
  }

  /** How the connection ended; `undefined` while it lives. */
  get closed(): SignalingClose | undefined {
    return this.#end;
  }

  /**
   * Sends a message.
   *
   * @throws {SeaMeetError} `closed` when there is no connection now
   */
  send(message: ClientMessage | PeerMessage): void {
    if (this.#socket?.readyState !== OPEN) {
      throw new SeaMeetError("closed", `Cannot send "${message.type}": not connected`);
    }
    const outgoing = this.#sessions.outgoing(message);
    if (outgoing !== undefined) this.#socket.send(JSON.stringify(outgoing));
  }

  /**
   * All messages from here on; ends when the connection does. Only one reader at a time gets each message.
   *
   * @throws {SeaMeetError} `signaling` when none comes for `recvTimeoutMs`
   */
  async *messages(): AsyncGenerator<ServerMessage, void> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) yield next;
      else if (this.#end !== undefined) return;
      else await this.#nextMessage();
    }
  }

  /**
   * Gives the open socket away, for somebody who does the signaling from here on; this object is closed then.
   *
   * @throws {SeaMeetError} `closed` when there is no connection now
   */
  detach(): { readonly url: string; readonly socket: WebSocket } {
    const socket = this.#socket;
    if (this.#end !== undefined || socket?.readyState !== OPEN) {
      throw new SeaMeetError("closed", `Cannot join over the connection to ${this.#url}: it is closed`);
    }
    socket.onopen =
      socket.onmessage =
      socket.onerror =
      socket.onclose =
        null;
    this.#end = { code: 1000, reason: "detached" };
    this.#detached = true;
    this.#wake();
    return { url: this.#url, socket };
  }

  /** Closes the connection and ends the iteration; works any number of times. */
  close(code: number = 1000, reason: string = "bye"): void {
    this.#closing = true;
    if (this.#detached) return;
    if (this.#socket !== undefined && this.#socket.readyState <= OPEN) this.#socket.close(code, reason);
    this.#finish({ code, reason });
  }

  /** Closes it. */
  [Symbol.asyncDispose](): Promise<void> {
    if (this.#detached) return Promise.resolve();
    const socket = this.#socket;
    const ended = new Promise<void>((resolve) => {
      if (socket === undefined || socket.readyState === WebSocket.CLOSED) resolve();
      else socket.addEventListener("close", () => resolve(), { once: true });
    });
    this.close();
    return ended;
  }

  async #nextMessage(): Promise<void> {
    const timeout = this.#options.recvTimeoutMs ?? DEFAULT_RECEIVE_TIMEOUT_MS;
    const arrived = Promise.withResolvers<boolean>();
    this.#wake = () => arrived.resolve(true);
    const timer = timeout > 0 ? setTimeout(() => arrived.resolve(false), timeout) : undefined;
    const inTime = await arrived.promise;
    clearTimeout(timer);
    if (!inTime) throw new SeaMeetError("signaling", `Cannot receive: the server has said nothing for ${timeout} ms`);
  }

  /** Opens a socket, in several tries. */
  async #connect(): Promise<void> {
    const { maxReconnectAttempts: attempts = DEFAULT_ATTEMPTS, baseBackoffMs: base = DEFAULT_BACK_OFF_MS, signal } =
      this.#options;
    for (let attempt = 0;; attempt++) {
      const problem = signal?.aborted ? "given up" : await this.#openOnce();
      if (signal?.aborted) {
        this.close();
        throw new SeaMeetError("signaling", `Cannot connect to ${this.#url}: given up`);
      }
      if (problem === undefined) return;
      if (attempt >= attempts) {
        throw new SeaMeetError("signaling", `Cannot connect to ${this.#url}: ${problem} (${attempt + 1} tries)`);
      }
      await pause(Math.min(LONGEST_BACK_OFF_MS, base * 2 ** attempt), signal);
    }
  }

  /**
   * Opens a socket in one try; returns what went wrong.
   *
   * It is listened to from the first moment: what the server says or does right after it has opened comes before whoever
   * waits for it to open goes on.
   */
  async #openOnce(): Promise<string | undefined> {
    const socket = newSocket(this.#url);
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const timer = setTimeout(() => resolve("no answer"), OPEN_TIMEOUT_MS);
    socket.onopen = () => {
      this.#socket = socket;
      resolve(undefined);
    };
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onerror = (event) => {
      resolve(event instanceof ErrorEvent && event.message !== "" ? event.message : "refused");
    };
    socket.onclose = ({ code, reason }) => {
      if (socket === this.#socket) this.#lost({ code, reason });
      else resolve("refused");
    };
    const problem = await promise;
    clearTimeout(timer);
    if (problem === undefined) return undefined;
    socket.onopen = socket.onmessage = null;
    socket.close();
    return problem;
  }

  #receive(data: unknown): void {
    if (typeof data !== "string") return;
    const { onPeerMessage } = this.#options;
    const fromPeer = onPeerMessage === undefined ? undefined : decodePeerMessage(data);
    if (fromPeer !== undefined) return onPeerMessage?.(fromPeer);
    const message = decodeServerMessage(data);
    if (message === undefined || this.#end !== undefined) return;
    if (this.#waiting.length >= MAX_WAITING) return this.close(1000, "reader_stopped");
    for (const unheard of this.#sessions.incoming(message)) {
      if (this.#socket?.readyState === OPEN) this.#socket.send(JSON.stringify(unheard));
    }
    this.#waiting.push(message);
    this.#wake();
  }

  #lost(how: SignalingClose): void {
    const isOver = this.#closing || this.#end !== undefined || !mayComeBack(how.code, how.reason);
    if (isOver || this.#options.onReconnect === undefined) this.#finish(how);
    else this.#reconnect(how);
  }

  async #reconnect(lost: SignalingClose): Promise<void> {
    try {
      await this.#connect();
      const { readyState } = this.#socket!;
      if (this.#end !== undefined) this.close();
      // One that is lost again already is on its way to the next try.
      else if (readyState === OPEN) this.#options.onReconnect?.(this);
    } catch {
      this.#finish(lost);
    }
  }

  #finish(end: SignalingClose): void {
    if (this.#detached) return;
    if (this.#socket !== undefined && this.#socket.readyState <= OPEN) this.#socket.close();
    this.#end ??= end;
    this.#wake();
  }
}

/** @throws {SeaMeetError} `signaling` when the address is none of a WebSocket */
function newSocket(url: string): WebSocket {
  try {
    return new WebSocket(url);
  } catch (error) {
    throw new SeaMeetError("signaling", `Cannot connect to "${url}": it is no ws: or wss: address`, { cause: error });
  }
}

async function pause(ms: Millis, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal?.addEventListener("abort", () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
}
