import { type Logger, silentLogger } from "../../base/log.ts";
import type { ConnectionId, ParticipantId, RoomId } from "../../base/ids.ts";
import type { RoomEvent } from "../../room/room_events.ts";
import type { RoomSnapshot } from "../../sfu/snapshot.ts";
import {
  DEFAULT_E2EE_JOIN_TIMEOUT_MS,
  DEFAULT_MAX_CHAT_HISTORY,
  DEFAULT_MAX_ROOM_MEMBERS,
  DEFAULT_MAX_ROOMS,
} from "../../signaling/limits.ts";
import type { CoreHost } from "../core_host.ts";
import { EventHub, type EventStream } from "../event_hub.ts";
import type { HostConnection } from "../workers/room_host.ts";
import { type ClientSink, SignalingSession } from "./signaling_session.ts";

/** Options of `SignalingState.create`. */
export interface SignalingStateOptions {
  /** Members of one room (25). */
  readonly maxRoomMembers?: number;
  /** Rooms at a time (1,000). */
  readonly maxRooms?: number;
  /** Chat messages a room keeps for those who come later (1,000). */
  readonly maxChatHistory?: number;
  /** Requires a key of end-to-end encryption of every member within the time after the join (5,000 ms). */
  readonly e2ee?: { readonly required: boolean; readonly joinTimeoutMs?: number };
  /** How many events wait for a slow subscriber before it loses the oldest (256). */
  readonly eventBuffer?: number;
  /** Where log lines go; nowhere by default. */
  readonly logger?: Logger;
}

/**
 * Rooms in memory: who is in them, their chat, what members said of themselves. Without media unless it is that of an
 * `SfuServer`.
 *
 * It speaks the whole protocol (docs/protocol.md). Where it carries no media, an `offer`, `answer` or `ice_candidate`
 * with a `to` goes to that member, so that browsers can send each other their media.
 *
 * @example
 * ```ts
 * import { dispatch, parseServerMessage, SignalingState } from "@seameet/cli/signaling";
 * import { assertEquals } from "@std/assert";
 *
 * await using state = await SignalingState.create();
 * const heard: (string | undefined)[] = [];
 * const session = state.connect({ send: (text) => heard.push(parseServerMessage(text)?.type), close: () => {} });
 * const participant = crypto.randomUUID();
 * dispatch(session, { type: "join", participant, room_id: "daily" });
 * assertEquals(state.participants("daily"), [participant]);
 * assertEquals(heard, ["ready", "room_status"]);
 * ```
 */
export class SignalingState implements AsyncDisposable {
  /** Whether offers are answered here; if not, they are passed on to the member they name. */
  readonly carriesMedia: boolean;
  readonly #host: CoreHost;
  readonly #hub: EventHub<RoomEvent>;
  readonly #rooms: Map<RoomId, Map<ParticipantId, ConnectionId>> = new Map();
  readonly #sessions: Map<ConnectionId, SignalingSession> = new Map();
  #nextConnection = 1;

  /** Use `SignalingState.create`, or `SfuServer.state`. */
  constructor(host: CoreHost, carriesMedia: boolean, eventBuffer?: number) {
    this.#host = host;
    this.carriesMedia = carriesMedia;
    this.#hub = new EventHub(eventBuffer);
    host.observe({
      onEvent: (event) => this.#hub.emit(event),
      onMembership: ({ connection, participant, roomId, joined }) => {
        const members = this.#rooms.get(roomId) ?? new Map<ParticipantId, ConnectionId>();
        if (joined) members.set(participant, connection);
        else if (members.get(participant) === connection) members.delete(participant);
        if (members.size > 0) this.#rooms.set(roomId, members);
        else this.#rooms.delete(roomId);
        this.#sessions.get(connection)?.handleMembership(participant, roomId, joined);
      },
    });
  }

  /** Makes rooms without media; the code behind them is loaded now, not with this entry point. */
  static async create(options: SignalingStateOptions = {}): Promise<SignalingState> {
    const { relayHost } = await import("./relay_host.ts");
    const host = relayHost({
      limits: {
        maxRoomMembers: options.maxRoomMembers ?? DEFAULT_MAX_ROOM_MEMBERS,
        maxRooms: options.maxRooms ?? DEFAULT_MAX_ROOMS,
        maxChatHistory: options.maxChatHistory ?? DEFAULT_MAX_CHAT_HISTORY,
      },
      e2ee: {
        required: options.e2ee?.required ?? false,
        joinTimeoutMs: options.e2ee?.joinTimeoutMs ?? DEFAULT_E2EE_JOIN_TIMEOUT_MS,
      },
      logger: options.logger ?? silentLogger,
    });
    return new SignalingState(host, false, options.eventBuffer);
  }

  /** Takes a client whose messages the caller hands to the session. */
  connect(sink: ClientSink): SignalingSession {
    const id = this.#nextConnection++;
    const session = new SignalingSession(id, this, this.#host, sink);
    const connection: HostConnection = {
      id,
      send: (text) => sink.send(text),
      close: (code, reason) => sink.close(code, reason),
    };
    this.#sessions.set(id, session);
    this.#host.addConnection(connection);
    return session;
  }

  /** Rooms and their members with all they said of themselves, now. */
  get rooms(): readonly RoomSnapshot[] {
    return this.#host.report().rooms;
  }

  /** One room; `undefined` when there is none. */
  room(roomId: string): RoomSnapshot | undefined {
    return this.#host.report(roomId).rooms[0];
  }

  /** Who is in a room; nobody where there is none. */
  participants(roomId: string): readonly ParticipantId[] {
    return [...this.#rooms.get(roomId)?.keys() ?? []];
  }

  /** Everything that happens in the rooms from now on, for any number of subscribers. */
  events(): EventStream<RoomEvent> {
    return this.#hub.subscribe();
  }

  /** Takes a participant out of a room and closes its connection; `false` when it was not there. */
  removeParticipant(roomId: string, participant: string): boolean {
    return this.#host.removeParticipant(roomId, participant);
  }

  /** Sends everybody in a room its state again; `false` when there is no such room. */
  broadcastRoomStatus(roomId: string): boolean {
    return this.#host.inside((sfu, now) => sfu.broadcastStatus(roomId, now)) ?? false;
  }

  /** The session that a member of a room has. */
  sessionOf(roomId: string, participant: string): SignalingSession | undefined {
    const connection = this.#rooms.get(roomId)?.get(participant);
    return connection === undefined ? undefined : this.#sessions.get(connection);
  }

  /** Called by a session that has ended. */
  forget(id: ConnectionId): void {
    this.#sessions.delete(id);
  }

  /** Says goodbye to everybody and ends all rooms. Any number of times. */
  async close(): Promise<void> {
    await this.#host.close();
    this.#hub.close();
  }

  /** The same as `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
