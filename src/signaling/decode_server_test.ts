import { assertEquals } from "@std/assert";
import { decodeServerMessage } from "./decode_server.ts";
import { encodeServerMessage } from "./encode.ts";
import type { ServerMessage } from "./messages.ts";

const ID = "11111111-1111-4111-8111-111111111111";
const OTHER = "22222222-2222-4222-8222-222222222222";

const MESSAGES: readonly ServerMessage[] = [
  {
    type: "ready",
    room_id: "a",
    initiator: false,
    peers: [OTHER],
    display_names: { [OTHER]: "Ben" },
    resume: "secret",
    permissions: ["publish", "moderate"],
  },
  {
    type: "room_status",
    room_id: "a",
    e2ee_required: true,
    participants: [
      { id: ID, display_name: "Ada", audio_muted: true, video_muted: false, screen_sharing: true, e2ee: true },
    ],
  },
  { type: "answer", from: ID, to: ID, room_id: "sfu", sdp: "v=0" },
  { type: "request_renegotiation", room_id: "a", needed_slots: 3 },
  { type: "bwe_update", max_bitrate_bps: 1_500_000 },
  { type: "active_speaker", room_id: "a", speaker: ID, level: 99 },
  { type: "screen_share_routed", room_id: "a", from: ID, mid: "4" },
  { type: "track_map", room_id: "a", tracks: [{ mid: "2", participant: OTHER, source: "camera" }] },
  { type: "encodings", room_id: "a", tracks: [{ mid: "1", active: ["q", "h"] }] },
  { type: "video_demand", room_id: "a", tracks: [{ mid: "1", layers: 1, of: 3 }] },
  {
    type: "connection_quality",
    room_id: "a",
    down: { score: 2, reason: "bandwidth", loss: 0.1, bitrate_bps: 300_000 },
    up: { score: 5, reason: "ok", loss: 0, bitrate_bps: 1_000_000 },
    rtt_ms: 40,
  },
  {
    type: "track_quality",
    room_id: "a",
    tracks: [{
      mid: "2",
      participant: OTHER,
      source: "camera",
      layer: -1,
      layers: 3,
      temporal: 0,
      width: 0,
      height: 0,
      reason: "hidden",
      bitrate_bps: 0,
      best_bps: 1,
      available_bps: 2,
    }],
  },
  { type: "moderated", room_id: "a", from: OTHER, target: ID, action: "mute_audio" },
  { type: "chat_message", from: OTHER, room_id: "a", content: "hello", timestamp: 5, encrypted: false },
  { type: "screen_share_started", from: OTHER, room_id: "a", track_id: 0 },
  { type: "e2ee_key_rotation", from: OTHER, room_id: "a", key_id: 4 },
  { type: "error", code: 403, reason: "room_full", message: "It is full", room_id: "a", request: "join" },
];

Deno.test("decodeServerMessage() reads what the server writes", () => {
  for (const message of MESSAGES) assertEquals(decodeServerMessage(encodeServerMessage(message)), message);
});

Deno.test("decodeServerMessage() takes an unknown reason for an internal error, and leaves unknown words out", () => {
  const error = decodeServerMessage('{"type":"error","code":418,"reason":"teapot","message":"no"}');
  assertEquals(error, {
    type: "error",
    code: 418,
    reason: "internal",
    message: "no",
    room_id: undefined,
    request: undefined,
  });
  const ready = decodeServerMessage('{"type":"ready","room_id":"a","permissions":["fly","chat"]}');
  assertEquals(ready?.type === "ready" ? ready.permissions : undefined, ["chat"]);
});

Deno.test("decodeServerMessage() answers undefined for everything else, and never throws", () => {
  const bad = [
    "",
    "[]",
    "null",
    "{",
    '{"type":5}',
    '{"type":"join","participant":"x","room_id":"a"}',
    '{"type":"constructor"}',
    '{"type":"answer","from":"x","room_id":"sfu","sdp":"v=0"}',
    '{"type":"track_map","room_id":"a","tracks":[{"mid":"1","participant":"x","source":"nose"}]}',
    '{"type":"room_status","room_id":"a","participants":[5]}',
    '{"type":"encodings","room_id":"a","tracks":[{"mid":"1"}]}',
    '{"type":"track_quality","room_id":"a","tracks":[{"mid":"1","participant":"x","source":"camera","reason":"mood"}]}',
    '{"type":"request_renegotiation","room_id":"a","needed_slots":-1}',
    '{"type":"moderated","room_id":"a","from":"x","target":"y","action":"dance"}',
  ];
  for (const text of bad) assertEquals(decodeServerMessage(text), undefined, text);
});
