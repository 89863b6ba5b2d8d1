import { parseParticipantId } from "../base/ids.ts";
import { type SignalingError, signalingError } from "./errors.ts";
import { DEFAULT_NAME_LENGTHS, FieldReader, isMid, type NameLengths, ownValue } from "./fields.ts";
import {
  MAX_CANDIDATE_LENGTH,
  MAX_CAPABILITIES,
  MAX_CAPABILITY_LENGTH,
  MAX_CHAT_LENGTH,
  MAX_EMOJI_LENGTH,
  MAX_FRAME_BYTES,
  MAX_MID_LENGTH,
  MAX_MLINE_INDEX,
  MAX_OFFERED_TRACKS,
  MAX_PICTURE_SIDE,
  MAX_PRIORITY,
  MAX_PUBLIC_KEY_LENGTH,
  MAX_RESUME_LENGTH,
  MAX_SDP_LENGTH,
  MAX_SENDER_KEY_LENGTH,
  MAX_SIGNATURE_LENGTH,
  MAX_SUBSCRIBED_TRACKS,
  MAX_TIMESTAMP_MS,
  MAX_TOKEN_LENGTH,
} from "./limits.ts";
import type { ClientMessage, ModerationAction, OfferedTrack, ServerMessage, TrackSource } from "./messages.ts";
import type { SubscribedTrack } from "./quality_messages.ts";

export type { SignalingError };

/** A message that can be handled, or the reason why not. */
export type DecodedMessage = { ok: true; message: ClientMessage } | { ok: false; error: SignalingError };

type ClientType = ClientMessage["type"];
type Decoder<Type extends ClientType> = (read: FieldReader) => Extract<ClientMessage, { type: Type }>;
type Decoders = { [Type in ClientType]: Decoder<Type> };

/** Types that only the server sends; whoever sends them to it is a confused or a malicious client. */
const SERVER_TYPES: ReadonlySet<string> = new Set<
  Exclude<ServerMessage["type"], ClientType> | "peer_joined" | "peer_left"
>(
  [
    "ready",
    "room_status",
    "answer",
    "request_renegotiation",
    "bwe_update",
    "active_speaker",
    "screen_share_routed",
    "track_map",
    "moderated",
    "track_quality",
    "connection_quality",
    "encodings",
    "video_demand",
    "error",
    "peer_joined",
    "peer_left",
  ],
);

const SUBSCRIBED_TRACK = "entries { participant, source, visible, width, height, priority }";

const SOURCES: ReadonlySet<unknown> = new Set<TrackSource>(["microphone", "camera", "screen", "screen_audio"]);

const MODERATION_ACTIONS: ReadonlySet<unknown> = new Set<ModerationAction>(
  ["mute_audio", "mute_video", "stop_screen", "lower_hand", "remove"],
);

/** One emoji as people see it, skin tones, flags and families included (UTS 51). */
const EMOJI = /^\p{RGI_Emoji}$/v;

const DECODERS: Decoders = {
  join: (read) => ({
    type: "join",
    participant: read.participant("participant"),
    room_id: read.room(),
    ...given("display_name", read.displayName()),
    ...given("token", read.optionalText("token", MAX_TOKEN_LENGTH)),
    ...given("capabilities", read.optionalList("capabilities", MAX_CAPABILITIES, "words", readCapability)),
    ...given("resume", read.optionalText("resume", MAX_RESUME_LENGTH)),
    ...given("resume_from", read.optionalInteger("resume_from")),
  }),
  leave: (read) => ({ type: "leave", participant: read.participant("participant"), room_id: read.room() }),
  offer: (read) => ({
    type: "offer",
    ...member(read),
    sdp: readSdp(read),
    ...given("tracks", readTracks(read)),
  }),
  ice_candidate: (read) => ({
    type: "ice_candidate",
    ...member(read),
    candidate: read.text("candidate", MAX_CANDIDATE_LENGTH),
    sdp_mid: read.optionalText("sdp_mid", MAX_MID_LENGTH) ?? null,
    sdp_mline_index: read.optionalInteger("sdp_mline_index", MAX_MLINE_INDEX) ?? null,
  }),
  mute_audio: (read) => ({ type: "mute_audio", ...member(read) }),
  unmute_audio: (read) => ({ type: "unmute_audio", ...member(read) }),
  mute_video: (read) => ({ type: "mute_video", ...member(read) }),
  unmute_video: (read) => ({ type: "unmute_video", ...member(read) }),
  screen_share_started: (read) => ({
    type: "screen_share_started",
    ...member(read),
    track_id: read.integer("track_id"),
  }),
  screen_share_stopped: (read) => ({
    type: "screen_share_stopped",
    ...member(read),
    track_id: read.integer("track_id"),
  }),
  video_config_changed: (read) => ({
    type: "video_config_changed",
    ...member(read),
    width: read.integer("width"),
    height: read.integer("height"),
    fps: read.integer("fps"),
  }),
  chat_message: (read) => ({
    type: "chat_message",
    ...member(read),
    ...given("display_name", read.displayName()),
    content: read.text("content", MAX_CHAT_LENGTH),
    timestamp: read.integer("timestamp", MAX_TIMESTAMP_MS),
    encrypted: read.optionalBoolean("encrypted") ?? false,
    ...given("key_id", read.optionalInteger("key_id")),
  }),
  e2ee_public_key: (read) => ({
    type: "e2ee_public_key",
    ...member(read),
    public_key: read.base64("public_key", MAX_PUBLIC_KEY_LENGTH),
    ...given("identity_key", read.optionalBase64("identity_key", MAX_PUBLIC_KEY_LENGTH)),
    ...given("signature", read.optionalBase64("signature", MAX_SIGNATURE_LENGTH)),
    ...given("to", read.value("to") === undefined ? undefined : read.participant("to")),
    ...given("reply_wanted", read.optionalBoolean("reply_wanted")),
  }),
  e2ee_sender_key: (read) => ({
    type: "e2ee_sender_key",
    ...member(read),
    to: read.participant("to"),
    encrypted_key: read.base64("encrypted_key", MAX_SENDER_KEY_LENGTH),
    key_id: read.integer("key_id"),
  }),
  e2ee_key_rotation: (read) => ({ type: "e2ee_key_rotation", ...member(read), key_id: read.integer("key_id") }),
  request_keyframe: (read) => ({ type: "request_keyframe", ...member(read), target: read.participant("target") }),
  hand: (read) => ({ type: "hand", ...member(read), raised: read.boolean("raised") }),
  reaction: (read) => ({ type: "reaction", ...member(read), emoji: readEmoji(read) }),
  moderate: (read) => ({
    type: "moderate",
    ...member(read),
    target: read.participant("target"),
    action: readAction(read),
  }),
  subscribe: (read) => ({
    type: "subscribe",
    ...member(read),
    tracks: read.optionalList("tracks", MAX_SUBSCRIBED_TRACKS, SUBSCRIBED_TRACK, readSubscribedTrack) ?? [],
  }),
};

/**
 * Reads one text frame of a client.
 *
 * Nothing of the received object gets into the result but the known fields, each checked for type, range and
 * length; it never throws, whatever the text. Fields that are absent or null are the same. Whether the sender may
 * say this (is it a member, is `from` its own id) is for the room to decide.
 *
 * @param lengths Longest names; 64 characters each when left out.
 * @returns The message, or an error with the reason `bad_json`, `unknown_type`, `not_from_clients`, `invalid_room`,
 * `bad_sdp` (too long) or `bad_field`.
 *
 * @example
 * ```ts
 * import { parseMessage } from "@seameet/cli/signaling";
 * import { assertEquals } from "@std/assert";
 *
 * const read = parseMessage('{"type":"leave"}'); // it does not say who leaves what
 * assertEquals([read.ok, !read.ok && read.error.type], [false, "leave"]);
 * ```
 */
export function decodeClientMessage(text: string, lengths: NameLengths = DEFAULT_NAME_LENGTHS): DecodedMessage {
  const object = parseObject(text);
  if (object === undefined) {
    return refuse(signalingError("bad_json", "Cannot read message: send one JSON object per text frame"));
  }
  const type = ownValue(object, "type");
  if (typeof type !== "string" || !isClientType(type)) {
    if (typeof type === "string" && SERVER_TYPES.has(type)) {
      return refuse(signalingError("not_from_clients", `Cannot accept "${type}": only the server sends it`, type));
    }
    return refuse(signalingError("unknown_type", 'Cannot read message: field "type" names no known message'));
  }
  const read = new FieldReader(object, type, lengths);
  const message = DECODERS[type](read);
  if (read.error === undefined) return { ok: true, message };
  return refuse(message.room_id === "" ? read.error : { ...read.error, room_id: message.room_id });
}

function refuse(error: SignalingError): DecodedMessage {
  return { ok: false, error };
}

function isClientType(type: string): type is ClientType {
  return Object.hasOwn(DECODERS, type);
}

/** The JSON object in a text frame; `undefined` for everything else. */
export function parseObject(text: string): object | undefined {
  if (text.length > MAX_FRAME_BYTES) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function member(read: FieldReader): { from: string; room_id: string } {
  return { from: read.participant("from"), room_id: read.room() };
}

/** The property when there is a value, else nothing: optional properties are absent, never `undefined`. */
function given<Name extends string, T>(name: Name, value: T | undefined): { [Key in Name]?: T };
function given<T>(name: string, value: T | undefined): { [key: string]: T } {
  return value === undefined ? {} : { [name]: value };
}

function readSdp(read: FieldReader): string {
  const sdp = read.value("sdp");
  if (typeof sdp === "string" && sdp.length > MAX_SDP_LENGTH) {
    read.fail("bad_sdp", `Cannot read "offer": the description has more than ${MAX_SDP_LENGTH} characters`);
    return "";
  }
  return read.text("sdp", MAX_SDP_LENGTH);
}

function readEmoji(read: FieldReader): string {
  const emoji = read.text("emoji", MAX_EMOJI_LENGTH);
  if (!EMOJI.test(emoji)) read.fail("bad_field", 'Cannot read "reaction": field "emoji" must be one emoji');
  return emoji;
}

/** What a moderator does. */
export function readAction(read: FieldReader): ModerationAction {
  const action = read.value("action");
  if (isAction(action)) return action;
  const known = [...MODERATION_ACTIONS].join(", ");
  read.fail("bad_field", `Cannot read "moderate": field "action" must be one of ${known}`);
  return "lower_hand";
}

function isAction(value: unknown): value is ModerationAction {
  return MODERATION_ACTIONS.has(value);
}

function readTracks(read: FieldReader): OfferedTrack[] | undefined {
  const mids = new Set<string>();
  return read.optionalList("tracks", MAX_OFFERED_TRACKS, "entries { mid, source }, each mid once", (entry) => {
    const track = readTrack(entry);
    if (track === undefined || mids.has(track.mid)) return undefined;
    mids.add(track.mid);
    return track;
  });
}

function readTrack(entry: unknown): OfferedTrack | undefined {
  const mid = ownValue(entry, "mid");
  const source = ownValue(entry, "source");
  return typeof mid === "string" && isMid(mid) && isSource(source) ? { mid, source } : undefined;
}

function readSubscribedTrack(entry: unknown): SubscribedTrack | undefined {
  const id = ownValue(entry, "participant");
  const participant = typeof id === "string" ? parseParticipantId(id) : undefined;
  const source = ownValue(entry, "source");
  const visible = ownValue(entry, "visible") ?? undefined;
  if (participant === undefined || !isSource(source)) return undefined;
  if (visible !== undefined && typeof visible !== "boolean") return undefined;
  const numbers: number[] = [];
  for (const [name, most] of [["width", MAX_PICTURE_SIDE], ["height", MAX_PICTURE_SIDE], ["priority", MAX_PRIORITY]]) {
    const value = ownValue(entry, String(name)) ?? 0;
    if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > Number(most)) return undefined;
    numbers.push(value);
  }
  const [width, height, priority] = numbers;
  return { participant, source, visible: visible ?? true, width, height, priority };
}

function isSource(value: unknown): value is TrackSource {
  return SOURCES.has(value);
}

function readCapability(entry: unknown): string | undefined {
  return typeof entry === "string" && entry.length <= MAX_CAPABILITY_LENGTH ? entry : undefined;
}
