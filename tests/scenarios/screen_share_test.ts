import { assertEquals, assertGreater, assertLess } from "@std/assert";
import type { SimClient } from "../sim/sim_client.ts";
import { scenario } from "../sim/scenario.ts";

scenario("a screen share reaches those who are there and those who come later, of both kinds", (world) => {
  const alice = world.join("alice");
  const bob = world.join("bob");
  const carol = world.join("carol", { kind: "track_map" });
  world.run(1_500);
  alice.shareScreen();
  world.run(1_500);
  const late = [world.join("dave"), world.join("erin", { kind: "track_map" })];
  world.run(2_000);

  for (const viewer of [bob, carol, ...late]) {
    assertGreater(viewer.tile(alice, "screen").frames, 30, viewer.name);
    assertEquals(viewer.receiver(alice, "screen").undecodable, 0, viewer.name);
    assertGreater(viewer.tile(alice).frames, 30, `${viewer.name} still sees the face`);
    assertEquals(viewer.last("room_status")?.participants[0]?.screen_sharing, true);
  }
  for (const client of late) assertGreater(bob.tile(client).frames, 30);

  const routed = bob.last("screen_share_routed")!;
  assertEquals([routed.from, routed.mid], [alice.id, bob.receiver(alice, "screen").mid]);

  alice.stopScreen();
  world.run(500);
  const shown = bob.tile(alice, "screen").frames;
  world.run(1_000);
  assertEquals(bob.tile(alice, "screen").frames, shown);
  assertEquals(bob.last("screen_share_stopped")?.from, alice.id);
  assertGreater(bob.tile(alice).lastFrame, alice.sender().frames - 4);
});

scenario("shares follow each other, by the same and by another participant", (world) => {
  const [alice, bob, carol] = ["alice", "bob", "carol"].map((name, i) =>
    world.join(name, { kind: i === 1 ? "track_map" : "pool" })
  ) as [SimClient, SimClient, SimClient];
  world.run(1_500);
  for (const sharer of [alice, alice, bob, carol]) {
    sharer.shareScreen();
    world.run(1_500);
    for (const viewer of [alice, bob, carol].filter((client) => client !== sharer)) {
      const tile = viewer.tile(sharer, "screen");
      assertGreater(tile.lastAt ?? 0, world.now - 100, `${viewer.name} sees the screen of ${sharer.name} now`);
    }
    sharer.stopScreen();
    world.run(500);
  }
});

scenario("two share at a time, and a sharer who closes its tab leaves nothing behind", (world) => {
  const alice = world.join("alice");
  const bob = world.join("bob");
  const carol = world.join("carol");
  const dave = world.join("dave", { kind: "track_map" });
  world.run(1_500);
  alice.shareScreen();
  bob.shareScreen();
  world.run(2_000);
  for (const [viewer, sharer] of [[carol, alice], [carol, bob], [dave, alice], [dave, bob], [alice, bob]] as const) {
    assertGreater(viewer.tile(sharer, "screen").frames, 30, `${viewer.name}: ${sharer.name}`);
  }
  alice.disconnect();
  world.run(1_000);
  const erin = world.join("erin");
  world.run(2_000);
  assertGreater(carol.tile(erin).frames, 30);
  assertGreater(erin.tile(bob, "screen").frames, 30);
  assertGreater(carol.tile(bob, "screen").lastAt!, world.now - 100);
  assertEquals(erin.last("room_status")?.participants.map((entry) => entry.screen_sharing), [
    true,
    false,
    false,
    false,
  ]);
});

scenario("a share goes on while others come and take the line it was on", (world) => {
  const alice = world.join("alice");
  const viewer = world.join("viewer");
  const dummy = world.join("without devices", { publish: [] });
  world.run(1_500);
  alice.shareScreen();
  world.run(1_000);
  const joiners = ["carol", "dave", "erin"].map((name) => {
    const joiner = world.join(name);
    world.run(700);
    return joiner;
  });
  world.run(1_000);
  for (const client of [viewer, dummy, ...joiners]) {
    const { lastAt } = client.tile(alice, "screen");
    assertGreater(lastAt ?? 0, world.now - 100, `${client.name} sees the screen`);
    for (const other of [alice, ...joiners].filter((joiner) => joiner !== client)) {
      assertGreater(client.tile(other).lastAt ?? 0, world.now - 100, `${client.name} sees ${other.name}`);
    }
  }
});

scenario("a share that a client has no way to show does not make it negotiate for ever", (world) => {
  const viewer = world.join("viewer");
  world.run(500);
  for (let i = 0; i < 2; i++) {
    viewer.shareScreen();
    world.run(500);
    viewer.stopScreen();
    world.run(500);
  }
  // Its pool is used up, so the two retired lines are the first in its choice, and no further line is ever chosen.
  const others = Array.from({ length: 8 }, (_, i) => world.join(`other ${i}`, { kind: "track_map", publish: [] }));
  world.run(1_000);
  others[0]!.shareScreen();
  world.run(5_000);
  assertLess(viewer.all("request_renegotiation").length, 5);
  assertLess(viewer.plan.lines.length, 28);
  assertGreater(others[1]!.tile(others[0]!, "screen").frames, 100);

  // It still gets lines for those who come.
  const newcomer = world.join("newcomer");
  world.run(2_000);
  assertGreater(viewer.tile(newcomer).frames, 30);
});
