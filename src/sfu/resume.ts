import type { Millis } from "../base/time.ts";
import { RESUME_WINDOW_MS } from "../signaling/limits.ts";
import type { ClientMessage, ReadyMessage } from "../signaling/messages.ts";
import { isNumbered } from "../signaling/numbered.ts";
import { endAway } from "./away.ts";
import { sendStatus } from "./broadcast.ts";
import { type Core, send } from "./core.ts";
import { changeScreenShare } from "./handlers/screen_share.ts";
import { mayPublish, unpublish } from "./media_lines.ts";
import type { ConnectionState, Grant, Member } from "./member.ts";
import { othersOf, rewireRoom } from "./wiring.ts";

/** A session that somebody wants to go on with. */
export interface ResumedSession {
  /** Whose it is. */
  readonly member: Member;
  /** How many counted messages its client has; `undefined` when it wants to begin anew. */
  readonly from: number | undefined;
  /** What the gate allows from now on. */
  readonly grant: Grant;
  /** The secret that its client has shown, and so has for certain. */
  readonly shown: string;
  /** The next secret: each is good for one time. */
  readonly secret: string;
}

/**
 * Another connection of the same client takes a session over: the others notice nothing, media goes on, and the client
 * gets the state as it is now and what it has missed.
 *
 * @returns `false` when that cannot be: more was missed than is kept, or the client is one that begins anew each time.
 */
export function resumeSession(
  core: Core,
  state: ConnectionState,
  { member, from, grant, shown, secret }: ResumedSession,
  now: Millis,
): boolean {
  const missed = from === undefined ? undefined : member.replay?.after(from);
  if (missed === undefined) return false;
  const { room, id: participant, connection: previous } = member;
  const old = core.connections.get(previous);
  old?.members.delete(room.id);
  endAway(core, member);
  member.connection = state.id;
  member.grant = grant;
  // The next `ready` may be lost: then its client has nothing else to show.
  member.formerResume = shown;
  member.resume = secret;
  member.hasAnswered = false;
  state.participant = participant;
  state.members.set(room.id, member);
  const change = { participant, roomId: room.id, resumed: true };
  core.outbox.push({ kind: "membership", change: { ...change, connection: state.id, joined: true } });
  core.outbox.push({ kind: "membership", change: { ...change, connection: previous, joined: false } });
  send(core, member, ready(member));
  for (const message of missed) core.outbox.push({ kind: "message", to: state.id, message });
  sendState(core, member, now);
  endForbidden(core, member, now);
  if (old !== undefined && old.members.size === 0) {
    core.outbox.push({ kind: "close", to: previous, reason: "taken_over" });
  }
  return true;
}

/** Notes what a message of a client that can come back says about its session. */
export function noteHeard(member: Member, message: ClientMessage): void {
  if (isNumbered(message)) member.taken++;
  // Said along with a join, without waiting for its answer.
  if (BEFORE_READY.has(message.type)) return;
  member.hasAnswered = true;
  member.formerResume = undefined;
}

const BEFORE_READY: ReadonlySet<string> = new Set<ClientMessage["type"]>(
  ["mute_audio", "unmute_audio", "mute_video", "unmute_video"],
);

/** What a `ready` says of the session to clients that can come back to it. */
export function sessionState(member: Member, resumed: boolean): Pick<ReadyMessage, "session"> {
  if (member.replay === undefined) return {};
  const media = resumed && member.peer !== undefined;
  return { session: { keep_ms: RESUME_WINDOW_MS, resumed, received: member.taken, media } };
}

function ready(member: Member): ReadyMessage {
  const peers = [...othersOf(member)].map(({ id }) => id);
  const names = [...member.room.members.values()].filter((other) => other !== member && other.displayName !== undefined)
    .map((other) => [other.id, other.displayName!]);
  return {
    type: "ready",
    room_id: member.room.id,
    initiator: false,
    peers,
    display_names: Object.fromEntries(names),
    resume: member.resume,
    permissions: [...member.grant.permissions],
    ...sessionState(member, true),
  };
}

/** The gate was asked again: what the member sends and may not send any more ends. */
function endForbidden(core: Core, member: Member, now: Millis): void {
  if (member.screenSharing && !member.may("screen")) changeScreenShare(core, member, false, 0, now);
  const forbidden = [...member.tracks.keys()].filter((source) => !mayPublish(member, source));
  for (const source of forbidden) unpublish(member, source, now);
  if (forbidden.length > 0) rewireRoom(core, member.room, now);
}

/** Everything that is told when it changes, as it is now. */
function sendState(core: Core, member: Member, now: Millis): void {
  const { room, peer } = member;
  // A request for lines may be among what was missed: it is made again.
  if (member.renegotiationPending) member.slots.pairsRequested(-member.linesAskedFor);
  member.renegotiationPending = false;
  member.linesAskedFor = member.linesInVain = 0;
  member.lastTrackMap = "";
  sendStatus(core, member, now);
  for (const other of room.members.values()) {
    if (other === member || !other.screenSharing) continue;
    send(core, member, { type: "screen_share_started", from: other.id, room_id: room.id, track_id: 0 });
  }
  member.layers.repeat();
  peer?.viewer.repeat(now);
}
