import type { ConnectionId, RoomId } from "../base/ids.ts";
import { SeaMeetError } from "../base/errors.ts";
import { type Logger, silentLogger } from "../base/log.ts";
import { CLOSE_CODES } from "../signaling/errors.ts";
import {
  DEFAULT_AUDIO_SLOTS,
  DEFAULT_E2EE_JOIN_TIMEOUT_MS,
  DEFAULT_LAST_N,
  DEFAULT_MAX_CHAT_HISTORY,
  DEFAULT_MAX_CONNECTIONS,
  DEFAULT_MAX_CONNECTIONS_PER_ADDRESS,
  DEFAULT_MAX_ROOM_MEMBERS,
  DEFAULT_MAX_ROOMS,
} from "../signaling/limits.ts";
import { SERVER_CONFIG_PATH } from "../signaling/server_config.ts";
import { consoleLogger } from "./console_log.ts";
import type { EventStream } from "./event_hub.ts";
import { Gate } from "./gate.ts";
import { checkNameLength, nameLengths } from "./name_lengths.ts";
import type { RateCheck } from "./hooks.ts";
import { isIpAddress } from "./ip_address.ts";
import { checkSlots } from "./slot_limits.ts";
import { defaultRateCheck } from "./rate_limit.ts";
import { serverConfigResponse } from "./server_config_response.ts";
import { ServerEventHub } from "./server_event_hub.ts";
import type { TimedServerEvent } from "./server_events.ts";
import type { ServerLimits, ServerOptions } from "./server_options.ts";
import { RemoteRoom, type RoomPlace, RunningRoom, type ServerRoom } from "./server_room.ts";
import { type ServerStats, sumReports } from "./server_stats.ts";
import type { SignalingConnection } from "./signaling_connection.ts";
import { Room } from "./room/room.ts";
import type { RoomMediaOptions } from "./room/room_options.ts";
import { SfuHost } from "./sfu_host.ts";
import { type HttpServer, type RequestInfo, startHttpServer } from "./websocket_server.ts";
import { createMediaWorker, HostPool } from "./workers/host_pool.ts";
import { RoomDirectory } from "./workers/room_directory.ts";
import { countWorkers } from "./workers/worker_count.ts";
import type { HostSettings } from "./workers/worker_messages.ts";

/** A running server; `createServer` makes one. */
export interface SeaMeetServer extends AsyncDisposable {
  /** Everything that happens from now on, for any number of subscribers; a slow one loses the oldest events only. */
  events(): EventStream<TimedServerEvent>;
  /** Media port; the first one where there are workers. */
  readonly udpPort: number;
  /** Media ports of all cores: the workers', then that of the main thread where it carries rooms. */
  readonly udpPorts: readonly number[];
  /** Local addresses of the media sockets. */
  readonly mediaAddresses: readonly string[];
  /** Where HTTP and WebSocket listen. */
  readonly wsAddress: { readonly hostname: string; readonly port: number };
  /** Settles when the server has closed. */
  readonly finished: Promise<void>;
  /** Rooms, participants, tracks and counters now, of all cores together and of each. */
  stats(): Promise<ServerStats>;
  /** The rooms there are now, and which core carries each. */
  readonly rooms: readonly RoomPlace[];
  /** A room by its id; `undefined` when there is none. */
  room(roomId: string): ServerRoom | undefined;
  /** Takes a participant out of a room and closes its connection; answers whether it was there. */
  removeParticipant(roomId: string, participant: string): Promise<boolean>;
  /** Ends all calls properly and frees every port; any number of times. */
  close(): Promise<void>;
}

/** Messages that may come before `onConnection` lets a connection in: a join, and what follows it at once. */
const MAX_EARLY_MESSAGES = 64;

/** The least a call works with, and more than any path of one participant is asked to carry. */
const MIN_INITIAL_KBPS = 30;
const MAX_INITIAL_KBPS = 100_000;

const DEFAULT_HOSTNAME = "0.0.0.0";
const DEFAULT_WS_PORT = 3001;
const DEFAULT_UDP_PORT = 10_000;

/**
 * Starts a meeting server: signaling over WebSocket, media over one UDP port.
 *
 * @throws {SeaMeetError} `config` without an authentication policy or with unusable options, `address_in_use`, `unstable_net_required`.
 *
 * @example The smallest server, on any free ports
 * ```ts
 * import { createServer } from "@seameet/cli/server";
 * import { assert } from "@std/assert";
 *
 * await using server = await createServer({
 *   ws: "127.0.0.1:0",
 *   udpPort: 0,
 *   authenticate: ({ token }) => token === "open sesame" ? undefined : { reject: "wrong token" },
 * });
 * assert(server.wsAddress.port > 0);
 * ```
 */
export function createServer(options: ServerOptions): Promise<SeaMeetServer> {
  return startServer(options);
}

/** The same with another way to make workers, for tests that end them. */
export async function startServer(
  options: ServerOptions,
  createWorker: (name: string) => Worker = createMediaWorker,
): Promise<SeaMeetServer> {
  if (options.authenticate === undefined && options.allowUnauthenticatedJoins !== true) {
    const text =
      "No authentication policy configured: pass authenticate, or allowUnauthenticatedJoins to let everybody in";
    throw new SeaMeetError("config", text);
  }
  for (const ip of [options.publicIp ?? []].flat()) {
    if (!isIpAddress(ip)) throw new SeaMeetError("config", `Cannot announce "${ip}": it is no IP address`);
  }
  checkNameLength("limits.maxRoomIdLength", options.limits?.maxRoomIdLength);
  checkNameLength("limits.maxDisplayNameLength", options.limits?.maxDisplayNameLength);
  checkSlots("limits.audioSlots", options.limits?.audioSlots);
  checkSlots("limits.lastN", options.limits?.lastN);
  const { initialBitrateKbps: kbps } = options;
  if (kbps !== undefined && !(kbps >= MIN_INITIAL_KBPS && kbps <= MAX_INITIAL_KBPS)) {
    const text = `initialBitrateKbps must be from ${MIN_INITIAL_KBPS} to ${MAX_INITIAL_KBPS}, not ${kbps}`;
    throw new SeaMeetError("config", text);
  }
  const server = new RunningServer(options);
  await server.start(createWorker);
  return server;
}

class RunningServer implements SeaMeetServer {
  readonly finished: Promise<void>;
  readonly #options: ServerOptions;
  readonly #logger: Logger;
  readonly #events: ServerEventHub;
  readonly #gates: Map<ConnectionId, Gate> = new Map();
  readonly #rateCheck: RateCheck;
  readonly #directory: RoomDirectory;
  /** Rooms whose media the application has asked for. */
  readonly #opened: Map<RoomId, Room> = new Map();
  #pool: HostPool | undefined;
  #http: HttpServer | undefined;
  #finish: () => void = () => {};
  #closing: Promise<void> | undefined;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.#events = new ServerEventHub(options.eventBuffer);
    this.#rateCheck = options.rateCheck ??
      defaultRateCheck();
    this.#directory = new RoomDirectory({
      place: (roomId, load) => this.#pool?.place(roomId, load),
      maxRooms: options.limits?.maxRooms ?? DEFAULT_MAX_ROOMS,
      onEvent: (event) => this.#events.takeRoomEvent(event),
      now: () => performance.now(),
    });
    this.finished = new Promise((resolve) => this.#finish = resolve);
  }

  async start(createWorker: (name: string) => Worker): Promise<void> {
    const directory = this.#directory;
    this.#pool = await HostPool.start({
      workers: countWorkers(this.#options.workers ?? 1),
      tapRooms: tapRule(this.#options.tapRooms),
      settings: hostSettings(this.#options),
      logger: this.#logger,
      createWorker,
      listener: {
        onEvent: (host, event) => directory.handleEvent(host, event),
        onMembership: (host, change) => directory.handleMembership(host, change),
        onLoad: ({ name: host }, change) => this.#events.emit({ type: "serverLoad", host, ...change }),
        onLost: (host, reason) => {
          const rooms = directory.lose(host);
          this.#events.flushDepartures();
          this.#events.emit({ type: "workerLost", worker: host.name, reason, rooms });
        },
        onRestarted: ({ name: worker, udpPort }) => this.#events.emit({ type: "workerStarted", worker, udpPort }),
      },
    });
    try {
      this.#http = this.#listen(this.#options.limits ?? {});
    } catch (error) {
      await this.#pool.close();
      throw error;
    }
    if (this.#options.authenticate === undefined) {
      // Said aloud even where no logger is given: nobody should find out later that a server was open.
      (this.#options.logger ?? consoleLogger()).log(
        "warn",
        "signaling",
        "OPEN: everybody who reaches this server may join every room, without a password",
      );
    }
    if (this.#options.signal?.aborted) void this.close();
    this.#options.signal?.addEventListener("abort", () => void this.close(), { once: true });
  }

  get udpPort(): number {
    return this.#pool!.hosts[0]!.udpPort;
  }

  get udpPorts(): readonly number[] {
    return this.#pool!.hosts.map((host) => host.udpPort);
  }

  get mediaAddresses(): readonly string[] {
    return this.#pool!.hosts[0]!.addresses;
  }

  get wsAddress(): { readonly hostname: string; readonly port: number } {
    return this.#http!.addr;
  }

  events(): EventStream<TimedServerEvent> {
    return this.#events.subscribe();
  }

  async stats(): Promise<ServerStats> {
    const reports = this.#pool!.hosts.map(async (host) => ({ host, report: await host.report() }));
    const sums = sumReports(await Promise.all(reports), this.#directory.refused);
    return { ...sums, connections: this.#gates.size, refused: this.#http!.stats().endings };
  }

  get rooms(): readonly RoomPlace[] {
    return this.#directory.rooms.map(({ id, host }) => ({ id, host: host.name }));
  }

  room(roomId: RoomId): ServerRoom | undefined {
    const host = this.#directory.hostOf(roomId);
    if (host === undefined) return undefined;
    const room = new RunningRoom({ id: roomId, host: host.name }, {
      participants: () => this.#directory.participantsOf(roomId),
      events: () => this.#events.subscribeRoom(roomId),
      report: async () => (await this.#directory.hostOf(roomId)?.report(roomId))?.rooms[0],
      removeParticipant: async (participant, reason) =>
        await this.#directory.removeParticipant(roomId, participant, reason),
      open: (options) => this.#openRoom(roomId, options),
    });
    return this.#pool!.isMain(host) ? room : new RemoteRoom(room);
  }

  /** The room's media, one view of each room. */
  #openRoom(roomId: RoomId, options: RoomMediaOptions): Room | undefined {
    const known = this.#opened.get(roomId);
    if (known !== undefined) return known;
    const host = this.#directory.hostOf(roomId);
    if (!(host instanceof SfuHost)) return undefined;
    const room = Room.onHost(host, roomId, { logger: this.#logger, ...options }, () => this.#opened.delete(roomId));
    this.#opened.set(roomId, room);
    return room;
  }

  async removeParticipant(roomId: RoomId, participant: string): Promise<boolean> {
    return await this.#directory.removeParticipant(roomId, participant);
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    for (const room of [...this.#opened.values()]) await room.close();
    await this.#pool?.close();
    await this.#http?.close();
    for (const gate of this.#gates.values()) gate.close();
    this.#events.close();
    this.#finish();
  }

  #listen(limits: ServerLimits): HttpServer {
    const { allowOrigin = [], trustedProxies = [] } = this.#options;
    return startHttpServer({
      ...wsAddress(this.#options.ws),
      onConnection: (connection) => this.#accept(connection),
      handleHttp: (request, info) => this.#answer(request, info),
      maxConnections: limits.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
      maxConnectionsPerAddress: limits.maxConnectionsPerAddress ?? DEFAULT_MAX_CONNECTIONS_PER_ADDRESS,
      trustedProxies,
      allowOrigin,
      logger: this.#logger,
    });
  }

  #answer(request: Request, info: RequestInfo): Response | undefined | Promise<Response | undefined> {
    const { pathname } = new URL(request.url);
    if (pathname === "/healthz") return new Response("ok\n", { headers: { "cache-control": "no-store" } });
    if (pathname === SERVER_CONFIG_PATH) return serverConfigResponse(this.#options.e2ee);
    return this.#options.handleHttp?.(request, info);
  }

  #accept(connection: SignalingConnection): void {
    const { onConnection } = this.#options;
    if (onConnection === undefined) {
      this.#admit(connection);
      return;
    }
    let settled = false;
    // What the client says before it is let in must not be lost, nor be without bound.
    const early: string[] = [];
    connection.onText = (text) => {
      if (early.push(text) > MAX_EARLY_MESSAGES) connection.close(CLOSE_CODES.abuse, "abuse");
    };
    connection.onClose = () => settled = true;
    const next = () => {
      if (settled) return;
      settled = true;
      this.#admit(connection);
      for (const text of early) connection.onText(text);
    };
    Promise.resolve().then(() => onConnection(connection, next)).catch((error) => {
      const detail = error instanceof Error ? error.message : String(error);
      this.#logger.log("warn", "signaling", "onConnection has thrown", { detail });
      connection.close(1011, "internal");
    });
  }

  #admit(connection: SignalingConnection): void {
    const directory = this.#directory;
    const settle = (participant: string) => {
      if (!directory.isMember(connection.id)) return;
      gate.joined(participant);
      // After the events that the join itself brings about, and what is still to come of this turn.
      queueMicrotask(() => this.#events.emit({ type: "messageReceived", participant, messageType: "join" }));
    };
    const gate = new Gate(connection, {
      authenticate: this.#options.authenticate,
      rateCheck: this.#rateCheck,
      logger: this.#logger,
      now: () => performance.now(),
      nameLengths: nameLengths(this.#options.limits),
    }, {
      join: (from, message, grant) => {
        const joined = directory.join(from.id, message, grant);
        return joined === undefined ? settle(message.participant) : joined.then(() => settle(message.participant));
      },
      message: (from, message) => {
        const accepted = directory.message(from.id, message);
        if (message.type !== "leave") return accepted;
        const left = (value: boolean | undefined) => {
          if (!directory.isMember(from.id)) gate.left();
          return value;
        };
        return accepted instanceof Promise ? accepted.then(left) : left(accepted);
      },
      count: (reason) => directory.count(reason),
      emit: (event) => this.#events.emit(event),
    });
    this.#gates.set(connection.id, gate);
    directory.addConnection(connection);
    connection.onClose = (_reason, lost) => {
      gate.close();
      this.#gates.delete(connection.id);
      directory.removeConnection(connection.id, lost);
    };
  }
}

function tapRule(tapRooms: ServerOptions["tapRooms"]): ((roomId: RoomId) => boolean) | undefined {
  if (tapRooms === undefined || tapRooms === false) return undefined;
  return tapRooms === true ? () => true : tapRooms;
}

function hostSettings(options: ServerOptions): HostSettings {
  const { limits = {}, e2ee, publicIp = [], engine = "auto", mediaAddresses, udpPort = DEFAULT_UDP_PORT } = options;
  return {
    engine,
    mediaAddresses,
    udpPort,
    publicIps: typeof publicIp === "string" ? [publicIp] : publicIp,
    initialBitrateBps: options.initialBitrateKbps === undefined ? undefined : 1_000 * options.initialBitrateKbps,
    limits: {
      maxRoomMembers: limits.maxRoomMembers ?? DEFAULT_MAX_ROOM_MEMBERS,
      maxRooms: limits.maxRooms ?? DEFAULT_MAX_ROOMS,
      maxChatHistory: limits.maxChatHistory ?? DEFAULT_MAX_CHAT_HISTORY,
      audioSlots: limits.audioSlots ?? DEFAULT_AUDIO_SLOTS,
      lastN: limits.lastN ?? DEFAULT_LAST_N,
    },
    e2ee: {
      required: e2ee?.required ?? false,
      joinTimeoutMs: e2ee?.joinTimeoutMs ?? DEFAULT_E2EE_JOIN_TIMEOUT_MS,
    },
  };
}

function wsAddress(ws: ServerOptions["ws"]): { hostname: string; port: number } {
  if (typeof ws !== "string") return { hostname: ws?.hostname ?? DEFAULT_HOSTNAME, port: ws?.port ?? DEFAULT_WS_PORT };
  const [, hostname, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(ws)?.filter((part) => part !== undefined) ??
    [];
  if (hostname === undefined || port === undefined || Number(port) > 65_535) {
    throw new SeaMeetError("config", `Cannot listen on "${ws}": write it as host:port, such as 127.0.0.1:3001`);
  }
  return { hostname, port: Number(port) };
}
