import type { Millis } from "../base/time.ts";
import type { PublishedTrack } from "../room/published_track.ts";
import { TRACK_SOURCES } from "../room/track_source.ts";
import type { MappedTrack } from "../signaling/messages.ts";
import { type Core, send } from "./core.ts";
import type { Member, Room } from "./member.ts";
import { SlotMembers } from "./slot_members.ts";

/** Everybody in a room, as slots want to know them; made once for all members. */
export function slotMembers(room: Room): SlotMembers {
  const members = [...room.members.values()].map((member) => ({ id: member.id, sources: member.sources() }));
  return SlotMembers.of(members, room.floor.isActive ? room.floor.places : undefined);
}

/** The same without one member, which is how that member sees the room. */
export function othersOf(member: Member, everybody: SlotMembers = slotMembers(member.room)): SlotMembers {
  return everybody.without(member.id);
}

/**
 * Connects a member's lines to the tracks that its slots name now, and tells it when that changed.
 *
 * Called after everything that can change the mapping; a line that keeps its track is not touched.
 */
export function rewire(core: Core, member: Member, now: Millis): void {
  announceTracks(core, member);
  for (const listener of member.listeners) listener.update(now);
  const map = connectLines(member, now);
  if (member.peer === undefined) return;
  member.peer.viewer.allocate(now);
  tellTrackMap(core, member, map);
}

/** Connects the lines for microphones anew after a place on the floor has changed hands; nothing else has changed. */
export function rewireSound(core: Core, room: Room, now: Millis): void {
  for (const member of room.members.values()) {
    if (member.usesTrackMap && member.peer !== undefined) tellTrackMap(core, member, connectLines(member, now));
  }
}

/** Puts on each line of a member the track that its slots name; returns whose that is. */
function connectLines(member: Member, now: Millis): MappedTrack[] {
  const wanted = new Map<string, PublishedTrack | undefined>();
  const map: MappedTrack[] = [];
  for (const { mid, participant, source } of member.slots.assignments()) {
    const entry = { mid, participant, source };
    map.push(entry);
    // Who cannot be told whose line it is now would show somebody under another's name.
    if (member.isAway && !member.lastTrackMap.includes(JSON.stringify(entry))) continue;
    wanted.set(mid, member.room.members.get(participant)?.outgoing(source));
  }
  // Detach first: a track that moves to another line must not be on two lines of one receiver.
  for (const [mid, subscription] of member.subscriptions) {
    if (subscription.track !== undefined && subscription.track !== wanted.get(mid)) subscription.attach(undefined, now);
  }
  for (const [mid, subscription] of member.subscriptions) subscription.attach(wanted.get(mid), now);
  return map;
}

function tellTrackMap(core: Core, member: Member, map: MappedTrack[]): void {
  if (member.isAway) return;
  const text = JSON.stringify(map);
  if (text === member.lastTrackMap) return;
  member.lastTrackMap = text;
  send(core, member, { type: "track_map", room_id: member.room.id, tracks: map });
}

/** Tells the application which tracks of a member have come and gone since the last time. */
function announceTracks(core: Core, member: Member): void {
  const { announced, room, id, tracks, localTracks } = member;
  // Large rooms come here often, and most of their members only listen.
  if (tracks.size === 0 && localTracks.size === 0 && announced.size === 0) return;
  for (const source of TRACK_SOURCES) {
    const exists = member.original(source) !== undefined;
    if (exists === announced.has(source)) continue;
    if (exists) announced.add(source);
    else announced.delete(source);
    const type = exists ? "trackPublished" : "trackEnded";
    core.outbox.push({ kind: "event", event: { type, roomId: room.id, participant: id, source } });
  }
}

/** Connects every member of a room anew, after somebody's tracks changed. */
export function rewireRoom(core: Core, room: Room, now: Millis): void {
  room.settleFloor(now);
  for (const member of room.members.values()) rewire(core, member, now);
}
