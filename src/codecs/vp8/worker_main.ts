/** The thread that encodes and decodes video. It does what it is told in order, and knows nothing of the application. */
import { WorkerDecoder, WorkerEncoder } from "./worker_codec.ts";
import type { WorkerAnswer, WorkerRequest, WorkerResult } from "./worker_messages.ts";

/** What a worker has as global object; the types of Deno name that of the main thread only. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<WorkerRequest>) => void) | null;
  postMessage(message: WorkerAnswer, transfer: Transferable[]): void;
}

/** The open codecs; an error where opening failed. */
const codecs = new Map<number, WorkerEncoder | WorkerDecoder | Error>();

async function perform(request: WorkerRequest): Promise<WorkerResult> {
  switch (request.op) {
    case "openEncoder":
      return await open(request.codec, WorkerEncoder.open(request.settings));
    case "openDecoder":
      return await open(request.codec, WorkerDecoder.open(request.settings.backend));
    case "encode": {
      const codec = codecs.get(request.codec);
      if (codec instanceof WorkerEncoder) return await codec.encode(request.picture);
      throw codec ?? new Error("There is no such encoder");
    }
    case "decode": {
      const codec = codecs.get(request.codec);
      if (codec instanceof WorkerDecoder) return await codec.decode(request.data);
      throw codec ?? new Error("There is no such decoder");
    }
    case "close": {
      const codec = codecs.get(request.codec);
      codecs.delete(request.codec);
      if (codec !== undefined && !(codec instanceof Error)) codec.close();
      return { kind: "nothing" };
    }
  }
}

async function open(codec: number, opening: Promise<WorkerEncoder | WorkerDecoder>): Promise<WorkerResult> {
  try {
    const opened = await opening;
    codecs.set(codec, opened);
    return { kind: "opened", backend: opened.backend };
  } catch (error) {
    const kept = error instanceof Error ? error : new Error(String(error));
    codecs.set(codec, kept);
    throw kept;
  }
}

async function answer(scope: WorkerScope, request: WorkerRequest): Promise<void> {
  const { id } = request;
  try {
    const result = await perform(request);
    scope.postMessage({ id, result }, "data" in result ? [result.data.buffer] : []);
  } catch (error) {
    scope.postMessage({ id, error: error instanceof Error ? error.message : String(error) }, []);
  }
}

function serve(scope: WorkerScope): void {
  let last: Promise<void> = Promise.resolve();
  scope.onmessage = ({ data }) => {
    // One after another: a codec may be loading while its first picture arrives.
    last = last.then(() => answer(scope, data));
  };
}

const scope: unknown = globalThis;
serve(scope as WorkerScope);
