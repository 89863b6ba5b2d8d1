import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import type { Permission, ServerMessage } from "../../src/signaling/messages.ts";
import { RESUMING } from "../sim/client_options.ts";
import { scenario } from "../sim/scenario.ts";
import type { SimClient } from "../sim/sim_client.ts";
import type { SimWorld } from "../sim/sim_world.ts";

/** What could show on the wire that somebody was away. */
const SILENT: ReadonlySet<ServerMessage["type"]> = new Set<ServerMessage["type"]>([
  "track_quality",
  "connection_quality",
  "bwe_update",
  "active_speaker",
  "encodings",
]);

function heardSince(client: SimClient, count: number): string[] {
  return client.messages.slice(count).map(({ type }) => type).filter((type) => !SILENT.has(type));
}

function comingsAndGoings(world: SimWorld): string[] {
  const types = ["participantJoined", "participantLeft", "mediaConnected", "trackPublished", "trackEnded"];
  return world.log.map(({ event }) => event.type).filter((type) => types.includes(type));
}

for (const noticed of [true, false]) {
  scenario(`a lost connection is nobody's business (${noticed ? "both ends" : "only the client"} noticed)`, (world) => {
    const alice = world.join("alice", { kind: "track_map" });
    const carol = world.join("carol");
    const bob = world.join("bob", RESUMING);
    world.run(2_000);
    const events = comingsAndGoings(world);
    const before = [alice, carol].map((client) => client.messages.length);
    const secret = bob.last("ready")!.resume;
    if (noticed) bob.loseSocket();
    else bob.deafen();
    world.run(8_000);
    bob.resume();
    world.run(2_000);

    assertEquals([alice, carol].map((client, i) => heardSince(client, before[i]!)), [[], []]);
    assertEquals(comingsAndGoings(world), events);
    for (const [viewer, shown] of [[alice, bob], [carol, bob], [bob, alice], [bob, carol]] as const) {
      assertLess(viewer.tile(shown).longestPauseMs, 300, `${viewer.name} sees ${shown.name}`);
      assertGreater(viewer.tile(shown).lastFrame, shown.sender().frames - 5);
    }
    const ready = bob.last("ready")!;
    assertEquals(ready.session, { keep_ms: 30_000, resumed: true, received: 0, media: true });
    assertEquals(ready.peers, [alice.id, carol.id]);
    assert(ready.resume !== secret, "a secret is good for one time");
    assertEquals(bob.last("room_status")!.participants.map(({ id }) => id), [alice.id, carol.id, bob.id]);
    assertGreater(bob.messages.lastIndexOf(bob.last("track_map")!), bob.messages.lastIndexOf(ready));
    assertEquals(bob.closedBecause, undefined);
  });
}

scenario("who comes back sees what has changed meanwhile, and reads every line of chat once", (world) => {
  const alice = world.join("alice", { kind: "track_map" });
  const carol = world.join("carol", { kind: "track_map" });
  const bob = world.join("bob", RESUMING);
  world.run(1_000);
  alice.chat("one");
  world.run(100);
  bob.deafen();
  alice.chat("two");
  world.run(1_000);
  bob.resume();
  world.run(100);
  bob.loseSocket();
  world.run(100);
  alice.chat("three");
  carol.disconnect();
  const dave = world.join("dave", { kind: "track_map" });
  alice.shareScreen();
  world.run(2_000);
  bob.resume();
  world.run(2_000);

  assertEquals(bob.all("chat_message").map(({ content }) => content), ["one", "two", "three"]);
  assertEquals(bob.last("room_status")!.participants.map(({ id }) => id), [alice.id, bob.id, dave.id]);
  assertGreater(bob.tile(dave).lastFrame, dave.sender().frames - 5);
  assertGreater(bob.tile(alice, "screen").lastFrame, alice.sender("screen").frames - 5);
  assertGreater(dave.tile(bob).lastFrame, bob.sender().frames - 5);
});

scenario("keys and moderation reach who was away, in their order", (world) => {
  const alice = world.join("alice", { kind: "track_map" });
  const bob = world.join("bob", RESUMING);
  world.run(1_000);
  const key = (text: string) => btoa(text.repeat(65));
  const announce = (text: string) => alice.send({ type: "e2ee_public_key", from: alice.id, public_key: key(text) });
  const give = (key_id: number) =>
    alice.send({ type: "e2ee_sender_key", from: alice.id, to: bob.id, encrypted_key: key("s"), key_id });
  announce("a");
  give(0);
  world.run(100);
  bob.loseSocket();
  world.run(1_000);
  announce("b");
  give(1);
  give(2);
  alice.send({ type: "moderate", from: alice.id, target: bob.id, action: "mute_audio" });
  world.run(1_000);
  bob.send({ type: "e2ee_public_key", from: bob.id, public_key: key("x") });
  bob.resume();
  world.run(1_000);
  const kept = bob.messages.filter(({ type }) => ["e2ee_public_key", "e2ee_sender_key", "moderated"].includes(type));
  assertEquals(kept.map((message) => "key_id" in message ? message.key_id : message.type), [
    "e2ee_public_key",
    0,
    "e2ee_public_key",
    1,
    2,
    "moderated",
  ]);
  assertEquals(bob.last("ready")!.session!.received, 0, "what is said without a connection was not heard");
});

scenario("who has missed too much begins anew, with the whole chat", (world) => {
  const alice = world.join("alice", { kind: "track_map" });
  const bob = world.join("bob", RESUMING);
  world.run(1_000);
  bob.loseSocket();
  for (let line = 0; line < 300; line++) alice.chat(`line ${line}`);
  world.run(1_000);
  bob.resume();
  world.run(2_000);
  assertEquals(bob.last("ready")!.session!.resumed, false);
  assertEquals(bob.all("chat_message").at(-1)?.content, "line 299");
  assertGreater(alice.tile(bob).lastFrame, bob.sender().frames - 5);
});

scenario("who does not come back is gone: after 30 s with media, after 12 s without", (world) => {
  const alice = world.join("alice", { kind: "track_map" });
  const bob = world.join("bob", RESUMING);
  const carol = world.join("carol", RESUMING);
  world.run(2_000);
  bob.loseSocket();
  carol.loseSocket();
  carol.cutNetwork();
  world.run(11_000);
  assertEquals(alice.last("room_status")!.participants.length, 3);
  world.run(3_500);
  assertEquals(alice.last("room_status")!.participants.map(({ id }) => id), [alice.id, bob.id]);
  assertGreater(alice.tile(bob).lastFrame, bob.sender().frames - 5);
  world.run(16_000);
  assertEquals(alice.last("room_status")!.participants.map(({ id }) => id), [alice.id]);
  assertEquals(world.log.filter(({ event }) => event.type === "participantLeft").length, 2);

  // What is asked for too late is an ordinary join.
  bob.resume();
  world.run(2_000);
  assertEquals(bob.last("ready")!.session!.resumed, false);
  assertGreater(alice.tile(bob).lastFrame, bob.sender().frames - 5);
});

scenario("a goodbye ends the session at once, and so does any end of a client that does not resume", (world) => {
  const alice = world.join("alice", { kind: "track_map" });
  const bob = world.join("bob", RESUMING);
  const carol = world.join("carol", RESUMING);
  const dave = world.join("dave", { kind: "track_map" });
  const erin = world.join("erin", { join: { capabilities: ["resume"] } });
  world.run(1_000);
  bob.disconnect();
  carol.leave();
  dave.loseSocket();
  erin.loseSocket();
  world.run(50);
  assertEquals(alice.last("room_status")!.participants.map(({ id }) => id), [alice.id]);
  assertEquals(dave.last("ready")!.session, undefined);
  assertEquals(erin.last("ready")!.session, undefined);
});

scenario("without the secret nobody gets at a session, and a secret works once", (world) => {
  const alice = world.join("alice", { kind: "track_map" });
  const bob = world.join("bob", RESUMING);
  world.run(1_000);
  const first = bob.last("ready")!.resume;
  bob.loseSocket();
  world.run(1_000);
  for (const resume of [undefined, "x".repeat(32), ""]) {
    const join = { ...RESUMING.join, resume, resume_from: 0 };
    const thief = world.join("thief", { ...RESUMING, as: bob, join });
    world.run(100);
    assertEquals(thief.errors[0]?.reason, "participant_in_use");
    assertEquals(thief.all("ready"), []);
  }
  bob.resume();
  world.run(1_000);
  assertEquals(bob.last("ready")!.session!.resumed, true);
  bob.chat("I am back");
  world.run(100);
  const late = world.join("late", { ...RESUMING, as: bob, join: { ...RESUMING.join, resume: first, resume_from: 0 } });
  world.run(1_000);
  assertEquals(late.errors[0]?.reason, "participant_in_use");
  assertEquals(bob.closedBecause, undefined);
  assertGreater(alice.tile(bob).lastFrame, bob.sender().frames - 5);
});

scenario("a ready that is lost as well keeps nobody out", (world) => {
  const alice = world.join("alice", { kind: "track_map" });
  const bob = world.join("bob", RESUMING);
  const carol = world.join("carol", RESUMING);
  world.run(5);
  // Before the first ready: it has no secret, so nothing is kept that would be in its way.
  carol.loseSocket();
  world.run(100);
  carol.resume();
  world.run(900);
  assertEquals(carol.errors, []);
  const count = alice.messages.length;
  for (let i = 0; i < 3; i++) {
    bob.loseSocket();
    world.run(100);
    bob.resume();
    world.run(15);
  }
  bob.deafen();
  world.run(100);
  bob.resume();
  world.run(500);
  // This ready came, and bob says nothing to it; the next one is lost: the secret of the one before is all he has.
  bob.loseSocket();
  world.run(100);
  bob.resume();
  world.run(15);
  bob.loseSocket();
  world.run(100);
  bob.resume();
  world.run(500);
  assertEquals(bob.errors, []);
  assertEquals(bob.last("ready")!.session!.resumed, true);
  assertEquals(heardSince(alice, count), []);
});

scenario("the secret alone takes over as before, also from a client that could go on", (world) => {
  const alice = world.join("alice", { kind: "track_map" });
  const bob = world.join("bob", RESUMING);
  world.run(1_000);
  const join = { ...RESUMING.join, resume: bob.last("ready")!.resume };
  const again = world.join("bob", { ...RESUMING, as: bob, join });
  world.run(1_500);
  assertEquals(bob.closedBecause, "taken_over");
  assertEquals(again.last("ready")!.session!.resumed, false);
  assertGreater(alice.tile(again).frames, 25);
});

scenario("a flood of lost connections leaves no more than the limit behind", (world) => {
  const alice = world.join("alice", { kind: "track_map" });
  const flood = Array.from({ length: 8 }, (_, i) => world.join(`flood ${i}`, { ...RESUMING, silent: true }));
  world.run(1_000);
  for (const client of flood) client.chat("hello");
  world.run(100);
  for (const client of flood) client.loseSocket();
  world.run(100);
  assertEquals(alice.last("room_status")!.participants.length, 1 + 3);
  world.run(12_000);
  assertEquals(alice.last("room_status")!.participants.length, 1);
}, { limits: { maxAwayMembers: 3 } });

scenario("media that ended while its member was away begins anew, without a new join", (world) => {
  const alice = world.join("alice", { kind: "track_map" });
  const bob = world.join("bob", RESUMING);
  world.run(1_000);
  bob.cutNetwork();
  bob.deafen();
  world.run(35_000);
  bob.up.conditions.loss = bob.down.conditions.loss = 0;
  const joins = comingsAndGoings(world).filter((type) => type === "participantJoined");
  bob.resume();
  world.run(2_000);
  const { session } = bob.last("ready")!;
  assertEquals([session?.resumed, session?.media], [true, false]);
  assertEquals(comingsAndGoings(world).filter((type) => type === "participantJoined"), joins);
  assertGreater(alice.tile(bob).lastFrame, bob.sender().frames - 5);
  assertGreater(bob.tile(alice).lastFrame, alice.sender().frames - 5);
});

scenario("mutes and shares that are said again after a loss tell the others nothing", (world) => {
  const alice = world.join("alice", { kind: "track_map" });
  const bob = world.join("bob", RESUMING);
  world.run(1_000);
  bob.shareScreen();
  bob.mute("audio");
  world.run(1_000);
  const count = alice.messages.length;
  bob.loseSocket();
  world.run(500);
  bob.resume();
  bob.mute("audio");
  bob.unmute("video");
  bob.send({ type: "screen_share_started", from: bob.id, track_id: 0 });
  world.run(1_000);
  assertEquals(heardSince(alice, count), []);
  bob.unmute("audio");
  world.run(100);
  assertEquals(heardSince(alice, count), ["room_status"]);
});

scenario("who was removed while away does not come back by itself", (world) => {
  const alice = world.join("alice", { kind: "track_map" });
  const bob = world.join("bob", RESUMING);
  const carol = world.join("carol", RESUMING);
  world.run(1_000);
  bob.loseSocket();
  carol.deafen();
  world.run(100);
  for (const target of [bob.id, carol.id]) alice.send({ type: "moderate", from: alice.id, target, action: "remove" });
  world.run(100);
  for (const client of [bob, carol]) client.resume();
  world.run(500);
  assertEquals([bob.closedBecause, carol.closedBecause], ["removed", "removed"]);
  assertEquals(alice.last("room_status")!.participants.map(({ id }) => id), [alice.id]);
});

for (const order of ["resume first", "restart first"] as const) {
  scenario(`another network and another connection at once: less than 2 s are lost (${order})`, (world) => {
    const alice = world.join("alice", { kind: "track_map" });
    const bob = world.join("bob", RESUMING);
    world.run(3_000);
    const events = comingsAndGoings(world);
    const count = alice.messages.length;
    // Wi-Fi is gone: nothing of either comes through, until the client has another address and another socket.
    bob.deafen();
    bob.moveTo(50_000, false, "203.0.113.77");
    world.run(800);
    bob.resume();
    if (order === "restart first") bob.restartIce();
    world.run(200);
    if (order === "resume first") bob.restartIce();
    world.run(3_000);
    assertLess(alice.tile(bob).longestPauseMs, 2_000);
    assertLess(bob.tile(alice).longestPauseMs, 2_000);
    assertGreater(alice.tile(bob).lastFrame, bob.sender().frames - 5);
    assertGreater(bob.tile(alice).lastFrame, alice.sender().frames - 5);
    assertEquals(comingsAndGoings(world), events);
    assertEquals(heardSince(alice, count), []);
  });
}

scenario("who comes back with fewer permissions sends no more than those allow", (world) => {
  const alice = world.join("alice", { kind: "track_map" });
  let permissions: readonly Permission[] = ["publish", "screen", "chat"];
  const bob = world.join("bob", {
    ...RESUMING,
    get permissions() {
      return permissions;
    },
  });
  world.run(1_500);
  bob.shareScreen();
  world.run(1_500);
  permissions = ["screen"];
  bob.loseSocket();
  bob.resume();
  world.run(100);
  const pictures = () => [alice.tile(bob).frames, alice.tile(bob, "screen").frames];
  const [camera, screen] = pictures();
  world.run(1_000);
  assertEquals(pictures()[0], camera, "the client goes on sending, nobody gets it");
  assertGreater(pictures()[1]!, screen!);
  permissions = [];
  bob.loseSocket();
  bob.resume();
  world.run(100);
  const last = pictures();
  world.run(1_000);
  assertEquals([pictures(), bob.closedBecause], [last, undefined]);
  assertEquals(alice.last("room_status")?.participants[1]?.screen_sharing, false);
});
