import { SeaMeetError } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import { type AuditLog, openAuditLog } from "./audit_log.ts";
import type { ServeOptions } from "./cli_options.ts";
import { consoleLogger } from "./console_log.ts";
import { isLoopback } from "./ip_address.ts";
import { recordServer } from "./record_server.ts";
import { onStarterGone } from "./relaunch.ts";
import { createServer, type SeaMeetServer } from "./seameet_server.ts";
import type { ServerOptions } from "./server_options.ts";
import { sharedToken } from "./shared_token.ts";
import { onEndSignal } from "./signals.ts";
import { appFolder, bundledApp, type WebHandler } from "./web_app.ts";

/** Exit code of a program ended by an impatient second Ctrl-C. */
const INTERRUPTED = 130;

/** `seameet serve`: runs until a signal ends it; returns the exit code. */
export async function serve(options: ServeOptions): Promise<number> {
  const logger = consoleLogger({ levels: options.logLevels, format: options.logFormat });
  try {
    if (options.record !== undefined) await checkRecordings(options.record);
    const audit = options.auditLog === undefined ? undefined : await openAudit(options.auditLog, logger);
    const web = await openWeb(options.web, logger);
    const server = await createServer(serverOptions(options, web, logger));
    const recorded = options.record === undefined ? undefined : recordServer(server, options.record, logger);
    const written = audit === undefined ? undefined : writeAudit(server, audit);
    await announce(server, options, web !== undefined);
    await untilEnded(server);
    await recorded;
    await written;
    await audit?.close();
    return 0;
  } catch (error) {
    if (!(error instanceof SeaMeetError)) throw error;
    console.error(error.message);
    return 1;
  }
}

function serverOptions(options: ServeOptions, web: WebHandler | undefined, logger: Logger): ServerOptions {
  const { maxRooms, maxConnections } = options;
  return {
    ws: { hostname: options.host, port: options.port },
    udpPort: options.udpPort,
    publicIp: options.publicIps,
    engine: options.engine,
    workers: options.workers,
    ...(options.record === undefined ? {} : { tapRooms: true }),
    e2ee: { required: options.e2ee === "required", default: options.e2ee === "default" },
    ...policy(options),
    limits: {
      maxRoomMembers: options.maxRoomMembers,
      maxChatHistory: options.maxChatHistory,
      audioSlots: options.audioSlots,
      lastN: options.lastN,
      ...(maxRooms === undefined ? {} : { maxRooms }),
      ...(maxConnections === undefined ? {} : { maxConnections }),
    },
    allowOrigin: options.allowOrigins.includes("*") ? "*" : options.allowOrigins,
    trustedProxies: options.trustedProxies,
    ...(web === undefined ? {} : { handleHttp: web }),
    logger,
  };
}

/** Who may join; without a word from the user only those at this machine, whatever address it listens on. */
export function policy({ authToken, allowUnauthenticatedJoins }: ServeOptions): Partial<ServerOptions> {
  if (authToken !== undefined) return { authenticate: sharedToken(authToken) };
  if (allowUnauthenticatedJoins) return { allowUnauthenticatedJoins };
  return {
    authenticate: ({ remoteAddress, headers }) =>
      isLoopback(remoteAddress) && isOwnName(headers.get("host"))
        ? undefined
        : { reject: "This server is open to its own machine only" },
  };
}

/**
 * Says whether the client called us by a name of this machine.
 *
 * A page anywhere on the web can have its own name point to 127.0.0.1 and then counts as being of our origin; but
 * the name it used stands in the request.
 */
function isOwnName(host: string | null): boolean {
  if (host === null || !URL.canParse(`http://${host}`)) return false;
  const name = new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, "");
  return name === "localhost" || isLoopback(name);
}

/** The same in words. */
function joining({ authToken, allowUnauthenticatedJoins }: ServeOptions): string {
  if (authToken !== undefined) return "with the access code";
  return allowUnauthenticatedJoins ? "OPEN: everybody who reaches this server" : "from this machine only";
}

async function openWeb(web: string | undefined, logger: Logger): Promise<WebHandler | undefined> {
  if (web === "off") return undefined;
  if (web !== undefined) {
    const handler = await appFolder(web);
    if (handler === undefined) {
      throw new SeaMeetError("config", `Cannot serve --web ${web}: there is no index.html in it`);
    }
    return handler;
  }
  const handler = await bundledApp();
  if (handler === undefined) {
    logger.log("warn", "http", "The meeting app is not built: run the task build:web first, or start with --web off");
  }
  return handler;
}

/** Says at the start, not with the first call, that nothing can be written. */
async function checkRecordings(directory: string): Promise<void> {
  try {
    await Deno.mkdir(directory, { recursive: true });
    await Deno.remove(await Deno.makeTempFile({ dir: directory }));
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new SeaMeetError("config", `Cannot write --record ${directory}: ${detail}`, { cause: error });
  }
}

async function openAudit(target: string, logger: Logger): Promise<AuditLog> {
  try {
    return await openAuditLog(target, { onTrouble: (message) => logger.log("error", "audit", message) });
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new SeaMeetError("config", `Cannot write --audit-log ${target}: ${detail}`, { cause: error });
  }
}

async function writeAudit(server: SeaMeetServer, audit: AuditLog): Promise<void> {
  const events = server.events();
  let dropped = 0;
  for await (const event of events) {
    if (events.dropped > dropped) {
      audit.write({ type: "eventsDropped", count: events.dropped - dropped, timestamp: event.timestamp });
      dropped = events.dropped;
    }
    audit.write(event);
  }
}

/** What people need to know, where they look first; standard output, so that logs stay apart. */
async function announce(server: SeaMeetServer, options: ServeOptions, hasWeb: boolean): Promise<void> {
  const { hostname, port } = server.wsAddress;
  const shown = hostname === "0.0.0.0" || hostname === "::"
    ? "localhost"
    : hostname.includes(":")
    ? `[${hostname}]`
    : hostname;
  const { engine } = await server.stats();
  const media = [...options.publicIps, ...server.mediaAddresses].join(", ");
  const lines = [
    hasWeb ? `Meeting app  http://${shown}:${port}/` : `Signaling    ws://${shown}:${port}/`,
    `Media        UDP port ${server.udpPorts.join(", ")} on ${media}`,
    `Engine       ${engine.name}: ${engine.why}`,
    `Joining      ${joining(options)}`,
    ...(options.record === undefined ? [] : [`Recording    every room, in ${options.record}: tell people`]),
    ...(options.e2ee === "off" ? [] : [`Encryption   end to end: ${options.e2ee}`]),
    ...options.notices,
  ];
  // With the audit log on standard output, that must hold nothing but events.
  const say = options.auditLog === "-" ? console.error : console.log;
  say(lines.join("\n"));
}

async function untilEnded(server: SeaMeetServer): Promise<void> {
  const stop = onEndSignal((_signal, count) => count > 1 ? Deno.exit(INTERRUPTED) : void server.close());
  const forget = onStarterGone(() => void server.close());
  await server.finished;
  stop();
  forget();
}
