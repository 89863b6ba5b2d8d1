import type { Millis } from "../../base/time.ts";
import type { WorkerAnswer, WorkerCall, WorkerReply, WorkerRequest } from "./worker_messages.ts";

/** How often a worker is asked whether it is alive; the answer also says how much it has sent. */
const HEARTBEAT_MS: Millis = 500;

/**
 * Heartbeats that may stay unanswered, one after the other. A worker that does nothing for four seconds has stopped
 * its calls' pictures long ago; collecting garbage takes it a tenth of a second. Beats are counted instead of time
 * measured, so that a main thread that was held up itself does not blame the worker.
 */
const MAX_MISSED_BEATS = 8;

/** What a link tells its owner. */
export interface WorkerLinkListener {
  /** Takes everything that is not an answer, in order. */
  onReply(reply: Exclude<WorkerReply, WorkerAnswer>): void;
  /** Takes the answer to a heartbeat. */
  onBeat(answer: WorkerAnswer): void;
  /** The worker has ended, or is ended because it does not answer; called once. */
  onLost(reason: string): void;
}

/** One running worker and the messages between it and the main thread. */
export class WorkerLink {
  readonly #worker: Worker;
  readonly #listener: WorkerLinkListener;
  readonly #waiting: WorkerRequest[] = [];
  readonly #calls: Map<number, (answer: WorkerAnswer | undefined) => void> = new Map();
  #nextCall = 1;
  #ended = false;
  #missedBeats = 0;
  #heartbeat: ReturnType<typeof setInterval> | undefined;

  constructor(worker: Worker, listener: WorkerLinkListener) {
    this.#worker = worker;
    this.#listener = listener;
    worker.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (!Array.isArray(data)) return;
      const replies: WorkerReply[] = data;
      for (const reply of replies) this.#receive(reply);
    };
    worker.onerror = (event) => {
      // Without this the error would end the whole process.
      event.preventDefault();
      this.#lose(event.message || "an error that nobody caught");
    };
    worker.onmessageerror = () => this.#lose("a message that could not be read");
  }

  /** Sends a request that has no answer. Requests of one turn leave as one message, in order. */
  send(request: WorkerRequest): void {
    if (this.#ended || this.#waiting.push(request) > 1) return;
    queueMicrotask(() => {
      if (!this.#ended) this.#worker.postMessage(this.#waiting.splice(0));
    });
  }

  /** Sends a request and waits for its answer; `undefined` when the worker ends before it gives one. */
  call(request: WorkerCall): Promise<WorkerAnswer | undefined> {
    if (this.#ended) return Promise.resolve(undefined);
    const call = this.#nextCall++;
    const { promise, resolve } = Promise.withResolvers<WorkerAnswer | undefined>();
    this.#calls.set(call, resolve);
    this.send({ ...request, call });
    return promise;
  }

  /** Starts to ask whether the worker is alive. */
  watch(): void {
    let answered = true;
    this.#heartbeat = setInterval(() => {
      this.#missedBeats = answered ? 0 : this.#missedBeats + 1;
      if (this.#missedBeats >= MAX_MISSED_BEATS) return this.#lose(`no answer for ${MAX_MISSED_BEATS} heartbeats`);
      if (!answered) return;
      answered = false;
      void this.call({ kind: "ping" }).then((answer) => {
        answered = true;
        if (answer !== undefined) this.#listener.onBeat(answer);
      });
    }, HEARTBEAT_MS);
  }

  /** Ends the worker at once; whoever waits for an answer gets `undefined`. Any number of times. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#heartbeat);
    this.#worker.terminate();
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const resolve of calls) resolve(undefined);
  }

  #lose(reason: string): void {
    if (this.#ended) return;
    this.end();
    this.#listener.onLost(reason);
  }

  #receive(reply: WorkerReply): void {
    if (this.#ended) return;
    if (reply.kind !== "answer") return this.#listener.onReply(reply);
    const resolve = this.#calls.get(reply.call);
    this.#calls.delete(reply.call);
    resolve?.(reply);
  }
}
