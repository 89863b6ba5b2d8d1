import { ERROR_CODES, type ErrorReason } from "../signaling/errors.ts";
import { MAX_EMOJI_LENGTH } from "../signaling/limits.ts";
import type {
  MappedTrack,
  ModerationAction,
  ParticipantStatus,
  Permission,
  ServerMessage,
  TrackSource,
} from "../signaling/messages.ts";

import { readActiveEncodings, readDirection, readLineDemand, readTrackQuality } from "../signaling/read_quality.ts";
import { sessionOf } from "../signaling/read_session.ts";

type Fields = Record<string, unknown>;
type Reader = (fields: Fields) => ServerMessage | undefined;

/** What servers of the basic protocol, which do not say it, permit. */
const DEFAULT_PERMISSIONS: Permission[] = ["publish", "screen", "chat"];

const PERMISSIONS: ReadonlySet<unknown> = new Set([...DEFAULT_PERMISSIONS, "moderate"]);
const ACTIONS: ReadonlySet<unknown> = new Set<ModerationAction>(
  ["mute_audio", "mute_video", "stop_screen", "lower_hand", "remove"],
);
const SOURCES: ReadonlySet<unknown> = new Set(["microphone", "camera", "screen", "screen_audio"]);

/** What an `error` without a word means; servers of the basic protocol send only the number. */
const REASON_BY_CODE: Readonly<Record<number, ErrorReason>> = {
  400: "invalid_room",
  401: "unauthorized",
  403: "room_full",
  409: "participant_in_use",
  429: "rate_limited",
  503: "server_full",
};

/**
 * Reads one message of the server; `undefined` for types this client has no use for and for everything malformed.
 *
 * Fields that servers of the basic protocol do not send get their neutral value.
 */
export function readServerMessage(text: string): ServerMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isFields(value) || typeof value.type !== "string") return undefined;
  return READERS.get(value.type)?.(value);
}

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["ready", (m) => ({
    type: "ready",
    room_id: text(m.room_id),
    initiator: m.initiator === true,
    peers: list(m.peers).filter((id) => typeof id === "string"),
    resume: text(m.resume),
    permissions: Array.isArray(m.permissions)
      ? m.permissions.filter((word): word is Permission => PERMISSIONS.has(word))
      : DEFAULT_PERMISSIONS,
    ...sessionOf(m.session),
  })],
  ["room_status", (m) => ({
    type: "room_status",
    room_id: text(m.room_id),
    participants: list(m.participants).flatMap(participantStatus),
    e2ee_required: m.e2ee_required === true,
  })],
  [
    "answer",
    (m) =>
      typeof m.sdp === "string"
        ? { type: "answer", from: text(m.from), to: text(m.to), room_id: text(m.room_id), sdp: m.sdp }
        : undefined,
  ],
  ["request_renegotiation", (m) => ({
    type: "request_renegotiation",
    room_id: text(m.room_id),
    needed_slots: count(m.needed_slots),
  })],
  [
    "bwe_update",
    (m) => count(m.max_bitrate_bps) > 0 ? { type: "bwe_update", max_bitrate_bps: count(m.max_bitrate_bps) } : undefined,
  ],
  ["active_speaker", (m) => ({
    type: "active_speaker",
    room_id: text(m.room_id),
    speaker: text(m.speaker),
    level: count(m.level),
  })],
  ["track_map", (m) => ({
    type: "track_map",
    room_id: text(m.room_id),
    tracks: list(m.tracks).flatMap(mappedTrack),
  })],
  ["encodings", (m) => ({
    type: "encodings",
    room_id: text(m.room_id),
    tracks: readable(m.tracks, readActiveEncodings),
  })],
  ["video_demand", (m) => ({
    type: "video_demand",
    room_id: text(m.room_id),
    tracks: readable(m.tracks, readLineDemand),
  })],
  ["track_quality", (m) => ({
    type: "track_quality",
    room_id: text(m.room_id),
    tracks: readable(m.tracks, readTrackQuality),
  })],
  ["connection_quality", (m) => ({
    type: "connection_quality",
    room_id: text(m.room_id),
    down: readDirection(m.down),
    up: readDirection(m.up),
    rtt_ms: count(m.rtt_ms),
  })],
  ["chat_message", (m) =>
    typeof m.content === "string" && typeof m.from === "string"
      ? {
        type: "chat_message",
        from: m.from,
        room_id: text(m.room_id),
        display_name: text(m.display_name),
        content: m.content,
        timestamp: count(m.timestamp),
        encrypted: m.encrypted === true,
      }
      : undefined],
  ["e2ee_public_key", (m) =>
    typeof m.from === "string" && typeof m.public_key === "string"
      ? {
        type: "e2ee_public_key",
        from: m.from,
        room_id: text(m.room_id),
        public_key: m.public_key,
        identity_key: typeof m.identity_key === "string" ? m.identity_key : undefined,
        signature: typeof m.signature === "string" ? m.signature : undefined,
        reply_wanted: m.reply_wanted === true,
      }
      : undefined],
  [
    "e2ee_sender_key",
    (m) =>
      typeof m.from === "string" && typeof m.to === "string" && typeof m.encrypted_key === "string"
        ? {
          type: "e2ee_sender_key",
          from: m.from,
          to: m.to,
          room_id: text(m.room_id),
          encrypted_key: m.encrypted_key,
          key_id: count(m.key_id),
        }
        : undefined,
  ],
  ["video_config_changed", (m) => ({
    type: "video_config_changed",
    from: text(m.from),
    room_id: text(m.room_id),
    width: count(m.width),
    height: count(m.height),
    fps: count(m.fps),
  })],
  ["reaction", (m) => ({
    type: "reaction",
    from: text(m.from),
    room_id: text(m.room_id),
    emoji: text(m.emoji).slice(0, MAX_EMOJI_LENGTH),
  })],
  ["moderated", (m) =>
    ACTIONS.has(m.action)
      ? {
        type: "moderated",
        from: text(m.from),
        room_id: text(m.room_id),
        target: text(m.target),
        action: m.action as ModerationAction,
      }
      : undefined],
  ["error", (m) => ({
    type: "error",
    code: count(m.code),
    reason: isReason(m.reason) ? m.reason : REASON_BY_CODE[count(m.code)] ?? "internal",
    message: text(m.message),
    request: typeof m.request === "string" ? m.request : undefined,
  })],
]);

function participantStatus(value: unknown): ParticipantStatus[] {
  if (!isFields(value) || typeof value.id !== "string") return [];
  return [{
    id: value.id,
    display_name: text(value.display_name),
    audio_muted: value.audio_muted === true,
    video_muted: value.video_muted === true,
    screen_sharing: value.screen_sharing === true,
    e2ee: value.e2ee === true,
    ...(count(value.hand_order) > 0 ? { hand_order: count(value.hand_order) } : {}),
  }];
}

function mappedTrack(value: unknown): MappedTrack[] {
  if (!isFields(value) || typeof value.mid !== "string" || typeof value.participant !== "string") return [];
  if (!SOURCES.has(value.source)) return [];
  return [{ mid: value.mid, participant: value.participant, source: value.source as TrackSource }];
}

/** What could be read of a list. */
function readable<T>(value: unknown, read: (entry: unknown) => T | undefined): T[] {
  return list(value).map(read).filter((entry) => entry !== undefined);
}

function isReason(value: unknown): value is ErrorReason {
  return typeof value === "string" && Object.hasOwn(ERROR_CODES, value);
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : 0;
}
