import type { ParticipantId, RoomId } from "../base/ids.ts";
import type { ErrorReason } from "./errors.ts";
import type {
  ConnectionQualityMessage,
  EncodingsMessage,
  SubscribeMessage,
  TrackQualityMessage,
  VideoDemandMessage,
} from "./quality_messages.ts";

/** What a track is of: which of a participant's devices or screens it shows. */
export type TrackSource = "microphone" | "camera" | "screen" | "screen_audio";

/** What a participant may do in a room. */
export type Permission = "publish" | "screen" | "chat" | "moderate";

/** What every message has. */
export interface Message<Type extends string> {
  /** Which message this is. */
  type: Type;
}

/** A message about one room. */
export interface RoomMessage<Type extends string> extends Message<Type> {
  /** The room it is about. */
  room_id: RoomId;
}

/** A message of one member of a room; the server drops it when `from` is not the connection's participant. */
export interface MemberMessage<Type extends string> extends RoomMessage<Type> {
  /** Who speaks. */
  from: ParticipantId;
}

/** One published m-line of an offer: what the client sends on it. */
export interface OfferedTrack {
  /** The m-line's `a=mid`. */
  mid: string;
  /** What is sent on it. */
  source: TrackSource;
}

/** One m-line on which the server sends: whose track it carries. */
export interface MappedTrack extends OfferedTrack {
  /** Who is seen or heard on it. */
  participant: ParticipantId;
}

/** One member in a `room_status` snapshot. */
export interface ParticipantStatus {
  /** The member. */
  id: ParticipantId;
  /** Its name, when it gave one. */
  display_name?: string | undefined;
  /** Says that its microphone is muted. */
  audio_muted: boolean;
  /** Says that its camera is off. */
  video_muted: boolean;
  /** Says that it shares a screen. */
  screen_sharing: boolean;
  /** Says that it has announced an end-to-end encryption key. */
  e2ee: boolean;
  /** There while its hand is raised: the lower of two was raised first. */
  hand_order?: number | undefined;
}

/** Asks for membership of a room; the first one of a connection fixes the connection's participant. */
export interface JoinMessage extends RoomMessage<"join"> {
  /** Who joins; a new random UUID for each visit. */
  participant: ParticipantId;
  /** Name to show; control characters are removed, long ones are cut. */
  display_name?: string;
  /** The application's credential, for its `authenticate` hook; never logged. */
  token?: string;
  /** What the client understands beyond the basic protocol: `track_map`, `resume`. Unknown words are kept. */
  capabilities?: string[];
  /** The secret from an earlier `ready`, needed to take over an id that is still connected. */
  resume?: string;
  /** Asks to go on with the session of that `ready`: how many counted messages have come since it began. */
  resume_from?: number;
}

/** Gives up membership of a room; the connection stays. */
export interface LeaveMessage extends RoomMessage<"leave"> {
  /** Who leaves. */
  participant: ParticipantId;
}

/** A client's session description: the first one opens its media path, later ones renegotiate it. */
export interface OfferMessage extends MemberMessage<"offer"> {
  /** The description (RFC 8866). */
  sdp: string;
  /** What is published on which m-line; clients with the `track_map` capability must send it. */
  tracks?: OfferedTrack[];
}

/** A client's ICE candidate; the empty string says that there are no more. */
export interface IceCandidateMessage extends MemberMessage<"ice_candidate"> {
  /** The candidate line without `a=`. */
  candidate: string;
  /** `a=mid` of its m-line. */
  sdp_mid: string | null;
  /** Index of its m-line. */
  sdp_mline_index: number | null;
}

/** Microphone or camera goes off or on. */
export type MuteMessage =
  | MemberMessage<"mute_audio">
  | MemberMessage<"unmute_audio">
  | MemberMessage<"mute_video">
  | MemberMessage<"unmute_video">;

/** What is said about a screen share. */
export interface ScreenShareChange<Type extends string> extends MemberMessage<Type> {
  /** Without meaning; clients of the basic protocol send and expect 0. */
  track_id: number;
}

/** A screen share starts or ends; told to the others. */
export type ScreenShareMessage = ScreenShareChange<"screen_share_started"> | ScreenShareChange<"screen_share_stopped">;

/** A client changed its camera settings; told to the others, nothing follows from it. */
export interface VideoConfigChangedMessage extends MemberMessage<"video_config_changed"> {
  /** Pixels across. */
  width: number;
  /** Pixels down. */
  height: number;
  /** Pictures per second. */
  fps: number;
}

/** A line of chat; goes to everybody in the room, the sender included. */
export interface ChatMessage extends MemberMessage<"chat_message"> {
  /** The sender's name at that time. */
  display_name?: string | undefined;
  /** Text, or base64 of the encrypted text. */
  content: string;
  /** Milliseconds since 1970 by the sender's clock. */
  timestamp: number;
  /** Says that `content` is encrypted. */
  encrypted: boolean;
  /** Which of the sender's media keys encrypted it. */
  key_id?: number | undefined;
}

/** An end-to-end encryption public key; goes to all others in the room, or to one. */
export interface E2eePublicKeyMessage extends MemberMessage<"e2ee_public_key"> {
  /** Base64 of the uncompressed P-256 point. */
  public_key: string;
  /** Base64 of a long-lived public key of this device, for safety numbers that stay the same. */
  identity_key?: string | undefined;
  /** Base64 of the identity key's signature over the public key. */
  signature?: string | undefined;
  /** The one member it goes to; absent: all others. */
  to?: ParticipantId;
  /** Asks those who get it for their own public and media keys. */
  reply_wanted?: boolean;
}

/** A media key sealed for one other member. */
export interface E2eeSenderKeyMessage extends MemberMessage<"e2ee_sender_key"> {
  /** The one member it goes to. */
  to: ParticipantId;
  /** Base64 of nonce, sealed key and tag. */
  encrypted_key: string;
  /** Number of the key, counted by the sender. */
  key_id: number;
}

/** Announces that a new media key is in use; goes to all others in the room. */
export interface E2eeKeyRotationMessage extends MemberMessage<"e2ee_key_rotation"> {
  /** Number of the key, counted by the sender. */
  key_id: number;
}

/** Asks for a keyframe of `target`'s video, after a client has bound it to a new element. */
export interface RequestKeyframeMessage extends MemberMessage<"request_keyframe"> {
  /** Whose video. */
  target: ParticipantId;
}

/** Raises or lowers one's hand; the others see it in `room_status`. */
export interface HandMessage extends MemberMessage<"hand"> {
  /** Up or down. */
  raised: boolean;
}

/** A fleeting sign, shown for a moment; goes to everybody in the room, the sender included, and is not kept. */
export interface ReactionMessage extends MemberMessage<"reaction"> {
  /** One emoji. */
  emoji: string;
}

/** What a moderator can do to another member. */
export type ModerationAction = "mute_audio" | "mute_video" | "stop_screen" | "lower_hand" | "remove";

/** Asks the server to act on another member; for participants with the permission `moderate`. */
export interface ModerateMessage extends MemberMessage<"moderate"> {
  /** The member it is done to. */
  target: ParticipantId;
  /** What is done. */
  action: ModerationAction;
}

/** Messages that have the same fields when they arrive and when they are passed on to members. */
export type RelayedMessage =
  | ScreenShareMessage
  | VideoConfigChangedMessage
  | ChatMessage
  | E2eePublicKeyMessage
  | E2eeSenderKeyMessage
  | E2eeKeyRotationMessage
  | ReactionMessage;

/** Everything a client may send. */
export type ClientMessage =
  | JoinMessage
  | LeaveMessage
  | OfferMessage
  | IceCandidateMessage
  | MuteMessage
  | RequestKeyframeMessage
  | HandMessage
  | ModerateMessage
  | SubscribeMessage
  | RelayedMessage;

/** What a client with the capability `resume` is told about its session. */
export interface SessionState {
  /** Milliseconds that the server keeps it after the connection was lost. */
  keep_ms: number;
  /** The session from before goes on; `false`: another one begins. */
  resumed: boolean;
  /** Counted messages of the client that the server has taken since the session began. */
  received: number;
  /** The media path from before is still there. */
  media: boolean;
}

/** Answers a `join`; the client starts its peer connection and offers. */
export interface ReadyMessage extends RoomMessage<"ready"> {
  /** Says that the room was empty before; of no consequence, the client always offers. */
  initiator: boolean;
  /** The members before this join, in join order. */
  peers: ParticipantId[];
  /** Names of those peers that gave one. */
  display_names?: Record<ParticipantId, string> | undefined;
  /** The secret that a later `join` with the same participant id must show. */
  resume: string;
  /** What this participant may do here. */
  permissions: Permission[];
  /** For clients with the capability `resume`. */
  session?: SessionState | undefined;
}

/** All members of a room and their state; whole each time. */
export interface RoomStatusMessage extends RoomMessage<"room_status"> {
  /** The members, in join order. */
  participants: ParticipantStatus[];
  /** Says that members without end-to-end encryption are removed. */
  e2ee_required: boolean;
}

/** The server's session description for the latest offer; `room_id` is `sfu` when the connection is in one room. */
export interface AnswerMessage extends MemberMessage<"answer"> {
  /** The recipient, as is `from`. */
  to: ParticipantId | null;
  /** The description (RFC 8866). */
  sdp: string;
}

/** Asks the client for more audio and video m-line pairs and a new offer. */
export interface RequestRenegotiationMessage extends RoomMessage<"request_renegotiation"> {
  /** How many pairs. */
  needed_slots: number;
}

/** The most a client should send per video track. */
export interface BweUpdateMessage extends Message<"bwe_update"> {
  /** Bits per second. */
  max_bitrate_bps: number;
}

/** Who speaks now. */
export interface ActiveSpeakerMessage extends RoomMessage<"active_speaker"> {
  /** The loudest member. */
  speaker: ParticipantId;
  /** 0 silent … 127 loud. */
  level: number;
}

/** On which m-line of the recipient a screen share is sent. */
export interface ScreenShareRoutedMessage extends MemberMessage<"screen_share_routed"> {
  /** The m-line's `a=mid` in the recipient's description. */
  mid: string;
}

/** Whose track is on which m-line; whole each time. */
export interface TrackMapMessage extends RoomMessage<"track_map"> {
  /** One entry per m-line in use. */
  tracks: MappedTrack[];
}

/** Tells a member what a moderator has done to it. */
export interface ModeratedMessage extends MemberMessage<"moderated"> {
  /** The member it was done to: the recipient. */
  target: ParticipantId;
  /** What was done. */
  action: ModerationAction;
}

/** A request that was refused. */
export interface ErrorMessage extends Message<"error"> {
  /** As HTTP status codes: 400, 401, 403, 404, 409, 429, 500, 503. */
  code: number;
  /** A stable word for programs. */
  reason: ErrorReason;
  /** A sentence for people. */
  message: string;
  /** The room of the message this answers, where it had one. */
  room_id?: RoomId | undefined;
  /** `type` of the message this answers. */
  request?: string | undefined;
}

/** Everything the server may send. */
export type ServerMessage =
  | ReadyMessage
  | RoomStatusMessage
  | AnswerMessage
  | RequestRenegotiationMessage
  | BweUpdateMessage
  | ActiveSpeakerMessage
  | ScreenShareRoutedMessage
  | TrackMapMessage
  | ModeratedMessage
  | TrackQualityMessage
  | ConnectionQualityMessage
  | EncodingsMessage
  | VideoDemandMessage
  | ErrorMessage
  | RelayedMessage;
