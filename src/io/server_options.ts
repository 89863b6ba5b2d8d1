import type { Logger } from "../base/log.ts";
import type { Authenticate, RateCheck } from "./hooks.ts";
import type { EngineKind } from "./native/choose_engine.ts";
import type { SignalingConnection } from "./signaling_connection.ts";
import type { RequestInfo } from "./websocket_server.ts";

/** Bounds of a server; each has a default that suits a small installation. */
export interface ServerLimits {
  /** Members of one room (25). */
  readonly maxRoomMembers?: number;
  /** Rooms at a time (1,000). */
  readonly maxRooms?: number;
  /** Chat messages a room keeps for those who come later (1,000); 0 means that only their size counts. */
  readonly maxChatHistory?: number;
  /**
   * Lines for microphones that a participant has at most (8): in larger rooms those who speak are on them. 0: one for
   * everybody.
   */
  readonly audioSlots?: number;
  /**
   * Cameras that a participant is sent at most (49): those of the last speakers, beside what it has given a priority, and
   * screens. 0: all.
   */
  readonly lastN?: number;
  /** Longest room id in characters, 1 … 256 (64). */
  readonly maxRoomIdLength?: number;
  /** Longest display name in characters, 1 … 256 (64); longer ones are cut. */
  readonly maxDisplayNameLength?: number;
  /** WebSockets and HTTP connections at a time (10,000). */
  readonly maxConnections?: number;
  /** The same from one address (2,500). */
  readonly maxConnectionsPerAddress?: number;
}

/**
 * Options of `createServer`.
 *
 * @example
 * ```ts
 * import { createServer, type ServerOptions, sharedToken } from "@seameet/cli/server";
 *
 * const options: ServerOptions = {
 *   ws: "127.0.0.1:0",
 *   udpPort: 0,
 *   authenticate: sharedToken("open sesame"),
 *   limits: { maxRooms: 100, maxRoomMembers: 12 },
 * };
 * await using server = await createServer(options);
 * console.log(`Listening on port ${server.wsAddress.port}`);
 * ```
 */
export interface ServerOptions {
  /** Where HTTP and WebSocket listen: `"host:port"` or its parts (0.0.0.0:3001); port 0 picks a free one. */
  readonly ws?: string | { readonly hostname?: string; readonly port?: number };
  /** Media port, the same on every local address (10000), and the first one where there are workers; 0 picks free ones. */
  readonly udpPort?: number;
  /** Addresses under which clients reach the media port from outside, as behind a router that forwards it. */
  readonly publicIp?: string | readonly string[];
  /** Local addresses to open media sockets on; every usable one by default. */
  readonly mediaAddresses?: readonly string[];
  /**
   * What moves and encrypts packets: `auto` (the default) takes the native engine on Linux where `--allow-ffi` and the
   * system's libcrypto are there, else the portable one; `native` refuses to start without.
   */
  readonly engine?: EngineKind;
  /**
   * How many cores carry rooms (1): 1 is the main thread; more are that many Deno Workers, each with a media port of its
   * own (`udpPort` and those after it); `auto` takes as many as the machine has cores.
   */
  readonly workers?: number | "auto";
  /**
   * Which rooms are placed in the main thread beside workers, because the application taps or processes their media: all
   * (`true`), or those it says `true` for when they come into being. Their core has the port after the last worker's.
   */
  readonly tapRooms?: boolean | ((roomId: string) => boolean);
  /** What a receiver's path is taken to carry before it is measured, in kilobits per second, 30 … 100,000 (1,000). */
  readonly initialBitrateKbps?: number;
  /** Decides who may join; this or `allowUnauthenticatedJoins` must be there. */
  readonly authenticate?: Authenticate;
  /** Lets everybody join who can reach the server, and says so in the log. */
  readonly allowUnauthenticatedJoins?: boolean;
  /** Says whether a message may pass; by default each participant may send 200 a second, ten of which everybody is told of. */
  readonly rateCheck?: RateCheck;
  /** Sees each new connection before the server does; it takes part only once `next` was called. */
  readonly onConnection?: (connection: SignalingConnection, next: () => void) => void | Promise<void>;
  /** Answers HTTP requests, such as those for the web app; `/healthz` and `/seameet.json` are answered before. */
  readonly handleHttp?: (request: Request, info: RequestInfo) => Response | undefined | Promise<Response | undefined>;
  /** Bounds. */
  readonly limits?: ServerLimits;
  /**
   * End-to-end encryption: `required` of every member, announced within the time after the join (5,000 ms); `default` has clients
   * switch it on unless a person switches it off.
   */
  readonly e2ee?: { readonly required?: boolean; readonly default?: boolean; readonly joinTimeoutMs?: number };
  /** Web origins whose pages may connect, beside those of the server's own host name; `"*"` for all. */
  readonly allowOrigin?: readonly string[] | "*";
  /** Addresses or ranges of reverse proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies?: readonly string[];
  /** How many events wait for a slow subscriber before it loses the oldest (256). */
  readonly eventBuffer?: number;
  /** Where log lines go; nowhere by default. */
  readonly logger?: Logger;
  /** Closes the server when it aborts. */
  readonly signal?: AbortSignal;
}
