import type { ParticipantId } from "../base/ids.ts";
import type { ErrorReason } from "../signaling/errors.ts";
import type { ClientMessage, JoinMessage } from "../signaling/messages.ts";

/** Why a message is not taken, with the sentence for people. */
export interface Refusal {
  readonly reason: ErrorReason;
  readonly text: string;
}

/** Refusals of a join that a core and whoever stands before several cores both give. */
export const JOIN_REFUSALS = {
  otherParticipant: {
    reason: "wrong_participant",
    text: "This connection has joined under another participant id",
  },
  serverFull: { reason: "server_full", text: "The server has as many rooms as it may have: try again later" },
  tooManyRooms: { reason: "too_many_rooms", text: "This connection is in too many rooms: leave one first" },
} as const satisfies Record<string, Refusal>;

/** Says why a connection that joined as `participant` may not send this to its room; `undefined` when it may. */
export function speakerRefusal(
  participant: ParticipantId | undefined,
  isMember: boolean,
  message: Exclude<ClientMessage, JoinMessage>,
): Refusal | undefined {
  if (participant === undefined) return { reason: "not_joined", text: "Join a room first" };
  if ((message.type === "leave" ? message.participant : message.from) !== participant) {
    return { reason: "wrong_participant", text: "This connection may speak for its own participant only" };
  }
  return isMember ? undefined : { reason: "not_a_member", text: "You are not in this room" };
}
