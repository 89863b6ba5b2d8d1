import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import type { SimClient } from "../sim/sim_client.ts";
import { scenario } from "../sim/scenario.ts";
import type { SimWorld } from "../sim/sim_world.ts";

/** Bits per second of a camera's three encodings. */
const CAMERA = [150_000, 500_000, 1_500_000];

/** Somebody who sends a camera in three encodings. */
function publisher(world: SimWorld, name: string): SimClient {
  return world.join(name, { kind: "track_map", encodings: CAMERA });
}

function watcher(world: SimWorld, name: string, rateBps = Infinity, publish: [] = []): SimClient {
  const client = world.join(name, { kind: "track_map", publish });
  client.down.conditions.rateBps = rateBps;
  return client;
}

/** The newest reason that a viewer was given for a track. */
function reason(viewer: SimClient, other: SimClient): string | undefined {
  return viewer.all("track_quality").flatMap(({ tracks }) => tracks)
    .filter(({ participant, source }) => participant === other.id && source === "camera").at(-1)?.reason;
}

/** Everything that a decoder would stumble over. */
function assertUnbroken(viewer: SimClient, other: SimClient): void {
  const receiver = viewer.receiver(other);
  assertEquals(receiver.pictureIdJumps, 0, "picture ids");
  assertEquals(receiver.givenUp, 0, "gaps");
}

/** The longest time without a frame between two moments. */
function longestFreeze(viewer: SimClient, other: SimClient, from: number, to: number): number {
  const shown = viewer.tile(other).shownAt.filter((at) => at >= from && at <= to);
  let longest = 0;
  let last = from;
  for (const at of [...shown, to]) {
    longest = Math.max(longest, at - last);
    last = at;
  }
  return longest;
}

scenario("a good link gets the best of three encodings, a bad one what it carries, and both are told why", (world) => {
  const alice = publisher(world, "alice");
  const good = watcher(world, "good");
  const bad = watcher(world, "bad", 400_000);
  world.run(30_000);

  assertEquals(good.tile(alice).layer, 2);
  assertEquals(reason(good, alice), "ok");
  assertLess(bad.tile(alice).layer, 2);
  assertEquals(reason(bad, alice), "bandwidth");
  assertLess(longestFreeze(good, alice, 2_000, 30_000), 200);
  assertLess(longestFreeze(bad, alice, 8_000, 30_000), 500);
  for (const viewer of [good, bad]) assertUnbroken(viewer, alice);
  assertLess(good.down.queuedMs, 50);
  assertEquals(alice.sender().plis.length <= 6, true, "the good viewer's picture is not disturbed by the bad one");
}, { seeds: [1, 2, 3] });

scenario("a viewer whose link gets worse follows down within a second and comes back", (world) => {
  const alice = publisher(world, "alice");
  const bob = watcher(world, "bob", 3_000_000);
  world.run(20_000);
  assertEquals(bob.tile(alice).layer, 2);
  bob.down.conditions.rateBps = 400_000;
  world.run(5_000);
  assertLess(bob.tile(alice).layer, 2);
  assertLess(longestFreeze(bob, alice, 20_000, 25_000), 1_000);
  world.run(5_000);
  assertLess(longestFreeze(bob, alice, 25_000, 30_000), 300);
  assertLess(bob.down.queuedMs, 100);
  bob.down.conditions.rateBps = 3_000_000;
  world.run(15_000);
  assertEquals(bob.tile(alice).layer, 2, "back within 15 seconds");
  // What the full queue lost before anybody could know.
  assertLess(bob.receiver(alice).undecodable, 4);
}, { seeds: [1, 2, 3] });

scenario("on a steady link layers do not flap", (world) => {
  const alice = publisher(world, "alice");
  const bob = publisher(world, "bob");
  const carol = watcher(world, "carol", 1_500_000);
  world.run(90_000);
  for (const other of [alice, bob]) {
    const late = carol.tile(other).layerChanges.filter(({ at }) => at > 20_000);
    assertLess(late.length, 70 / 3, `${other.name} as carol sees it`);
    assertLess(late.length, 8, `${other.name}: ${JSON.stringify(late)}`);
    assertLess(longestFreeze(carol, other, 20_000, 90_000), 500);
    assertUnbroken(carol, other);
  }
});

scenario("a viewer that shows a small picture gets a small one, and the publisher stops what nobody uses", (world) => {
  const alice = publisher(world, "alice");
  const bob = watcher(world, "bob");
  world.run(8_000);
  assertEquals(bob.tile(alice).layer, 2);
  const wish = (fields: Record<string, unknown>) =>
    bob.send({ type: "subscribe", from: bob.id, tracks: [{ participant: alice.id, source: "camera", ...fields }] });
  wish({ width: 320, height: 180 });
  world.run(2_000);
  assertEquals(bob.tile(alice).layer, 0);
  assertEquals(reason(bob, alice), "requested");
  world.run(8_000);
  assertEquals(alice.media!.encodings.map(({ active }) => active), [true, true, false, false]);

  wish({ visible: false });
  world.run(2_000);
  const { frames } = bob.tile(alice);
  world.run(5_000);
  assertEquals(bob.tile(alice).frames, frames, "what is hidden is not sent");
  assertEquals(reason(bob, alice), "hidden");

  wish({ width: 1_280, height: 720 });
  world.run(5_000);
  assertEquals(bob.tile(alice).layer, 2, "switched on again");
  assertEquals(reason(bob, alice), "ok");
  assertUnbroken(bob, alice);
});

scenario("a link too small for any picture keeps the sound", (world) => {
  const alice = publisher(world, "alice");
  const bob = watcher(world, "bob", 110_000);
  world.run(20_000);
  const before = bob.tile(alice, "microphone").frames;
  world.run(10_000);
  assertGreater(bob.tile(alice, "microphone").frames - before, 480, "fifty a second");
  assertEquals(reason(bob, alice), "bandwidth");
  assertLess(bob.down.queuedMs, 200);
}, { seeds: [1, 2] });

scenario("a priority decides who is sharp where not everything fits", (world) => {
  const alice = publisher(world, "alice");
  const bob = publisher(world, "bob");
  const carol = watcher(world, "carol", 2_200_000);
  carol.send({
    type: "subscribe",
    from: carol.id,
    tracks: [{ participant: bob.id, source: "camera", priority: 5 }],
  });
  world.run(30_000);
  assertEquals(carol.tile(bob).layer, 2);
  assert(carol.tile(alice).layer < 2);
});

scenario("viewers without transport feedback get the best", (world) => {
  const alice = publisher(world, "alice");
  const bob = world.join("bob", { kind: "track_map", publish: [], mute: true });
  world.run(15_000);
  assertEquals(bob.tile(alice).layer, 2);
});

scenario("a publisher that stops an encoding takes its viewers to the next", (world) => {
  const alice = publisher(world, "alice");
  const bob = watcher(world, "bob");
  world.run(10_000);
  assertEquals(bob.tile(alice).layer, 2);
  alice.sender().active = false;
  world.run(4_000);
  assertEquals(bob.tile(alice).layer, 1);
  assertEquals(reason(bob, alice), "publisher_limit");
  assertLess(longestFreeze(bob, alice, 10_000, 14_000), 2_000);
  alice.sender().active = true;
  world.run(6_000);
  assertEquals(bob.tile(alice).layer, 2);
  assertUnbroken(bob, alice);
});

scenario("a client of the basic protocol with one encoding is told how much its viewers can take", (world) => {
  const alice = world.join("alice", { encodings: [1_500_000] });
  const bob = world.join("bob", { publish: [] });
  bob.down.conditions.rateBps = 500_000;
  world.run(20_000);
  const told = alice.last("bwe_update")!.max_bitrate_bps;
  assertGreater(told, 150_000);
  assertLess(told, 500_000);
  assertLess(longestFreeze(bob, alice, 12_000, 20_000), 1_000);
  bob.down.conditions.rateBps = Infinity;
  world.run(20_000);
  assertGreater(alice.last("bwe_update")!.max_bitrate_bps, 1_500_000);
});
