/**
 * The script of the worker that encrypts and decrypts frames: an entry point of its own.
 *
 * Bundlers make a file of it by `new Worker(new URL("…/worker.ts", import.meta.url), { type: "module" })` or by naming it;
 * its address, or the worker, is handed to the client as `e2ee.worker`.
 *
 * @module
 */
import { FrameWorker } from "./frame_worker.ts";
import type { FrameLike, FromWorker, ToWorker, TransformOptions } from "./worker_messages.ts";

/** The part of a worker's global scope that is used; the compiler's own types of it exclude those of pages. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  onrtctransform: ((event: RtcTransformEvent) => void) | null;
  postMessage(message: FromWorker): void;
}

interface RtcTransformEvent extends Event {
  readonly transformer: {
    readonly readable: ReadableStream<FrameLike>;
    readonly writable: WritableStream<FrameLike>;
    readonly options: TransformOptions;
  };
}

declare const self: WorkerScope;

const worker = new FrameWorker({
  post: (message) => self.postMessage(message),
  now: () => performance.now(),
  after: (delay, callback) => setTimeout(callback, delay),
});

self.onmessage = ({ data }) => worker.handle(data);
self.onrtctransform = ({ transformer }) => {
  worker.transform(transformer.readable, transformer.writable, transformer.options);
};
self.postMessage({ type: "ready" });
