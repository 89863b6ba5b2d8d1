import type { Millis } from "../../base/time.ts";
import type { ScreenShareMessage } from "../../signaling/messages.ts";
import { announceShare, broadcastStatus } from "../broadcast.ts";
import { type Core, refuse, send } from "../core.ts";
import { unpublish } from "../media_lines.ts";
import type { Member } from "../member.ts";
import type { Handler } from "./handler.ts";

/** A screen share starts or ends: the others hear of it first, then get the new state of the room. */
export const screenShare: Handler<ScreenShareMessage> = (core, member, message, now) => {
  const starts = message.type === "screen_share_started";
  // Said again after a lost connection, and no news for anybody.
  if (member.replay !== undefined && member.screenSharing === starts) return;
  if (starts && !member.may("screen")) {
    const about = { room_id: member.room.id, request: message.type };
    refuse(core, member.connection, "permission_denied", "You may not share a screen in this room", about);
    return;
  }
  changeScreenShare(core, member, starts, message.track_id, now);
};

/** Starts or ends a member's share for everybody, on its own word or a moderator's. */
export function changeScreenShare(core: Core, member: Member, starts: boolean, trackId: number, now: Millis): void {
  const { room } = member;
  const changed = member.screenSharing !== starts;
  member.screenSharing = starts;
  if (!starts) {
    unpublish(member, "screen", now);
    unpublish(member, "screen_audio", now);
  }
  for (const other of room.members.values()) {
    // A client without a media path yet has no lines: it hears of running shares after its first offer.
    if (other === member || other.peer === undefined) continue;
    if (starts) {
      // A client with a pool that is about to add lines chooses among lines that we do not know yet: it is told after its offer.
      if (other.usesTrackMap || !other.renegotiationPending) announceShare(core, other, member.id);
    } else {
      send(core, other, { type: "screen_share_stopped", from: member.id, room_id: room.id, track_id: trackId });
      other.slots.shareStopped(member.id);
    }
  }
  broadcastStatus(core, room, now);
  if (!changed) return;
  const type = starts ? "screenShareStarted" : "screenShareStopped";
  core.outbox.push({ kind: "event", event: { type, roomId: room.id, participant: member.id } });
}
