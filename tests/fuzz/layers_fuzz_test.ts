/** Random layers: descriptors that tell them, viewers that change their mind, and names of encodings nobody offered. */

import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../../src/base/random.ts";
import { distance16 } from "../../src/base/sequence.ts";
import { ScalableBench, type SourcePacket } from "../../src/room/testing_scalable.ts";
import { DependencyDescriptor } from "../../src/rtp/dependency_descriptor.ts";
import { DependencyTemplates } from "../../src/rtp/dependency_templates.ts";
import { SPATIAL_LAYERS } from "../../src/rtp/layer_info.ts";
import { RtpWriter } from "../../src/rtp/rtp_writer.ts";
import { shortDescriptor, structureDescriptor } from "../../src/rtp/testing_descriptors.ts";
import { Vp9Descriptor } from "../../src/rtp/vp9_descriptor.ts";
import { DIALECTS } from "../sim/offer_text.ts";
import { SimWorld } from "../sim/sim_world.ts";
import { below, checkInput, inputCount, mutate, type Rng, seed } from "./harness.ts";

/** Pictures of one viewer before the next begins. */
const PICTURES = 60;
const MAX_TEMPLATES = 64;

const templates = new DependencyTemplates();
const dependencies = new DependencyDescriptor();
const vp9 = new Vp9Descriptor();

function checkDependencies(bytes: Uint8Array): void {
  const known = dependencies.parse(bytes, 0, bytes.length, templates, true);
  assert(templates.count >= 0 && templates.count <= MAX_TEMPLATES && templates.decodeTargets <= 32);
  assert(templates.sizes <= SPATIAL_LAYERS);
  if (!known) return;
  const { spatialLayer, temporalLayer, sizes } = dependencies;
  assert(spatialLayer < SPATIAL_LAYERS && temporalLayer < SPATIAL_LAYERS && sizes <= SPATIAL_LAYERS);
}

function checkVp9(bytes: Uint8Array): void {
  if (!vp9.parse(bytes, 0, bytes.length)) return;
  assert(vp9.headerLength > 0 && vp9.headerLength <= bytes.length);
  assert(vp9.spatialLayer < SPATIAL_LAYERS && vp9.temporalLayer < SPATIAL_LAYERS && vp9.sizes <= SPATIAL_LAYERS);
  assert(vp9.pictureIdOffset < vp9.headerLength && vp9.tl0PicIdxOffset < vp9.headerLength);
  // What lies behind the descriptor does not matter.
  const { headerLength, spatialLayer, pictureId } = vp9;
  assert(vp9.parse(bytes.slice(0, headerLength), 0, headerLength));
  assertEquals([vp9.headerLength, vp9.spatialLayer, vp9.pictureId], [headerLength, spatialLayer, pictureId]);
}

function noise(rng: Rng): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: below(rng, 60) }, () => below(rng, 256));
}

Deno.test("the dependency descriptor's reader survives random and damaged descriptors", () => {
  const rng = seededRandom(seed());
  for (let i = 0; i < inputCount(); i++) {
    const whole = structureDescriptor(below(rng, 64), below(rng, 65_536));
    for (const bytes of [whole, mutate(whole, rng), noise(rng)]) checkInput("dependencies", bytes, checkDependencies);
    checkInput("dependencies", shortDescriptor(below(rng, 64), false, true, i & 0xffff), checkDependencies);
  }
});

Deno.test("the VP9 descriptor's reader survives random and damaged descriptors", () => {
  const rng = seededRandom(seed());
  const bench = new ScalableBench();
  for (let i = 0; i < inputCount(); i++) {
    const payload = Uint8Array.from(bench.picture(rng.next() < 0.3)[below(rng, 6)]!.bytes.subarray(12));
    for (const bytes of [payload, mutate(payload, rng), noise(rng)]) checkInput("VP9", bytes, checkVp9);
  }
});

Deno.test("a viewer of layers that change at random never gets a number twice", () => {
  const base = seed();
  for (let done = 0; done < inputCount(); done += PICTURES) {
    try {
      watch(seededRandom(base + done));
    } catch (cause) {
      throw new Error(`layer switches fail at ${done} (FUZZ_SEED=${base})`, { cause });
    }
  }
});

/** One viewer that changes its mind, while packets come late, twice, damaged or not at all. */
function watch(rng: Rng): void {
  const bench = new ScalableBench();
  let late: SourcePacket[] = [];
  for (let i = 0; i < PICTURES; i++) {
    const { layers } = bench.track;
    if (rng.next() < 0.3) bench.line.select(layers[below(rng, layers.length)], below(rng, 4), bench.now);
    if (rng.next() < 0.03) bench.line.select(undefined, 0, bench.now);
    for (const packet of bench.picture(i === 0 || rng.next() < 0.1)) {
      const fate = rng.next();
      if (fate < 0.05) late.push(packet);
      else if (fate < 0.08) bench.arrive({ ...packet, bytes: mutate(packet.bytes, rng) });
      else if (fate > 0.1) bench.arrive(packet);
      if (fate > 0.97) bench.arrive(packet, true);
    }
    if (rng.next() < 0.5) {
      for (const packet of late) bench.arrive(packet, true);
      late = [];
    }
    const last = bench.received.at(-1);
    if (last !== undefined) bench.repair((last.sequence - below(rng, 20)) & 0xffff);
    bench.now += 33;
  }
  assertNothingTwice(bench.received.filter(({ isRtx }) => !isRtx).map(({ sequence }) => sequence));
  bench.track.close(bench.now);
}

/** Counts rounds of 16 bits as SRTP does (RFC 3711 section 3.3.1): an index used twice gives the key stream away. */
function assertNothingTwice(sequences: readonly number[]): void {
  const used = new Set<number>();
  let highest = sequences[0] ?? 0;
  for (const sequence of sequences) {
    const index = highest + distance16(highest, sequence);
    assert(!used.has(index), `${index} twice`);
    used.add(index);
    highest = Math.max(highest, index);
  }
}

Deno.test("encodings that nobody offered, and names that are none, make nothing grow", () => {
  const rng = seededRandom(seed());
  const world = new SimWorld({ seed: seed() });
  const alice = world.join("alice", { kind: "track_map", encodings: [100_000, 300_000, 900_000] });
  world.join("bob", { kind: "track_map", publish: [] });
  world.run(1_000);
  const dialect = DIALECTS[alice.number % DIALECTS.length]!;
  const writer = new RtpWriter();
  const names = ["q", "h", "f", "x", "", "q\0", "qq", "\u007f", "0123456789abcdef"];
  for (let i = 0; i < Math.min(inputCount(), 2_000); i++) {
    alice.transport?.sendRtp((bytes) => {
      const isRtx = rng.next() < 0.3;
      writer.start(bytes, true, isRtx ? dialect.rtx : dialect.vp8, i & 0xffff, i, 1_000 + below(rng, 5_000), false);
      const put = (id: number, text: string) => {
        const at = writer.extension(id, text.length);
        for (let c = 0; at >= 0 && c < text.length; c++) bytes[at + c] = text.charCodeAt(c);
      };
      put(dialect.extensions.mid, "1");
      const name = rng.next() < 0.2
        ? String.fromCharCode(...noise(rng).subarray(0, 16))
        : names[below(rng, names.length)]!;
      put(isRtx ? dialect.extensions.repairedRid : dialect.extensions.rid, name);
      const at = writer.finish();
      bytes.set([0x90, 0x80, 0x80, 0x01, 0x00, 0x9d], at);
      return at + 6;
    });
    if (i % 100 === 0) world.run(20);
  }
  world.run(3_000);
  const [room] = world.sfu.snapshot(world.now).rooms;
  const camera = room!.participants[0]!.tracks.find(({ source }) => source === "camera");
  assert((camera?.encodings.length ?? 0) <= 3);
  for (const client of world.clients) client.disconnect();
  world.run(1_000);
  assertEquals(world.sfu.snapshot(world.now).packetsInUse, 0);
  world.close();
});
