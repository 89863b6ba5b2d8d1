import type { Millis } from "../../base/time.ts";
import type { MuteMessage } from "../../signaling/messages.ts";
import { broadcastStatus } from "../broadcast.ts";
import type { Core } from "../core.ts";
import type { Member } from "../member.ts";
import type { Handler } from "./handler.ts";

/** Microphone or camera on or off: what is muted is not forwarded, and everybody is told. */
export const mute: Handler<MuteMessage> = (core, member, message, now) => {
  const muted = message.type === "mute_audio" || message.type === "mute_video";
  const audio = message.type === "mute_audio" || message.type === "unmute_audio";
  // Said again after a lost connection, and no news for anybody.
  if (member.replay !== undefined && (audio ? member.audioMuted : member.videoMuted) === muted) return;
  changeMute(core, member, audio ? "audio" : "video", muted, now);
};

/** Mutes or unmutes for everybody, on the member's own word or (mutes only) a moderator's. */
export function changeMute(core: Core, member: Member, kind: "audio" | "video", muted: boolean, now: Millis): void {
  if (kind === "audio") {
    member.audioMuted = muted;
    if (muted) member.meter?.mute();
  } else member.videoMuted = muted;
  member.applyMutes(now);
  broadcastStatus(core, member.room, now);
}
