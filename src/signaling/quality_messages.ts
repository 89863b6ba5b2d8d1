import type { ParticipantId } from "../base/ids.ts";
import type { MappedTrack, MemberMessage, RoomMessage, TrackSource } from "./messages.ts";

/** What a viewer can use of one track. */
export interface SubscribedTrack {
  /** Whose track. */
  participant: ParticipantId;
  /** Which of its tracks. */
  source: TrackSource;
  /** It is seen now; what is hidden is not sent. */
  visible?: boolean | undefined;
  /** Pixels it is shown with, across; a larger picture than that is of no use. */
  width?: number | undefined;
  /** Pixels it is shown with, down. */
  height?: number | undefined;
  /** 0 (usual) … 10; where not everything fits, higher ones come first. */
  priority?: number | undefined;
}

/** What the sender can use of the others' tracks: the whole list each time; a track that is not in it is wanted as it comes. */
export interface SubscribeMessage extends MemberMessage<"subscribe"> {
  /** One entry per track. */
  tracks: SubscribedTrack[];
}

/** Why a track comes as it does; the first that applies. */
export type QualityReason =
  | "ok"
  | "bandwidth"
  | "requested"
  | "hidden"
  | "publisher_limit"
  | "codec"
  | "server_load"
  | "paused"
  | "starting";

/** How one track is sent to the recipient, and why so. */
export interface TrackQuality extends MappedTrack {
  /** Which encoding is sent: 0 the lowest, -1 none. */
  layer: number;
  /** How many encodings there are. */
  layers: number;
  /** The highest temporal layer that is sent. */
  temporal: number;
  /** Pixels across, 0 where it is not known. */
  width: number;
  /** Pixels down, 0 where it is not known. */
  height: number;
  /** Why not more. */
  reason: QualityReason;
  /** Bits per second of what is sent. */
  bitrate_bps: number;
  /** Bits per second of the best that could be sent. */
  best_bps: number;
  /** Bits per second that the path to the recipient carries, 0 where it is not known. */
  available_bps: number;
}

/** How the tracks of others are sent to the recipient; those that have changed. */
export interface TrackQualityMessage extends RoomMessage<"track_quality"> {
  /** One entry per track. */
  tracks: TrackQuality[];
}

/** How good one direction of the path is. */
export interface DirectionQuality {
  /** 0 nothing gets through … 5 excellent. */
  score: number;
  /** What lowers it: nothing, missing bandwidth, loss, delay; `unknown` before anything was measured. */
  reason: "ok" | "bandwidth" | "loss" | "delay" | "unknown";
  /** Share of packets lost, 0 … 1. */
  loss: number;
  /** Bits per second: to the recipient what its path carries (0: not known), from it what arrives. */
  bitrate_bps: number;
}

/** How good the recipient's path is, in both directions. */
export interface ConnectionQualityMessage extends RoomMessage<"connection_quality"> {
  /** From the server. */
  down: DirectionQuality;
  /** To the server. */
  up: DirectionQuality;
  /** Round trip in milliseconds, 0 where it is not known. */
  rtt_ms: number;
}

/** Which encodings of one line somebody can use. */
export interface ActiveEncodings {
  /** The line's `a=mid`. */
  mid: string;
  /** Their identifiers (`a=rid`); the others may be switched off. */
  active: string[];
}

/** Tells a publisher of simulcast which encodings somebody can use; none where nobody watches. */
export interface EncodingsMessage extends RoomMessage<"encodings"> {
  /** The lines that have changed. */
  tracks: ActiveEncodings[];
}

/** How much somebody can use of one line that is sent in a single encoding. */
export interface LineDemand {
  /** The line's `a=mid`. */
  mid: string;
  /** So many of its spatial layers, from the lowest on; 0: nobody watches, it need not be sent. */
  layers: number;
  /** So many spatial layers it has, 1 where it has none. */
  of: number;
}

/** Tells a publisher how much somebody can use of what it sends in single encodings. */
export interface VideoDemandMessage extends RoomMessage<"video_demand"> {
  /** The lines that have changed. */
  tracks: LineDemand[];
}
