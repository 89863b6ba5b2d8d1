import { SeaMeetError } from "../../base/errors.ts";
import type { WorkerAnswer, WorkerRequest, WorkerResult } from "./worker_messages.ts";

/** A request without its number, which {@linkcode CodecWorker.request} puts in. */
export type WorkerOrder = WorkerRequest extends infer Request ? Request extends { id: number } ? Omit<Request, "id">
  : never
  : never;

interface Waiting {
  resolve(result: WorkerResult): void;
  reject(error: SeaMeetError): void;
}

/** One worker with the calls that wait for it. */
export class CodecWorker {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #failure: SeaMeetError | undefined;
  /** How many codecs are on it; the pool counts. */
  users = 0;

  /** Starts the worker; `main` is what runs in it. */
  constructor(main: URL = new URL("./worker_main.ts", import.meta.url)) {
    this.#worker = new Worker(main, { type: "module", name: "seameet-vp8" });
    this.#worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => this.#settle(data);
    this.#worker.onerror = (event) => {
      // Otherwise the error of the worker would end the application.
      event.preventDefault();
      this.#fail(event.message);
    };
    this.#worker.onmessageerror = () => this.#fail("a message could not be read");
  }

  /** False after it crashed or was ended. */
  get usable(): boolean {
    return this.#failure === undefined;
  }

  /**
   * Sends a request; the answers come in the order of the requests.
   *
   * @throws {SeaMeetError} with code `codec` (by rejecting) when the worker cannot do it, or crashes before it has
   */
  request(order: WorkerOrder, transfer: Transferable[] = []): Promise<WorkerResult> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ ...order, id }, transfer);
    });
  }

  /** Ends the thread; what waits is rejected. */
  end(): void {
    this.#fail("it was ended");
  }

  #settle(answer: WorkerAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ("result" in answer) waiting?.resolve(answer.result);
    else waiting?.reject(new SeaMeetError("codec", answer.error));
  }

  #fail(reason: string): void {
    if (this.#failure !== undefined) return;
    this.#failure = new SeaMeetError("codec", `The worker of the video codecs has stopped: ${reason}`);
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}

/** Codecs on one worker before another one is started. */
const CODECS_PER_WORKER = 2;

/** A core is left to the application; more than these are of no use to a meeting. */
const MAX_WORKERS = 4;

/** Spreads codecs over a few workers and ends those without any. */
export class CodecWorkerPool {
  readonly #most: number;
  #workers: CodecWorker[] = [];

  /** `most`: workers at the same time. */
  constructor(most: number = Math.max(1, Math.min(MAX_WORKERS, navigator.hardwareConcurrency - 1))) {
    this.#most = most;
  }

  /** The workers that run. */
  get workers(): readonly CodecWorker[] {
    return this.#workers;
  }

  /** A worker for one more codec; give it back with {@linkcode release}. */
  take(): CodecWorker {
    this.#workers = this.#workers.filter((worker) => worker.usable);
    const least = [...this.#workers].sort((a, b) => a.users - b.users)[0];
    let worker = least;
    if (worker === undefined || (worker.users >= CODECS_PER_WORKER && this.#workers.length < this.#most)) {
      worker = new CodecWorker();
      this.#workers.push(worker);
    }
    worker.users++;
    return worker;
  }

  /** Says that a codec is gone from its worker; the last one ends it. */
  release(worker: CodecWorker): void {
    if (--worker.users > 0) return;
    worker.end();
    this.#workers = this.#workers.filter((other) => other !== worker);
  }
}

/** The workers of this program. */
export const codecWorkers: CodecWorkerPool = new CodecWorkerPool();
