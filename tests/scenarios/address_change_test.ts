import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { scenario } from "../sim/scenario.ts";
import type { SimClient } from "../sim/sim_client.ts";
import type { SimWorld } from "../sim/sim_world.ts";

/** Bits per second of a camera's three encodings. */
const CAMERA = [150_000, 500_000, 1_500_000];

/** What the path to a client is believed to carry. */
function estimateOf(world: SimWorld, client: SimClient): number {
  const [room] = world.sfu.snapshot(world.now).rooms;
  return room!.participants.find(({ id }) => id === client.id)!.sent.estimateBps ?? 0;
}

for (const aware of [true, false]) {
  scenario(`a client whose address changes keeps its call (${aware ? "it checks" : "its NAT does it"})`, (world) => {
    const alice = world.join("alice");
    const bob = world.join("bob");
    world.run(2_200);
    const events = world.log.length;
    bob.moveTo(50_000, aware);
    world.run(6_000);

    // Without its knowledge the next consent check, after 2.5 seconds at most, tells the server.
    const pause = aware ? 200 : 2_700;
    assertLess(bob.tile(alice).longestPauseMs, pause + 1_000);
    assertLess(alice.tile(bob).longestPauseMs, pause);
    assertGreater(bob.tile(alice).lastFrame, alice.sender().frames - 5);
    assertGreater(alice.tile(bob).lastFrame, bob.sender().frames - 5);
    const heard = world.log.slice(events).filter(({ event }) =>
      !["networkDegraded", "qualityDegraded"].includes(event.type)
    );
    assertEquals(heard, [], "neither the room nor the application hears of more than a bad network");
    assertEquals(bob.transport?.undecryptable, 0);
  });
}

scenario("packets from an address without a check are dropped, though they are genuine", (world) => {
  const alice = world.join("alice");
  const bob = world.join("bob");
  world.run(1_000);
  const frames = alice.tile(bob).frames;
  bob.port = 50_000;
  world.run(500);
  assertLess(alice.tile(bob).frames, frames + 3);
  assertGreater(world.drops("unknown_address"), 10);
});

scenario("an ICE restart from another address keeps the call and its keys", (world) => {
  const alice = world.join("alice");
  const bob = world.join("bob", { kind: "track_map" });
  world.run(2_000);
  const before = bob.answer!;
  bob.moveTo(50_000);
  bob.restartIce();
  world.run(2_000);
  assertEquals(bob.answer!.ufrag === before.ufrag, false);
  assertLess(bob.tile(alice).longestPauseMs, 1_000);
  assertGreater(bob.tile(alice).lastFrame, alice.sender().frames - 5);
  assertGreater(alice.tile(bob).lastFrame, bob.sender().frames - 5);
  assertEquals(world.log.filter(({ event }) => event.type === "mediaConnected").length, 2);
});

scenario("in another network the estimate begins anew, and the picture becomes what that network carries", (world) => {
  const alice = world.join("alice", { kind: "track_map", encodings: CAMERA });
  const bob = world.join("bob", { kind: "track_map", publish: ["microphone"] });
  world.run(15_000);
  assertEquals(bob.tile(alice).layer, 2);
  const learnt = estimateOf(world, bob);
  assertGreater(learnt, 1_500_000);
  bob.down.conditions.rateBps = 700_000;
  bob.moveTo(50_000, true, "203.0.113.9");
  world.run(25);
  assertLess(estimateOf(world, bob), 1_000_001, "the first guess, whatever the old network carried");
  world.run(6_000);
  assertLess(bob.tile(alice).layer, 2);
  assertLess(bob.tile(alice).longestPauseMs, 1_000);
  world.run(10_000);
  assertLess(estimateOf(world, bob), 900_000);
  assertLess(bob.down.queuedMs, 150);

  bob.down.conditions.rateBps = Infinity;
  bob.moveTo(50_001, true, "203.0.113.10");
  world.run(15_000);
  assertEquals(bob.tile(alice).layer, 2, "and a better one is found out about");
});

scenario("another port alone is the same network: what was learnt about it holds", (world) => {
  const alice = world.join("alice", { kind: "track_map", encodings: CAMERA });
  const bob = world.join("bob", { kind: "track_map", publish: ["microphone"] });
  world.run(15_000);
  const learnt = estimateOf(world, bob);
  bob.moveTo(50_000, true);
  world.run(25);
  assertGreater(estimateOf(world, bob), learnt * 0.99);
  world.run(5_000);
  assertEquals(bob.tile(alice).layer, 2);
});

for (const interrupted of [true, false]) {
  const name = interrupted
    ? "after an interruption whole pictures come at once, both ways"
    : "a path that is left while it works costs no keyframe";
  scenario(name, (world) => {
    const alice = world.join("alice");
    const bob = world.join("bob");
    world.run(3_000);
    const before = [alice, bob].map((client) => client.sender().keyframes);
    if (interrupted) {
      bob.cutNetwork();
      world.run(900);
      bob.up.conditions.loss = bob.down.conditions.loss = 0;
    }
    const movedAt = world.now;
    bob.moveTo(50_000, true, "203.0.113.9");
    world.run(interrupted ? 150 : 2_000);
    const after = [alice, bob].map((client) => client.sender().keyframes);
    assertEquals(after.map((count, i) => count - before[i]!), interrupted ? [1, 1] : [0, 0]);
    world.run(1_000);
    for (const [viewer, shown] of [[alice, bob], [bob, alice]] as const) {
      const first = viewer.tile(shown).shownAt.find((at) => at > movedAt)!;
      assertLess(first - movedAt, 200, `${viewer.name} sees ${shown.name} again`);
      assertGreater(viewer.tile(shown).lastFrame, shown.sender().frames - 5);
    }
  });
}
