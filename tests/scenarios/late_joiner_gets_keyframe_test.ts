import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { scenario } from "../sim/scenario.ts";

const NETWORK_DELAY_MS = 10;

scenario("a late joiner's keyframe is asked for in the turn in which its media connects", (world) => {
  const alice = world.join("alice");
  world.run(3_000);
  const requestsBefore = alice.sender().plis.length;
  const bob = world.join("bob");
  world.run(1_000);

  const connectedAt = world.timeOf("mediaConnected", bob)!;
  const requests = alice.sender().plis.slice(requestsBefore);
  assertEquals(requests[0], connectedAt + NETWORK_DELAY_MS, "the request left without delay");
  assertEquals(requests.length, 1, "one request is enough");
  // Request and keyframe take 10 ms each over two hops, and the camera's next frame comes within 40.
  assertLess(bob.tile(alice).firstAt! - connectedAt, 80);
  assertGreater(bob.tile(alice).frames, 20);
  const { undecodable, beforeKeyframe } = bob.receiver(alice);
  assertEquals(undecodable + beforeKeyframe, 0, "nothing came before the keyframe");
});

scenario("a track that comes to a line in use is asked for a keyframe at once, too", (world) => {
  const alice = world.join("alice");
  world.join("bob");
  world.run(2_000);
  alice.shareScreen();
  const offeredAt = world.now + NETWORK_DELAY_MS;
  world.run(500);
  assertEquals(alice.sender("screen").plis, [offeredAt + NETWORK_DELAY_MS]);
});

scenario("several who join at once cost the publisher one keyframe at a time", (world) => {
  const alice = world.join("alice");
  world.run(3_000);
  const requestsBefore = alice.sender().plis.length;
  const viewers = ["bob", "carol", "dave"].map((name) => world.join(name, { publish: [] }));
  world.run(1_000);
  for (const viewer of viewers) assertGreater(viewer.tile(alice).frames, 15, viewer.name);
  assertLess(alice.sender().plis.length - requestsBefore, 3);
});
