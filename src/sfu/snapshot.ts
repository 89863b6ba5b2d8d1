import type { ParticipantId, RoomId } from "../base/ids.ts";
import type { Millis } from "../base/time.ts";
import type { PublishedTrack } from "../room/published_track.ts";
import type { QualityReason, VideoLine } from "../room/video_line.ts";
import type { TrackSource } from "../room/track_source.ts";
import type { Core } from "./core.ts";
import type { Member } from "./member.ts";
import type { LoadChange } from "./outputs.ts";
import { loadState } from "./server_load.ts";

/** One encoding of a published track as it is now. */
export interface EncodingSnapshot {
  /** Its identifier; empty for the only encoding of a track. */
  readonly rid: string;
  /** Size of the picture in pixels, 0 where it is not known. */
  readonly width: number;
  /** See `width`. */
  readonly height: number;
  /** Bits per second that come in; 0 for sound. */
  readonly bitrateBps: number;
  /** How many receivers get it now, or wait for its next keyframe. */
  readonly receivers: number;
}

/** How one participant is sent one picture of another. */
export interface ShownSnapshot {
  /** Whose it is. */
  readonly participant: ParticipantId;
  /** Which of its tracks. */
  readonly source: TrackSource;
  /** Which encoding is sent, 0 the lowest; -1 for none. */
  readonly layer: number;
  /** Why not better. */
  readonly reason: QualityReason;
  /** Bits per second that this costs. */
  readonly bitrateBps: number;
  /** How often another encoding took over. */
  readonly switches: number;
}

/** One published track as it is now. */
export interface TrackSnapshot {
  /** What it shows or sounds. */
  readonly source: TrackSource;
  /** Kept from everybody now. */
  readonly muted: boolean;
  /** The codec it comes in, once something has come. */
  readonly codec: string | undefined;
  /** Packets received, repairs not counted. */
  readonly packetsReceived: number;
  /** Payload bytes received. */
  readonly bytesReceived: number;
  /** Packets that never came, before repair. */
  readonly packetsLost: number;
  /** How many receivers get it now. */
  readonly subscribers: number;
  /** Its encodings, worst first. */
  readonly encodings: readonly EncodingSnapshot[];
}

/** What one participant is sent, all lines together. */
export interface SentSnapshot {
  /** Media lines of the receiver. */
  readonly lines: number;
  /** Packets sent, repairs not counted. */
  readonly packets: number;
  /** Payload bytes sent, repairs not counted. */
  readonly bytes: number;
  /** Packets sent again. */
  readonly retransmitted: number;
  /** Round trip of the media path in milliseconds, once measured. */
  readonly rttMs: number | undefined;
  /** Bits per second that the path to the receiver is believed to carry; `undefined` where nothing tells. */
  readonly estimateBps: number | undefined;
  /** How long packets wait in queues of that path, in milliseconds. */
  readonly queueMs: Millis;
  /** The pictures it is sent. */
  readonly shown: readonly ShownSnapshot[];
}

/** One participant as it is now. */
export interface ParticipantSnapshot {
  /** Its id. */
  readonly id: ParticipantId;
  /** The name shown to others. */
  readonly displayName: string | undefined;
  /** The microphone is muted. */
  readonly audioMuted: boolean;
  /** The camera is off. */
  readonly videoMuted: boolean;
  /** It shares a screen. */
  readonly screenSharing: boolean;
  /** It has announced an end-to-end encryption key. */
  readonly e2ee: boolean;
  /** `none` before the first offer and after a failure. */
  readonly media: "none" | "new" | "connecting" | "connected" | "failed" | "closed";
  /** Milliseconds since it joined. */
  readonly connectedForMs: Millis;
  /** What it publishes. */
  readonly tracks: readonly TrackSnapshot[];
  /** What it is sent. */
  readonly sent: SentSnapshot;
}

/** One room as it is now. */
export interface RoomSnapshot {
  /** Its id. */
  readonly id: RoomId;
  /** Milliseconds since it was created. */
  readonly ageMs: Millis;
  /** Its members, in join order. */
  readonly participants: readonly ParticipantSnapshot[];
}

/** A core as it is now. */
export interface SfuSnapshot {
  /** Every room. */
  readonly rooms: readonly RoomSnapshot[];
  /** Packet buffers in use. */
  readonly packetsInUse: number;
  /** Everything dropped or refused so far, by reason. */
  readonly drops: Readonly<Record<string, number>>;
  /** How busy its thread is, and what is left out because of that. */
  readonly load: LoadChange;
}

/** Takes the picture. */
export function snapshot(core: Core, now: Millis): SfuSnapshot {
  const rooms = [...core.rooms.values()].map((room) => ({
    id: room.id,
    ageMs: now - room.createdAt,
    participants: [...room.members.values()].map((member) => ofMember(member, now)),
  }));
  return { rooms, packetsInUse: core.options.pool.inUse, drops: core.drops.snapshot(), load: loadState(core.load) };
}

function ofMember(member: Member, now: Millis): ParticipantSnapshot {
  const { id, displayName, audioMuted, videoMuted, screenSharing, e2ee } = member;
  return {
    id,
    displayName,
    audioMuted,
    videoMuted,
    screenSharing,
    e2ee,
    media: member.peer?.transport.state ?? "none",
    connectedForMs: now - member.joinedAt,
    tracks: [...member.tracks.values(), ...member.localTracks.values()].map((track) => ofTrack(track, now)),
    sent: sentTo(member),
  };
}

function ofTrack(track: PublishedTrack, now: Millis): TrackSnapshot {
  return {
    source: track.source,
    muted: track.muted,
    codec: track.codec?.name,
    packetsReceived: track.encodings.reduce((sum, { stats }) => sum + stats.packets, 0),
    bytesReceived: track.bytes,
    packetsLost: track.encodings.reduce((sum, { stats }) => sum + stats.lost, 0),
    subscribers: track.subscriptions.length,
    encodings: track.encodings.map((encoding) => ({
      rid: encoding.rid,
      width: encoding.width,
      height: encoding.height,
      bitrateBps: Math.round(encoding.bitsPerSecond(now)),
      receivers: encoding.outputs.length,
    })),
  };
}

function sentTo(member: Member): SentSnapshot {
  let packets = 0;
  let bytes = 0;
  let retransmitted = 0;
  let rttMs: number | undefined;
  for (const line of member.subscriptions.values()) {
    packets += line.stats.packets;
    bytes += line.stats.octets;
    retransmitted += line.retransmitted;
    rttMs ??= line.stats.rttMs;
  }
  const estimate = member.peer?.outgoing.estimate;
  return {
    lines: member.subscriptions.size,
    packets,
    bytes,
    retransmitted,
    rttMs,
    estimateBps: estimate?.informed === true ? Math.round(estimate.bps) : undefined,
    queueMs: Math.round(estimate?.queueMs ?? 0),
    shown: [...member.peer?.viewer.lines ?? []].flatMap(shownOn),
  };
}

function shownOn({ subscription, reason, chosenBps }: VideoLine): ShownSnapshot[] {
  const { track, target, switches } = subscription;
  if (track === undefined) return [];
  return [{
    participant: track.publisher.participant,
    source: track.source,
    layer: target === undefined ? -1 : track.layers.indexOf(target),
    reason,
    bitrateBps: Math.round(chosenBps),
    switches,
  }];
}
