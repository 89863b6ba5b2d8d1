import type { ConnectionId, ParticipantId, RoomId } from "../../base/ids.ts";
import type { Grant } from "../../sfu/member.ts";
import { encodeServerMessage, refusal } from "../../signaling/encode.ts";
import type { ErrorReason } from "../../signaling/errors.ts";
import type { ClientMessage, JoinMessage } from "../../signaling/messages.ts";
import { isPeerMessage, type PeerMessage } from "../../signaling/peer_message.ts";
import type { CoreHost } from "../core_host.ts";
import { DEFAULT_PERMISSIONS } from "../hooks.ts";
import type { SignalingState } from "./signaling_state.ts";

/** Where messages for a client go. */
export interface ClientSink {
  /** Sends one message. */
  send(text: string): void;
  /** Ends the connection, with a WebSocket close code. */
  close(code: number, reason: string): void;
}

/** A room that a client was in when its connection ended. */
export interface LeftRoom {
  /** Its id. */
  readonly roomId: RoomId;
  /** It was the last one there: the room is gone. */
  readonly emptied: boolean;
}

/**
 * One client of a `SignalingState`, whatever brings its messages.
 *
 * @example
 * ```ts
 * import { SignalingState } from "@seameet/cli/signaling";
 * import { assertEquals } from "@std/assert";
 *
 * await using state = await SignalingState.create();
 * const told: string[] = [];
 * const session = state.connect({ send: (text) => told.push(JSON.parse(text).type), close: () => {} });
 * assertEquals(session.join({ type: "join", participant: crypto.randomUUID(), room_id: "daily" }), true);
 * assertEquals([told[0], session.rooms], ["ready", ["daily"]]);
 * assertEquals(session.disconnect(), [{ roomId: "daily", emptied: true }]);
 * ```
 */
export class SignalingSession {
  /** Numbers the connections of its state. */
  readonly id: ConnectionId;
  /** The rooms it is in. */
  readonly state: SignalingState;
  readonly #host: CoreHost;
  readonly #sink: ClientSink;
  readonly #grants: Map<RoomId, Grant> = new Map();
  readonly #rooms: Set<RoomId> = new Set();
  #participant: ParticipantId | undefined;
  #ended = false;

  /** Use `SignalingState.connect`. */
  constructor(id: ConnectionId, state: SignalingState, host: CoreHost, sink: ClientSink) {
    this.id = id;
    this.state = state;
    this.#host = host;
    this.#sink = sink;
  }

  /** Who it is, once it has joined. */
  get participant(): ParticipantId | undefined {
    return this.#participant;
  }

  /** The rooms it is in now. */
  get rooms(): readonly RoomId[] {
    return [...this.#rooms];
  }

  /** Sends the client text, as it is. */
  send(text: string): void {
    if (!this.#ended) this.#sink.send(text);
  }

  /** Joins a room; `grant` says what the client may do there. It hears of a refusal; returns whether it is in. */
  join(message: JoinMessage, grant: Partial<Grant> = {}): boolean {
    if (this.#ended) return false;
    const full: Grant = { permissions: DEFAULT_PERMISSIONS, ownsParticipant: false, ...grant };
    const { token: _, ...rest } = message;
    const had = this.#grants.get(message.room_id);
    this.#grants.set(message.room_id, full);
    this.#host.join(this.id, rest, full);
    if (this.#rooms.has(message.room_id)) return true;
    if (had === undefined) this.#grants.delete(message.room_id);
    else this.#grants.set(message.room_id, had);
    return false;
  }

  /** Does what any message says; the client hears of a refusal. Returns whether it was taken. */
  dispatch(message: ClientMessage | PeerMessage): boolean {
    if (this.#ended) return false;
    if (message.type === "join") return this.join(message);
    if (this.state.carriesMedia) return isPeerMessage(message) ? false : this.#host.message(this.id, message) ?? false;
    if (isPeerMessage(message)) return this.relay(message);
    if (message.type === "offer") {
      this.#refuse("bad_field", 'This server carries no media: name a member in "to"', message);
      return false;
    }
    this.#tellOthers(message);
    return this.#host.message(this.id, message) ?? false;
  }

  /** Passes a message on to the member of the same room that it names. */
  relay(message: PeerMessage): boolean {
    if (message.from !== this.#participant || !this.#rooms.has(message.room_id)) {
      this.#refuse("not_a_member", "You are not in this room", message);
      return false;
    }
    const other = this.state.sessionOf(message.room_id, message.to);
    if (other === undefined) {
      this.#refuse("unknown_participant", "This participant is not in the room", message);
      return false;
    }
    other.send(JSON.stringify(message));
    return true;
  }

  /** The connection is gone: it leaves all rooms. Any number of times. */
  disconnect(): LeftRoom[] {
    if (this.#ended) return [];
    const rooms = this.rooms;
    this.#host.removeConnection(this.id);
    this.#host.flush();
    this.#ended = true;
    this.state.forget(this.id);
    return rooms.map((roomId) => ({ roomId, emptied: this.state.participants(roomId).length === 0 }));
  }

  /** Called by the state. */
  handleMembership(participant: ParticipantId, roomId: RoomId, joined: boolean): void {
    if (joined) {
      this.#participant = participant;
      this.#rooms.add(roomId);
    } else this.#rooms.delete(roomId);
  }

  /** What the core tells members with a media path only: here nobody has one, and everybody should know. */
  #tellOthers(message: Exclude<ClientMessage, JoinMessage>): void {
    const { type, room_id } = message;
    if (type !== "screen_share_started" && type !== "screen_share_stopped" && type !== "video_config_changed") return;
    if (message.from !== this.#participant || !this.#rooms.has(room_id)) return;
    const mayShare = this.#grants.get(room_id)?.permissions.includes("screen") ?? false;
    if (type === "screen_share_started" && !mayShare) return;
    const text = JSON.stringify(message);
    for (const participant of this.state.participants(room_id)) {
      if (participant !== this.#participant) this.state.sessionOf(room_id, participant)?.send(text);
    }
  }

  #refuse(reason: ErrorReason, message: string, about: { room_id: RoomId; type: string }): void {
    this.send(encodeServerMessage(refusal(reason, message, about)));
  }
}
