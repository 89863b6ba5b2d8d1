import type { ParticipantId } from "../base/ids.ts";
import type { Millis } from "../base/time.ts";
import type { RoomStatusMessage, ServerMessage } from "../signaling/messages.ts";
import { type Core, send } from "./core.ts";
import type { Member, Room } from "./member.ts";
import type { SlotMembers } from "./slot_members.ts";
import { othersOf, rewire, slotMembers } from "./wiring.ts";

/** Queues one message for all members but `except`. */
export function broadcast(core: Core, room: Room, message: ServerMessage, except?: Member): void {
  for (const member of room.members.values()) {
    if (member !== except) send(core, member, message);
  }
}

/** The whole state of a room as members see it, in join order. */
export function roomStatus(core: Core, room: Room): RoomStatusMessage {
  return {
    type: "room_status",
    room_id: room.id,
    participants: [...room.members.values()].map((member) => ({
      id: member.id,
      display_name: member.displayName,
      audio_muted: member.audioMuted,
      video_muted: member.videoMuted,
      screen_sharing: member.screenSharing,
      e2ee: member.e2ee,
      ...(member.handOrder > 0 ? { hand_order: member.handOrder } : {}),
    })),
    e2ee_required: core.options.e2ee.required,
  };
}

/** Sends every member the state of the room and follows what each client does with it. */
export function broadcastStatus(core: Core, room: Room, now: Millis): void {
  room.settleFloor(now);
  const message = roomStatus(core, room);
  const everybody = slotMembers(room);
  for (const member of room.members.values()) sendStatus(core, member, now, message, everybody);
}

/** Sends one member the state of its room. */
export function sendStatus(
  core: Core,
  member: Member,
  now: Millis,
  message: RoomStatusMessage = roomStatus(core, member.room),
  everybody: SlotMembers = slotMembers(member.room),
): void {
  send(core, member, message);
  member.slots.membersSent(othersOf(member, everybody));
  followUp(core, member, now);
}

/**
 * What a member needs after its picture of the room changed: shares announced (again) that have no line yet, more
 * lines where they run out, and its lines connected.
 */
export function followUp(core: Core, member: Member, now: Millis): void {
  if (member.peer !== undefined) {
    for (const sharer of member.slots.sharesToReset()) retractShare(core, member, sharer);
    // One at a time: the next one may be left without a line that we know, while the client has made more already.
    for (let [next] = member.slots.sharesToAnnounce(); next !== undefined; [next] = member.slots.sharesToAnnounce()) {
      announceShare(core, member, next);
    }
    if (!member.renegotiationPending) askForLines(core, member);
  }
  rewire(core, member, now);
}

/**
 * Asks a member for as many more lines as are missing.
 *
 * Lines that did not help will not help the next time either (the client cannot use them): asked for again and again,
 * its offers would grow without end. So the same is asked for once, until fewer are missing.
 */
function askForLines(core: Core, member: Member): void {
  const missing = member.slots.missing();
  const wasInVain = member.linesAskedFor > 0 && missing >= member.linesAskedFor;
  member.linesInVain = wasInVain ? missing : Math.min(missing, member.linesInVain);
  member.linesAskedFor = 0;
  if (missing <= member.linesInVain) return;
  member.linesAskedFor = missing;
  member.renegotiationPending = true;
  send(core, member, { type: "request_renegotiation", room_id: member.room.id, needed_slots: missing });
  member.slots.pairsRequested(missing);
}

/** Has one member forget on which of its lines a share is, so that both sides start from the same. */
function retractShare(core: Core, member: Member, sharer: ParticipantId): void {
  send(core, member, { type: "screen_share_stopped", from: sharer, room_id: member.room.id, track_id: 0 });
  member.slots.shareStopped(sharer);
}

/** Tells one member about a running share, and on which of its lines it comes. */
export function announceShare(core: Core, member: Member, sharer: ParticipantId): void {
  const room_id = member.room.id;
  send(core, member, { type: "screen_share_started", from: sharer, room_id, track_id: 0 });
  member.slots.shareStarted(sharer);
  const line = member.slots.assignments().find((slot) => slot.participant === sharer && slot.source === "screen");
  if (line !== undefined) send(core, member, { type: "screen_share_routed", from: sharer, room_id, mid: line.mid });
}
