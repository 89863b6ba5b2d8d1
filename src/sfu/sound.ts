import type { Millis } from "../base/time.ts";
import type { PublishedTrack } from "../room/published_track.ts";
import type { Core } from "./core.ts";
import type { Member } from "./member.ts";
import { rewireSound } from "./wiring.ts";

/**
 * Lets the sound of a microphone have a line, if its level says so, before the packet is forwarded: the very packet that
 * brings about the change is the first one on the line. `level` is as the extension carries it, -1 where it is not told.
 */
export function hearOnFloor(core: Core, member: Member, track: PublishedTrack, level: number, now: Millis): void {
  const { room, voice } = member;
  if (!room.floor.isActive || track.muted || member.outgoing("microphone") !== track) return;
  if (room.floor.hear(voice, level, now)) rewireSound(core, room, now);
}
