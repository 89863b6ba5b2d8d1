import type { ParticipantId } from "../base/ids.ts";
import type { CloseReason as ServerCloseReason, ErrorReason } from "../signaling/errors.ts";
import type { ModerationAction, Permission, TrackSource } from "../signaling/messages.ts";
import type { ConnectionQualityEvent, TrackQualityEvent } from "./views.ts";
import type { ClientError } from "./client_error.ts";
import type { FrameFailure, KeyChange, ParticipantEncryption } from "./e2ee/types.ts";

/** Where a client stands with its room. */
export type ClientState = "connecting" | "joined" | "reconnecting" | "closed";

/**
 * Why a client is closed for good.
 *
 * `left`: by `leave()`. `bad_url`: the browser does not accept the address. `rejected`: the server ended the connection
 * and gave no word for it. All others are the server's own words.
 */
export type CloseReason = "left" | "bad_url" | "rejected" | ErrorReason | ServerCloseReason;

/** The state of a client with what a user interface says about it. */
export interface ClientStatus {
  /** Where the client stands. */
  readonly state: ClientState;
  /** Tries that failed since the client was last in the room; 0 during the first one. */
  readonly failedTries: number;
  /** Milliseconds until the next try, while waiting for it. */
  readonly retryInMs?: number;
  /** Why the client is closed. */
  readonly reason?: CloseReason;
  /** The server's sentence about it; while trying again the word it closed the last connection with, such as `worker_lost`. */
  readonly message?: string;
}

/** State of the media path; the room itself stays usable (chat, who is there) without one. */
export type MediaState = "connecting" | "connected" | "interrupted" | "failed";

/** A member of the room other than oneself. Never changes; a new object takes its place when something does. */
export interface RemoteParticipant {
  /** The member. */
  readonly id: ParticipantId;
  /** Its name; empty when it gave none. */
  readonly displayName: string;
  /** Says that its microphone is muted. */
  readonly audioMuted: boolean;
  /** Says that its camera is off. */
  readonly videoMuted: boolean;
  /** Says that it shares a screen. */
  readonly screenSharing: boolean;
  /** Says that it encrypts from end to end. */
  readonly e2ee: boolean;
  /** Its place in the order of raised hands; 0 while it is down. */
  readonly handOrder: number;
  /** What can be seen and heard of it now. */
  readonly tracks: Readonly<Partial<Record<TrackSource, MediaStreamTrack>>>;
}

/** A line of chat. */
export interface ChatEntry {
  /** Differs between all lines of a room; fit for a list key. */
  readonly id: string;
  /** Who wrote it. */
  readonly from: ParticipantId;
  /** The writer's name at that time. */
  readonly displayName: string;
  /** The text; empty when it is `locked`. */
  readonly content: string;
  /** Nobody between the writer and us could read or write it. Without it anybody on the way could have. */
  readonly encrypted: boolean;
  /** It is encrypted, and we have no key for it: written before we came, or encryption is off here. */
  readonly locked: boolean;
  /** Milliseconds since 1970 by the writer's clock. */
  readonly timestamp: number;
  /** Says that it is ours. */
  readonly own: boolean;
}

/** Size and rate of the camera picture. */
export interface VideoConfig {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** Pictures per second. */
  readonly fps: number;
}

/** A track of a remote participant that came or went. */
export interface TrackEvent {
  /** Whose it is. */
  readonly participant: ParticipantId;
  /** What it is of. */
  readonly source: TrackSource;
  /** The track. */
  readonly track: MediaStreamTrack;
}

/** What a client reports, by name. */
export interface ClientEvents {
  /** The client's own state changed. */
  state: ClientStatus;
  /** The media path's state changed. */
  mediastate: MediaState;
  /** Somebody is in the room who was not known before. */
  participantjoined: RemoteParticipant;
  /** Somebody left. */
  participantleft: RemoteParticipant;
  /** Name, flags or tracks of somebody changed. */
  participantchanged: RemoteParticipant;
  /** A track can be shown or played. */
  trackadded: TrackEvent;
  /** A track is gone. */
  trackremoved: TrackEvent;
  /** A line of chat that was not known before, one's own included. */
  chat: ChatEntry;
  /** Somebody else speaks now; `level` goes from 0 (silent) to 127. */
  activespeaker: { readonly participant: ParticipantId; readonly level: number };
  /** One's own hand went up or down, by oneself or a moderator; `order` is its place in the order, 0 down. */
  hand: { readonly order: number };
  /** Somebody, possibly oneself, sent a sign to be shown for a moment. */
  reaction: { readonly participant: ParticipantId; readonly emoji: string };
  /** A moderator has done something to us; muting has already been followed. */
  moderated: { readonly by: ParticipantId; readonly action: ModerationAction };
  /** One's own screen share began or ended, also by the browser's own stop button. */
  screenshare: { readonly active: boolean };
  /** Somebody else changed their camera settings. */
  videoconfig: VideoConfig & { readonly participant: ParticipantId };
  /** Encryption with somebody has come further, or not. */
  encryptionchanged: { readonly participant: ParticipantId; readonly encryption: ParticipantEncryption };
  /** The number to compare with somebody is there, or another one. */
  safetynumber: { readonly participant: ParticipantId; readonly safetyNumber: string };
  /** Somebody's identity key is not the expected one: say so loudly. */
  keychanged: KeyChange;
  /** Frames could not be sent or shown. */
  decryptfailed: FrameFailure;
  /** A track comes otherwise than before; the reason says why not better. */
  trackquality: TrackQualityEvent;
  /** How good our path to the server is; every few seconds while that changes. */
  connectionquality: ConnectionQualityEvent;
  /** Something was refused or failed; the client goes on unless `state` says otherwise. */
  error: ClientError;
}

/** What the server lets this client do; everything until it says so. */
export type Permissions = ReadonlySet<Permission>;
