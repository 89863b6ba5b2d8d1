/**
 * Real VP8 simulcast through the whole core in virtual time, with layers switched in every way; what a viewer gets is
 * decoded with ffmpeg and compared, frame by frame, with a decoding of each encoding as its publisher made it.
 */
import { assertEquals, assertGreater } from "@std/assert";
import { Vp8Depacketizer } from "../../src/processing/vp8_depacketizer.ts";
import { readContent, readPiece } from "../sim/payloads.ts";
import type { SimClient } from "../sim/sim_client.ts";
import { SimWorld } from "../sim/sim_world.ts";
import { type Coded, decodeWithFfmpeg, FilmEncoder, paint, psnr, readCounter, type Size } from "./real_simulcast.ts";

const SIZES: readonly Size[] = [[128, 72], [256, 144], [512, 288]];
const BITRATES_KBPS = [60, 180, 500];
const FPS = 25;
/** Of coded pictures against painted ones; a wrong reference gives 10 to 20. */
const CLEAN_DB = 27;

/** Sound and the base layer of the smallest encoding; and everything of it. */
const NARROW_BPS = 105_000;
const WIDE_BPS = 500_000;

/** One picture that a viewer has put together. */
interface Shown extends Coded {
  readonly frame: number;
  readonly layer: number;
  readonly temporal: number;
}

/** Puts the pictures of one camera together, with the depacketizer of our library. */
function gather(viewer: SimClient, camera: SimClient): Shown[] {
  const shown: Shown[] = [];
  const depacketizer = new Vp8Depacketizer();
  viewer.media!.onPicturePacket = (mid, view) => {
    if (viewer.plan.bindingOf(mid)?.participant !== camera.id) return;
    const whole = view.bytes.slice(view.payloadOffset, view.payloadOffset + view.payloadLength);
    const content = readContent(whole, true);
    if (content === undefined) throw new Error("A packet of somebody else");
    const { sequenceNumber, timestamp, marker } = view;
    const picture = depacketizer.push({ sequenceNumber, timestamp, marker, payload: readPiece(whole) });
    const { frame, layer, temporal } = content;
    if (picture !== undefined) {
      shown.push({ data: picture.data, isKeyframe: picture.isKeyframe, frame, layer, temporal });
    }
  };
  return shown;
}

/** How often one layer followed another: `"0>2"`. */
function switches(shown: readonly Shown[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const [i, { layer }] of shown.entries()) {
    const before = shown[i - 1]?.layer ?? layer;
    if (before !== layer) found.set(`${before}>${layer}`, (found.get(`${before}>${layer}`) ?? 0) + 1);
  }
  return found;
}

/** Decodes what came, and checks every picture against the painted one and against the untouched encodings. */
async function assertClean(shown: readonly Shown[], encoders: readonly FilmEncoder[]): Promise<void> {
  const references = await Promise.all(encoders.map(async ({ pictures, size }) => {
    const decoded = await decodeWithFfmpeg([...pictures.values()], [...pictures.keys()].map(() => size));
    return new Map([...pictures.keys()].map((frame, i) => [frame, decoded[i]!]));
  }));
  const decoded = await decodeWithFfmpeg(shown, shown.map(({ layer }) => SIZES[layer]!));
  for (const [i, { frame, layer }] of shown.entries()) {
    const name = `picture ${i}, frame ${frame} of layer ${layer}`;
    const size = SIZES[layer]!;
    assertEquals(readCounter(decoded[i]!, size), frame, `${name}: the painted number`);
    assertGreater(psnr(decoded[i]!, paint(frame, size), size), CLEAN_DB, `${name}: against what was painted`);
    assertEquals(
      psnr(decoded[i]!, references[layer]!.get(frame)!, size),
      Infinity,
      `${name}: as its publisher made it`,
    );
  }
}

Deno.test("layers that are switched in every way decode without a flaw, frame by frame", async () => {
  using stack = new DisposableStack();
  const encoders = SIZES.map((size, i) => stack.use(new FilmEncoder(size, BITRATES_KBPS[i]!, FPS)));
  const world = new SimWorld({ seed: 7 });
  const alice = publish(world, encoders);
  const bob = watch(world, "bob");
  world.run(1_000);
  const shown = gather(bob, alice);
  // Every step between any two layers, and a pause.
  for (const layer of [2, 0, 1, 2, 1, 0, 2, 0, 1, 0]) {
    const [width, height] = SIZES[layer]!;
    wish(bob, alice, { width, height });
    world.run(1_700);
  }
  wish(bob, alice, { visible: false });
  world.run(1_000);
  wish(bob, alice, { width: 512, height: 288 });
  world.run(3_000);
  // And what bandwidth makes of it.
  for (const rateBps of [420_000, 200_000, 130_000, 110_000, 300_000, 1_000_000, Infinity]) {
    bob.down.conditions.rateBps = rateBps;
    world.run(5_000);
  }
  world.checkClients();
  world.close();

  const found = switches(shown);
  for (const step of ["0>1", "1>2", "0>2", "2>1", "1>0", "2>0"]) {
    assertGreater(found.get(step) ?? 0, 0, `steps ${step}`);
  }
  await assertClean(shown, encoders);
});

Deno.test("temporal layers that come and go at any picture decode without a flaw, frame by frame", async () => {
  using stack = new DisposableStack();
  const encoders = SIZES.map((size, i) => stack.use(new FilmEncoder(size, BITRATES_KBPS[i]!, FPS)));
  const world = new SimWorld({ seed: 8 });
  const alice = publish(world, encoders);
  const viewers = Array.from({ length: 8 }, (_, i) => watch(world, `viewer ${i}`));
  world.run(1_000);
  const films = viewers.map((viewer) => gather(viewer, alice));
  // The smallest encoding only, so that what a path carries changes temporal layers and nothing else.
  for (const viewer of viewers) wish(viewer, alice, { width: SIZES[0]![0], height: SIZES[0]![1] });
  for (let i = 0; i < 6 * viewers.length; i++) {
    const { conditions } = viewers[i % viewers.length]!.down;
    conditions.rateBps = conditions.rateBps === NARROW_BPS ? WIDE_BPS : NARROW_BPS;
    world.run(690);
  }
  world.checkClients();
  world.close();

  const raised = films.reduce((sum, film) => sum + raises(film), 0);
  assertGreater(raised, 2 * viewers.length, "temporal layers come and go");
  for (const film of films) await assertClean(film, encoders);
});

/** Somebody whose camera is the film in three sizes. */
function publish(world: SimWorld, encoders: readonly FilmEncoder[]): SimClient {
  return world.join("alice", {
    kind: "track_map",
    encodings: BITRATES_KBPS.map((kbps) => kbps * 1_000),
    encoders: encoders.map((encoder) => encoder.encode.bind(encoder)),
  });
}

/** A viewer behind a queue that loses nothing: what is missing was left out by the server. */
function watch(world: SimWorld, name: string): SimClient {
  return world.join(name, { kind: "track_map", publish: [], link: { queueMs: 5_000 } });
}

function wish(viewer: SimClient, camera: SimClient, fields: Readonly<Record<string, unknown>>): void {
  viewer.send({
    type: "subscribe",
    from: viewer.id,
    tracks: [{ participant: camera.id, source: "camera", ...fields }],
  });
}

/** How often a higher temporal layer came back after a second with less. */
function raises(shown: readonly Shown[]): number {
  let count = 0;
  let without = 0;
  for (const { temporal } of shown) {
    if (temporal === 2 && without >= FPS / 4) count++;
    without = temporal === 2 ? 0 : without + 1;
  }
  return count;
}
