import { assert, assertEquals } from "@std/assert";
import { SWITCH_OFF_MS, TrackDemand } from "./track_demand.ts";
import { ScalableBench } from "./testing_scalable.ts";

/** A VP9 camera of three layers that has been seen, and what its publisher was told. */
function start(): { bench: ScalableBench; demand: TrackDemand } {
  const bench = new ScalableBench();
  const demand = new TrackDemand(bench.track, bench.now);
  bench.play(4, true);
  assertEquals(demand.update(true, bench.now), false, "everything is of use, which need not be said");
  return { bench, demand };
}

/** What is told once enough time has passed. */
function later(bench: ScalableBench, demand: TrackDemand): readonly string[] {
  demand.update(true, bench.now);
  bench.now += SWITCH_OFF_MS;
  demand.update(true, bench.now);
  return demand.used;
}

Deno.test("layers that nobody can use are told after a while, all of them where nobody watches", () => {
  const { bench, demand } = start();
  bench.line.usefulTop = 0;
  assertEquals(demand.update(true, bench.now + SWITCH_OFF_MS - 100), false, "viewers look around");
  assertEquals([later(bench, demand), demand.count], [["0"], 3]);
  assertEquals(bench.track.layers.map(({ spared }) => spared), [false, true, true]);
  assertEquals(bench.track.asleep, false);
  bench.line.usefulTop = -1;
  assertEquals(later(bench, demand), []);
  assert(bench.track.asleep);
});

Deno.test("what somebody wants is told at once, and a viewer of which nothing is known wants all", () => {
  const { bench, demand } = start();
  bench.line.usefulTop = -1;
  later(bench, demand);
  bench.line.usefulTop = 1;
  assert(demand.update(false, bench.now));
  assertEquals([demand.used, demand.isWhole, bench.track.asleep], [["0", "1"], false, false]);
  bench.line.attach(undefined, bench.now);
  bench.line.attach(bench.track, bench.now);
  assert(demand.update(false, bench.now));
  assertEquals([demand.used, demand.isWhole], [["0", "1", "2"], true]);
});

Deno.test("less is never told in passing: a wake-up only adds", () => {
  const { bench, demand } = start();
  bench.line.usefulTop = -1;
  bench.now += 10 * SWITCH_OFF_MS;
  assertEquals(demand.update(false, bench.now), false);
  assertEquals(demand.isWhole, true);
});

Deno.test("layers that have been silent for long are none, unless the publisher was told that nobody uses them", () => {
  const { bench, demand } = start();
  assertEquals(bench.track.layersThere(bench.now), 3);
  bench.line.usefulTop = 1;
  later(bench, demand);
  for (let i = 0; i < 20; i++) {
    for (const packet of bench.picture(i === 0)) if (packet.spatial === 0) bench.arrive(packet);
    bench.now += 1_000;
  }
  assertEquals(bench.track.layersThere(bench.now), 2, "the middle one has gone, the highest is spared");
});
