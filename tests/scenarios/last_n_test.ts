import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import type { SimClient } from "../sim/sim_client.ts";
import type { SimWorld } from "../sim/sim_world.ts";
import { scenario } from "../sim/scenario.ts";

const LOUD = 20;
const SILENT = 127;
/** A picture is live when its newest frame is younger. */
const FRESH_MS = 150;
/** Small ones: what counts is which of them comes. */
const SIMULCAST = { encodings: [40_000, 80_000, 160_000] };

/** So many publishers, and a viewer that only looks on. */
function room(world: SimWorld, count: number, options = {}): { people: SimClient[]; viewer: SimClient } {
  const people: SimClient[] = [];
  for (let i = 0; i < count; i++) {
    people.push(world.join(`person ${i}`, { kind: "track_map", audioLevel: SILENT, ...options }));
    world.run(50);
  }
  const viewer = world.join("viewer", { kind: "track_map", publish: [] });
  world.run(1_500);
  return { people, viewer };
}

function say(world: SimWorld, person: SimClient, duration: number): void {
  person.sender("microphone").audioLevel = LOUD;
  world.run(duration);
  person.sender("microphone").audioLevel = SILENT;
  world.run(1_000);
}

/** Whose camera the viewer sees live. */
function seen(world: SimWorld, viewer: SimClient, people: readonly SimClient[]): number[] {
  const isLive = (lastAt: number | undefined) => lastAt !== undefined && world.now - lastAt < FRESH_MS;
  return people.flatMap((person, i) => isLive(viewer.tile(person).lastAt) ? [i] : []);
}

/** Why the camera of `person` comes as it does, as the viewer was told last. */
function reason(viewer: SimClient, person: SimClient): string | undefined {
  const entries = viewer.all("track_quality").flatMap(({ tracks }) => tracks);
  return entries.findLast(({ participant, source }) => participant === person.id && source === "camera")?.reason;
}

function subscribe(viewer: SimClient, ...tracks: readonly Readonly<Record<string, unknown>>[]): void {
  viewer.send({ type: "subscribe", from: viewer.id, tracks });
}

scenario("of many cameras a viewer gets those of the last speakers, and is told why not the others", (world) => {
  const { people, viewer } = room(world, 5);
  const offers = viewer.all("answer").length;
  assertEquals(seen(world, viewer, people), [0, 1], "nobody has spoken: as they came");
  assertEquals(reason(viewer, people[4]!), "server_load");
  say(world, people[4]!, 1_000);
  assertEquals(seen(world, viewer, people), [0, 4]);
  say(world, people[2]!, 1_000);
  assertEquals(seen(world, viewer, people), [2, 4]);
  assertEquals([reason(viewer, people[2]!), reason(viewer, people[0]!)], ["ok", "server_load"]);
  say(world, people[4]!, 1_000);
  assertEquals(seen(world, viewer, people), [2, 4], "who is shown already pushes nobody out");
  assertEquals(viewer.all("answer").length, offers, "no offer was needed");
  assertEquals(seen(world, people[4]!, people), [0, 2], "for a speaker the others count");
}, { limits: { lastN: 2 } });

scenario("whoever begins to speak is shown at once, with a keyframe that was asked for", (world) => {
  const { people, viewer } = room(world, 4, SIMULCAST);
  world.run(7_000);
  const speaker = people[3]!;
  const before = viewer.tile(speaker).frames;
  assertLess(before, 10, "hardly anything of it was shown");
  const asked = speaker.media!.encodings.reduce((sum, { plis }) => sum + plis.length, 0);
  const from = world.now;
  speaker.sender("microphone").audioLevel = LOUD;
  world.run(600);
  const tile = viewer.tile(speaker);
  const [first = Infinity] = tile.shownAt.filter((at) => at > from);
  // 60 ms until the average is loud, 100 ms of speech, a request and the next picture: below a third of a second.
  assert(first - from < 330, `shown ${first - from} ms after the first sound`);
  assertGreater(speaker.media!.encodings.reduce((sum, { plis }) => sum + plis.length, 0), asked);
  world.run(8_000);
  assertEquals(tile.layer, 2, "its publisher has switched the best encoding on again");
}, { limits: { lastN: 2 } });

scenario("what a viewer pins, and every screen, is sent beside the last speakers", (world) => {
  const { people, viewer } = room(world, 5);
  subscribe(viewer, { participant: people[3]!.id, source: "camera", priority: 5 });
  people[4]!.shareScreen();
  world.run(1_500);
  assertEquals(seen(world, viewer, people), [0, 1, 3]);
  assert(world.now - viewer.tile(people[4]!, "screen").lastAt! < FRESH_MS);
  subscribe(viewer, { participant: people[0]!.id, source: "camera", visible: false });
  world.run(1_500);
  assertEquals(
    seen(world, viewer, people),
    [1, 2],
    "what cannot be seen takes no place, what is not pinned any more goes",
  );
  people[1]!.mute("video");
  world.run(1_500);
  assertEquals(seen(world, viewer, people), [2, 3], "nor does a camera that is off");
}, { limits: { lastN: 2 } });

scenario("under stress the server sends less step by step, says so, and recovers step by step", (world) => {
  const { people, viewer } = room(world, 4, SIMULCAST);
  world.run(8_000);
  const tell = (level: number, seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      world.tellLoad(level);
      world.run(1_000);
    }
  };
  assertEquals(seen(world, viewer, people).length, 4);
  assertEquals(viewer.tile(people[0]!).layer, 2);
  people[3]!.shareScreen();
  tell(1.5, 4);
  assertEquals([viewer.tile(people[0]!).layer, reason(viewer, people[0]!)], [1, "server_load"]);
  assertEquals(seen(world, viewer, people).length, 4);
  tell(1.5, 20);
  say(world, people[2]!, 1_500);
  assertEquals(seen(world, viewer, people), [2], "the speaker stays");
  assertEquals(viewer.tile(people[2]!).layer, 0);
  assert(world.now - viewer.tile(people[3]!, "screen").lastAt! < FRESH_MS, "screens stay");
  const steps = world.loads.map(({ change }) => change.step);
  assertEquals(steps, [1, 2, 3, 4, 5, 6, 7]);
  const busiest = world.sfu.snapshot(world.now).load;
  assertEquals([busiest.step, busiest.lastN, busiest.level], [7, 1, 1.5]);
  tell(0.8, 12);
  assertEquals(world.loads.length, 7, "neither more nor less in between");
  tell(0.2, 80);
  assertEquals(world.loads.slice(7).map(({ change }) => change.step), [6, 5, 4, 3, 2, 1, 0]);
  assertEquals(seen(world, viewer, people).length, 4);
  world.run(5_000);
  assertEquals([viewer.tile(people[0]!).layer, reason(viewer, people[0]!)], [2, "ok"]);
});
