import type { ParticipantId, RoomId } from "../base/ids.ts";
import type { Millis } from "../base/time.ts";
import type { TrackSource } from "./track_source.ts";

/** What happens inside a room; one event per cause. */
export type RoomEvent =
  | { readonly type: "roomCreated"; readonly roomId: RoomId }
  | { readonly type: "roomEnded"; readonly roomId: RoomId; readonly participants: number; readonly durationMs: Millis }
  | { readonly type: "participantJoined"; readonly roomId: RoomId; readonly participant: ParticipantId }
  | { readonly type: "participantLeft"; readonly roomId: RoomId; readonly participant: ParticipantId }
  | { readonly type: "mediaConnected"; readonly roomId: RoomId; readonly participant: ParticipantId }
  /** The media path has ended by itself, or its client has closed it; not said for a participant that leaves. */
  | {
    readonly type: "mediaFailed";
    readonly roomId: RoomId;
    readonly participant: ParticipantId;
    readonly reason: string;
  }
  /** Media of this source can come now; its first packet may be still to come. */
  | {
    readonly type: "trackPublished";
    readonly roomId: RoomId;
    readonly participant: ParticipantId;
    readonly source: TrackSource;
  }
  /** The source has ended; not said for a participant that leaves. */
  | {
    readonly type: "trackEnded";
    readonly roomId: RoomId;
    readonly participant: ParticipantId;
    readonly source: TrackSource;
  }
  /** The last participant has left; said of rooms that the application made, which live on. */
  | { readonly type: "roomEmpty"; readonly roomId: RoomId }
  /** Something of the application's own, mostly from a processor. */
  | {
    readonly type: "custom";
    readonly roomId: RoomId;
    readonly participant: ParticipantId;
    readonly payload: unknown;
  }
  /** The participant loses much of what it is sent; said again at most every ten seconds while that lasts. */
  | {
    readonly type: "networkDegraded";
    readonly roomId: RoomId;
    readonly participant: ParticipantId;
    /** 0 … 100, as its receiver reports say. */
    readonly packetLossPct: number;
  }
  | { readonly type: "screenShareStarted"; readonly roomId: RoomId; readonly participant: ParticipantId }
  | { readonly type: "screenShareStopped"; readonly roomId: RoomId; readonly participant: ParticipantId }
  | {
    readonly type: "qualityDegraded";
    readonly roomId: RoomId;
    readonly participant: ParticipantId;
    /** `down`: from the server to the participant. */
    readonly direction: "down" | "up";
    /** 0 nothing gets through … 5 excellent; the event comes when it falls to 2 or less. */
    readonly score: number;
    readonly reason: string;
  }
  | {
    readonly type: "activeSpeaker";
    readonly roomId: RoomId;
    readonly participant: ParticipantId;
    /** 0 silent … 127 loud. */
    readonly level: number;
  }
  | {
    /** A moderator has done something to a member. */
    readonly type: "moderated";
    readonly roomId: RoomId;
    readonly participant: ParticipantId;
    readonly by: ParticipantId;
    readonly action: string;
  }
  | { readonly type: "speechStarted"; readonly roomId: RoomId; readonly participant: ParticipantId }
  | {
    readonly type: "speechEnded";
    readonly roomId: RoomId;
    readonly participant: ParticipantId;
    readonly durationMs: Millis;
  }
  | {
    readonly type: "silence";
    readonly roomId: RoomId;
    readonly participant: ParticipantId;
    readonly durationMs: Millis;
  };
