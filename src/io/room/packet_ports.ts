import type { Millis, NtpTime } from "../../base/time.ts";
import type { InboundPacket } from "../../processing/depacketizer.ts";
import type { TrackSource } from "../../room/track_source.ts";
import type { LocalCodec, LocalPacket } from "../../sfu/local_track.ts";

/** Takes a packet in; its payload may be read during the call only. */
export type OnPacket = (packet: InboundPacket, codec: string, now: Millis) => void;

/** One moment on a stream's clock and on the wall clock, as a sender report says it (RFC 3550 section 6.4.1). */
export interface StreamClock {
  /** The wall clock. */
  readonly ntp: NtpTime;
  /** The same moment on the stream's clock. */
  readonly rtpTimestamp: number;
}

/** Packets of one source as long as they are wanted. */
export interface PacketFeed {
  /** Nothing comes any more: it was closed, or its participant has gone. */
  readonly closed: boolean;
  /** Asks for a keyframe. */
  requestKeyframe(): void;
  /** What the stream's RTP clock reads now, and the wall clock; `undefined` while it is not known. */
  clockNow(): StreamClock | undefined;
  /** Ends it. Any number of times. */
  close(): void;
}

/** Where packets of one participant come from. */
export interface PacketOrigin {
  /** Its media is encrypted from end to end: nothing can be decoded here. */
  readonly encrypted: boolean;
  /** Begins to hear a source; `undefined` when the participant is not there. */
  listen(source: TrackSource, onPacket: OnPacket): PacketFeed | undefined;
}

/** A track that is being sent in somebody's name. */
export interface PacketOutlet {
  /** Told when a receiver waits for a keyframe. */
  onKeyframeWanted: () => void;
  /** Somebody gets it: if not, nothing needs to be encoded. */
  readonly wanted: boolean;
  /** Ended by `close`, or since its participant has gone. */
  readonly closed: boolean;
  send(packet: LocalPacket): void;
  /** Ends the track. Any number of times. */
  close(): void;
}

/** Where tracks can be sent in a participant's name. */
export interface PacketTarget {
  /** Begins to send a source; `undefined` when the participant is not there. */
  publish(source: TrackSource, codec: LocalCodec): PacketOutlet | undefined;
}
