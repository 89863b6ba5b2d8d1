import { type Millis, NEVER } from "../base/time.ts";
import type { SpeechEvent } from "../room/active_speaker.ts";
import type { RoomEvent } from "../room/room_events.ts";
import { awayDeadline } from "./away.ts";
import { type Core, refuse, send } from "./core.ts";
import type { Member, Room } from "./member.ts";
import { removeMember } from "./membership.ts";
import { tellFarewell } from "./peer_lifecycle.ts";

/** Finds out who speaks, and tells the room when that changed. */
export function roomTimeout(core: Core, room: Room, now: Millis): void {
  const change = room.speaker.handleTimeout(now);
  for (let event = room.speaker.pollEvent(); event !== undefined; event = room.speaker.pollEvent()) {
    core.outbox.push({ kind: "event", event: toRoomEvent(room, event) });
    if (event.kind === "speech_started") show(room, event.participant, now);
  }
  if (change !== undefined) {
    const { speaker, level } = change;
    const message = { type: "active_speaker", room_id: room.id, speaker, level } as const;
    for (const member of room.members.values()) {
      if (member.peer === undefined) continue;
      send(core, member, message);
    }
    core.outbox.push({
      kind: "event",
      event: { type: "activeSpeaker", roomId: room.id, participant: speaker, level },
    });
  }
  core.timers.wakeBy(room, room.speaker.nextTimeout());
}

/** Where not all cameras are sent, that of whoever begins to speak is, at once. */
function show(room: Room, participant: string, now: Millis): void {
  for (const member of room.members.values()) member.peer?.viewer.speakersChanged(now);
  room.members.get(participant)?.layers.update(now);
}

function toRoomEvent(room: Room, event: SpeechEvent): RoomEvent {
  const about = { roomId: room.id, participant: event.participant };
  switch (event.kind) {
    case "speech_started":
      return { type: "speechStarted", ...about };
    case "speech_ended":
      return { type: "speechEnded", ...about, durationMs: event.duration };
    case "silence":
      return { type: "silence", ...about, durationMs: event.duration };
  }
}

/**
 * Tells of a media path that the client has closed, and ends the membership of somebody who does not come back, or who
 * does not encrypt where that is required.
 */
export function memberTimeout(core: Core, member: Member, now: Millis): void {
  if (member.room.members.get(member.id) !== member) return;
  if (now >= member.farewellAt) tellFarewell(core, member);
  const backBy = awayDeadline(member);
  if (now >= backBy) {
    removeMember(core, member, now);
    return;
  }
  const encryptedBy = member.e2ee ? NEVER : member.e2eeDeadline;
  if (now < encryptedBy) {
    core.timers.wakeBy(member, Math.min(member.farewellAt, backBy, encryptedBy));
    return;
  }
  // Clients of the basic protocol look at the text alone, and for this very word.
  const text = "e2ee_required";
  refuse(core, member.connection, "e2ee_required", text, { room_id: member.room.id });
  removeMember(core, member, now, "e2ee_required");
}
