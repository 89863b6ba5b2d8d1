import type { ParticipantId } from "../base/ids.ts";
import type { Millis } from "../base/time.ts";
import type { SpeakerMeter } from "./active_speaker.ts";
import { Voice } from "./sound_floor.ts";
import type { PublishedTrack } from "./published_track.ts";
import type { Subscription } from "./subscription.ts";
import type { TrackSource } from "./track_source.ts";

/** A member of a room: what the others are told about it, what it sends and what it is sent. */
export class Participant {
  readonly id: ParticipantId;
  readonly joinedAt: Millis;
  displayName: string | undefined;
  audioMuted = false;
  videoMuted = false;
  screenSharing = false;
  /** Has announced an end-to-end encryption key. */
  e2ee = false;
  /** Its place in the order of raised hands; 0 while it is down. */
  handOrder = 0;
  /** What it publishes, by source. */
  readonly tracks: Map<TrackSource, PublishedTrack> = new Map();
  /** What this process sends in its name: all that a bot has, or the processed form of a track of its own. */
  readonly localTracks: Map<TrackSource, PublishedTrack> = new Map();
  /** Sources that nobody gets as they come; the local track of the source takes their place, once there is one. */
  readonly diverted: Set<TrackSource> = new Set();
  /** What it is sent, by its own m-line. */
  readonly subscriptions: Map<string, Subscription> = new Map();
  /** Its microphone on the floor of its room. */
  readonly voice: Voice;
  /** Follows how loud it is; there while it is in a room. */
  meter: SpeakerMeter | undefined;

  constructor(id: ParticipantId, displayName: string | undefined, joinedAt: Millis) {
    this.id = id;
    this.voice = new Voice(id);
    this.displayName = displayName;
    this.joinedAt = joinedAt;
  }

  /** The sources the others should have a line ready for: the basic two always, so that switching on needs no negotiation. */
  sources(): TrackSource[] {
    const sources: TrackSource[] = ["microphone", "camera"];
    if (this.screenSharing || this.tracks.has("screen")) sources.push("screen");
    if (this.tracks.has("screen_audio") || this.localTracks.has("screen_audio")) sources.push("screen_audio");
    return sources;
  }

  /** The track that the others get of a source. */
  outgoing(source: TrackSource): PublishedTrack | undefined {
    const local = this.localTracks.get(source);
    return local !== undefined || this.diverted.has(source) ? local : this.tracks.get(source);
  }

  /** The track as its origin sends it, before any processing of ours. */
  original(source: TrackSource): PublishedTrack | undefined {
    return this.tracks.get(source) ?? this.localTracks.get(source);
  }

  /** Brings the tracks in line with the mute flags; what is muted is not forwarded. */
  applyMutes(now: Millis): void {
    for (const tracks of [this.tracks, this.localTracks]) {
      tracks.get("microphone")?.setMuted(this.audioMuted, now);
      tracks.get("camera")?.setMuted(this.videoMuted, now);
    }
  }
}
