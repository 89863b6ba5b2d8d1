import { equalConstantTime } from "../base/bytes.ts";
import type { ConnectionId } from "../base/ids.ts";
import { randomIceString } from "../base/random.ts";
import type { Millis } from "../base/time.ts";
import { ChatLog } from "../room/chat_log.ts";
import { E2eeRelay } from "../room/e2ee_relay.ts";
import { RoomState } from "../room/room_state.ts";
import type { CloseReason } from "../signaling/errors.ts";
import {
  DEFAULT_AUDIO_SLOTS,
  MAX_CHAT_HISTORY_BYTES,
  MAX_KEY_REPEATS,
  MAX_ROOMS_PER_CONNECTION,
} from "../signaling/limits.ts";
import type { JoinMessage } from "../signaling/messages.ts";
import { broadcastStatus } from "./broadcast.ts";
import { type Core, refuse, send } from "./core.ts";
import { type ConnectionState, type Grant, Member, type Room } from "./member.ts";
import { endLocalMedia } from "./end_local_media.ts";
import { closePeer } from "./peer_lifecycle.ts";
import { JOIN_REFUSALS } from "./refusals.ts";
import { endAway, keepAway, rememberRemoved } from "./away.ts";
import { resumeSession, sessionState } from "./resume.ts";
import { othersOf } from "./wiring.ts";

const { otherParticipant, serverFull, tooManyRooms } = JOIN_REFUSALS;

/** Characters of a resume secret: six bits each, so guessing one is hopeless. */
const RESUME_LENGTH = 32;

/** The word by which a client says that it is told by `track_map` whose track is where. */
const TRACK_MAP_CAPABILITY = "track_map";

/** The word by which it says that it can come back to its session after a lost connection. */
const RESUME_CAPABILITY = "resume";

/** Makes a participant a member of a room, or answers why not. `grant` is what the gate allowed. */
export function join(core: Core, connection: ConnectionId, message: JoinMessage, grant: Grant, now: Millis): void {
  const state = connectionState(core, connection);
  const about = { room_id: message.room_id, request: "join" };
  if (state.participant !== undefined && state.participant !== message.participant) {
    refuse(core, connection, otherParticipant.reason, otherParticipant.text, about);
    return;
  }
  if (message.resume !== undefined && core.removed.has(message.resume)) {
    core.outbox.push({ kind: "close", to: connection, reason: "removed" });
    return;
  }
  const room = core.rooms.get(message.room_id);
  const present = room?.members.get(message.participant);
  if (present !== undefined && present.connection !== connection && !mayTakeOver(present, message, grant)) {
    const text = "This participant id is connected: join with the resume secret of its last ready message, or a new id";
    refuse(core, connection, "participant_in_use", text, about);
    return;
  }
  const others = (room?.members.size ?? 0) - (present === undefined ? 0 : 1);
  if (others >= core.options.limits.maxRoomMembers) {
    refuse(core, connection, "room_full", "room is full", about);
    return;
  }
  if (room === undefined && core.rooms.size >= core.options.limits.maxRooms) {
    refuse(core, connection, serverFull.reason, serverFull.text, about);
    return;
  }
  if (!state.members.has(message.room_id) && state.members.size >= MAX_ROOMS_PER_CONNECTION) {
    refuse(core, connection, tooManyRooms.reason, tooManyRooms.text, about);
    return;
  }
  if (present !== undefined) {
    const shown = message.resume;
    if (shown !== undefined && present.connection !== connection && hasSecret(present, message)) {
      const session = { member: present, from: message.resume_from, grant, shown, secret: newSecret(core) };
      if (resumeSession(core, state, session, now)) return;
    }
    replace(core, present, connection, now);
  }
  admit(core, state, message, grant, now);
}

/** Ends a membership and tells the others; `close` also ends the connection, with its reason. */
export function removeMember(core: Core, member: Member, now: Millis, close?: CloseReason): void {
  if (!detach(core, member, now)) return;
  const room = member.room;
  core.outbox.push({ kind: "event", event: { type: "participantLeft", roomId: room.id, participant: member.id } });
  if (close === "removed") rememberRemoved(core, member);
  if (close !== undefined) core.outbox.push({ kind: "close", to: member.connection, reason: close });
  if (room.members.size === 0) {
    endRoom(core, room, now);
    return;
  }
  broadcastStatus(core, room, now);
  for (const other of room.members.values()) {
    if (other.peer === undefined) continue;
    send(core, other, { type: "screen_share_stopped", from: member.id, room_id: room.id, track_id: 0 });
    other.slots.shareStopped(member.id);
  }
}

/** Puts a member into its room and tells everybody. */
export function enter(core: Core, member: Member, now: Millis): void {
  const { room } = member;
  room.add(member);
  tellMembership(core, member, true);
  member.slots.readySent([...othersOf(member)].map((other) => other.id));
  broadcastStatus(core, room, now);
  core.outbox.push({ kind: "event", event: { type: "participantJoined", roomId: room.id, participant: member.id } });
}

/** Ends everything a connection takes part in; with `lost` those who can come back to their session have some time for it. */
export function disconnect(core: Core, connection: ConnectionId, now: Millis, lost: boolean): void {
  const state = core.connections.get(connection);
  if (state === undefined) return;
  core.connections.delete(connection);
  for (const member of [...state.members.values()]) {
    if (!lost || !keepAway(core, member, now)) removeMember(core, member, now);
  }
}

function newSecret(core: Core): string {
  return randomIceString(core.options.random, RESUME_LENGTH);
}

function connectionState(core: Core, id: ConnectionId): ConnectionState {
  let state = core.connections.get(id);
  if (state === undefined) core.connections.set(id, state = { id, participant: undefined, members: new Map() });
  return state;
}

function mayTakeOver(present: Member, message: JoinMessage, grant: Grant): boolean {
  return !present.isLocal && (grant.ownsParticipant || hasSecret(present, message));
}

function hasSecret(present: Member, message: JoinMessage): boolean {
  const encoder = new TextEncoder();
  const shown = message.resume;
  if (present.isLocal || shown === undefined) return false;
  const isOne = (secret: string | undefined) =>
    secret !== undefined && equalConstantTime(encoder.encode(shown), encoder.encode(secret));
  return isOne(present.resume) || isOne(present.formerResume);
}

/** The new connection takes the old one's place; the others notice nothing but new media. */
function replace(core: Core, present: Member, connection: ConnectionId, now: Millis): void {
  detach(core, present, now);
  if (present.connection === connection) return;
  const old = core.connections.get(present.connection);
  if (old === undefined || old.members.size > 0) return;
  core.outbox.push({ kind: "close", to: present.connection, reason: "taken_over" });
}

/** Takes a member out of its room and ends its media, telling nobody. */
function detach(core: Core, member: Member, now: Millis): boolean {
  if (!member.room.remove(member)) return false;
  if (member.peer !== undefined) closePeer(core, member.peer, now);
  endLocalMedia(member, now);
  core.timers.cancel(member);
  endAway(core, member);
  core.connections.get(member.connection)?.members.delete(member.room.id);
  tellMembership(core, member, false);
  return true;
}

function tellMembership(core: Core, member: Member, joined: boolean): void {
  const { connection, id: participant, room } = member;
  core.outbox.push({ kind: "membership", change: { connection, participant, roomId: room.id, joined } });
}

function admit(core: Core, state: ConnectionState, message: JoinMessage, grant: Grant, now: Millis): void {
  const room = core.rooms.get(message.room_id) ?? createRoom(core, message.room_id, now);
  const peers = [...room.members.values()];
  const usesTrackMap = message.capabilities?.includes(TRACK_MAP_CAPABILITY) ?? false;
  const member = new Member(core, {
    id: message.participant,
    displayName: grant.displayName ?? message.display_name,
    connection: state.id,
    room,
    grant,
    resume: newSecret(core),
    usesTrackMap,
    resumes: usesTrackMap && message.capabilities?.includes(RESUME_CAPABILITY) === true,
  }, now);
  state.participant = member.id;
  state.members.set(room.id, member);
  room.add(member);
  tellMembership(core, member, true);
  const names = peers.filter((peer) => peer.displayName !== undefined).map((peer) => [peer.id, peer.displayName!]);
  send(core, member, {
    type: "ready",
    room_id: room.id,
    initiator: peers.length === 0,
    peers: peers.map((peer) => peer.id),
    display_names: Object.fromEntries(names),
    resume: member.resume,
    permissions: [...grant.permissions],
    ...sessionState(member, false),
  });
  member.slots.readySent(peers.map((peer) => peer.id));
  broadcastStatus(core, room, now);
  if (member.usesTrackMap) {
    for (const peer of peers.filter((other) => other.screenSharing)) {
      send(core, member, { type: "screen_share_started", from: peer.id, room_id: room.id, track_id: 0 });
    }
  }
  for (const chat of room.chat.messages()) send(core, member, chat);
  core.outbox.push({ kind: "event", event: { type: "participantJoined", roomId: room.id, participant: member.id } });
  if (core.options.e2ee.required) {
    member.e2eeDeadline = now + core.options.e2ee.joinTimeoutMs;
    core.timers.wakeBy(member, member.e2eeDeadline);
  }
}

/** Makes a room, which lasts as long as it has members. */
export function createRoom(core: Core, id: string, now: Millis): Room {
  const chat: Room["chat"] = new ChatLog(core.options.limits.maxChatHistory, MAX_CHAT_HISTORY_BYTES);
  const { audioSlots = DEFAULT_AUDIO_SLOTS } = core.options.limits;
  const room: Room = new RoomState(id, chat, new E2eeRelay(MAX_KEY_REPEATS), audioSlots, now);
  core.rooms.set(id, room);
  core.outbox.push({ kind: "event", event: { type: "roomCreated", roomId: id } });
  return room;
}

function endRoom(core: Core, room: Room, now: Millis): void {
  core.rooms.delete(room.id);
  core.timers.cancel(room);
  const event = {
    type: "roomEnded",
    roomId: room.id,
    participants: room.joinCount,
    durationMs: now - room.createdAt,
  } as const;
  core.outbox.push({ kind: "event", event });
}
