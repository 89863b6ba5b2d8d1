import { type Millis, NEVER } from "../base/time.ts";
import { RESUME_WINDOW_MS } from "../signaling/limits.ts";
import type { Core } from "./core.ts";
import type { Member } from "./member.ts";

/**
 * A member without a connection from whose media path nothing is heard either is gone after this: four checks of
 * Chromium, two of clients that ask for consent as seldom as RFC 7675 allows. It is time enough for three tries to connect.
 */
export const AWAY_SILENCE: Millis = 12_000;

/** Members without a connection in one core, of all rooms: a proxy that restarts, and not more than a flood may leave behind. */
export const MAX_AWAY_MEMBERS = 2_000;

/** Removed members that are remembered; a moderator removes a few. */
export const MAX_REMOVED = 256;

/** Keeps a member whose connection was lost; `false`: it cannot come back to its session, or too many are kept already. */
export function keepAway(core: Core, member: Member, now: Millis): boolean {
  const most = core.options.limits.maxAwayMembers ?? MAX_AWAY_MEMBERS;
  // Without its secret it could not come back, but would be in its own way.
  const canReturn = member.hasAnswered || member.formerResume !== undefined;
  if (member.replay === undefined || !canReturn || core.away.size >= most) return false;
  member.awaySince = now;
  core.away.add(member);
  core.timers.wakeBy(member, awayDeadline(member));
  return true;
}

/** The member has a connection again, or is none any more. */
export function endAway(core: Core, member: Member): void {
  member.awaySince = NEVER;
  core.away.delete(member);
}

/** Remembers somebody who was removed and may not have heard of it: its client would come back by itself. */
export function rememberRemoved(core: Core, member: Member): void {
  if (member.replay === undefined) return;
  for (const secret of [member.resume, member.formerResume]) if (secret !== undefined) core.removed.add(secret);
  for (const oldest of core.removed) {
    if (core.removed.size <= MAX_REMOVED) break;
    core.removed.delete(oldest);
  }
}

/** When a member that is away has been so for too long; `NEVER` for one that is not. */
export function awayDeadline(member: Member): Millis {
  if (!member.isAway) return NEVER;
  const heardAt = Math.max(member.awaySince, member.peer?.transport.lastCheckAt ?? -Infinity);
  return Math.min(member.awaySince + RESUME_WINDOW_MS, heardAt + AWAY_SILENCE);
}
