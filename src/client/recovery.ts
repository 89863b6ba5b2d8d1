import type { Millis } from "../base/time.ts";
import { FlowWatch } from "./flow_watch.ts";
import type { PeerConnectionLike } from "./ports.ts";
import type { Scheduler } from "./scheduler.ts";
import type { MediaState } from "./types.ts";

/**
 * How long a path that the browser has found to be silent may stay so before another one is searched. The browser has
 * waited for some seconds already, and a search harms nothing: the old path is used until there is another.
 */
const DISCONNECTED_PATIENCE_MS: Millis = 1_000;

/** How long the first path may take; after that this connection is given up. */
const CONNECT_TIMEOUT_MS: Millis = 30_000;

/** Failed searches for a new path before the whole connection is made anew. */
const MAX_FAILURES = 3;

/** A search that began while there was no network finds nothing, and browsers take 15 s and more to say so. */
const RETRY_MS: Millis = 4_000;

/** Hints come in swarms; the first one is followed at once, the last one of those that come so soon after it too. */
const HINT_PAUSE_MS: Millis = 1_000;

/** What a {@linkcode PathRecovery} needs from outside. */
export interface PathRecoveryOptions {
  /** The connection that is watched. */
  readonly connection: PeerConnectionLike;
  /** Does the waiting. */
  readonly scheduler: Scheduler;
  /** ICE was told to restart: an offer has to follow. */
  readonly onRestart: () => void;
  /** The connection cannot be saved. */
  readonly onDead: () => void;
  /** The state that users see. */
  readonly onState: (state: MediaState) => void;
}

/**
 * Watches the media path: starts a search for a new one (ICE restart) when it is lost or may be, and gives up after
 * some that failed. While there is no connection to the server for offers nothing is searched and nothing given up.
 */
export class PathRecovery {
  #options: PathRecoveryOptions;
  #state: MediaState = "connecting";
  #failures = 0;
  /** A failure is reported by two events; it counts once. */
  #failureSeen = false;
  #suspended = false;
  #hinted = false;
  #cancelPatience: () => void = () => {};
  #cancelHint: (() => void) | undefined;
  #cancelDeadline: () => void;
  #flow: FlowWatch | undefined;
  #closed = false;

  /** Starts watching. */
  constructor(options: PathRecoveryOptions) {
    this.#options = options;
    const { connection, scheduler } = options;
    this.#cancelDeadline = scheduler.after(CONNECT_TIMEOUT_MS, () => this.#giveUp());
    connection.oniceconnectionstatechange = () => this.#update();
    connection.onconnectionstatechange = () => this.#update();
  }

  /** The network may be another one: does not wait until the browser finds the old path silent. */
  hint(): void {
    if (this.#closed || this.#suspended || this.#state === "connecting") return;
    if (this.#cancelHint !== undefined) {
      this.#hinted = true;
      return;
    }
    this.#search();
  }

  /** There is no connection to the server. */
  suspend(): void {
    this.#suspended = true;
    this.#cancelPatience();
    this.#cancelHint?.();
    this.#cancelHint = undefined;
  }

  /** There is one again, perhaps over another network. */
  resume(): void {
    this.#suspended = false;
    this.#failures = 0;
    this.#failureSeen = false;
    // What was not there before the loss is being searched already.
    if (this.#state !== "connecting") this.#search();
    else this.#update();
  }

  /** Stops watching. */
  close(): void {
    this.#closed = true;
    this.#cancelPatience();
    this.#cancelHint?.();
    this.#cancelDeadline();
    this.#flow?.close();
  }

  #update(): void {
    if (this.#closed) return;
    this.#cancelPatience();
    const { connection, scheduler } = this.#options;
    const ice = connection.iceConnectionState;
    const failureIsNew = ice === "failed" && !this.#failureSeen;
    this.#failureSeen = ice === "failed";
    if (ice === "failed") {
      if (this.#state === "connected") this.#setState("interrupted");
      if (failureIsNew && !this.#suspended) this.#failed();
    } else if (connection.connectionState === "failed") {
      // The path is there, so it is the encryption that failed; another path does not help.
      this.#giveUp();
    } else if (ice === "disconnected") {
      this.#setState("interrupted");
      if (!this.#suspended) this.#cancelPatience = scheduler.after(DISCONNECTED_PATIENCE_MS, () => this.#search());
    } else if (connection.connectionState === "connected") {
      this.#failures = 0;
      this.#cancelDeadline();
      this.#flow ??= new FlowWatch({ connection, scheduler, onSilent: () => this.hint() });
      this.#setState("connected");
    }
  }

  #failed(): void {
    if (this.#failures >= MAX_FAILURES) return this.#giveUp();
    this.#failures++;
    this.#search();
  }

  #search(): void {
    const { connection, scheduler, onRestart } = this.#options;
    this.#hinted = false;
    this.#cancelHint?.();
    this.#cancelHint = scheduler.after(HINT_PAUSE_MS, () => {
      this.#cancelHint = undefined;
      if (this.#hinted) this.hint();
    });
    this.#cancelPatience();
    this.#cancelPatience = scheduler.after(RETRY_MS, () => {
      if (!isUp(connection.iceConnectionState)) this.#search();
    });
    connection.restartIce();
    onRestart();
  }

  #giveUp(): void {
    if (this.#closed) return;
    this.close();
    this.#setState("failed");
    this.#options.onDead();
  }

  #setState(state: MediaState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onState(state);
  }
}

function isUp(state: RTCIceConnectionState): boolean {
  return state === "connected" || state === "completed";
}
