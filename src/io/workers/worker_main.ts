/**
 * The worker's side: one core, told what to do by messages of the main thread.
 *
 * Loaded with `new Worker`, so it stands in the `--include` of `task compile` and imports nothing that the main thread
 * does not import too. An error that nobody catches ends this thread, and the main thread starts another.
 *
 * @module
 */
import { SeaMeetError } from "../../base/errors.ts";
import { InvariantError } from "../../base/errors.ts";
import type { ConnectionId } from "../../base/ids.ts";
import { type Logger, silentLogger } from "../../base/log.ts";
import type { SfuHost } from "../sfu_host.ts";
import type { HostConnection } from "./room_host.ts";
import { startHost } from "./start_host.ts";
import type { HostSettings, WorkerReply, WorkerRequest } from "./worker_messages.ts";

const waiting: WorkerReply[] = [];

/** Everything of one turn leaves as one message, in order. */
function post(reply: WorkerReply): void {
  if (waiting.push(reply) === 1) queueMicrotask(() => self.postMessage(waiting.splice(0)));
}

const logger: Logger = {
  log: (level, module, message, fields = {}) => post({ kind: "log", level, module, message, fields }),
};

let host: SfuHost | undefined;

async function start(name: string, settings: HostSettings): Promise<void> {
  const listener = {
    onEvent: (event: Extract<WorkerReply, { kind: "event" }>["event"]) => post({ kind: "event", event }),
    onMembership: (change: Extract<WorkerReply, { kind: "membership" }>["change"]) =>
      post({ kind: "membership", change }),
    onLoad: (change: Extract<WorkerReply, { kind: "load" }>["change"]) => post({ kind: "load", change }),
  };
  try {
    // The main thread says once for all workers which engine runs.
    host = await startHost(name, settings, listener, logger, silentLogger);
    const { udpPort, addresses, engine } = host;
    post({ kind: "started", udpPort, addresses: [...addresses], engine });
  } catch (error) {
    const code = error instanceof SeaMeetError ? error.code : "io";
    post({ kind: "failed", code, message: error instanceof Error ? error.message : String(error) });
  }
}

function connection(id: ConnectionId): HostConnection {
  return {
    id,
    send: (text) => post({ kind: "text", to: id, text }),
    close: (code, reason) => post({ kind: "end", to: id, code, reason }),
  };
}

function handle(request: WorkerRequest): void {
  if (request.kind === "start") return void start(request.name, request.settings);
  if (host === undefined) throw new InvariantError(`A request came before the start: ${request.kind}`);
  switch (request.kind) {
    case "connect":
      return host.addConnection(connection(request.id));
    case "disconnect":
      return host.removeConnection(request.id, request.lost);
    case "join":
      host.join(request.from, request.message, request.grant);
      return post({ kind: "answer", call: request.call });
    case "message":
      return post({ kind: "answer", call: request.call, accepted: host.message(request.from, request.message) });
    case "remove": {
      const accepted = host.removeParticipant(request.room, request.participant);
      return post({ kind: "answer", call: request.call, accepted });
    }
    case "report":
      return post({ kind: "answer", call: request.call, report: host.report(request.room) });
    case "ping": {
      const sent = host.socketStats.sent;
      return post({ kind: "answer", call: request.call, sent, addresses: [...host.addresses] });
    }
    case "close":
      return void host.close().then(() => post({ kind: "answer", call: request.call }));
  }
}

self.addEventListener("message", (event: MessageEvent<unknown>) => {
  if (!Array.isArray(event.data)) return;
  const requests: WorkerRequest[] = event.data;
  for (const request of requests) handle(request);
});
