import type { Millis } from "../../base/time.ts";
import type { HandMessage, ModerateMessage, ReactionMessage } from "../../signaling/messages.ts";
import { broadcast, broadcastStatus } from "../broadcast.ts";
import { type Core, refuse, send } from "../core.ts";
import type { Member } from "../member.ts";
import { removeMember } from "../membership.ts";
import type { Handler } from "./handler.ts";
import { changeMute } from "./mute.ts";
import { changeScreenShare } from "./screen_share.ts";

/** A hand goes up or down; the order in which hands went up is everybody's to see. */
export const hand: Handler<HandMessage> = (core, member, message, now) => {
  if (message.raised === member.handOrder > 0) return;
  setHand(core, member, message.raised, now);
};

/** A sign for everybody, for a moment. */
export const reaction: Handler<ReactionMessage> = (core, member, message, now) => {
  const { room } = member;
  const about = { room_id: room.id, request: message.type };
  if (!member.may("chat")) {
    refuse(core, member.connection, "permission_denied", "You may not send reactions in this room", about);
  } else if (!member.reactions.take(now)) {
    refuse(core, member.connection, "rate_limited", "Too many reactions at once: wait a second", about);
  } else broadcast(core, room, message);
};

/**
 * A moderator acts on another member.
 *
 * Muting keeps the member's media from the others at once, whatever its client does; the member may unmute itself, as
 * in every meeting where people share a room.
 */
export const moderate: Handler<ModerateMessage> = (core, member, message, now) => {
  const { room } = member;
  const about = { room_id: room.id, request: message.type };
  if (!member.may("moderate")) {
    refuse(core, member.connection, "permission_denied", "You may not moderate this room", about);
    return;
  }
  const target = room.members.get(message.target);
  if (target === undefined) {
    refuse(core, member.connection, "unknown_participant", "That participant is not in the room", about);
    return;
  }
  const { action } = message;
  send(core, target, { type: "moderated", from: member.id, room_id: room.id, target: target.id, action });
  const event = { type: "moderated", roomId: room.id, participant: target.id, by: member.id, action } as const;
  core.outbox.push({ kind: "event", event });
  if (action === "mute_audio") changeMute(core, target, "audio", true, now);
  else if (action === "mute_video") changeMute(core, target, "video", true, now);
  else if (action === "stop_screen") changeScreenShare(core, target, false, 0, now);
  else if (action === "lower_hand") setHand(core, target, false, now);
  else removeMember(core, target, now, "removed");
};

function setHand(core: Core, member: Member, raised: boolean, now: Millis): void {
  member.handOrder = raised ? ++member.room.handsRaised : 0;
  broadcastStatus(core, member.room, now);
}
