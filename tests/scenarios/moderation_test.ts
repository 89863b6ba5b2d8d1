import { assert, assertEquals, assertGreater } from "@std/assert";
import { scenario } from "../sim/scenario.ts";

const EVERYBODY = ["publish", "screen", "chat"] as const;
const MODERATOR = [...EVERYBODY, "moderate"] as const;

scenario("hands are seen in the order in which they went up, by those who come later too", (world) => {
  const alice = world.join("alice");
  const bob = world.join("bob");
  world.run(500);
  bob.send({ type: "hand", from: bob.id, raised: true });
  alice.send({ type: "hand", from: alice.id, raised: true });
  alice.send({ type: "hand", from: alice.id, raised: true });
  world.run(100);
  const carol = world.join("carol");
  world.run(500);
  const order = (client: typeof alice) => carol.last("room_status")?.participants.find(({ id }) => id === client.id);
  assertEquals([order(bob)?.hand_order, order(alice)?.hand_order, order(carol)?.hand_order], [1, 2, undefined]);
  bob.send({ type: "hand", from: bob.id, raised: false });
  world.run(100);
  assertEquals([order(bob)?.hand_order, order(alice)?.hand_order], [undefined, 2]);
});

scenario("reactions reach everybody, one emoji at a time and not too many of them", (world) => {
  const alice = world.join("alice");
  const bob = world.join("bob");
  world.run(500);
  for (let i = 0; i < 8; i++) alice.send({ type: "reaction", from: alice.id, emoji: "👏🏽" });
  world.run(100);
  const shown = { type: "reaction", from: alice.id, room_id: "room", emoji: "👏🏽" } as const;
  assertEquals(bob.all("reaction"), Array(5).fill(shown));
  assertEquals(alice.all("reaction").length, 5);
  assertEquals(alice.errors.map(({ reason }) => reason), Array(3).fill("rate_limited"));
  world.run(3_000);
  for (const emoji of ["", "hello", "👏👏", "<b>", "a".repeat(400)]) {
    bob.send({ type: "reaction", from: bob.id, emoji });
  }
  world.run(100);
  assertEquals(alice.all("reaction").length, 5);
});

scenario("only a moderator moderates; what it mutes is not forwarded until the member unmutes itself", (world) => {
  const host = world.join("host", { permissions: MODERATOR });
  const bob = world.join("bob");
  const carol = world.join("carol");
  world.run(2_000);
  const moderate = (by: typeof host, action: string) =>
    by.send({ type: "moderate", from: by.id, target: carol.id, action });
  moderate(bob, "mute_audio");
  world.run(100);
  assertEquals(bob.errors.at(-1)?.reason, "permission_denied");

  moderate(host, "mute_audio");
  moderate(host, "mute_video");
  world.run(100);
  const frames = () => [bob.tile(carol, "microphone").frames, bob.tile(carol).frames];
  const before = frames();
  world.run(2_000);
  assertEquals(frames(), before, "the client goes on sending, nobody gets it");
  const { from, action } = carol.all("moderated")[0]!;
  assertEquals([from, action, carol.all("moderated").length], [host.id, "mute_audio", 2]);
  assertEquals(bob.last("room_status")?.participants[2]?.audio_muted, true);

  carol.unmute("audio");
  carol.unmute("video");
  world.run(1_000);
  for (const [i, count] of frames().entries()) assertGreater(count, before[i]! + 10);
}, { permissions: EVERYBODY });

scenario("a moderator ends a share, lowers a hand and sends somebody out", (world) => {
  const host = world.join("host", { permissions: MODERATOR });
  const bob = world.join("bob");
  world.run(1_000);
  bob.shareScreen();
  bob.send({ type: "hand", from: bob.id, raised: true });
  world.run(2_000);
  assertGreater(host.tile(bob, "screen").frames, 10);
  for (const action of ["stop_screen", "lower_hand"]) {
    host.send({ type: "moderate", from: host.id, target: bob.id, action });
  }
  world.run(100);
  const status = host.last("room_status")?.participants[1];
  assertEquals([status?.screen_sharing, status?.hand_order], [false, undefined]);
  const frames = host.tile(bob, "screen").frames;
  world.run(1_000);
  assertEquals(host.tile(bob, "screen").frames, frames);

  host.send({ type: "moderate", from: host.id, target: bob.id, action: "remove" });
  world.run(100);
  assertEquals(bob.closedBecause, "removed");
  assertEquals(host.last("room_status")?.participants.map(({ id }) => id), [host.id]);
  assert(host.errors.length === 0);
  host.send({ type: "moderate", from: host.id, target: bob.id, action: "remove" });
  world.run(100);
  assertEquals(host.errors.at(-1)?.reason, "unknown_participant");
}, { permissions: EVERYBODY });
