import { assert, assertEquals } from "@std/assert";
import { type Received, ScalableBench } from "./testing_scalable.ts";

/** Spatial layers of each picture that came, the one with the marker in brackets. */
function pictures(received: readonly Received[]): string[] {
  const texts = new Map<number, string>();
  for (const { picture, spatial, marker } of received) {
    texts.set(picture, (texts.get(picture) ?? "") + (marker ? `[${spatial}]` : spatial));
  }
  return [...texts.values()];
}

function assertContinuous(received: readonly Received[]): void {
  for (let i = 1; i < received.length; i++) {
    assertEquals((received[i]!.sequence - received[i - 1]!.sequence) & 0xffff, 1, `packet ${i}`);
  }
}

Deno.test("the layers of a VP9 stream are choices for viewers, with their sizes and rates", () => {
  const bench = new ScalableBench();
  bench.play(90, true);
  const { layers } = bench.track;
  assertEquals(layers.map(({ width, height }) => [width, height]), [[160, 90], [320, 180], [640, 360]]);
  const rates = layers.map(({ rates }) => rates.upTo(3));
  assert(rates[0]! > 0 && Math.abs(rates[2]! / rates[0]! - 3) < 0.3, rates.join());
  assert(layers.every((layer) => layer.isAlive(bench.now)));
  assertEquals(bench.line.target, layers[2], "who got all of it gets all layers");
});

Deno.test("a viewer goes down without a keyframe and up with one, and sees no gap", () => {
  const bench = new ScalableBench();
  bench.play(4, true);
  const asked = bench.keyframesWanted;
  const { layers } = bench.track;
  bench.line.select(layers[0], 3, bench.now);
  bench.play(4);
  assertEquals(bench.keyframesWanted, asked);
  bench.line.select(layers[1], 3, bench.now);
  assert(bench.keyframesWanted > asked);
  bench.play(2);
  bench.play(2, true);
  assertEquals(pictures(bench.received), [
    ...new Array(4).fill("00112[2]"),
    ...new Array(6).fill("0[0]"),
    ...new Array(2).fill("001[1]"),
  ]);
  assertContinuous(bench.received);
  assertEquals(
    bench.received.map(({ picture }) => picture),
    bench.received.map(({ picture }) => picture).sort((a, b) => a - b),
  );
});

Deno.test("temporal layers are left out without a gap in the numbers, and picture ids keep their distances", () => {
  const bench = new ScalableBench();
  bench.play(1, true);
  bench.line.select(bench.track.layers[2], 0, bench.now);
  bench.play(12);
  assert(bench.received.every(({ temporal }) => temporal === 0));
  assertEquals([...new Set(bench.received.map(({ picture }) => picture))], [0, 4, 8, 12]);
  assertContinuous(bench.received);
});

Deno.test("a retransmission repeats the marker that the viewer's copy had", () => {
  const bench = new ScalableBench();
  bench.play(1, true);
  bench.line.select(bench.track.layers[0], 3, bench.now);
  bench.play(1);
  const last = bench.received.at(-1)!;
  assertEquals([last.spatial, last.marker], [0, true]);
  bench.play(3);
  assertEquals(bench.repair(last.sequence), 1);
  const again = bench.received.at(-1)!;
  assertEquals([again.isRtx, again.repeats, again.marker, again.picture], [true, last.sequence, true, last.picture]);
});

Deno.test("packets of a picture that come late belong to it as it was sent", () => {
  const bench = new ScalableBench();
  bench.play(2, true);
  const torn = bench.picture(false);
  for (const packet of torn.slice(0, 5)) bench.arrive(packet);
  bench.line.select(bench.track.layers[0], 3, bench.now);
  bench.play(2);
  bench.arrive(torn[5]!, true);
  assertEquals(pictures(bench.received).slice(2), ["00112[2]", "0[0]", "0[0]"]);
  assertEquals(new Set(bench.received.map(({ sequence }) => sequence)).size, bench.received.length);
});
