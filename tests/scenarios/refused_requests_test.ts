import { assertEquals, assertGreater } from "@std/assert";
import { scenario } from "../sim/scenario.ts";

scenario("a full room refuses with a code, and has place again when somebody leaves", (world) => {
  const alice = world.join("alice");
  const bob = world.join("bob");
  const carol = world.join("carol");
  world.run(500);
  assertEquals(carol.errors[0], {
    type: "error",
    code: 403,
    reason: "room_full",
    message: "room is full",
    room_id: "room",
    request: "join",
  });
  assertEquals(carol.closedBecause, undefined);
  bob.disconnect();
  world.run(100);
  carol.joinAgain();
  world.run(1_500);
  assertGreater(carol.tile(alice).frames, 25);
}, { limits: { maxRoomMembers: 2 } });

scenario("as many rooms as there may be, and no more", (world) => {
  const first = world.join("first", { room: "one" });
  const second = world.join("second", { room: "two" });
  world.run(100);
  assertEquals(first.errors, []);
  assertEquals(second.errors[0]?.reason, "server_full");
}, { limits: { maxRooms: 1 } });

scenario("wrong requests are answered with a code and cost nobody anything", (world) => {
  const alice = world.join("alice");
  const bob = world.join("bob");
  const stranger = world.join("stranger", { room: "elsewhere" });
  world.run(1_500);
  // The first two: a client tells its camera state before it is a member, when its join is refused.
  const refused = (message: Record<string, unknown>) => {
    const before = bob.messages.length;
    bob.send(message);
    world.run(50);
    const error = bob.messages.slice(before).find((entry) => entry.type === "error");
    return error === undefined ? undefined : [error.code, error.reason, error.request];
  };
  const from = bob.id;
  assertEquals(refused({ type: "mute_audio", from: alice.id }), [403, "wrong_participant", "mute_audio"]);
  assertEquals(refused({ type: "chat_message", from: alice.id, content: "I owe you", timestamp: 1 }), [
    403,
    "wrong_participant",
    "chat_message",
  ]);
  assertEquals(refused({ type: "leave", participant: alice.id }), [403, "wrong_participant", "leave"]);
  assertEquals(refused({ type: "mute_audio", from, room_id: "elsewhere" }), [403, "not_a_member", "mute_audio"]);
  assertEquals(refused({ type: "join", participant: alice.id }), [403, "wrong_participant", "join"]);
  const key = { from, encrypted_key: "AAAA", key_id: 1 };
  assertEquals(refused({ type: "e2ee_sender_key", to: stranger.id, ...key }), [
    404,
    "unknown_participant",
    "e2ee_sender_key",
  ]);
  assertEquals(refused({ type: "request_keyframe", from, target: stranger.id }), [
    404,
    "unknown_participant",
    "request_keyframe",
  ]);
  assertEquals(refused({ type: "offer", from, to: null, sdp: "v=0" })?.[1], "bad_sdp");
  assertEquals(refused({ type: "chat_message", from, content: 7, timestamp: 1 })?.[1], "bad_field");
  assertEquals(refused({ type: "become_admin", from })?.[1], "unknown_type");
  assertEquals(refused({ type: "room_status", from, participants: [] })?.[1], "not_from_clients");
  assertEquals(refused({ type: "join", participant: from, room_id: "" })?.[1], "invalid_room");

  world.run(500);
  assertEquals(bob.closedBecause, undefined);
  assertEquals(alice.all("chat_message"), []);
  assertEquals(alice.last("room_status")?.participants.map((entry) => entry.audio_muted), [false, false]);
  for (const [viewer, other] of [[alice, bob], [bob, alice]] as const) {
    assertEquals(viewer.tile(other).skipped, 0);
    assertGreater(viewer.tile(other).lastAt!, world.now - 60);
  }
});

scenario("nothing but join is taken from somebody who has not joined", (world) => {
  const alice = world.join("alice");
  world.run(1_000);
  const messages = alice.messages.length;
  const lurker = world.join("lurker", { join: { room_id: "x".repeat(65) } });
  lurker.send({ type: "chat_message", from: lurker.id, content: "psst", timestamp: 1 });
  lurker.send({ type: "leave", participant: alice.id });
  world.run(500);
  const reasons = lurker.errors.map((error) => error.reason);
  assertEquals(reasons, ["invalid_room", "not_joined", "not_joined", "not_joined", "not_joined"]);
  assertEquals(alice.messages.slice(messages).filter((message) => message.type !== "active_speaker"), []);
});

scenario("who may only watch publishes nothing, shares nothing, writes nothing", (world) => {
  const alice = world.join("alice");
  const bob = world.join("bob");
  world.run(1_500);
  bob.shareScreen();
  bob.chat("Hello");
  world.run(1_500);
  assertEquals(alice.tile(bob).frames + alice.tile(bob, "microphone").frames + alice.tile(bob, "screen").frames, 0);
  assertEquals(alice.all("chat_message"), []);
  assertEquals(bob.errors.map((error) => error.reason), ["permission_denied", "permission_denied"]);
  assertEquals(bob.last("ready")?.permissions, []);
}, { permissions: [] });
