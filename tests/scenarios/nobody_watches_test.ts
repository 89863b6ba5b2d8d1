/** Publishers send nothing that nobody watches, and are seen at once when somebody does. */
import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import type { TrackSource } from "../../src/room/track_source.ts";
import type { SimClient } from "../sim/sim_client.ts";
import { scenario } from "../sim/scenario.ts";
import type { SimWorld } from "../sim/sim_world.ts";

const SIMULCAST = [150_000, 500_000, 1_500_000];
/** Until a publisher is told to stop, reports included. */
const UNTIL_OFF_MS = 8_000;

function shows(viewer: SimClient, other: SimClient, source: TrackSource, fields: Record<string, unknown>): void {
  viewer.send({ type: "subscribe", from: viewer.id, tracks: [{ participant: other.id, source, ...fields }] });
}

/** Packets of picture that somebody sends. */
function sent(person: SimClient): number {
  return person.media!.encodings.filter(({ isVideo }) => isVideo).reduce((sum, { packets }) => sum + packets, 0);
}

/** How long until the first picture is there that is shown from now on. */
function untilSeen(world: SimWorld, viewer: SimClient, other: SimClient, source: TrackSource = "camera"): number {
  const from = world.now;
  world.run(3_000);
  const [first = Infinity] = viewer.tile(other, source).shownAt.filter((at) => at > from);
  return first - from;
}

/** The newest quality that a viewer was told of a track. */
function quality(viewer: SimClient, other: SimClient, source: TrackSource = "camera") {
  return viewer.all("track_quality").flatMap(({ tracks }) => tracks)
    .findLast((track) => track.participant === other.id && track.source === source);
}

function goesDark(world: SimWorld, publisher: SimClient): void {
  world.run(UNTIL_OFF_MS);
  const before = sent(publisher);
  world.run(10_000);
  assertEquals(sent(publisher) - before, 0, "nothing is sent that nobody watches");
}

for (const [name, encodings] of [["one encoding", [500_000]], ["three encodings", SIMULCAST]] as const) {
  scenario(
    `a camera of ${name} that everybody hides is switched off, and is there at once when it is shown`,
    (world) => {
      const alice = world.join("alice", { kind: "track_map", encodings });
      const bob = world.join("bob", { kind: "track_map", publish: [] });
      const carol = world.join("carol", { kind: "track_map", publish: [] });
      world.run(5_000);
      assertGreater(bob.tile(alice).frames, 50);
      shows(bob, alice, "camera", { visible: false });
      world.run(10_000);
      const [before, seen] = [sent(alice), carol.tile(alice).frames];
      world.run(2_000);
      assertGreater(sent(alice), before, "somebody still watches");
      assertGreater(carol.tile(alice).frames, seen);

      shows(carol, alice, "camera", { visible: false });
      goesDark(world, alice);
      assertEquals(quality(bob, alice)?.reason, "hidden");

      shows(bob, alice, "camera", { visible: true });
      assertLess(untilSeen(world, bob, alice), 300);
      world.run(5_000);
      assertEquals(quality(bob, alice)?.reason, "ok");
      assertEquals(bob.tile(alice).layer, encodings.length === 1 ? 2 : encodings.length - 1);
      for (const viewer of [bob, carol]) assertEquals(viewer.receiver(alice).pictureIdJumps, 0);
    },
  );
}

scenario("somebody alone sends no picture; whoever comes sees it as soon as one that is sent", (world) => {
  /** From the join of a viewer to its first picture. */
  const untilFirst = (publisher: SimClient, name: string) => {
    const from = world.now;
    const viewer = world.join(name, { kind: "track_map", publish: [], room: publisher.room });
    world.run(4_000);
    return { viewer, time: viewer.tile(publisher).firstAt! - from };
  };
  const watched = world.join("watched", { kind: "track_map", encodings: [500_000], room: "other" });
  world.join("watcher", { kind: "track_map", publish: [], room: "other" });
  const alone = world.join("alone", { kind: "track_map", encodings: [500_000] });
  goesDark(world, alone);
  const { time: usual } = untilFirst(watched, "second watcher");
  const { time, viewer } = untilFirst(alone, "first watcher");
  assert(time < usual + 50, `${time} ms, where another one takes ${usual} ms`);
  assertEquals(viewer.receiver(alone).undecodable, 0);
});

scenario("a screen that everybody hides is switched off, and is there at once when it is shown", (world) => {
  const alice = world.join("alice", { kind: "track_map", publish: ["microphone"] });
  const bob = world.join("bob", { kind: "track_map", publish: [] });
  world.run(1_000);
  alice.shareScreen();
  world.run(3_000);
  assertGreater(bob.tile(alice, "screen").frames, 30);
  shows(bob, alice, "screen", { visible: false });
  goesDark(world, alice);
  shows(bob, alice, "screen", {});
  assertLess(untilSeen(world, bob, alice, "screen"), 300);
});

scenario("a camera that nobody is sent because of lastN is switched off until its owner speaks", (world) => {
  const people = ["a", "b", "c"].map((name) =>
    world.join(name, { kind: "track_map", audioLevel: 127, encodings: [300_000] })
  );
  const viewer = world.join("viewer", { kind: "track_map", publish: [] });
  const [, , last] = people;
  world.run(2_000);
  // Each publisher sees the other two; of three cameras one at a time is left out for the viewer only.
  for (const person of people) person.send({ type: "subscribe", from: person.id, tracks: hidden(people) });
  goesDark(world, last!);
  last!.sender("microphone").audioLevel = 20;
  const time = untilSeen(world, viewer, last!);
  assert(time < 400, `${time} ms`);
}, { limits: { lastN: 2 } });

function hidden(people: readonly SimClient[]): Record<string, unknown>[] {
  return people.map(({ id }) => ({ participant: id, source: "camera", visible: false }));
}

scenario("whoever watches inside the server counts, and gets the best of what is sent", (world) => {
  const alice = world.join("alice", { kind: "track_map", encodings: SIMULCAST });
  goesDark(world, alice);
  let heard = 0;
  const listener = world.inside((local, now) => local.listen("room", alice.id, "camera", () => heard++, now))!;
  world.run(1_000);
  assertGreater(heard, 20);
  world.run(15_000);
  assertEquals(alice.media!.encodings.filter(({ isVideo }) => isVideo).map(({ active }) => active), [true, true, true]);
  const before = heard;
  world.run(2_000);
  assertGreater(heard - before, 300, "the best encoding");
  world.inside((_, now) => listener.close(now));
  goesDark(world, alice);
});

scenario("a client of the basic protocol is told nothing of this, and goes on sending", (world) => {
  const alice = world.join("alice", { encodings: [500_000] });
  const bob = world.join("bob", { kind: "track_map", publish: [] });
  world.run(3_000);
  shows(bob, alice, "camera", { visible: false });
  world.run(15_000);
  assertEquals([alice.all("video_demand").length, alice.all("encodings").length], [0, 0]);
  const before = sent(alice);
  world.run(1_000);
  assertGreater(sent(alice), before);
  shows(bob, alice, "camera", {});
  assertLess(untilSeen(world, bob, alice), 300);
});

scenario("a viewer whose path carries no picture still counts: the publisher is not switched on and off", (world) => {
  const alice = world.join("alice", { kind: "track_map", encodings: SIMULCAST });
  const bob = world.join("bob", { kind: "track_map", publish: [] });
  bob.down.conditions.rateBps = 110_000;
  world.run(30_000);
  assertEquals(quality(bob, alice)?.reason, "bandwidth");
  assert(alice.media!.encodings.some(({ isVideo, active }) => isVideo && active));
});

scenario("a publisher that comes back to its session learns what it has missed", (world) => {
  const resuming = { kind: "track_map", join: { capabilities: ["track_map", "resume"] } } as const;
  const alice = world.join("alice", { ...resuming, encodings: [500_000] });
  const bob = world.join("bob", { kind: "track_map", publish: [] });
  world.run(3_000);
  shows(bob, alice, "camera", { visible: false });
  goesDark(world, alice);
  alice.loseSocket();
  world.run(1_000);
  shows(bob, alice, "camera", {});
  world.run(1_000);
  const from = world.now;
  alice.resume();
  world.run(2_000);
  const [first = Infinity] = bob.tile(alice).shownAt.filter((at) => at > from);
  assertLess(first - from, 500);
});

scenario("two encodings of three that were negotiated are two, and one that nobody uses still counts", (world) => {
  const alice = world.join("alice", { kind: "track_map", encodings: SIMULCAST });
  const bob = world.join("bob", { kind: "track_map", publish: [] });
  // As Chromium does below 960×540.
  while (alice.media?.senders.has("camera") !== true) world.run(1);
  alice.sender().active = false;
  world.run(6_000);
  assertEquals([quality(bob, alice)?.layer, quality(bob, alice)?.layers, quality(bob, alice)?.reason], [1, 2, "ok"]);
  shows(bob, alice, "camera", { width: 100, height: 60 });
  world.run(20_000);
  assertEquals([quality(bob, alice)?.layer, quality(bob, alice)?.layers, quality(bob, alice)?.reason], [
    0,
    2,
    "requested",
  ]);
});
