import { decodeClientMessage } from "./decode.ts";
import { ERROR_CODES, type ErrorReason } from "./errors.ts";
import { FieldReader, isMid, LONGEST_NAMES, ownValue } from "./fields.ts";
import { MAX_SDP_LENGTH } from "./limits.ts";
import type {
  MappedTrack,
  ModerationAction,
  ParticipantStatus,
  Permission,
  RelayedMessage,
  ServerMessage,
  TrackSource,
} from "./messages.ts";

import { readActiveEncodings, readDirection, readLineDemand, readTrackQuality } from "./read_quality.ts";
import { sessionOf } from "./read_session.ts";

/** Longest text frame of a server that is looked at, in characters: a room of the largest size with all its names. */
const MAX_TEXT_LENGTH = 4 * 1024 * 1024;

/** Entries of a list that are read; no room is larger. */
const MAX_ENTRIES = 10_000;

/** Longest sentence of an error. */
const MAX_MESSAGE_LENGTH = 4_096;

/** Longest `mid`, resume secret and word. */
const MAX_WORD_LENGTH = 256;

const PERMISSIONS: ReadonlySet<unknown> = new Set<Permission>(["publish", "screen", "chat", "moderate"]);
const ACTIONS: ReadonlySet<unknown> = new Set<ModerationAction>([
  "mute_audio",
  "mute_video",
  "stop_screen",
  "lower_hand",
  "remove",
]);
const SOURCES: ReadonlySet<unknown> = new Set<TrackSource>(["microphone", "camera", "screen", "screen_audio"]);

/** Messages that come as some member has sent them. */
const RELAYED: ReadonlySet<string> = new Set<RelayedMessage["type"]>([
  "screen_share_started",
  "screen_share_stopped",
  "video_config_changed",
  "chat_message",
  "e2ee_public_key",
  "e2ee_sender_key",
  "e2ee_key_rotation",
  "reaction",
]);

type OwnMessage = Exclude<ServerMessage, RelayedMessage>;
type Decoders = { [Type in OwnMessage["type"]]: (read: FieldReader) => Extract<OwnMessage, { type: Type }> };

const DECODERS: Decoders = {
  ready: (read) => ({
    type: "ready",
    room_id: read.room(),
    initiator: read.optionalBoolean("initiator") ?? false,
    peers: read.optionalList("peers", MAX_ENTRIES, "ids", readWord) ?? [],
    display_names: readNames(read.value("display_names")),
    resume: read.optionalText("resume", MAX_WORD_LENGTH) ?? "",
    permissions: read.optionalList("permissions", MAX_ENTRIES, "words", readWord)?.filter(isPermission) ??
      ["publish", "screen", "chat"],
    ...sessionOf(read.value("session")),
  }),
  room_status: (read) => ({
    type: "room_status",
    room_id: read.room(),
    participants: read.optionalList("participants", MAX_ENTRIES, "members", readStatus) ?? [],
    e2ee_required: read.optionalBoolean("e2ee_required") ?? false,
  }),
  answer: (read) => ({
    type: "answer",
    from: read.participant("from"),
    to: read.optionalText("to", MAX_WORD_LENGTH) ?? null,
    room_id: read.room(),
    sdp: read.text("sdp", MAX_SDP_LENGTH),
  }),
  request_renegotiation: (read) => ({
    type: "request_renegotiation",
    room_id: read.room(),
    needed_slots: read.integer("needed_slots"),
  }),
  bwe_update: (read) => ({
    type: "bwe_update",
    max_bitrate_bps: read.integer("max_bitrate_bps", Number.MAX_SAFE_INTEGER),
  }),
  active_speaker: (read) => ({
    type: "active_speaker",
    room_id: read.room(),
    speaker: read.participant("speaker"),
    level: read.integer("level"),
  }),
  screen_share_routed: (read) => ({
    type: "screen_share_routed",
    room_id: read.room(),
    from: read.participant("from"),
    mid: read.text("mid", MAX_WORD_LENGTH),
  }),
  track_map: (read) => ({
    type: "track_map",
    room_id: read.room(),
    tracks: read.optionalList("tracks", MAX_ENTRIES, "tracks", readTrack) ?? [],
  }),
  track_quality: (read) => ({
    type: "track_quality",
    room_id: read.room(),
    tracks: read.optionalList("tracks", MAX_ENTRIES, "tracks", readTrackQuality) ?? [],
  }),
  connection_quality: (read) => ({
    type: "connection_quality",
    room_id: read.room(),
    down: readDirection(read.value("down")),
    up: readDirection(read.value("up")),
    rtt_ms: read.optionalInteger("rtt_ms") ?? 0,
  }),
  encodings: (read) => ({
    type: "encodings",
    room_id: read.room(),
    tracks: read.optionalList("tracks", MAX_ENTRIES, "lines", readActiveEncodings) ?? [],
  }),
  video_demand: (read) => ({
    type: "video_demand",
    room_id: read.room(),
    tracks: read.optionalList("tracks", MAX_ENTRIES, "lines", readLineDemand) ?? [],
  }),
  moderated: (read) => ({
    type: "moderated",
    room_id: read.room(),
    from: read.participant("from"),
    target: read.participant("target"),
    action: readAction(read),
  }),
  error: (read) => {
    const reason = read.value("reason");
    return {
      type: "error",
      code: read.optionalInteger("code") ?? 500,
      reason: isReason(reason) ? reason : "internal",
      message: read.optionalText("message", MAX_MESSAGE_LENGTH) ?? "",
      room_id: read.optionalText("room_id", MAX_WORD_LENGTH),
      request: read.optionalText("request", MAX_WORD_LENGTH),
    };
  },
};

/**
 * Reads one text frame of a server.
 *
 * Only known fields get into the result, each checked; it never throws.
 *
 * @returns `undefined` for types that are not known (that is how the protocol grows) and for everything malformed
 *
 * @example
 * ```ts
 * import { parseServerMessage } from "@seameet/cli/signaling";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseServerMessage('{"type":"bwe_update","max_bitrate_bps":1}')?.type, "bwe_update");
 * assertEquals(parseServerMessage("not ours"), undefined);
 * ```
 */
export function decodeServerMessage(text: string): ServerMessage | undefined {
  const object = parseObject(text);
  const type = object === undefined ? undefined : ownValue(object, "type");
  if (object === undefined || typeof type !== "string") return undefined;
  if (RELAYED.has(type)) {
    const decoded = decodeClientMessage(text, LONGEST_NAMES);
    return decoded.ok && isRelayed(decoded.message) ? decoded.message : undefined;
  }
  if (!isOwnType(type)) return undefined;
  const read = new FieldReader(object, type, LONGEST_NAMES);
  const message = DECODERS[type](read);
  return read.error === undefined ? message : undefined;
}

function parseObject(text: string): object | undefined {
  if (text.length > MAX_TEXT_LENGTH) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isOwnType(type: string): type is OwnMessage["type"] {
  return Object.hasOwn(DECODERS, type);
}

function isRelayed(message: { readonly type: string }): message is RelayedMessage {
  return RELAYED.has(message.type);
}

function isPermission(word: string): word is Permission {
  return PERMISSIONS.has(word);
}

function isReason(value: unknown): value is ErrorReason {
  return typeof value === "string" && Object.hasOwn(ERROR_CODES, value);
}

function readWord(entry: unknown): string | undefined {
  return typeof entry === "string" && entry.length <= MAX_WORD_LENGTH ? entry : undefined;
}

function readNames(value: unknown): Record<string, string> | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const names = Object.entries(value).filter((entry): entry is [string, string] => readWord(entry[1]) !== undefined);
  return Object.fromEntries(names.slice(0, MAX_ENTRIES));
}

function readAction(read: FieldReader): ModerationAction {
  const action = read.value("action");
  if (isAction(action)) return action;
  read.fail("bad_field", 'Cannot read "moderated": field "action" is unknown');
  return "mute_audio";
}

function isAction(value: unknown): value is ModerationAction {
  return ACTIONS.has(value);
}

function readStatus(entry: unknown): ParticipantStatus | undefined {
  const id = readWord(ownValue(entry, "id"));
  if (id === undefined) return undefined;
  const order = ownValue(entry, "hand_order");
  return {
    id,
    display_name: readWord(ownValue(entry, "display_name")),
    audio_muted: ownValue(entry, "audio_muted") === true,
    video_muted: ownValue(entry, "video_muted") === true,
    screen_sharing: ownValue(entry, "screen_sharing") === true,
    e2ee: ownValue(entry, "e2ee") === true,
    ...(typeof order === "number" ? { hand_order: order } : {}),
  };
}

function readTrack(entry: unknown): MappedTrack | undefined {
  const mid = ownValue(entry, "mid");
  const participant = readWord(ownValue(entry, "participant"));
  const source = ownValue(entry, "source");
  if (typeof mid !== "string" || !isMid(mid) || participant === undefined || !isSource(source)) return undefined;
  return { mid, participant, source };
}

function isSource(value: unknown): value is TrackSource {
  return SOURCES.has(value);
}
