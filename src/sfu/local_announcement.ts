import type { Millis } from "../base/time.ts";
import type { TrackSource } from "../room/track_source.ts";
import { broadcastStatus } from "./broadcast.ts";
import type { Core } from "./core.ts";
import { screenShare } from "./handlers/screen_share.ts";
import type { Member } from "./member.ts";

/** Tells a room what a member that lives in this process has begun or ceased to send. */
export function announceLocal(core: Core, member: Member, source: TrackSource, on: boolean, now: Millis): void {
  const { room } = member;
  if (source === "screen") {
    const type = on ? "screen_share_started" : "screen_share_stopped";
    screenShare(core, member, { type, from: member.id, room_id: room.id, track_id: 0 }, now);
    return;
  }
  if (source === "microphone") {
    member.audioMuted = !on;
    if (!on) member.meter?.mute();
  } else if (source === "camera") member.videoMuted = !on;
  member.applyMutes(now);
  broadcastStatus(core, room, now);
}
