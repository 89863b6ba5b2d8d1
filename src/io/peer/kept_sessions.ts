import type { ParticipantId, RoomId } from "../../base/ids.ts";
import { Continuity } from "../../signaling/continuity.ts";
import { MAX_REPLAYED_MESSAGES, MAX_ROOMS_PER_CONNECTION } from "../../signaling/limits.ts";
import type { ClientMessage, JoinMessage, ServerMessage } from "../../signaling/messages.ts";
import { isNumbered, type NumberedMessage } from "../../signaling/numbered.ts";
import type { PeerMessage } from "../../signaling/peer_message.ts";

/** What a client has to say for its session to be kept (docs/protocol.md, coming back to a session). */
const NEEDED: readonly string[] = ["track_map", "resume"];

/** Counted messages that clients say. */
type Said = Extract<NumberedMessage, ClientMessage>;

/** The session of one participant in one room. */
interface Kept {
  readonly participant: ParticipantId;
  readonly continuity: Continuity;
  /** Said after a join and before its `ready`, which tells how much of what was said before it the server has. */
  held: Said[] | undefined;
}

/**
 * The sessions of somebody who writes the messages: fills in what a repeated `join` has to say to go on with its session,
 * counts what must not be lost, and knows what has to be said again.
 */
export class KeptSessions {
  readonly #rooms: Map<RoomId, Kept> = new Map();

  /** Takes a message that is about to be sent; answers it as it goes out, or `undefined` when it has to wait. */
  outgoing(message: ClientMessage | PeerMessage): ClientMessage | PeerMessage | undefined {
    if (message.type === "join") return this.#join(message);
    const kept = this.#rooms.get(message.room_id);
    if (message.type === "leave") this.#rooms.delete(message.room_id);
    if (kept === undefined || !isNumbered(message)) return message;
    kept.continuity.sent(message);
    if (kept.held === undefined || kept.held.length >= MAX_REPLAYED_MESSAGES) return message;
    kept.held.push(message);
    return undefined;
  }

  /** Takes a message that has come; answers what has to be said now, in this order. */
  incoming(message: ServerMessage): readonly NumberedMessage[] {
    const kept = "room_id" in message && message.room_id !== undefined ? this.#rooms.get(message.room_id) : undefined;
    if (kept === undefined) return [];
    kept.continuity.received(message);
    if (message.type !== "ready") return [];
    const held = kept.held ?? [];
    kept.held = undefined;
    const { resumed, unheard } = kept.continuity.begin(message);
    if (resumed) return unheard ?? held;
    for (const one of held) kept.continuity.sent(one);
    return held;
  }

  #join(message: JoinMessage): JoinMessage {
    const { room_id, participant, capabilities = [] } = message;
    const known = this.#rooms.get(room_id);
    this.#rooms.delete(room_id);
    const isKept = NEEDED.every((word) => capabilities.includes(word));
    if (!isKept || this.#rooms.size >= MAX_ROOMS_PER_CONNECTION) return message;
    const continuity = known?.participant === participant ? known.continuity : new Continuity();
    this.#rooms.set(room_id, { participant, continuity, held: [] });
    return { ...continuity.joinFields, ...message };
  }
}
