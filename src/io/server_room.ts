import { SeaMeetError } from "../base/errors.ts";
import type { RoomSnapshot } from "../sfu/snapshot.ts";
import type { EventStream } from "./event_hub.ts";
import type { Room } from "./room/room.ts";
import type { RoomMediaOptions } from "./room/room_options.ts";
import type { TimedServerEvent } from "./server_events.ts";

/** Where a room of a running server is. */
export interface RoomPlace {
  /** The room's id. */
  readonly id: string;
  /** The core that carries it: `main`, or `worker 0` and so on. */
  readonly host: string;
}

/** A room of a running server, wherever it is: `SeaMeetServer.room(id)` gives one. */
export interface ServerRoom {
  /** The room's id. */
  readonly id: string;
  /** The core that carries it: `main`, or `worker 0` and so on. */
  readonly host: string;
  /** Ids of its participants now, in join order. */
  readonly participants: readonly string[];
  /** What happens in this room from now on; ends with the room. */
  events(): EventStream<TimedServerEvent>;
  /** Participants, tracks and counters now. Fails with a `SeaMeetError` `room_not_found` once the room has ended. */
  stats(): Promise<RoomSnapshot>;
  /**
   * Takes a participant out of the room and closes its connection with code 1008; answers whether it was there.
   *
   * @param reason Text of the Close frame in place of `removed`, 123 bytes at most.
   */
  removeParticipant(participant: string, reason?: string): Promise<boolean>;
  /**
   * The room with its media: decoded sound and pictures, processors, bots. The same one each time, until it or the
   * room ends; closing it ends what was added through it and leaves the others alone.
   *
   * @throws {SeaMeetError} `room_in_worker` when it is not in the main thread, `room_not_found` once it has ended
   */
  open(options?: RoomMediaOptions): Room;
}

/** What a room needs of its server. */
export interface ServerRoomPort {
  participants(): readonly string[];
  events(): EventStream<TimedServerEvent>;
  report(): Promise<RoomSnapshot | undefined>;
  removeParticipant(participant: string, reason: string | undefined): Promise<boolean>;
  open(options: RoomMediaOptions): Room | undefined;
}

/** A room, seen through its server. */
export class RunningRoom implements ServerRoom {
  readonly id: string;
  readonly host: string;
  readonly #port: ServerRoomPort;

  constructor({ id, host }: RoomPlace, port: ServerRoomPort) {
    this.id = id;
    this.host = host;
    this.#port = port;
  }

  get participants(): readonly string[] {
    return this.#port.participants();
  }

  events(): EventStream<TimedServerEvent> {
    return this.#port.events();
  }

  async stats(): Promise<RoomSnapshot> {
    const found = await this.#port.report();
    if (found === undefined) throw new SeaMeetError("room_not_found", `The room "${this.id}" has ended`);
    return found;
  }

  removeParticipant(participant: string, reason?: string): Promise<boolean> {
    return this.#port.removeParticipant(participant, reason);
  }

  open(options: RoomMediaOptions = {}): Room {
    const room = this.#port.open(options);
    if (room === undefined) throw new SeaMeetError("room_not_found", `The room "${this.id}" has ended`);
    return room;
  }
}

/**
 * A room in a worker: events, statistics and removal are those of any room, its media stays in the other thread.
 *
 * What would hand media over throws; the option `tapRooms` places a room in the main thread, where it can be had.
 *
 * @example
 * ```ts
 * import { createServer, RemoteRoom } from "@seameet/cli/server";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = await createServer({ ws: "127.0.0.1:0", udpPort: 0, workers: 2, allowUnauthenticatedJoins: true });
 * const room = server.room("daily");
 * if (room instanceof RemoteRoom) console.log(`It is in ${room.host}: no media here`);
 * assertEquals(room, undefined); // nobody has joined it yet
 * ```
 */
export class RemoteRoom implements ServerRoom {
  readonly #room: ServerRoom;

  /** Wraps what all rooms have in common. */
  constructor(room: ServerRoom) {
    this.#room = room;
  }

  /** The room's id. */
  get id(): string {
    return this.#room.id;
  }

  /** The worker that carries it. */
  get host(): string {
    return this.#room.host;
  }

  /** Ids of its participants now, in join order. */
  get participants(): readonly string[] {
    return this.#room.participants;
  }

  /** What happens in this room from now on; ends with the room. */
  events(): EventStream<TimedServerEvent> {
    return this.#room.events();
  }

  /** Participants, tracks and counters now. @throws {SeaMeetError} `room_not_found` once the room has ended */
  stats(): Promise<RoomSnapshot> {
    return this.#room.stats();
  }

  /** Takes a participant out of the room, as in {@linkcode ServerRoom}. */
  removeParticipant(participant: string, reason?: string): Promise<boolean> {
    return this.#room.removeParticipant(participant, reason);
  }

  /** Throws: media of a room in a worker cannot be had here. @throws {SeaMeetError} `room_in_worker` */
  open(_options?: unknown): never {
    throw this.#elsewhere("open");
  }

  #elsewhere(what: string): SeaMeetError {
    const text =
      `Cannot ${what} room "${this.id}": it is in ${this.host}; name it in tapRooms to have it in the main thread`;
    return new SeaMeetError("room_in_worker", text);
  }
}
