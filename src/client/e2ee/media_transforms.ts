import type { ParticipantId } from "../../base/ids.ts";
import type { ReceiverLike, SenderLike } from "../ports.ts";
import type { FrameLike, TransformOptions, WorkerLike } from "./worker_messages.ts";

/** The two ways of browsers to hand out encoded frames, and none. */
export type TransformSupport = "script" | "streams" | "none";

/** What makes a transform in the given worker: `RTCRtpScriptTransform`. */
export type MakeTransform = (worker: WorkerLike, options: TransformOptions) => unknown;

interface EncodedStreams {
  readonly readable: ReadableStream<FrameLike>;
  readonly writable: WritableStream<FrameLike>;
}

/**
 * How this browser can encrypt frames: `script` by `RTCRtpScriptTransform` (Chromium, Firefox, Safari), `streams` by
 * `createEncodedStreams` (Chromium before it), `none` otherwise, and on pages that are not secure.
 *
 * @example
 * ```ts
 * import { encryptionSupport } from "@seameet/cli/client";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(encryptionSupport(), "none"); // outside a browser
 * ```
 */
export function encryptionSupport(): TransformSupport {
  if (globalThis.crypto?.subtle === undefined) return "none";
  if (Reflect.get(globalThis, "RTCRtpScriptTransform") !== undefined) return "script";
  const sender: unknown = Reflect.get(globalThis, "RTCRtpSender");
  const prototype: unknown = typeof sender === "function" ? sender.prototype : undefined;
  return typeof prototype === "object" && prototype !== null && "createEncodedStreams" in prototype
    ? "streams"
    : "none";
}

/** Makes transforms with the browser's own class. */
export const browserTransform: MakeTransform = (worker, options) =>
  new RTCRtpScriptTransform(worker as Worker, options);

/** Puts the frame worker between a connection's tracks and the network. */
export class MediaTransforms {
  /** What a new connection must be made with. */
  readonly configuration: RTCConfiguration;
  #worker: WorkerLike;
  #support: "script" | "streams";
  #make: MakeTransform;
  #lines = new Map<ReceiverLike, number>();
  #nextLine = 0;

  /** Uses `worker` by the given way. */
  constructor(worker: WorkerLike, support: "script" | "streams", make: MakeTransform) {
    this.#worker = worker;
    this.#support = support;
    this.#make = make;
    const streams: RTCConfiguration & { encodedInsertableStreams?: boolean } = { encodedInsertableStreams: true };
    this.configuration = support === "streams" ? streams : {};
  }

  /** A line on which we send; to be called before anything is sent on it. */
  outgoing(sender: SenderLike, kind: "audio" | "video"): void {
    this.#attach(sender, { operation: "encrypt", kind });
  }

  /** A line on which others may come. */
  incoming(receiver: ReceiverLike, kind: "audio" | "video"): void {
    const line = this.#nextLine++;
    this.#lines.set(receiver, line);
    this.#attach(receiver, { operation: "decrypt", kind, line });
  }

  /** Who is on which line now, all of it. */
  bind(owners: ReadonlyMap<ReceiverLike, ParticipantId>): void {
    const lines = [...owners].flatMap(([receiver, owner]) => {
      const line = this.#lines.get(receiver);
      return line === undefined ? [] : [[line, owner] as const];
    });
    this.#worker.postMessage({ type: "bind", owners: lines });
  }

  /** The connection is gone, and with it all its lines. */
  reset(): void {
    this.#lines.clear();
    this.#worker.postMessage({ type: "bind", owners: [] });
  }

  #attach(end: SenderLike | ReceiverLike, options: TransformOptions): void {
    if (this.#support === "script") {
      Reflect.set(end, "transform", this.#make(this.#worker, options));
      return;
    }
    const streams: EncodedStreams = Reflect.apply(Reflect.get(end, "createEncodedStreams"), end, []);
    const { readable, writable } = streams;
    this.#worker.postMessage({ type: "transform", options, readable, writable }, [readable, writable]);
  }
}
