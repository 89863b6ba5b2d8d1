/** Whatever text a client sends: no exception, and what gets through is sound and reads the same when it is read again. */
import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../../src/base/random.ts";
import { decodeClientMessage } from "../../src/signaling/decode.ts";
import { ERROR_CODES } from "../../src/signaling/errors.ts";
import { fitsCharacters, isMid, isRoomId } from "../../src/signaling/fields.ts";
import { DEFAULT_MAX_DISPLAY_NAME_LENGTH, MAX_SDP_LENGTH } from "../../src/signaling/limits.ts";
import type { ClientMessage } from "../../src/signaling/messages.ts";
import { below, checkInput, inputCount, mutate, type Rng, seed } from "./harness.ts";

const ALICE = "AAAAAAAA-0000-4000-8000-000000000001";
const BOB = "bbbbbbbb-0000-4000-8000-000000000002";
const MEMBER = { from: ALICE, room_id: "daily" };

const VALID: readonly object[] = [
  {
    type: "join",
    participant: ALICE,
    room_id: "daily",
    display_name: "Ali\u0000ce",
    token: "t",
    capabilities: ["track_map"],
  },
  { type: "join", participant: ALICE, room_id: "ä".repeat(64), display_name: "😀".repeat(80), resume: "r".repeat(32) },
  { type: "leave", participant: ALICE, room_id: "daily" },
  {
    type: "offer",
    ...MEMBER,
    to: null,
    sdp: "v=0\r\n",
    tracks: [{ mid: "0", source: "microphone" }, { mid: "1", source: "camera" }],
  },
  {
    type: "ice_candidate",
    ...MEMBER,
    to: ALICE,
    candidate: "candidate:1 1 udp 1 1.2.3.4 5 typ host",
    sdp_mid: "0",
    sdp_mline_index: 0,
  },
  { type: "mute_audio", ...MEMBER },
  { type: "unmute_video", ...MEMBER },
  { type: "screen_share_started", ...MEMBER, track_id: 0 },
  { type: "screen_share_stopped", ...MEMBER, track_id: 4294967295 },
  { type: "video_config_changed", ...MEMBER, width: 640, height: 480, fps: 24 },
  {
    type: "chat_message",
    ...MEMBER,
    display_name: "A",
    content: "hi",
    timestamp: 1775000000000,
    encrypted: true,
    key_id: 1,
  },
  {
    type: "e2ee_public_key",
    ...MEMBER,
    public_key: "BAAA",
    identity_key: "AA==",
    signature: "AAA=",
    to: BOB,
    reply_wanted: true,
  },
  { type: "e2ee_sender_key", ...MEMBER, to: BOB, encrypted_key: "AAAA", key_id: 2 },
  { type: "e2ee_key_rotation", ...MEMBER, key_id: 3 },
  { type: "request_keyframe", ...MEMBER, target: BOB },
  { type: "hand", ...MEMBER, raised: true },
  { type: "reaction", ...MEMBER, emoji: "👍" },
  { type: "moderate", ...MEMBER, target: BOB, action: "mute_audio" },
];

const HOSTILE: readonly unknown[] = [
  null,
  true,
  -1,
  -0,
  0.5,
  1e21,
  2 ** 53,
  "",
  " ",
  "\u0000",
  "\ud800",
  "__proto__",
  "constructor",
  "😀".repeat(65),
  "x".repeat(20_000),
  [],
  [[]],
  {},
  { toString: 1, valueOf: 1, toJSON: 1 },
  Array(70).fill({ mid: "0", source: "camera" }),
  ALICE,
  "ready",
  "join",
];

function pick<T>(list: readonly T[], rng: Rng): T {
  return list[below(rng, list.length)]!;
}

/** A valid message with some fields replaced, removed or taken from another message. */
function nearlyValid(rng: Rng): string {
  const fields = new Map<string, unknown>(Object.entries(pick(VALID, rng)));
  for (let changes = 1 + below(rng, 3); changes > 0; changes--) {
    const name = pick([...fields.keys(), "__proto__", "extra"], rng);
    if (rng.next() < 0.2) fields.delete(name);
    else fields.set(name, rng.next() < 0.7 ? pick(HOSTILE, rng) : pick(Object.values(pick(VALID, rng)), rng));
  }
  return `{${[...fields].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
}

function checkText(text: string): void {
  const result = decodeClientMessage(text);
  if (!result.ok) {
    const { code, reason, message } = result.error;
    assertEquals(code, ERROR_CODES[reason]);
    assert(message.length > 0 && message.length < 200, message);
    return;
  }
  checkMessage(result.message);
  const again = decodeClientMessage(JSON.stringify(result.message));
  assert(again.ok);
  assertEquals(again.message, result.message);
}

function checkMessage(message: ClientMessage): void {
  assert(isRoomId(message.room_id));
  const who = "from" in message ? message.from : message.participant;
  assert(/^[0-9a-f-]{36}$/.test(who));
  for (const value of Object.values(message)) {
    if (typeof value === "number") assert(Number.isSafeInteger(value) && value >= 0);
    if (typeof value === "string") assert(value.length <= MAX_SDP_LENGTH);
  }
  if ("display_name" in message && message.display_name !== undefined) {
    assert(message.display_name !== "" && !/\p{Cc}/u.test(message.display_name));
    assert(
      fitsCharacters(message.display_name, DEFAULT_MAX_DISPLAY_NAME_LENGTH) && message.display_name.isWellFormed(),
    );
  }
  if (message.type === "offer") { for (const { mid } of message.tracks ?? []) assert(isMid(mid)); }
}

Deno.test("decodeClientMessage() survives messages with wrong fields", () => {
  const rng = seededRandom(seed());
  for (let i = inputCount(); i > 0; i--) {
    checkInput("signaling", new TextEncoder().encode(nearlyValid(rng)), checkBytes);
  }
});

Deno.test("decodeClientMessage() survives damaged text", () => {
  const rng = seededRandom(seed() + 1);
  const texts = VALID.map((message) => new TextEncoder().encode(JSON.stringify(message)));
  for (let i = inputCount(); i > 0; i--) checkInput("signaling", mutate(pick(texts, rng), rng), checkBytes);
});

function checkBytes(bytes: Uint8Array): void {
  checkText(new TextDecoder().decode(bytes));
}
