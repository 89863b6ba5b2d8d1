/** Whatever a server says to our client: no exception, nothing unchecked gets through, answers are read in bounded time. */
import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../../src/base/random.ts";
import { writeAnswer } from "../../src/sdp/answer.ts";
import { hostCandidates } from "../../src/sdp/candidate.ts";
import { parseOffer } from "../../src/sdp/negotiate.ts";
import { type OfferedLine, parseAnswer, writeOffer } from "../../src/sdp/offer_builder.ts";
import { decodeServerMessage } from "../../src/signaling/decode_server.ts";
import { isMid } from "../../src/signaling/fields.ts";
import { below, checkInput, inputCount, mutate, type Rng, seed } from "./harness.ts";

const ALICE = "aaaaaaaa-0000-4000-8000-000000000001";
const FROM = { from: ALICE, room_id: "daily" };

const MESSAGES: readonly object[] = [
  { type: "ready", participant: ALICE, room_id: "daily", peers: [ALICE], permissions: ["publish"], resume: "r" },
  {
    type: "room_status",
    room_id: "daily",
    participants: [{ id: ALICE, display_name: "A", audio_muted: true, hand_order: 1 }, { id: "b" }],
  },
  { type: "answer", from: ALICE, to: ALICE, room_id: "daily", sdp: "v=0\r\n" },
  { type: "request_renegotiation", room_id: "daily", needed_slots: 3 },
  { type: "track_map", room_id: "daily", tracks: [{ mid: "0", participant: ALICE, source: "camera" }] },
  { type: "error", code: 400, reason: "bad_field", message: "no", request: "join" },
  { type: "active_speaker", room_id: "daily", speaker: ALICE, level: 5 },
  { type: "bwe_update", max_bitrate_bps: 1_000_000 },
  { type: "moderated", ...FROM, target: ALICE, action: "mute_audio" },
  { type: "chat_message", ...FROM, content: "hi", timestamp: 1, encrypted: false },
  { type: "reaction", ...FROM, emoji: "👍" },
];

const HOSTILE: readonly unknown[] = [
  null,
  true,
  -1,
  0.5,
  1e21,
  2 ** 53,
  "",
  "\u0000",
  "\ud800",
  "__proto__",
  "x".repeat(20_000),
  [],
  [[]],
  [null, 1, "camera"],
  {},
  { toString: 1, valueOf: 1, toJSON: 1, id: [] },
  Array(5_000).fill({ mid: "0", participant: ALICE, source: "camera" }),
  Array(5_000).fill({ id: ALICE }),
];

const LINES: readonly OfferedLine[] = (["audio", "video", "audio", "video"] as const).map((kind, i) => ({
  mid: String(i),
  kind,
  direction: i < 2 ? "sendonly" : "recvonly",
  msid: "stream track",
  ssrc: 1_000 + 10 * i,
  rtxSsrc: 1_001 + 10 * i,
}));

const FINGERPRINT = Array(32).fill("AB").join(":");

const ANSWER_LINES: readonly string[] = answerText().split("\r\n");

const EXTRA_LINES: readonly string[] = [
  "",
  "m=video 0 UDP/TLS/RTP/SAVPF 96",
  "a=setup:active",
  "a=ice-ufrag:" + "x".repeat(300),
  "a=fingerprint:md5 00",
  "a=candidate:1 1 udp 1 example.org 5 typ host",
  "a=candidate:1 1 udp 1 203.0.113.9 70000 typ host",
  "a=ssrc:4294967296 cname:c",
  "a=ssrc-group:FID 1 1",
  "a=rtpmap:128 VP8/90000",
  "a=fmtp:97 apt=97",
  "a=extmap:0 urn:x",
  "a=extmap:" + "1".repeat(2_000),
  "a=inactive",
];

function answerText(): string {
  const sdp = writeOffer({
    ufrag: "clientUf",
    pwd: "clientpasswordclientpw",
    fingerprint: FINGERPRINT,
    sessionId: "7",
    sessionVersion: 1,
    cname: "me",
    lines: LINES,
  });
  const offer = parseOffer(sdp);
  assert(!("reason" in offer));
  return writeAnswer(offer, {
    ufrag: "serverUf",
    pwd: "serverpasswordserverpw",
    fingerprint: FINGERPRINT,
    candidates: hostCandidates([{ address: "203.0.113.9", port: 6 }, { address: "2001:db8::1", port: 6 }]),
    sending: (mid) => ({ ssrc: 5_000 + Number(mid), rtxSsrc: 6_000 + Number(mid), cname: "server" }),
    sessionId: "42",
  });
}

function pick<T>(list: readonly T[], rng: Rng): T {
  return list[below(rng, list.length)]!;
}

function nearlyMessage(rng: Rng): string {
  const fields = new Map<string, unknown>(Object.entries(pick(MESSAGES, rng)));
  for (let changes = below(rng, 4); changes > 0; changes--) {
    const name = pick([...fields.keys(), "__proto__", "extra"], rng);
    if (rng.next() < 0.2) fields.delete(name);
    else fields.set(name, rng.next() < 0.7 ? pick(HOSTILE, rng) : pick(Object.values(pick(MESSAGES, rng)), rng));
  }
  return `{${[...fields].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
}

function nearlyAnswer(rng: Rng): string {
  const lines = [...ANSWER_LINES];
  for (let changes = below(rng, 4) + 1; changes > 0; changes--) {
    const at = below(rng, lines.length);
    const added = rng.next() < 0.5 ? pick(EXTRA_LINES, rng) : pick(ANSWER_LINES, rng);
    lines.splice(at, below(rng, 2), ...(rng.next() < 0.7 ? [added] : []));
  }
  return lines.join("\r\n");
}

function checkMessage(bytes: Uint8Array): void {
  const message = decodeServerMessage(new TextDecoder().decode(bytes));
  if (message === undefined) return;
  const text = JSON.stringify(message);
  assert(Object.getPrototypeOf(message) === Object.prototype);
  assertEquals(decodeServerMessage(text), message, "What gets through reads the same when it is read again");
  if (message.type === "track_map") {
    for (const { mid, participant } of message.tracks) assert(isMid(mid) && typeof participant === "string");
  }
  if (message.type === "room_status") { for (const { id } of message.participants) assert(typeof id === "string"); }
  if (message.type === "request_renegotiation") assert(Number.isSafeInteger(message.needed_slots));
}

function checkAnswer(bytes: Uint8Array): void {
  const answer = parseAnswer(new TextDecoder().decode(bytes), LINES);
  if ("reason" in answer) {
    assert(answer.message.length < 400, answer.message);
    return;
  }
  assertEquals(answer.lines.length, LINES.length);
  assert(answer.ufrag.length >= 4 && answer.pwd.length >= 22);
  for (const { address, port } of answer.candidates) {
    assert(
      /^[0-9a-fA-F.:]+$/.test(address) && Number.isInteger(port) && port > 0 && port <= 0xffff,
      `${address} ${port}`,
    );
  }
  for (const [i, line] of answer.lines.entries()) {
    assert(!line.weSend || LINES[i]!.direction === "sendonly");
    assert(!line.weReceive || LINES[i]!.direction === "recvonly");
    for (const { payloadType, rtxPayloadType } of line.codecs) {
      for (const type of [payloadType, rtxPayloadType ?? 0]) assert(Number.isInteger(type) && type >= 0 && type <= 127);
    }
    for (const ssrc of [line.ssrc ?? 1, line.rtxSsrc ?? 1]) {
      assert(Number.isInteger(ssrc) && ssrc >= 1 && ssrc <= 0xffffffff);
    }
  }
}

Deno.test("decodeServerMessage() survives messages with wrong fields", () => {
  const rng = seededRandom(seed());
  for (let i = inputCount(); i > 0; i--) {
    checkInput("server message", new TextEncoder().encode(nearlyMessage(rng)), checkMessage);
  }
});

Deno.test("decodeServerMessage() survives damaged text", () => {
  const rng = seededRandom(seed() + 1);
  const texts = MESSAGES.map((message) => new TextEncoder().encode(JSON.stringify(message)));
  for (let i = inputCount(); i > 0; i--) checkInput("server message", mutate(pick(texts, rng), rng), checkMessage);
});

Deno.test("the messages of this test are understood as they are", () => {
  for (const message of MESSAGES) {
    assert(decodeServerMessage(JSON.stringify(message)) !== undefined, JSON.stringify(message));
  }
  assert(!("reason" in parseAnswer(answerText(), LINES)));
});

Deno.test("parseAnswer() survives answers with wrong lines", () => {
  const rng = seededRandom(seed());
  for (let i = inputCount(); i > 0; i--) checkInput("answer", new TextEncoder().encode(nearlyAnswer(rng)), checkAnswer);
});

Deno.test("parseAnswer() survives damaged text", () => {
  const rng = seededRandom(seed() + 1);
  const bytes = new TextEncoder().encode(answerText());
  for (let i = inputCount(); i > 0; i--) checkInput("answer", mutate(bytes, rng), checkAnswer);
});
