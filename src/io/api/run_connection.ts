import { type Logger, silentLogger } from "../../base/log.ts";
import type { ParticipantId } from "../../base/ids.ts";
import type { ClientMessage, JoinMessage } from "../../signaling/messages.ts";
import { decodePeerMessage, type PeerMessage } from "../../signaling/peer_message.ts";
import { Gate } from "../gate.ts";
import type { Authenticate, RateCheck } from "../hooks.ts";
import { nameLengths } from "../name_lengths.ts";
import { defaultRateCheck } from "../rate_limit.ts";
import type { SignalingEvent } from "../server_events.ts";
import type { SignalingConnection } from "../signaling_connection.ts";
import type { LeftRoom, SignalingSession } from "./signaling_session.ts";
import type { SignalingState } from "./signaling_state.ts";

/** What an application does while clients talk; everything may be left out. */
export interface SignalingHooks {
  /** Sees each message that a member says for itself in a room of its own, after the rate check; `true`: it is handled, the state does nothing with it. */
  onMessage?(
    message: Exclude<ClientMessage, JoinMessage> | PeerMessage,
    participant: ParticipantId,
    session: SignalingSession,
  ): boolean;
  /** A connection that had joined is gone. */
  onDisconnect?(participant: ParticipantId, rooms: readonly LeftRoom[], state: SignalingState): void;
  /** Hears what a server's `events()` would say of joins refused and messages dropped. */
  onEvent?(event: SignalingEvent): void;
  /** Decides who may join; everybody may when left out. */
  readonly authenticate?: Authenticate;
  /** Says whether a message may pass; 200 a second when left out. */
  readonly rateCheck?: RateCheck;
  /** Longest room id in characters, 1 … 256 (64). */
  readonly maxRoomIdLength?: number;
  /** Longest display name in characters, 1 … 256 (64). */
  readonly maxDisplayNameLength?: number;
  /** Where log lines go; nowhere by default. */
  readonly logger?: Logger;
}

/**
 * No hooks at all: the state does everything.
 *
 * @example
 * ```ts
 * import { noopHooks } from "@seameet/cli/signaling";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Object.keys(noopHooks), []);
 * ```
 */
export const noopHooks: SignalingHooks = Object.freeze({});

/**
 * Does what one message says, as the client of `session`; returns whether it was taken.
 *
 * @example See `SignalingState`
 * ```ts
 * import { dispatch, SignalingState } from "@seameet/cli/signaling";
 * import { assertEquals } from "@std/assert";
 *
 * await using state = await SignalingState.create();
 * const session = state.connect({ send: () => {}, close: () => {} });
 * const participant = crypto.randomUUID();
 * dispatch(session, { type: "join", participant, room_id: "daily" });
 * assertEquals(dispatch(session, { type: "mute_audio", from: participant, room_id: "daily" }), true);
 * assertEquals(state.room("daily")?.participants[0]?.audioMuted, true);
 * ```
 */
export function dispatch(session: SignalingSession, message: ClientMessage | PeerMessage): boolean {
  return session.dispatch(message);
}

/**
 * Sends everybody in a room its state again; `false` when there is no such room.
 *
 * @example
 * ```ts
 * import { broadcastRoomStatus, SignalingState } from "@seameet/cli/signaling";
 * import { assertEquals } from "@std/assert";
 *
 * await using state = await SignalingState.create();
 * assertEquals(broadcastRoomStatus(state, "nobody there"), false);
 * ```
 */
export function broadcastRoomStatus(state: SignalingState, roomId: string): boolean {
  return state.broadcastRoomStatus(roomId);
}

/**
 * Runs one client from its first message to its end: reads and bounds what it says, asks the hooks, tells the state.
 *
 * @example A server of one's own
 * ```ts
 * import { runConnection, SignalingState, WsListener } from "@seameet/cli/signaling";
 * import { assert } from "@std/assert";
 *
 * await using state = await SignalingState.create();
 * const listener = WsListener.listen({ hostname: "127.0.0.1", port: 0 });
 * const accepting = (async () => {
 *   for await (const connection of listener) runConnection(connection, state);
 * })();
 * assert(listener.address.port > 0);
 * await listener.close();
 * await accepting;
 * ```
 */
export function runConnection(
  connection: SignalingConnection,
  state: SignalingState,
  hooks: SignalingHooks = noopHooks,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const session = state.connect({
    send: (text) => connection.send(text),
    close: (code, reason) => connection.close(code, reason),
  });
  const lengths = nameLengths(hooks);
  const handled = (message: Exclude<ClientMessage, JoinMessage> | PeerMessage): boolean => {
    const { participant, rooms } = session;
    const speaker = message.type === "leave" ? message.participant : message.from;
    if (participant === undefined || speaker !== participant || !rooms.includes(message.room_id)) return false;
    return hooks.onMessage?.(message, participant, session) ?? false;
  };
  const gate = new Gate(connection, {
    authenticate: hooks.authenticate,
    rateCheck: hooks.rateCheck ??
      defaultRateCheck(),
    logger: hooks.logger ?? silentLogger,
    now: () => performance.now(),
    nameLengths: lengths,
    readPeerMessage: state.carriesMedia ? undefined : (text) => decodePeerMessage(text, lengths),
  }, {
    join: (_, message, grant) => {
      if (session.join(message, grant)) gate.joined(message.participant);
    },
    message: (_, message) => {
      const taken = handled(message) || session.dispatch(message);
      if (message.type === "leave" && session.rooms.length === 0) gate.left();
      return taken;
    },
    relay: (message) => handled(message) || session.relay(message),
    count: () => {},
    emit: (event) => {
      if (isSignalingEvent(event)) hooks.onEvent?.(event);
    },
  });
  connection.onClose = () => {
    gate.close();
    const { participant } = session;
    const left = session.disconnect();
    if (participant !== undefined) hooks.onDisconnect?.(participant, left, state);
    resolve();
  };
  return promise;
}

/** What a gate says: never what happens inside rooms. */
function isSignalingEvent(event: { readonly type: string }): event is SignalingEvent {
  return ["authRejected", "rateLimited", "messageReceived"].includes(event.type);
}
