import { assertEquals } from "@std/assert";
import { encodeServerMessage, errorMessage } from "./encode.ts";
import { CLOSE_CODES, ERROR_CODES, signalingError } from "./errors.ts";

const ALICE = "aaaaaaaa-0000-4000-8000-000000000001";

Deno.test("encodeServerMessage() leaves absent fields out and writes null for an absent receiver", () => {
  assertEquals(
    encodeServerMessage({
      type: "ready",
      room_id: "r",
      initiator: true,
      peers: [],
      display_names: {},
      resume: "s",
      permissions: ["chat"],
    }),
    '{"type":"ready","room_id":"r","initiator":true,"peers":[],"resume":"s","permissions":["chat"]}',
  );
  assertEquals(
    encodeServerMessage({ type: "answer", from: ALICE, to: null, room_id: "sfu", sdp: "v=0\r\n" }),
    `{"type":"answer","from":"${ALICE}","to":null,"room_id":"sfu","sdp":"v=0\\r\\n"}`,
  );
  const status = { audio_muted: false, video_muted: true, screen_sharing: false, e2ee: false };
  assertEquals(
    encodeServerMessage({
      type: "room_status",
      room_id: "r",
      participants: [{ id: ALICE, display_name: undefined, ...status }],
      e2ee_required: false,
    }),
    `{"type":"room_status","room_id":"r","participants":[{"id":"${ALICE}","audio_muted":false,"video_muted":true,` +
      `"screen_sharing":false,"e2ee":false}],"e2ee_required":false}`,
  );
});

Deno.test("encodeServerMessage() keeps names that are there", () => {
  const text = encodeServerMessage({
    type: "ready",
    room_id: "r",
    initiator: false,
    peers: [ALICE],
    display_names: { [ALICE]: "Alice" },
    resume: "s",
    permissions: [],
  });
  assertEquals(JSON.parse(text).display_names, { [ALICE]: "Alice" });
});

Deno.test("errorMessage() carries code, reason and what it answers", () => {
  const error = { ...signalingError("room_full", "room is full", "join"), room_id: "r" };
  assertEquals(
    encodeServerMessage(errorMessage(error)),
    '{"type":"error","code":403,"reason":"room_full","message":"room is full","room_id":"r","request":"join"}',
  );
});

Deno.test("ERROR_CODES and CLOSE_CODES hold only codes that exist", () => {
  for (const code of Object.values(ERROR_CODES)) assertEquals(code >= 400 && code < 600, true);
  for (const code of Object.values(CLOSE_CODES)) assertEquals(code >= 1000 && code < 1015, true);
});
