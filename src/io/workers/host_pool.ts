import { SeaMeetError } from "../../base/errors.ts";
import type { RoomId } from "../../base/ids.ts";
import type { Logger } from "../../base/log.ts";
import type { RoomEvent } from "../../room/room_events.ts";
import type { LoadChange, MembershipChange } from "../../sfu/outputs.ts";
import type { RoomsOfHost } from "./room_directory.ts";
import type { RoomHost } from "./room_host.ts";
import { placeRoom } from "./room_placement.ts";
import { startHost } from "./start_host.ts";
import { WorkerHost } from "./worker_host.ts";
import type { HostSettings } from "./worker_messages.ts";

const MAX_PORT = 65_535;

/** What a pool is made with. */
export interface HostPoolOptions {
  /** How many workers; 1 means none: the core runs in the main thread. */
  readonly workers: number;
  /** Rooms that must be in the main thread beside the workers; `undefined`: none. */
  readonly tapRooms: ((roomId: RoomId) => boolean) | undefined;
  /** For each core; the media port is that of the first. */
  readonly settings: HostSettings;
  readonly logger: Logger;
  /** Makes a worker that runs `worker_main.ts`. */
  readonly createWorker: (name: string) => Worker;
  readonly listener: HostPoolListener;
}

/** Hears what happens in all hosts. */
export interface HostPoolListener {
  onEvent(host: RoomHost, event: RoomEvent): void;
  onMembership(host: RoomHost, change: MembershipChange): void;
  onLoad(host: RoomHost, change: LoadChange): void;
  onLost(host: RoomHost, reason: string): void;
  onRestarted(host: RoomHost): void;
}

/** Makes a worker of this package; the module stands in the `--include` of `task compile`. */
export function createMediaWorker(name: string): Worker {
  return new Worker(new URL("./worker_main.ts", import.meta.url).href, { type: "module", name });
}

/** All cores of a server. */
export class HostPool {
  /** The workers, then the core of the main thread where there is one. */
  readonly hosts: readonly RoomHost[];
  readonly #workers: readonly WorkerHost[];
  readonly #main: RoomHost | undefined;
  readonly #tapRooms: ((roomId: RoomId) => boolean) | undefined;

  private constructor(workers: readonly WorkerHost[], main: RoomHost | undefined, options: HostPoolOptions) {
    this.#workers = workers;
    this.#main = main;
    this.#tapRooms = options.tapRooms;
    this.hosts = main === undefined ? workers : [...workers, main];
  }

  /** Starts all of them, or none. @throws {SeaMeetError} what the first that failed has thrown */
  static async start(options: HostPoolOptions): Promise<HostPool> {
    const { workers: count, tapRooms, logger } = options;
    if (count === 1) return new HostPool([], await startMain(options, 0), options);
    const ports = tapRooms === undefined ? count : count + 1;
    const { udpPort } = options.settings;
    if (udpPort + ports - 1 > MAX_PORT) {
      throw new SeaMeetError(
        "config",
        `Cannot open media ports ${udpPort} and the ${ports - 1} after it: 65535 is the last`,
      );
    }
    const started = await Promise.allSettled(Array.from({ length: count }, (_, index) => startWorker(options, index)));
    const workers = started.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
    try {
      for (const result of started) if (result.status === "rejected") throw result.reason;
      logger.log("info", "io", `${count} workers: ${workers[0]!.engine.why}`);
      return new HostPool(workers, tapRooms === undefined ? undefined : await startMain(options, count), options);
    } catch (error) {
      await Promise.all(workers.map((worker) => worker.close()));
      throw error;
    }
  }

  /** Chooses the host of a new room; `undefined` when no worker runs now. */
  place(roomId: RoomId, load: ReadonlyMap<RoomHost, RoomsOfHost>): RoomHost | undefined {
    if (this.#main !== undefined && (this.#workers.length === 0 || this.#tapRooms?.(roomId) === true)) {
      return this.#main;
    }
    const chosen = placeRoom(this.#workers.map((worker) => {
      const { running, packetsPerSecond } = worker;
      return { running, packetsPerSecond, ...(load.get(worker) ?? { rooms: 0, members: 0 }) };
    }));
    return chosen === undefined ? undefined : this.#workers[chosen];
  }

  /** Says whether it is the core of the main thread. */
  isMain(host: RoomHost): boolean {
    return host === this.#main;
  }

  /** Says goodbye to everybody and frees all ports. */
  async close(): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.close()));
  }
}

function settingsOf({ settings }: HostPoolOptions, index: number): HostSettings {
  return settings.udpPort === 0 ? settings : { ...settings, udpPort: settings.udpPort + index };
}

async function startMain(options: HostPoolOptions, index: number): Promise<RoomHost> {
  const { listener, logger } = options;
  const main: RoomHost = await startHost("main", settingsOf(options, index), {
    onEvent: (event) => listener.onEvent(main, event),
    onMembership: (change) => listener.onMembership(main, change),
    onLoad: (change) => listener.onLoad(main, change),
  }, logger);
  return main;
}

async function startWorker(options: HostPoolOptions, index: number): Promise<WorkerHost> {
  const { listener, logger, createWorker } = options;
  const name = `worker ${index}`;
  const host: WorkerHost = await WorkerHost.start({
    name,
    settings: settingsOf(options, index),
    logger,
    createWorker: () => createWorker(name),
    listener: {
      onEvent: (event) => listener.onEvent(host, event),
      onMembership: (change) => listener.onMembership(host, change),
      onLoad: (change) => listener.onLoad(host, change),
      onLost: (reason) => listener.onLost(host, reason),
      onRestarted: () => listener.onRestarted(host),
    },
  });
  return host;
}
