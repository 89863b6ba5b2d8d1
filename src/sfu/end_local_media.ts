import type { Millis } from "../base/time.ts";
import type { Member } from "./member.ts";

/** A member goes: nobody hears it here any more, and nothing is sent in its name. */
export function endLocalMedia(member: Member, now: Millis): void {
  for (const listener of [...member.listeners]) listener.close(now);
  for (const track of member.localTracks.values()) track.close(now);
  member.localTracks.clear();
}
