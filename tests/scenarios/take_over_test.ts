import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { scenario } from "../sim/scenario.ts";

scenario("a live participant id cannot be taken without its resume secret", (world) => {
  const alice = world.join("alice");
  const bob = world.join("bob");
  world.run(1_000);
  const thief = world.join("thief", { as: bob });
  const guesser = world.join("guesser", { as: bob, join: { resume: "x".repeat(32) } });
  world.run(1_000);
  for (const client of [thief, guesser]) {
    assertEquals(client.errors[0]?.reason, "participant_in_use", client.name);
    assertEquals(client.all("ready"), []);
  }
  assertEquals(bob.closedBecause, undefined);
  assertGreater(alice.tile(bob).frames, 40);
  assertEquals(alice.last("room_status")?.participants.map((entry) => entry.display_name), ["alice", "bob"]);
});

scenario("with the secret the new connection takes the old one's place, on the same tile", (world) => {
  const alice = world.join("alice");
  const bob = world.join("bob");
  world.run(1_000);
  const { frames } = alice.tile(bob);
  const line = alice.receiver(bob).mid;
  const again = world.join("bob", { as: bob, join: { resume: bob.last("ready")!.resume } });
  world.run(1_500);
  assertEquals(bob.closedBecause, "taken_over");
  assertEquals(alice.receiver(again).mid, line);
  assertGreater(alice.tile(again).frames, frames + 25);
  assertGreater(again.tile(alice).frames, 25);
  assertLess(alice.receiver(again).undecodable, 1);
  // The old socket's end must not end the new membership.
  assertEquals(alice.last("room_status")?.participants.length, 2);
});
