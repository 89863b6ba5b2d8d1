import { SeaMeetError } from "../base/errors.ts";
import { RECONNECTING } from "../signaling/errors.ts";
import { type Logger, silentLogger } from "../base/log.ts";
import { type GuardStats, TcpGuard } from "./guard.ts";
import { headerOf, type HttpRefusal, type RequestHead } from "./guard_http_head.ts";
import type { GuardLimits } from "./guard_limits.ts";
import type { InnerConn } from "./guard_stream.ts";
import { type Cidr, parseCidr } from "./ip_address.ts";
import { type AllowedOrigins, originAllowed } from "./origin.ts";
import {
  DEFAULT_SEND_LIMITS,
  isBrokenOff,
  type SendLimits,
  type SignalingConnection,
  WebSocketConnection,
} from "./signaling_connection.ts";

/** Who sent an HTTP request. */
export interface RequestInfo {
  /** The client's address; the one a trusted proxy forwards, where there is such a proxy. */
  readonly remoteAddress: string;
}

/** Options of `startHttpServer`. */
export interface HttpServerOptions {
  /** Address to listen on. */
  readonly hostname: string;
  /** Port to listen on; 0 for any. */
  readonly port: number;
  /** Called with each signaling socket once it is open: every path with an `Upgrade` header is one. */
  readonly onConnection: (connection: SignalingConnection) => void;
  /** Answers everything else; `undefined` becomes 404. */
  readonly handleHttp?: (request: Request, info: RequestInfo) => Response | undefined | Promise<Response | undefined>;
  /** TCP connections at once (2,000). */
  readonly maxConnections?: number;
  /** TCP connections at once from one IPv4 address or IPv6 /64 (256). */
  readonly maxConnectionsPerAddress?: number;
  /** Addresses or ranges (`10.0.0.0/8`) whose `X-Forwarded-For` is believed; nobody by default. */
  readonly trustedProxies?: readonly string[];
  /** Origins whose pages may open a socket, besides those of the same host name. */
  readonly allowOrigin?: AllowedOrigins;
  /** After how much silence a client is pinged, and after as much again dropped (30 s). */
  readonly idleTimeoutSeconds?: number;
  /** Other limits of the guard. */
  readonly guardLimits?: Partial<GuardLimits>;
  /** Limits of the send queues. */
  readonly sendLimits?: Partial<SendLimits>;
  /** Where log lines go. */
  readonly logger?: Logger;
}

/** A running HTTP and WebSocket server. */
export interface HttpServer {
  /** Where it listens. */
  readonly addr: { readonly hostname: string; readonly port: number };
  /** What the guard has seen. */
  stats(): GuardStats;
  /** Closes every socket with 1001, stops, and waits until nothing is left; may be called any number of times. */
  close(): Promise<void>;
}

/** The server goes away (RFC 6455 section 7.4.1). */
const GOING_AWAY = 1001;
/** Something of ours broke (RFC 6455 section 7.4.1). */
const INTERNAL_ERROR = 1011;
/** Words of the guard for connections that broke off. */
const BROKEN_OFF: ReadonlySet<string> = new Set(["closed", "receiver stalled", "no answer to ping"]);
/** How long sockets may take to answer their goodbye when the server closes. */
const CLOSE_GRACE_MS = 1_000;

/**
 * Starts HTTP and WebSocket on one port, behind the guard.
 *
 * `Deno.serve` listens where only this process gets in: a Unix socket in a private folder where that is possible,
 * else a loopback port. Either way it only answers requests that carry the guard's identity header, whose name is
 * random.
 *
 * @throws {SeaMeetError} `address_in_use`, or `config` when the address or a proxy range is no good.
 */
export function startHttpServer(options: HttpServerOptions): HttpServer {
  const trustedProxies = (options.trustedProxies ?? []).map(parseProxy);
  const identityHeader = `x-seameet-${crypto.randomUUID()}`;
  const logger = options.logger ?? silentLogger;
  const sockets = new Map<WebSocketConnection, Promise<void>>();
  // the guard comes first: when the port is taken, nothing has to be undone
  const guard = new TcpGuard({
    hostname: options.hostname,
    port: options.port,
    trustedProxies,
    identityHeader,
    dial: () => inner.dial(),
    judgeUpgrade: (head) => judgeOrigin(head, options.allowOrigin ?? []),
    limits: guardLimits(options),
  });
  const inner = listenInside((request) => handle(request, { options, guard, identityHeader, sockets, logger }), logger);
  let closing: Promise<void> | undefined;
  return {
    addr: { hostname: guard.addr.hostname, port: guard.addr.port },
    stats: () => guard.stats(),
    close: () => closing ??= closeAll(guard, inner, sockets),
  };
}

interface Context {
  readonly options: HttpServerOptions;
  readonly guard: TcpGuard;
  readonly identityHeader: string;
  /** Open sockets, with what settles when each is gone. */
  readonly sockets: Map<WebSocketConnection, Promise<void>>;
  readonly logger: Logger;
}

async function handle(request: Request, context: Context): Promise<Response> {
  const identity = request.headers.get(context.identityHeader);
  const [, id, remoteAddress] = /^(\d+) (\S+)$/.exec(identity ?? "") ?? [];
  if (id === undefined || remoteAddress === undefined) return new Response("Forbidden\n", { status: 403 });
  const headers = new Headers(request.headers);
  headers.delete(context.identityHeader);
  const url = publicUrl(request);
  if (headers.has("upgrade")) return upgrade(request, { id: Number(id), remoteAddress, headers, url }, context);
  const body = request.method === "GET" || request.method === "HEAD" ? null : request.body;
  const outer = new Request(url, { method: request.method, headers, body });
  const response = await context.options.handleHttp?.(outer, { remoteAddress });
  return response ?? new Response("Not found\n", { status: 404 });
}

function upgrade(
  request: Request,
  identity: { id: number; remoteAddress: string; headers: Headers; url: string },
  context: Context,
): Response {
  const { options, guard, sockets, logger } = context;
  const guarded = guard.connection(identity.id);
  if (guarded === undefined) return new Response("Gone\n", { status: 403 });
  // the guard pings: the runtime's idle timer would keep every closed socket in memory until it ends
  const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
  const limits = { ...DEFAULT_SEND_LIMITS, ...options.sendLimits };
  const connection = new WebSocketConnection(identity, socket, guarded, limits);
  let gone = () => {};
  socket.binaryType = "arraybuffer";
  // an exception out of a socket's event would end the process
  const safely = (what: string, run: () => void) => {
    try {
      run();
    } catch (error) {
      const detail = error instanceof Error ? error.stack ?? error.message : String(error);
      logger.log("error", "signaling", `Handling of ${what} failed`, { connection: identity.id, detail });
      connection.close(INTERNAL_ERROR, "internal");
    }
  };
  const over = ({ code, reason }: CloseEvent) => {
    sockets.delete(connection);
    const { ending } = guarded;
    const words = ending ?? (reason === "" ? `closed with ${code}` : reason);
    safely("a disconnect", () => connection.handleClose(words, isLoss(code, ending)));
    gone();
  };
  socket.onopen = () => {
    sockets.set(connection, new Promise((resolve) => gone = resolve));
    safely("a new connection", () => options.onConnection(connection));
  };
  socket.onmessage = (event) => safely("a message", () => connection.handleMessage(event.data));
  socket.onclose = over;
  socket.onerror = (event) => {
    const fields = { connection: identity.id, detail: event instanceof ErrorEvent ? event.message : "unknown" };
    logger.log("debug", "signaling", "Socket failed", fields);
  };
  return response;
}

/** Says whether a connection broke off: nobody said goodbye, and the guard did not end it for breaking a rule. */
function isLoss(code: number, ending: string | undefined): boolean {
  return isBrokenOff(code) && (code === RECONNECTING || ending === undefined || BROKEN_OFF.has(ending));
}

/** The URL as the client knows it: `Deno.serve` on a Unix socket makes up a scheme of its own. */
function publicUrl(request: Request): string {
  const inner = new URL(request.url.replace(/^[a-z+]+:/, "http:"));
  const host = request.headers.get("x-forwarded-host") ?? request.headers.get("host");
  const scheme = request.headers.get("x-forwarded-proto") === "https" ? "https" : "http";
  const url = `${scheme}://${host}${inner.pathname}${inner.search}`;
  return URL.canParse(url) ? url : `http://localhost${inner.pathname}${inner.search}`;
}

function judgeOrigin(head: RequestHead, allowed: AllowedOrigins): HttpRefusal | undefined {
  const host = headerOf(head, "x-forwarded-host") ?? headerOf(head, "host");
  if (originAllowed(headerOf(head, "origin"), host, allowed)) return undefined;
  return { status: 403, text: "This origin may not connect: see --allow-origin" };
}

/** `Deno.serve` where only this process can reach it. */
interface Inside {
  dial(): Promise<InnerConn>;
  close(): Promise<void>;
}

function listenInside(handler: (request: Request) => Promise<Response>, logger: Logger): Inside {
  const onListen = () => {};
  const onError = (error: unknown) => {
    logger.log("error", "http", "Request failed", { detail: error instanceof Error ? error.message : String(error) });
    return new Response("Internal server error\n", { status: 500 });
  };
  const directory = privateDirectory();
  if (directory === undefined) {
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen, onError }, handler);
    const { port } = server.addr;
    return { dial: () => Deno.connect({ hostname: "127.0.0.1", port }), close: () => server.shutdown() };
  }
  const path = `${directory}/http`;
  const server = Deno.serve({ path, onListen, onError }, handler);
  return {
    dial: () => Deno.connect({ transport: "unix", path }),
    async close() {
      await server.shutdown();
      await Deno.remove(directory, { recursive: true });
    },
  };
}

/** A folder that only this user can enter; `undefined` where Unix sockets or the permissions for them are missing. */
function privateDirectory(): string | undefined {
  if (Deno.build.os === "windows") return undefined;
  const granted = (name: "read" | "write") => Deno.permissions.querySync({ name }).state === "granted";
  if (!granted("read") || !granted("write")) return undefined;
  try {
    return Deno.makeTempDirSync({ prefix: "seameet-" });
  } catch {
    return undefined;
  }
}

async function closeAll(
  guard: TcpGuard,
  inner: Inside,
  sockets: Map<WebSocketConnection, Promise<void>>,
): Promise<void> {
  guard.stopListening();
  for (const connection of sockets.keys()) connection.close(GOING_AWAY, "going_away");
  let timer: ReturnType<typeof setTimeout> | undefined;
  const grace = new Promise<void>((resolve) => timer = setTimeout(resolve, CLOSE_GRACE_MS));
  await Promise.race([Promise.all(sockets.values()), grace]);
  clearTimeout(timer);
  const rest = Promise.all(sockets.values());
  await guard.close();
  await rest;
  await inner.close();
}

function guardLimits(options: HttpServerOptions): Partial<GuardLimits> {
  const { maxConnections, maxConnectionsPerAddress, idleTimeoutSeconds } = options;
  return {
    ...options.guardLimits,
    ...(idleTimeoutSeconds === undefined ? {} : { pingAfterMs: idleTimeoutSeconds * 1000 }),
    ...(maxConnections === undefined ? {} : { maxConnections }),
    ...(maxConnectionsPerAddress === undefined ? {} : { maxConnectionsPerAddress }),
  };
}

function parseProxy(text: string): Cidr {
  const range = parseCidr(text);
  if (range !== undefined) return range;
  throw new SeaMeetError(
    "config",
    `Cannot trust proxy "${text}": it is neither an IP address nor a range like 10.0.0.0/8`,
  );
}
