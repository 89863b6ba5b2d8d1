import { assertAlmostEquals, assertEquals, assertGreater } from "@std/assert";
import { scenario } from "../sim/scenario.ts";

for (const kind of ["pool", "track_map"] as const) {
  scenario(`30 seconds without a check end media and keep the membership of a ${kind} client`, (world) => {
    const alice = world.join("alice", { publish: ["microphone"] });
    const bob = world.join("bob", { kind, publish: ["microphone"] });
    const carol = world.join("carol", { publish: ["microphone"] });
    world.run(3_000);
    bob.cutNetwork();
    world.run(28_000);
    assertEquals(bob.errors, []);
    world.run(5_000);
    assertEquals(bob.errors.map((error) => error.reason), ["media_failed"]);
    const failed = world.log.find(({ event }) => event.type === "mediaFailed")!;
    assertAlmostEquals(failed.at, 33_000, 2_600);
    assertEquals(alice.last("room_status")?.participants.length, 3);
    assertEquals(bob.closedBecause, undefined);

    // A new peer connection brings it back, though others have left and come meanwhile and the lines are new ones.
    alice.disconnect();
    world.run(100);
    bob.up.conditions.loss = bob.down.conditions.loss = 0;
    const { frames } = bob.tile(carol, "microphone");
    const heard = carol.tile(bob, "microphone").frames;
    bob.restartMedia();
    world.run(2_000);
    assertGreater(carol.tile(bob, "microphone").frames, heard + 80);
    assertGreater(bob.tile(carol, "microphone").frames, frames + 80);
  });
}

scenario("a peer that never connects is given up after 30 seconds", (world) => {
  const alice = world.join("alice", { publish: [] });
  const bob = world.join("bob", { publish: [], link: { loss: 1 } });
  world.run(29_900);
  assertEquals(bob.errors, []);
  world.run(1_000);
  assertEquals(bob.errors.map((error) => error.reason), ["media_failed"]);
  const reasons = world.log.flatMap(({ event }) => event.type === "mediaFailed" ? [event.reason] : []);
  assertEquals(reasons, ["connect_timeout"]);
  assertEquals(alice.last("room_status")?.participants.length, 2);
});
