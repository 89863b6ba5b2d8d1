import type { Millis } from "../base/time.ts";
import { ClientError } from "./client_error.ts";
import type { PeerConnectionLike } from "./ports.ts";
import type { Scheduler } from "./scheduler.ts";

/** How long the server may take for an answer. */
const ANSWER_TIMEOUT_MS: Millis = 10_000;

/**
 * How long it may take for an offer that is sent because the network may be another one: longer on the way means that
 * the connection to the server belonged to the network before.
 */
const URGENT_ANSWER_MS: Millis = 500;

/** Rounds that may fail one after the other before the connection is given up. */
const MAX_FAILURES = 3;

/** Wait after a refused round; refusals come at once, so without it three rounds would be over in a blink. */
const RETRY_DELAY_MS: Millis = 1_000;

/** What a {@linkcode Negotiator} needs from outside. */
export interface NegotiatorOptions {
  /** The connection that is negotiated. */
  readonly connection: PeerConnectionLike;
  /** Does the waiting. */
  readonly scheduler: Scheduler;
  /** Called with our offer once it is in force; sends it. */
  readonly onOffer: (sdp: string) => void;
  /** An urgent offer has not been answered soon. */
  readonly onLate: () => void;
  /** The answer is in force. */
  readonly onStable: () => void;
  /** A round failed; another one follows. */
  readonly onError: (error: ClientError) => void;
  /** Several rounds failed: nothing more will come from this negotiator. */
  readonly onDead: () => void;
}

/**
 * Runs one offer and answer at a time.
 *
 * The client always offers, and the protocol has no number that ties an answer to its offer, so a second offer must wait
 * for the first answer. Requests that come meanwhile are served together by one further round.
 */
export class Negotiator {
  #options: NegotiatorOptions;
  #wanted = false;
  #busy = false;
  #awaitingAnswer = false;
  #failures = 0;
  #closed = false;
  #paused = false;
  #urgent = false;
  #cancelAnswer: () => void = () => {};
  #cancelRetry: () => void = () => {};

  /** Creates a negotiator that does nothing before `request()`. */
  constructor(options: NegotiatorOptions) {
    this.#options = options;
  }

  /** Asks for an offer of what the connection looks like then; an urgent one finds out whether the server is still there. */
  request(urgent = false): void {
    this.#wanted = true;
    this.#urgent ||= urgent;
    this.#next();
  }

  /** There is no connection to the server: what comes meanwhile waits. */
  pause(): void {
    this.#paused = true;
    this.#cancelAnswer();
  }

  /** There is one again. The answer to the open offer may have been lost, so the same one is sent again. */
  resume(): void {
    this.#paused = false;
    if (this.#awaitingAnswer) this.#send(false);
    else this.#next();
  }

  /** Takes the server's answer; one that nobody waits for is dropped. */
  async handleAnswer(sdp: string): Promise<void> {
    if (!this.#awaitingAnswer) return;
    this.#awaitingAnswer = false;
    this.#cancelAnswer();
    try {
      await this.#options.connection.setRemoteDescription({ type: "answer", sdp });
    } catch (cause) {
      return await this.#fail(new ClientError("negotiation_failed", "Cannot use the server's answer", { cause }));
    }
    if (this.#closed) return;
    this.#failures = 0;
    this.#busy = false;
    this.#options.onStable();
    this.#next();
  }

  /** The server refused the offer. */
  async handleRefusal(error: ClientError): Promise<void> {
    if (!this.#awaitingAnswer) return;
    this.#awaitingAnswer = false;
    this.#cancelAnswer();
    await this.#fail(error);
  }

  /** Stops; rounds that are under way have no further effect. */
  close(): void {
    this.#closed = true;
    this.#awaitingAnswer = false;
    this.#cancelAnswer();
    this.#cancelRetry();
  }

  #next(): void {
    if (this.#closed || this.#paused || this.#busy || !this.#wanted) return;
    this.#busy = true;
    this.#wanted = false;
    void this.#offer();
  }

  async #offer(): Promise<void> {
    const { connection } = this.#options;
    const isUrgent = this.#urgent;
    this.#urgent = false;
    try {
      const offer = await connection.createOffer();
      if (this.#closed) return;
      await connection.setLocalDescription(offer);
    } catch (cause) {
      return await this.#fail(new ClientError("negotiation_failed", "Cannot make an offer", { cause }));
    }
    if (this.#closed) return;
    this.#awaitingAnswer = true;
    if (!this.#paused) this.#send(isUrgent);
  }

  #send(isUrgent: boolean): void {
    const { connection, scheduler, onOffer, onLate } = this.#options;
    this.#cancelAnswer();
    const cancelLate = isUrgent ? scheduler.after(URGENT_ANSWER_MS, onLate) : () => {};
    const cancelTimeout = scheduler.after(ANSWER_TIMEOUT_MS, () => {
      const error = new ClientError("negotiation_timeout", "The server did not answer an offer in time");
      void this.handleRefusal(error);
    });
    this.#cancelAnswer = () => {
      cancelLate();
      cancelTimeout();
    };
    onOffer(connection.localDescription?.sdp ?? "");
  }

  /** Takes the offer back, so that the next round starts from what both sides agreed on last. */
  async #fail(error: ClientError): Promise<void> {
    if (this.#closed) return;
    this.#options.onError(error);
    this.#failures++;
    if (this.#failures >= MAX_FAILURES) {
      this.close();
      return this.#options.onDead();
    }
    const { connection, scheduler } = this.#options;
    try {
      if (connection.signalingState === "have-local-offer") await connection.setLocalDescription({ type: "rollback" });
    } catch {
      // The next round finds out whether the connection is still usable.
    }
    if (this.#closed) return;
    this.#wanted = true;
    this.#cancelRetry = scheduler.after(RETRY_DELAY_MS * this.#failures, () => {
      this.#busy = false;
      this.#next();
    });
  }
}
