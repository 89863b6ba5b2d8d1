import { SeaMeetError } from "../../base/errors.ts";
import type { CodecWorker, CodecWorkerPool, WorkerOrder } from "./codec_worker.ts";
import type { Vp8Backend, Vp8DecoderSettings, Vp8EncoderSettings } from "./vp8_options.ts";
import type { WorkerResult } from "./worker_messages.ts";

/** How a codec is opened in a worker. */
export type OpenOrder =
  | { op: "openEncoder"; settings: Vp8EncoderSettings }
  | { op: "openDecoder"; settings: Vp8DecoderSettings };

type Omitted<Order> = Order extends { codec: number } ? Omit<Order, "codec"> : never;

/** Numbers codecs in all workers. */
let lastCodec = 0;

/** One codec's connection to a worker; after a crash it is opened again on another one. */
export class WorkerLink {
  readonly #pool: CodecWorkerPool;
  readonly #order: OpenOrder;
  readonly #codec = ++lastCodec;
  #worker: CodecWorker | undefined;
  #backend: Vp8Backend = "native";
  #closing: Promise<void> | undefined;

  private constructor(pool: CodecWorkerPool, order: OpenOrder) {
    this.#pool = pool;
    this.#order = order;
  }

  /** Opens a codec. @throws {SeaMeetError} with code `codec` when no library can be found */
  static async open(pool: CodecWorkerPool, order: OpenOrder): Promise<WorkerLink> {
    const link = new WorkerLink(pool, order);
    const { opening } = link.#connect();
    try {
      await opening;
    } catch (error) {
      await link.close();
      throw error;
    }
    return link;
  }

  /** Which library was found. */
  get backend(): Vp8Backend {
    return this.#backend;
  }

  /** False after a crash of the worker, until the next request. */
  get connected(): boolean {
    return this.#worker?.usable === true;
  }

  /** Sends a request. @throws {SeaMeetError} (by rejecting) with code `codec`, or `closed` after `close` */
  request(order: Omitted<WorkerOrder>, transfer: Transferable[]): Promise<WorkerResult> {
    if (this.#closing !== undefined) return Promise.reject(new SeaMeetError("closed", "The VP8 codec is closed"));
    let worker = this.#worker;
    if (worker?.usable !== true) {
      const connected = this.#connect();
      // The worker keeps why opening failed, and says so in the answer to this request.
      connected.opening.catch(() => undefined);
      worker = connected.worker;
    }
    return worker.request({ ...order, codec: this.#codec }, transfer);
  }

  /** Gives the memory back after the calls before it; any number of times. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    // A worker that crashed has nothing left to give back.
    await worker.request({ op: "close", codec: this.#codec }).catch(() => undefined);
    this.#pool.release(worker);
  }

  #connect(): { worker: CodecWorker; opening: Promise<void> } {
    if (this.#worker !== undefined) this.#pool.release(this.#worker);
    const worker = this.#worker = this.#pool.take();
    const opening = worker.request({ ...this.#order, codec: this.#codec }).then((result) => {
      if (result.kind === "opened") this.#backend = result.backend;
    });
    return { worker, opening };
  }
}
