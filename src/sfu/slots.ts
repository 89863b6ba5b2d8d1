import type { ParticipantId } from "../base/ids.ts";
import type { MediaKind, TrackSource } from "../room/track_source.ts";
import type { SlotMembers } from "./slot_members.ts";

/** One m-line of a client's offer, as far as slots need to know it. */
export interface SlotSection {
  readonly mid: string;
  readonly kind: MediaKind;
  /** The client may send on it after our answer. */
  readonly clientSends: boolean;
  /** We may send on it after our answer. */
  readonly clientReceives: boolean;
  /** Stream id of the line's `a=msid`; "-" marks a line without a real track in Chromium. */
  readonly msidStream: string | undefined;
}

/** A track of the client's own: which m-line carries which source. */
export interface OwnTrack {
  readonly mid: string;
  readonly source: TrackSource;
}

/** Which remote track goes out on which of the client's m-lines. */
export interface Assignment {
  readonly mid: string;
  readonly participant: ParticipantId;
  readonly source: TrackSource;
}

/**
 * Decides which remote track goes on which m-line of one client.
 *
 * Two kinds of clients exist: those that compute the mapping themselves (`PoolModel` must arrive at the same one) and
 * those that are told by `track_map` (`FreeSlots`). Both are driven by exactly the messages sent to the client.
 */
export interface SlotAssigner {
  /** `ready` was sent: the client starts over with these remote participants. */
  readySent(peers: readonly ParticipantId[]): void;
  /** An offer was accepted; returns the client's own tracks. `declared` is what the offer said about them. */
  offerApplied(sections: readonly SlotSection[], declared: readonly OwnTrack[] | undefined): readonly OwnTrack[];
  /** `room_status` was sent, with these remote participants in this order. */
  membersSent(members: SlotMembers): void;
  /** Participants whose share the client may have put on another line than we think: it should be stopped and started again. Said once. */
  sharesToReset(): readonly ParticipantId[];
  /** Participants whose `screen_share_started` the client should get (again) now, so that the share has a usable line. */
  sharesToAnnounce(): readonly ParticipantId[];
  /** `screen_share_started` of a participant was sent. */
  shareStarted(from: ParticipantId): void;
  /** `screen_share_stopped` of a participant was sent. */
  shareStopped(from: ParticipantId): void;
  /** How many more audio and video pairs the client should add. */
  missing(): number;
  /** `request_renegotiation` was sent for this many pairs; less than 0: it has not arrived. */
  pairsRequested(count: number): void;
  /** The mapping now. */
  assignments(): readonly Assignment[];
}
