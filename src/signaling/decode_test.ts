import { assert, assertEquals } from "@std/assert";
import { decodeClientMessage } from "./decode.ts";
import { errorMessage } from "./encode.ts";
import { ERROR_CODES } from "./errors.ts";
import { MAX_CHAT_LENGTH, MAX_FRAME_BYTES, MAX_SDP_LENGTH } from "./limits.ts";
import type { ClientMessage } from "./messages.ts";

const ALICE = "aaaaaaaa-0000-4000-8000-000000000001";
const BOB = "bbbbbbbb-0000-4000-8000-000000000002";
const MEMBER = { from: ALICE, room_id: "daily" };

/** One complete message of every type a client may send; the compiler notices a missing one. */
const SAMPLES: { [Type in ClientMessage["type"]]: Extract<ClientMessage, { type: Type }> } = {
  join: {
    type: "join",
    participant: ALICE,
    room_id: "daily",
    display_name: "Alice",
    token: "secret",
    capabilities: ["track_map"],
    resume: "r".repeat(32),
  },
  leave: { type: "leave", participant: ALICE, room_id: "daily" },
  offer: { type: "offer", ...MEMBER, sdp: "v=0\r\n", tracks: [{ mid: "0", source: "microphone" }] },
  ice_candidate: { type: "ice_candidate", ...MEMBER, candidate: "candidate:1 1 udp", sdp_mid: "0", sdp_mline_index: 0 },
  mute_audio: { type: "mute_audio", ...MEMBER },
  unmute_audio: { type: "unmute_audio", ...MEMBER },
  mute_video: { type: "mute_video", ...MEMBER },
  unmute_video: { type: "unmute_video", ...MEMBER },
  screen_share_started: { type: "screen_share_started", ...MEMBER, track_id: 0 },
  screen_share_stopped: { type: "screen_share_stopped", ...MEMBER, track_id: 0 },
  video_config_changed: { type: "video_config_changed", ...MEMBER, width: 640, height: 480, fps: 24 },
  chat_message: {
    type: "chat_message",
    ...MEMBER,
    display_name: "Alice",
    content: "hello",
    timestamp: 1_775_000_000_000,
    encrypted: true,
    key_id: 4,
  },
  e2ee_public_key: {
    type: "e2ee_public_key",
    ...MEMBER,
    public_key: "AAAA",
    identity_key: "BBBB",
    signature: "CC==",
    to: BOB,
    reply_wanted: true,
  },
  e2ee_sender_key: { type: "e2ee_sender_key", ...MEMBER, to: BOB, encrypted_key: "AAE=", key_id: 0 },
  e2ee_key_rotation: { type: "e2ee_key_rotation", ...MEMBER, key_id: 0xffffffff },
  request_keyframe: { type: "request_keyframe", ...MEMBER, target: BOB },
  hand: { type: "hand", ...MEMBER, raised: true },
  reaction: { type: "reaction", ...MEMBER, emoji: "👍🏽" },
  moderate: { type: "moderate", ...MEMBER, target: BOB, action: "mute_audio" },
  subscribe: {
    type: "subscribe",
    ...MEMBER,
    tracks: [{ participant: BOB, source: "camera", visible: true, width: 320, height: 180, priority: 3 }],
  },
};

const REQUIRED: { [Type in ClientMessage["type"]]: string[] } = {
  join: ["participant", "room_id"],
  leave: ["participant", "room_id"],
  offer: ["from", "room_id", "sdp"],
  ice_candidate: ["from", "room_id", "candidate"],
  mute_audio: ["from", "room_id"],
  unmute_audio: ["from", "room_id"],
  mute_video: ["from", "room_id"],
  unmute_video: ["from", "room_id"],
  screen_share_started: ["from", "room_id", "track_id"],
  screen_share_stopped: ["from", "room_id", "track_id"],
  video_config_changed: ["from", "room_id", "width", "height", "fps"],
  chat_message: ["from", "room_id", "content", "timestamp"],
  e2ee_public_key: ["from", "room_id", "public_key"],
  e2ee_sender_key: ["from", "room_id", "to", "encrypted_key", "key_id"],
  e2ee_key_rotation: ["from", "room_id", "key_id"],
  request_keyframe: ["from", "room_id", "target"],
  hand: ["from", "room_id", "raised"],
  reaction: ["from", "room_id", "emoji"],
  moderate: ["from", "room_id", "target", "action"],
  subscribe: ["from", "room_id"],
};

function decode(value: unknown): ClientMessage {
  const result = decodeClientMessage(JSON.stringify(value));
  assert(result.ok, result.ok ? "" : result.error.message);
  return result.message;
}

function reasonOf(text: string): string {
  const result = decodeClientMessage(text);
  return result.ok ? "accepted" : result.error.reason;
}

function reason(value: unknown): string {
  return reasonOf(JSON.stringify(value));
}

Deno.test("decodeClientMessage() reads every type with all its fields", () => {
  for (const sample of Object.values(SAMPLES)) assertEquals(decode(sample), sample);
});

Deno.test("decodeClientMessage() takes nothing but the known fields", () => {
  for (const sample of Object.values(SAMPLES)) assertEquals(decode({ ...sample, extra: 1, to_string: {} }), sample);
});

Deno.test("decodeClientMessage() refuses a message without a required field, absent, null or of another type", () => {
  for (const sample of Object.values(SAMPLES)) {
    for (const name of REQUIRED[sample.type]) {
      const wanted = name === "room_id" ? "invalid_room" : "bad_field";
      const other = name === "raised" ? "yes" : true;
      for (const value of [undefined, null, other, {}, [], ["x"], 1.5, -1]) {
        assertEquals(reason({ ...sample, [name]: value }), wanted, `${sample.type}.${name} = ${JSON.stringify(value)}`);
      }
    }
  }
});

Deno.test("decodeClientMessage() leaves optional fields out when they are absent or null", () => {
  assertEquals(decode({ type: "join", participant: ALICE, room_id: "r", token: null, display_name: null }), {
    type: "join",
    participant: ALICE,
    room_id: "r",
  });
  assertEquals(decode({ type: "ice_candidate", ...MEMBER, to: ALICE, candidate: "", sdp_mline_index: null }), {
    type: "ice_candidate",
    ...MEMBER,
    candidate: "",
    sdp_mid: null,
    sdp_mline_index: null,
  });
  assertEquals(decode({ type: "offer", ...MEMBER, to: null, sdp: "v=0" }), { type: "offer", ...MEMBER, sdp: "v=0" });
  assertEquals(decode({ type: "chat_message", ...MEMBER, content: "x", timestamp: 0 }), {
    type: "chat_message",
    ...MEMBER,
    content: "x",
    timestamp: 0,
    encrypted: false,
  });
});

Deno.test("decodeClientMessage() brings ids to lower case", () => {
  const message = decode({
    type: "e2ee_sender_key",
    ...MEMBER,
    from: ALICE.toUpperCase(),
    to: BOB.toUpperCase(),
    encrypted_key: "AAAA",
    key_id: 1,
  });
  assert(message.type === "e2ee_sender_key");
  assertEquals([message.from, message.to], [ALICE, BOB]);
});

Deno.test("decodeClientMessage() says whether JSON, type or direction is wrong", () => {
  for (const text of ["", "x", "[]", "null", "3", '"join"', "{", '{"type":"join"', "\ud800"]) {
    assertEquals(reasonOf(text), "bad_json", text);
  }
  for (const type of [undefined, null, 3, "", "Join", "constructor", "__proto__", "toString", {}]) {
    assertEquals(reason({ type }), "unknown_type", String(type));
  }
  for (
    const type of ["ready", "room_status", "peer_joined", "peer_left", "error", "answer", "active_speaker"]
      .concat("request_renegotiation", "bwe_update", "track_map", "screen_share_routed")
  ) {
    assertEquals(reason({ type, ...MEMBER }), "not_from_clients", type);
  }
});

Deno.test("decodeClientMessage() bounds room names by characters", () => {
  const join = (room_id: string) => reason({ type: "join", participant: ALICE, room_id });
  for (const good of ["a", "ä".repeat(64), "😀".repeat(64), "a b/c"]) assertEquals(join(good), "accepted", good);
  for (const bad of ["", "a".repeat(65), "😀".repeat(65), "a\nb", "\u0000", "\u0085", "\ud800"]) {
    assertEquals(join(bad), "invalid_room", JSON.stringify(bad));
  }
});

Deno.test("decodeClientMessage() keeps the basic protocol's words for a bad room name", () => {
  const result = decodeClientMessage(JSON.stringify({ type: "join", participant: ALICE, room_id: "" }));
  assert(!result.ok);
  assertEquals(errorMessage(result.error), {
    type: "error",
    code: 400,
    reason: "invalid_room",
    message: "invalid room_id (max 64 chars, no control chars)",
    room_id: undefined,
    request: "join",
  });
});

Deno.test("decodeClientMessage() bounds numbers", () => {
  const share = (track_id: unknown) => reason({ ...SAMPLES.screen_share_started, track_id });
  assertEquals([share(0), share(0xffffffff)], ["accepted", "accepted"]);
  for (const bad of [0x100000000, -1, 0.5, "0", true]) assertEquals(share(bad), "bad_field", String(bad));
  const index = (sdp_mline_index: unknown) => reason({ ...SAMPLES.ice_candidate, sdp_mline_index });
  assertEquals([index(65_535), index(65_536)], ["accepted", "bad_field"]);
  for (const huge of ["1e400", "-1e400", "1e300"]) {
    const text = JSON.stringify(SAMPLES.chat_message).replace("1775000000000", huge);
    assertEquals(reasonOf(text), "bad_field", huge);
  }
});

Deno.test("decodeClientMessage() bounds texts", () => {
  const chat = (content: string) => reason({ ...SAMPLES.chat_message, content });
  assertEquals([chat(""), chat("😀".repeat(MAX_CHAT_LENGTH)), chat("a".repeat(MAX_CHAT_LENGTH + 1))], [
    "accepted",
    "accepted",
    "bad_field",
  ]);
  const offer = (length: number) => reason({ ...SAMPLES.offer, sdp: "a".repeat(length) });
  assertEquals([offer(MAX_SDP_LENGTH), offer(MAX_SDP_LENGTH + 1)], ["accepted", "bad_sdp"]);
  assertEquals(reason({ ...SAMPLES.ice_candidate, candidate: "c".repeat(1_025) }), "bad_field");
  assertEquals(reason({ ...SAMPLES.join, token: "t".repeat(8_193) }), "bad_field");
  assertEquals(reasonOf(" ".repeat(MAX_FRAME_BYTES + 1)), "bad_json");
});

Deno.test("decodeClientMessage() demands base64 with padding for keys", () => {
  for (const bad of ["", "AAA", "AAA-", "A===", "AAAA\n", "====", "A".repeat(2_052)]) {
    assertEquals(reason({ ...SAMPLES.e2ee_public_key, public_key: bad }), "bad_field", bad.slice(0, 8));
    assertEquals(reason({ ...SAMPLES.e2ee_sender_key, encrypted_key: bad }), "bad_field", bad.slice(0, 8));
  }
});

Deno.test("decodeClientMessage() refuses bad lists", () => {
  const track = { mid: "0", source: "camera" };
  for (
    const tracks of [{}, "x", [1], [null], [track, track], [{ mid: "0" }], [{ mid: "a b", source: "camera" }], [
      { mid: "0", source: "constructor" },
    ], Array(65).fill(track)]
  ) {
    assertEquals(reason({ ...SAMPLES.offer, tracks }), "bad_field", JSON.stringify(tracks).slice(0, 60));
  }
  for (const capabilities of ["track_map", [1], Array(33).fill("x"), ["x".repeat(65)]]) {
    assertEquals(reason({ ...SAMPLES.join, capabilities }), "bad_field");
  }
});

Deno.test("decodeClientMessage() is not impressed by prototypes and depth", () => {
  const text =
    `{"type":"join","participant":"${ALICE}","room_id":"r","__proto__":{"token":"stolen","x":1},"constructor":1}`;
  const result = decodeClientMessage(text);
  assert(result.ok);
  assertEquals(result.message, { type: "join", participant: ALICE, room_id: "r" });
  assertEquals(Object.getPrototypeOf(result.message), Object.prototype);
  assertEquals(Reflect.get({}, "x"), undefined);
  assertEquals(reasonOf(`{"__proto__":{"type":"join"}}`), "unknown_type");
  assertEquals(reasonOf("[".repeat(MAX_FRAME_BYTES)), "bad_json");
  const deep = `{"type":"leave","participant":${"[".repeat(250_000)}${"]".repeat(250_000)},"room_id":"r"}`;
  assertEquals(reasonOf(deep), "bad_field");
});

Deno.test("decodeClientMessage() never repeats a made-up type to anybody", () => {
  const result = decodeClientMessage(JSON.stringify({ type: "<script>" }));
  assert(!result.ok);
  assert(!JSON.stringify(errorMessage(result.error)).includes("script"));
  assertEquals(result.error.code, ERROR_CODES.unknown_type);
});
