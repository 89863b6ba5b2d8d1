import type { Scheduler } from "../base/scheduler.ts";
import type { Millis } from "../base/time.ts";
import { RECONNECTING } from "./errors.ts";
import type { ClientMessage } from "./messages.ts";
import type { WebSocketLike } from "./web_socket.ts";

/** Waits between tries; the last one is repeated. Short at first for a lost Wi-Fi, then easy on a server that restarts. */
const BACK_OFF_MS: readonly Millis[] = [1_000, 2_000, 4_000, 8_000, 10_000];

/** The first wait after a connection broke off from a server that keeps our session meanwhile: the network may be another one. */
const RESUME_BACK_OFF_MS: Millis = 250;

/** How much of a wait is left to chance, so that the clients of a restarted server do not all come back at once. */
const JITTER = 0.5;

/** How long a try may take until the server has said `ready`; beyond it the path is dead or the server is stuck. */
const JOIN_TIMEOUT_MS: Millis = 15_000;

/** The same for the first tries to come back to a session: while one hangs in a network that is gone, people are waiting. */
const RESUME_TIMEOUT_MS: Millis = 4_000;

/** How many tries are that short. */
const RESUME_TRIES = 3;

/** WebSocket close code for an orderly end. */
const NORMAL_CLOSURE = 1000;

/** What browsers report when no Close frame came; Deno may say 0. */
const ABNORMAL_CLOSURE = 1006;

const OPEN = 1;

/** What is said of a wait for the next try. */
export interface RetryWait {
  /** How long it takes. */
  readonly retryInMs: Millis;
  /** Tries that failed since the client was last in the room. */
  readonly failedTries: number;
  /** The word the server closed the last connection with; absent without one. */
  readonly message?: string;
}

/** What a {@linkcode SignalingLink} tells its owner, and what it needs from outside. */
export interface SignalingLinkOptions {
  /** Address of the server, `ws:` or `wss:`. */
  readonly url: string;
  /** Does the waiting. */
  readonly scheduler: Scheduler;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  /** Makes a socket; may throw when the browser does not accept the address. */
  readonly createSocket: (url: string) => WebSocketLike;
  /** The socket is open: time to join. */
  readonly onOpen: () => void;
  /** A text frame came. */
  readonly onText: (text: string) => void;
  /** The connection ended; `true` asks for another try. */
  readonly onDown: (code: number, reason: string) => boolean;
  /** Another try follows. */
  readonly onRetry: (wait: RetryWait) => void;
}

/**
 * One connection to the signaling server that comes back when it is lost.
 *
 * The wait between tries grows until {@linkcode SignalingLink.markJoined}: an open socket alone proves nothing, a server that refuses every join
 * would be asked once a second.
 */
export class SignalingLink {
  #options: SignalingLinkOptions;
  #socket: WebSocketLike | undefined;
  #cancelTimer: () => void = () => {};
  #waiting = false;
  #failedTries = 0;
  /** Kept over tries that do not reach the server. */
  #lastWord = "";
  /** We are in the room, and stay there for a while without a connection. */
  #isKept = false;
  /** Tries since then. */
  #resumeTries = Infinity;
  #stopped = false;

  /** Creates a link that does nothing before `open()`. */
  constructor(options: SignalingLinkOptions) {
    this.#options = options;
  }

  /** Connects, the first time perhaps over a socket that is open already (if it still is). @throws what `createSocket` throws. */
  open(present?: WebSocketLike): void {
    if (this.#stopped) return;
    this.#cancelTimer();
    this.#waiting = false;
    const isOpen = present?.readyState === OPEN;
    const socket = isOpen ? present : this.#options.createSocket(this.#options.url);
    this.#socket = socket;
    const patience = this.#resumeTries++ < RESUME_TRIES ? RESUME_TIMEOUT_MS : JOIN_TIMEOUT_MS;
    this.#cancelTimer = this.#options.scheduler.after(patience, () => this.restart());
    socket.onopen = () => {
      if (socket === this.#socket) this.#options.onOpen();
    };
    socket.onmessage = (event) => {
      if (socket === this.#socket && typeof event.data === "string") this.#options.onText(event.data);
    };
    socket.onclose = (event) => {
      if (socket === this.#socket) this.#down(event.code === 0 ? ABNORMAL_CLOSURE : event.code, event.reason, 0);
    };
    if (isOpen) this.#options.onOpen();
  }

  /** Sends a message; `false` when there is no open connection. */
  send(message: ClientMessage): boolean {
    if (this.#socket?.readyState !== OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** The server has taken us in: the next loss starts with the shortest wait again. `isKept`: it keeps our session then. */
  markJoined(isKept = false): void {
    this.#isKept = isKept;
    this.#resumeTries = Infinity;
    this.#lastWord = "";
    this.#failedTries = 0;
    this.#cancelTimer();
  }

  /** Gives up this connection and tries again after at least `minimumDelay`. */
  restart(minimumDelay: Millis = 0): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#socket = undefined;
    socket.close(RECONNECTING);
    this.#down(0, "", minimumDelay);
  }

  /** Takes another connection at once, where that costs no more than a moment: this one may belong to a network that is gone. */
  renew(): void {
    const socket = this.#socket;
    if (socket === undefined || !this.#isKept) return;
    this.#socket = undefined;
    socket.close(RECONNECTING);
    this.#down(ABNORMAL_CLOSURE, "", 0);
    this.retryNow();
  }

  /** Does not wait any longer, for instance because the browser says that it is online again. */
  retryNow(): void {
    if (this.#waiting) this.open();
  }

  /** The network is another one: a wait ends, and a try that is under way begins anew. */
  handleNetworkChange(): void {
    if (this.#resumeTries !== Infinity && this.#socket !== undefined) this.restart();
    this.retryNow();
  }

  /** Ends the link for good. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#cancelTimer();
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close(NORMAL_CLOSURE);
  }

  #down(code: number, reason: string, minimumDelay: Millis): void {
    this.#socket = undefined;
    this.#cancelTimer();
    if (reason !== "") this.#lastWord = reason;
    if (!this.#options.onDown(code, reason) || this.#stopped) return;
    const isBroken = this.#isKept && code === ABNORMAL_CLOSURE;
    if (this.#isKept) this.#resumeTries = 0;
    this.#isKept = false;
    const base = isBroken ? RESUME_BACK_OFF_MS : BACK_OFF_MS[Math.min(this.#failedTries, BACK_OFF_MS.length - 1)] ?? 0;
    const delay = Math.max(minimumDelay, base * (1 - JITTER / 2 + JITTER * this.#options.random()));
    if (!isBroken) this.#failedTries++;
    this.#waiting = true;
    this.#cancelTimer = this.#options.scheduler.after(delay, () => this.open());
    const message = this.#lastWord;
    this.#options.onRetry({
      retryInMs: delay,
      failedTries: this.#failedTries,
      ...(message === "" ? {} : { message }),
    });
  }
}
