/** A camera sent in spatial layers of one stream, by real browsers: each viewer decodes what it shows. */
import { assertEquals, assertGreater, assertLess } from "@std/assert";
import type { VideoCodec } from "../../src/client/mod.ts";
import { launchChromium } from "./browser.ts";
import { LayersPerson, type LayersServer, startLayersServer } from "./layers_stage.ts";
import { clockOf, startClock } from "./page_clock.ts";
import { covered, machine } from "./patience.ts";

/** Large enough for three layers: browsers halve twice, to even numbers. */
const CAMERA = { width: 960, height: 544, fps: 10 };

async function watches(
  person: LayersPerson,
  other: LayersPerson,
  height: number,
): Promise<Awaited<ReturnType<LayersPerson["seen"]>>> {
  const start = await person.seen(other);
  return await person.until(
    other,
    `see a picture of ${height} lines`,
    (seen) => seen.height === height && seen.framesDecoded > start.framesDecoded + 10,
  );
}

/** So many more frames. */
async function goesOn(person: LayersPerson, other: LayersPerson, frames: number): Promise<void> {
  const before = await person.seen(other);
  await person.until(other, "go on", (seen) => seen.framesDecoded > before.framesDecoded + frames);
}

async function followsTheViews(server: LayersServer, videoCodec: VideoCodec, mimeType: string): Promise<void> {
  const browser = await launchChromium();
  try {
    const ada = await LayersPerson.join(browser, server, { name: "Ada", camera: CAMERA, options: { videoCodec } });
    const ben = await LayersPerson.join(browser, server, { name: "Ben" });
    const cleo = await LayersPerson.join(browser, server, { name: "Cleo" });
    await watches(ben, ada, CAMERA.height);
    const seen = await watches(cleo, ada, CAMERA.height);
    assertEquals(seen.codec, mimeType);
    const [sent] = (await ada.sent()).filter(({ codec }) => codec === mimeType);
    assertEquals(sent?.mode, "L3T3");

    await startClock(cleo.page);
    const startedAt = Date.now();
    const start = [await ben.seen(ada), await cleo.seen(ada)] as const;
    await cleo.shows(ada, 240, 136);
    const small = await watches(cleo, ada, CAMERA.height / 4);
    // Ben sees the same stream: one that his page asked for, because something was lost on a busy machine, comes to Cleo too.
    const others = (await ben.seen(ada)).picturesLost - start[0].picturesLost + small.picturesLost -
      start[1].picturesLost;
    const keyframes = small.keyFramesDecoded - start[1].keyFramesDecoded;
    assertLess(
      keyframes,
      1 + others,
      `going down takes no keyframe; ${others} were asked for by the pages; ${machine()}`,
    );
    assertEquals((await cleo.quality(ada))?.reason, "requested");
    const [bytesBen, bytesCleo] = [(await ben.seen(ada)).bytes, (await cleo.seen(ada)).bytes];
    await goesOn(ben, ada, 30);
    const [moreBen, moreCleo] = [(await ben.seen(ada)).bytes - bytesBen, (await cleo.seen(ada)).bytes - bytesCleo];
    assertLess(moreCleo, moreBen / 2, "the small picture costs less");

    await cleo.shows(ada, 480, 272);
    await watches(cleo, ada, CAMERA.height / 2);
    await cleo.shows(ada, CAMERA.width, CAMERA.height);
    await watches(cleo, ada, CAMERA.height);
    await goesOn(cleo, ada, 20);
    assertEquals((await cleo.quality(ada))?.layers, 3);
    const end = [await ben.seen(ada), await cleo.seen(ada)] as const;
    assertEquals(end[0].height, CAMERA.height);
    // A busy machine's encoder stands still for both; what Cleo's own page had no time for is no fault either. A switch must not add to it.
    const [frozenBen, frozenCleo] = end.map(({ freezeSeconds }, i) => freezeSeconds - start[i]!.freezeSeconds);
    const [framesBen, framesCleo] = end.map(({ framesDecoded }, i) => framesDecoded - start[i]!.framesDecoded);
    const { stalls } = await clockOf(cleo.page);
    const lostMs = covered(stalls, { from: startedAt, to: Date.now() });
    const text = `${mimeType}: ${framesCleo} frames of ${framesBen}, still for ${frozenCleo} s of ${frozenBen} s; ` +
      `the machine gave the page no time for ${lostMs} ms; ${machine()}`;
    console.log(text);
    assertLess(frozenCleo!, frozenBen! + 0.6 + lostMs / 1_000, text);
    assertGreater(framesCleo!, framesBen! - 10 - lostMs * CAMERA.fps / 1_000, text);
  } finally {
    await browser.close();
  }
}

Deno.test("VP9: a small view gets the small layer, a large one all of them, and neither stands still", async () => {
  await using server = await startLayersServer();
  await followsTheViews(server, "vp9", "video/VP9");
});

Deno.test("AV1: a small view gets the small layer, a large one all of them, and neither stands still", async () => {
  await using server = await startLayersServer();
  await followsTheViews(server, "av1", "video/AV1");
});

Deno.test("AV1: whoever comes to the line of somebody who has left is seen at once", async () => {
  await using server = await startLayersServer();
  const browser = await launchChromium();
  try {
    const camera = { camera: CAMERA, options: { videoCodec: "av1" } } as const;
    const ada = await LayersPerson.join(browser, server, { name: "Ada", ...camera });
    const ben = await LayersPerson.join(browser, server, { name: "Ben" });
    await watches(ben, ada, CAMERA.height);
    // The later the last keyframe, the higher the number that the next person's frames must not fall below.
    await goesOn(ben, ada, 30);
    await ben.shows(ada, 240, 136);
    await watches(ben, ada, CAMERA.height / 4);
    await ben.shows(ada, CAMERA.width, CAMERA.height);
    await watches(ben, ada, CAMERA.height);
    const { mid } = await ben.seen(ada);
    await ada.page.goto("about:blank");
    await ben.loses(ada);
    const cleo = await LayersPerson.join(browser, server, { name: "Cleo", ...camera });
    const first = await ben.until(cleo, "see anything", ({ height }) => height > 0);
    assertEquals(first.mid, mid, "on the same line");
    await watches(ben, cleo, CAMERA.height);
  } finally {
    await browser.close();
  }
});
