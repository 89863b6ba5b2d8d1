import type { Millis } from "../../base/time.ts";
import type {
  ChatMessage,
  E2eeKeyRotationMessage,
  E2eePublicKeyMessage,
  E2eeSenderKeyMessage,
  RequestKeyframeMessage,
  VideoConfigChangedMessage,
} from "../../signaling/messages.ts";
import { broadcast, broadcastStatus } from "../broadcast.ts";
import { type Core, refuse, send } from "../core.ts";
import type { Member } from "../member.ts";
import type { Handler } from "./handler.ts";

/** Bytes a kept chat message takes besides its text: names, ids and JSON around it. */
const CHAT_OVERHEAD_BYTES = 256;

/** A line of chat: kept for those who come later, and sent to everybody, the sender too (its client shows only the echo). */
export const chat: Handler<ChatMessage> = (core, member, message) => {
  const { room } = member;
  if (!member.may("chat")) {
    const about = { room_id: room.id, request: message.type };
    refuse(core, member.connection, "permission_denied", "You may not write to this room's chat", about);
    return;
  }
  const line: ChatMessage = { ...message, display_name: member.displayName ?? message.display_name };
  room.chat.add(line, 4 * message.content.length + CHAT_OVERHEAD_BYTES);
  broadcast(core, room, line);
};

/** Camera settings of a member: told to the others that have a media path, not kept. */
export const videoConfig: Handler<VideoConfigChangedMessage> = (core, member, message) => {
  for (const other of member.room.members.values()) {
    if (other !== member && other.peer !== undefined) send(core, other, message);
  }
};

/** A public key for end-to-end encryption: passed on to all or to the one it is for (who may have left), but the same one to the same member a few times only. */
export const e2eePublicKey: Handler<E2eePublicKeyMessage> = (core, member, message, now) => {
  const { room } = member;
  for (const other of room.members.values()) {
    if (other === member || (message.to !== undefined && message.to !== other.id)) continue;
    if (room.e2ee.pass(member.id, other.id, message.public_key)) send(core, other, message);
  }
  markEncrypted(core, member, now);
};

/** A media key sealed for one other member of the same room. */
export const e2eeSenderKey: Handler<E2eeSenderKeyMessage> = (core, member, message) => {
  const target = member.room.members.get(message.to);
  if (target === undefined) {
    const about = { room_id: member.room.id, request: message.type };
    refuse(core, member.connection, "unknown_participant", "The recipient of this key is not in the room", about);
    return;
  }
  send(core, target, message);
};

/** The number of a member's new media key, for all others. */
export const e2eeKeyRotation: Handler<E2eeKeyRotationMessage> = (core, member, message, now) => {
  broadcast(core, member.room, message, member);
  markEncrypted(core, member, now);
};

/** A viewer has bound a member's video anew and wants a whole picture: asked of that member only. */
export const requestKeyframe: Handler<RequestKeyframeMessage> = (core, member, message, now) => {
  const target = member.room.members.get(message.target);
  if (target === undefined) {
    const about = { room_id: member.room.id, request: message.type };
    refuse(core, member.connection, "unknown_participant", "That participant is not in the room", about);
    return;
  }
  for (const subscription of member.subscriptions.values()) {
    const track = subscription.track;
    if (track !== undefined && track.kind === "video" && target.outgoing(track.source) === track) {
      track.requestKeyframe(now);
    }
  }
};

/** The first key or rotation says that the member encrypts; everybody is told once. */
function markEncrypted(core: Core, member: Member, now: Millis): void {
  if (member.e2ee) return;
  member.e2ee = true;
  broadcastStatus(core, member.room, now);
}
