import type { Millis } from "../base/time.ts";

/** How much waits on the way to one receiver; numbers, because every copy of a packet looks at them. */
export const Backlog: BacklogLevels = { none: 0, thin: 1, busy: 2, full: 3 };

/** The values of `Backlog`. */
export interface BacklogLevels {
  /** Nothing to speak of. */
  readonly none: 0;
  /** Pictures that no other depends on are left out. */
  readonly thin: 1;
  /** The same, and no keyframe is asked for, since it would wait with the others. */
  readonly busy: 2;
  /** No new picture is begun; then it takes a keyframe to go on. */
  readonly full: 3;
}

/** More than this before it reaches the receiver is felt in a conversation (ITU-T G.114). */
const THIN_MS: Millis = 150;

/** As much in the pacer alone: a keyframe asked for now would be old when it leaves. */
const BUSY_MS: Millis = 150;

/** A picture that waits longer than this is late for sound that passes it, and the jitter buffer has grown for nothing. */
const FULL_MS: Millis = 400;

/** The level for what waits in our own pacer and in the queue of the path. */
export function backlogOf(pacerMs: Millis, pathMs: Millis): number {
  if (pacerMs > FULL_MS) return Backlog.full;
  if (pacerMs > BUSY_MS) return Backlog.busy;
  return pacerMs + pathMs > THIN_MS ? Backlog.thin : Backlog.none;
}
