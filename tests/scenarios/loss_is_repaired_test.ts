import { assertEquals, assertGreater } from "@std/assert";
import { scenario } from "../sim/scenario.ts";

scenario("what is lost on either side is sent again: every frame is decoded", (world) => {
  const link = { loss: 0.05, delayMs: 30 };
  const alice = world.join("alice", { link });
  const bob = world.join("bob", { link });
  const carol = world.join("carol", { kind: "track_map", link });
  world.run(10_000);
  for (const client of world.clients) client.up.conditions.loss = client.down.conditions.loss = 0;
  world.run(2_000);

  for (const [viewer, other] of [[alice, bob], [bob, alice], [carol, alice], [carol, bob], [alice, carol]] as const) {
    const name = `${viewer.name} sees ${other.name}`;
    assertEquals(viewer.tile(other).skipped, 0, name);
    assertEquals(viewer.receiver(other).givenUp, 0, name);
    assertGreater(viewer.tile(other).frames, 270, name);
    assertEquals(viewer.tile(other).lastFrame, other.sender().frames - 3, `${name} up to what is under way`);
  }
  assertGreater(bob.receiver(alice).repaired, 10, "lost on the way down");
  assertGreater(alice.sender().retransmitted, 10, "lost on the way up");
  // The report about a stream with five percent lost, in 1/256.
  assertGreater(alice.sender().report!.cumulativeLost, 10);
}, { seeds: [1, 2, 3] });

scenario("reordered and doubled datagrams change nothing", (world) => {
  const link = { delayMs: 20, jitterMs: 15, duplicate: 0.1 };
  const alice = world.join("alice", { link });
  const bob = world.join("bob", { link });
  world.run(8_000);
  assertEquals(bob.tile(alice).skipped, 0);
  assertGreater(bob.tile(alice).frames, 180);
  assertEquals(alice.sender().keyframes <= 3, true, "no keyframe had to help");
}, { seeds: [1, 2, 3] });

scenario("after an outage of two seconds the picture comes back by itself", (world) => {
  const alice = world.join("alice");
  const bob = world.join("bob");
  world.run(3_000);
  alice.up.conditions.loss = 1;
  world.run(2_000);
  alice.up.conditions.loss = 0;
  world.run(2_000);
  assertEquals(bob.tile(alice).lastFrame >= alice.sender().frames - 4, true, "the picture is live again");
});
