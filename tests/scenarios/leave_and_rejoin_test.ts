import { assertEquals, assertGreater } from "@std/assert";
import { scenario } from "../sim/scenario.ts";

scenario("somebody who leaves and comes back is seen again, by old and new kinds of clients", (world) => {
  const alice = world.join("alice");
  const carol = world.join("carol", { kind: "track_map" });
  const bob = world.join("bob");
  world.run(2_000);
  bob.disconnect();
  world.run(1_000);
  assertEquals(alice.last("room_status")?.participants.map(({ id }) => id), [alice.id, carol.id]);
  const framesBefore = alice.tile(bob).frames;

  const again = world.join("bob", { as: bob });
  world.run(2_000);
  for (const viewer of [alice, carol]) {
    assertGreater(viewer.tile(again).frames, framesBefore + 40, viewer.name);
    assertEquals(viewer.receiver(again).undecodable, 0, viewer.name);
    assertGreater(again.tile(viewer).frames, 40);
  }
});

scenario("leave keeps the connection, and the next join on it starts a new call", (world) => {
  const alice = world.join("alice");
  const bob = world.join("bob");
  world.run(1_500);
  bob.leave();
  world.run(500);
  assertEquals(alice.last("room_status")?.participants.length, 1);
  assertEquals(bob.closedBecause, undefined);
  const framesBefore = alice.tile(bob).frames;
  bob.joinAgain();
  world.run(1_500);
  assertGreater(alice.tile(bob).frames, framesBefore + 25);
  assertEquals(bob.errors, []);
});

scenario("the last one who leaves ends the room, and the next one finds a new one", (world) => {
  const alice = world.join("alice");
  world.run(500);
  alice.chat("Hello");
  world.run(100);
  alice.disconnect();
  world.run(100);
  assertEquals(world.log.at(-1)?.event.type, "roomEnded");
  const bob = world.join("bob");
  world.run(500);
  assertEquals(bob.last("ready")?.initiator, true);
  assertEquals(bob.all("chat_message"), []);
});

scenario("who closes the media path and leaves is not said to have failed; who closes it and stays is", (world) => {
  const alice = world.join("alice");
  world.run(1_000);
  const bob = world.join("bob");
  world.run(1_000);
  const failed = () => world.log.flatMap(({ event }) => event.type === "mediaFailed" ? [event.participant] : []);
  const [first, second] = [1, 2];
  // A client's goodbye comes over UDP, before the message that says it leaves.
  world.handleDtls({ kind: "dtls_closed", peer: second, reason: "dtls_close_notify" });
  world.run(20);
  bob.disconnect();
  world.run(2_000);
  assertEquals(failed(), []);
  assertEquals(world.log.filter(({ event }) => event.type === "participantLeft").length, 1);

  world.handleDtls({ kind: "dtls_closed", peer: first, reason: "dtls_close_notify" });
  world.run(2_000);
  assertEquals(failed(), [alice.id]);
});
