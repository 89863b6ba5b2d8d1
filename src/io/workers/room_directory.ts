import { Counters } from "../../base/counters.ts";
import type { ConnectionId, ParticipantId, RoomId } from "../../base/ids.ts";
import type { Millis } from "../../base/time.ts";
import type { RoomEvent } from "../../room/room_events.ts";
import type { Grant } from "../../sfu/member.ts";
import type { MembershipChange } from "../../sfu/outputs.ts";
import { JOIN_REFUSALS, type Refusal, speakerRefusal } from "../../sfu/refusals.ts";
import { encodeServerMessage, refusal } from "../../signaling/encode.ts";
import { CLOSE_CODES, ERROR_CODES } from "../../signaling/errors.ts";
import { MAX_ROOMS_PER_CONNECTION } from "../../signaling/limits.ts";
import type { ClientMessage, JoinMessage } from "../../signaling/messages.ts";
import type { Accepted, HostConnection, RoomHost } from "./room_host.ts";

/** What a directory is made with. */
export interface RoomDirectoryOptions {
  /** Chooses the host of a new room; `undefined` when none runs. `members` are those of each host's rooms now. */
  readonly place: (roomId: RoomId, load: ReadonlyMap<RoomHost, RoomsOfHost>) => RoomHost | undefined;
  /** Rooms of all hosts together. */
  readonly maxRooms: number;
  /** Hears what happens in rooms, also of those that are lost. */
  readonly onEvent: (event: RoomEvent) => void;
  readonly now: () => Millis;
}

/** How much of the server is on one host. */
export interface RoomsOfHost {
  rooms: number;
  members: number;
}

/** A room and the host it lives on, from the first join that is sent there until it has ended. */
interface Place {
  readonly host: RoomHost;
  readonly createdAt: Millis;
  readonly members: Map<ParticipantId, ConnectionId>;
  /** Connections whose join the host has not answered yet. */
  readonly joining: Set<ConnectionId>;
  joinCount: number;
  /** The host has said that the room exists. */
  exists: boolean;
}

interface ConnectionEntry {
  readonly connection: HostConnection;
  /** Fixed by the first successful join. */
  participant: ParticipantId | undefined;
  readonly rooms: Set<RoomId>;
  /** Hosts that know this connection. */
  readonly hosts: Set<RoomHost>;
  /** Sent in place of `removed` when the connection is closed for that. */
  removalText: string | undefined;
}

const NO_WORKER: Refusal = {
  reason: "worker_lost",
  text: "The part of the server that carries rooms is being started again: try again",
};

const ROOM_LOST = "The part of the server that carried this room has ended: connect and join again";

/**
 * Knows which room is on which host and who is in it, and sends joins and messages there.
 *
 * What holds for a connection in all its rooms, and for all rooms together, is checked here, since no core sees more
 * than its own rooms.
 */
export class RoomDirectory {
  readonly #options: RoomDirectoryOptions;
  readonly #rooms: Map<RoomId, Place> = new Map();
  readonly #connections: Map<ConnectionId, ConnectionEntry> = new Map();
  readonly #refused = new Counters();

  constructor(options: RoomDirectoryOptions) {
    this.#options = options;
  }

  /** Every room that exists, and the host it is on. */
  get rooms(): { id: RoomId; host: RoomHost }[] {
    return [...this.#rooms].filter(([, place]) => place.exists).map(([id, { host }]) => ({ id, host }));
  }

  /** The host of a room that exists. */
  hostOf(roomId: RoomId): RoomHost | undefined {
    const place = this.#rooms.get(roomId);
    return place?.exists === true ? place.host : undefined;
  }

  /** Who is in a room, in join order. */
  participantsOf(roomId: RoomId): ParticipantId[] {
    return [...this.#rooms.get(roomId)?.members.keys() ?? []];
  }

  /** Everything refused before it reached a core, by reason. */
  get refused(): Record<string, number> {
    return this.#refused.snapshot();
  }

  /** Counts something refused. */
  count(reason: string): void {
    this.#refused.add(reason);
  }

  /** Takes a connection whose messages will follow. */
  addConnection(connection: HostConnection): void {
    this.#connections.set(connection.id, {
      connection,
      participant: undefined,
      rooms: new Set(),
      hosts: new Set(),
      removalText: undefined,
    });
  }

  /** A connection is gone; with `lost` its client may come back to its sessions, and stays in the rooms until then. */
  removeConnection(id: ConnectionId, lost = false): void {
    const entry = this.#connections.get(id);
    this.#connections.delete(id);
    for (const host of entry?.hosts ?? []) host.removeConnection(id, lost);
  }

  /** Says whether a connection is a member of any room. */
  isMember(id: ConnectionId): boolean {
    return (this.#connections.get(id)?.rooms.size ?? 0) > 0;
  }

  /** Sends a join to the room's host, a new room to the host that is chosen for it, or answers why not. */
  join(from: ConnectionId, message: JoinMessage, grant: Grant): void | Promise<void> {
    const entry = this.#connections.get(from);
    if (entry === undefined) return;
    const place = this.#placeFor(entry, message);
    if ("reason" in place) return this.#refuse(entry.connection, place, message);
    const { host } = place;
    if (!entry.hosts.has(host)) {
      entry.hosts.add(host);
      host.addConnection(this.#guarded(entry));
    }
    place.joining.add(from);
    const joined = host.join(from, message, grant);
    const settle = () => {
      place.joining.delete(from);
      this.#forget(message.room_id, place);
    };
    return joined === undefined ? settle() : joined.then(settle);
  }

  /** Sends any other message to the host of its room; the answer says whether it was taken. */
  message(from: ConnectionId, message: Exclude<ClientMessage, JoinMessage>): Accepted | Promise<Accepted> {
    const entry = this.#connections.get(from);
    if (entry === undefined) return false;
    const isMember = entry.rooms.has(message.room_id);
    const refusal = speakerRefusal(entry.participant, isMember, message);
    if (refusal !== undefined) this.#refuse(entry.connection, refusal, message);
    const host = isMember ? this.#rooms.get(message.room_id)?.host : undefined;
    if (refusal !== undefined || host === undefined) return false;
    return host.message(from, message);
  }

  /** Takes a participant out of a room and closes its connection, with `text` in place of `removed`. */
  removeParticipant(roomId: RoomId, participant: ParticipantId, text?: string): boolean | Promise<boolean> {
    const place = this.#rooms.get(roomId);
    const connection = place?.members.get(participant);
    if (place === undefined || connection === undefined) return false;
    const entry = this.#connections.get(connection);
    if (entry !== undefined) entry.removalText = text;
    return place.host.removeParticipant(roomId, participant);
  }

  /** A host tells what has happened in one of its rooms. */
  handleEvent(host: RoomHost, event: RoomEvent): void {
    const place = this.#rooms.get(event.roomId);
    if (place?.host === host) {
      if (event.type === "roomCreated") place.exists = true;
      else if (event.type === "roomEnded") {
        place.exists = false;
        this.#forget(event.roomId, place);
      }
    }
    this.#options.onEvent(event);
  }

  /** A host tells who has come or gone. */
  handleMembership(host: RoomHost, { connection, participant, roomId, joined, resumed }: MembershipChange): void {
    const place = this.#rooms.get(roomId);
    if (place === undefined || place.host !== host) return;
    const entry = this.#connections.get(connection);
    if (joined) {
      place.members.set(participant, connection);
      if (!resumed) place.joinCount++;
      if (entry !== undefined) entry.participant = participant;
      entry?.rooms.add(roomId);
    } else {
      if (place.members.get(participant) === connection) place.members.delete(participant);
      entry?.rooms.delete(roomId);
    }
  }

  /**
   * A host has ended and all its rooms with it: the application hears that they ended, their clients get a coded
   * message and a close code after which they come back.
   *
   * @returns the rooms
   */
  lose(host: RoomHost): RoomId[] {
    const lost = [...this.#rooms].filter(([, place]) => place.host === host);
    for (const entry of this.#connections.values()) entry.hosts.delete(host);
    for (const [roomId, place] of lost) {
      this.#rooms.delete(roomId);
      if (place.exists) this.#tellEnd(roomId, place);
      for (const id of new Set([...place.members.values(), ...place.joining])) this.#interrupt(id, roomId);
    }
    return lost.filter(([, { exists }]) => exists).map(([roomId]) => roomId);
  }

  #tellEnd(roomId: RoomId, place: Place): void {
    for (const participant of place.members.keys()) {
      this.#options.onEvent({ type: "participantLeft", roomId, participant });
    }
    const durationMs = this.#options.now() - place.createdAt;
    this.#options.onEvent({ type: "roomEnded", roomId, participants: place.joinCount, durationMs });
  }

  #interrupt(id: ConnectionId, roomId: RoomId): void {
    const entry = this.#connections.get(id);
    if (entry === undefined) return;
    entry.rooms.delete(roomId);
    const { reason } = NO_WORKER;
    entry.connection.send(encodeServerMessage({
      type: "error",
      code: ERROR_CODES[reason],
      reason,
      message: ROOM_LOST,
      room_id: roomId,
    }));
    entry.connection.close(CLOSE_CODES.worker_lost, "worker_lost");
  }

  #placeFor(entry: ConnectionEntry, message: JoinMessage): Place | Refusal {
    const { room_id: roomId, participant } = message;
    if (entry.participant !== undefined && entry.participant !== participant) return JOIN_REFUSALS.otherParticipant;
    const known = this.#rooms.get(roomId);
    if (known === undefined && this.#rooms.size >= this.#options.maxRooms) return JOIN_REFUSALS.serverFull;
    if (!entry.rooms.has(roomId) && entry.rooms.size >= MAX_ROOMS_PER_CONNECTION) return JOIN_REFUSALS.tooManyRooms;
    if (known !== undefined) return known;
    const host = this.#options.place(roomId, this.#load());
    if (host === undefined) return NO_WORKER;
    const place: Place = {
      host,
      createdAt: this.#options.now(),
      members: new Map(),
      joining: new Set(),
      joinCount: 0,
      exists: false,
    };
    this.#rooms.set(roomId, place);
    return place;
  }

  #load(): ReadonlyMap<RoomHost, RoomsOfHost> {
    const load = new Map<RoomHost, RoomsOfHost>();
    for (const { host, members } of this.#rooms.values()) {
      const sum = load.get(host) ?? { rooms: 0, members: 0 };
      sum.rooms++;
      sum.members += members.size;
      load.set(host, sum);
    }
    return load;
  }

  /** Forgets a place that no room came of, or whose room has ended. */
  #forget(roomId: RoomId, place: Place): void {
    if (!place.exists && place.joining.size === 0 && this.#rooms.get(roomId) === place) this.#rooms.delete(roomId);
  }

  #refuse(connection: HostConnection, { reason, text }: Refusal, about: ClientMessage): void {
    this.#refused.add(reason);
    connection.send(encodeServerMessage(refusal(reason, text, about)));
  }

  /** The connection as its hosts see it: a host that takes one room from it knows nothing of those on other hosts. */
  #guarded(entry: ConnectionEntry): HostConnection {
    const { connection } = entry;
    return {
      id: connection.id,
      send: (text) => connection.send(text),
      close: (code, reason) => {
        if (reason === "taken_over" && entry.rooms.size > 0) return;
        connection.close(code, reason === "removed" ? entry.removalText ?? reason : reason);
      },
    };
  }
}
