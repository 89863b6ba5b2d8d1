import { InvariantError } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import { type Millis, NEVER } from "../base/time.ts";
import { DatagramBatch } from "../sfu/outbox.ts";
import type { SfuOutput } from "../sfu/outputs.ts";
import type { Sfu } from "../sfu/sfu.ts";
import type { Clock } from "./clock.ts";
import { BEAT_MS, LoadMeter } from "./load_meter.ts";
import { threadTime } from "./thread_time.ts";
import type { DatagramEndpoint } from "./udp_socket.ts";

/** Takes what is not a datagram. */
export type OutputListener = (output: SfuOutput) => void;

/**
 * Runs a core: feeds it, takes what comes out, sends datagrams as one batch, keeps one timer.
 *
 * Inputs of one turn of the event loop are fed one after the other and flushed together, so what they bring about
 * leaves in one batch. While there is something to do it also measures how busy the thread is, and tells the core.
 */
export class Driver {
  readonly #sfu: Sfu;
  readonly #clock: Clock;
  readonly #endpoint: DatagramEndpoint;
  readonly #onOutput: OutputListener;
  readonly #logger: Logger;
  readonly #batch = new DatagramBatch();
  #flushPending = false;
  #flushing = false;
  #armedAt: Millis = NEVER;
  #disarm: () => void = () => {};
  readonly #load: LoadMeter;
  #turnAt: Millis | undefined;
  #beatAt: Millis | undefined;
  #stopBeat: () => void = () => {};
  #closed = false;

  /** `timeOfThread` is the measure of how long the thread has run, for tests. */
  constructor(
    sfu: Sfu,
    clock: Clock,
    endpoint: DatagramEndpoint,
    onOutput: OutputListener,
    logger: Logger,
    timeOfThread: () => Millis | undefined = threadTime,
  ) {
    this.#sfu = sfu;
    this.#clock = clock;
    this.#endpoint = endpoint;
    this.#onOutput = onOutput;
    this.#logger = logger;
    this.#load = new LoadMeter(timeOfThread, clock.now());
  }

  /** Starts to receive datagrams. */
  start(): void {
    this.#endpoint.start((packet, socket, address, port) => {
      const now = this.#clock.now();
      this.#turnAt ??= now;
      try {
        this.#sfu.handleDatagram(packet, socket, address, port, now);
      } catch (error) {
        this.#report(error);
      }
      this.#flushSoon();
    });
  }

  /**
   * Feeds one input: `input` is called with the core and the time.
   *
   * @returns what it returned, or `undefined` when it threw (which was logged) or the driver is closed
   */
  feed<T>(input: (sfu: Sfu, now: Millis) => T): T | undefined {
    if (this.#closed) return undefined;
    const now = this.#clock.now();
    this.#turnAt ??= now;
    try {
      return input(this.#sfu, now);
    } catch (error) {
      this.#report(error);
      return undefined;
    } finally {
      this.#flushSoon();
    }
  }

  /** Takes everything out now. */
  flush(): void {
    // Whoever takes an output may bring about more and want that out: the loop below goes on until all is out.
    if (this.#flushing) return;
    this.#flushing = true;
    this.#flushPending = false;
    for (let output = this.#sfu.pollOutput(); output !== undefined; output = this.#sfu.pollOutput()) {
      try {
        this.#onOutput(output);
      } catch (error) {
        this.#report(error);
      }
    }
    this.#flushing = false;
    this.#sfu.drainDatagrams(this.#batch);
    this.#endpoint.send(this.#batch);
    this.#arm();
    this.#endTurn();
  }

  /** Stops the timer; the endpoint is its owner's to close. */
  close(): void {
    this.#closed = true;
    this.#disarm();
    this.#stopBeat();
  }

  #flushSoon(): void {
    if (this.#flushPending) return;
    this.#flushPending = true;
    queueMicrotask(() => this.flush());
  }

  #arm(): void {
    const next = this.#sfu.nextTimeout();
    // A timer that fires too early costs little; replacing it for each packet would cost more.
    if (this.#closed || next >= this.#armedAt) return;
    this.#disarm();
    this.#armedAt = next;
    this.#disarm = this.#clock.schedule(Math.max(0, next - this.#clock.now()), () => this.#wake());
  }

  #wake(): void {
    this.#armedAt = NEVER;
    const now = this.#clock.now();
    this.#turnAt ??= now;
    try {
      this.#sfu.handleTimeout(now);
    } catch (error) {
      this.#report(error);
    }
    this.flush();
  }

  #endTurn(): void {
    if (this.#turnAt === undefined || this.#closed) return;
    const now = this.#clock.now();
    if (this.#beatAt === undefined) {
      this.#load.start(now);
      this.#beatLater(now);
    }
    this.#load.turn(this.#turnAt, now);
    this.#turnAt = undefined;
  }

  #beatLater(now: Millis): void {
    const dueAt = this.#beatAt = now + BEAT_MS;
    this.#stopBeat = this.#clock.schedule(BEAT_MS, () => this.#beat(dueAt));
  }

  /** A server with nothing to do has no timer: the first turn after that begins anew. */
  #beat(dueAt: Millis): void {
    const now = this.#clock.now();
    const { isIdle } = this.#load;
    const level = this.#load.beat(dueAt, now);
    if (level !== undefined) {
      this.#sfu.handleLoad(level, now);
      if (isIdle && this.#sfu.loadStep === 0) {
        this.#beatAt = undefined;
        return;
      }
      this.flush();
    }
    this.#beatLater(now);
  }

  /** One input, or one output that cannot be delivered, must not end the other calls. */
  #report(error: unknown): void {
    const detail = error instanceof Error ? error.stack ?? error.message : String(error);
    const kind = error instanceof InvariantError ? "An assumption did not hold" : "An input caused an error";
    this.#logger.log("error", "sfu", kind, { detail });
  }
}
