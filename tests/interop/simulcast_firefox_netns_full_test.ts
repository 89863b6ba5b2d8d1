/**
 * Simulcast of Firefox, seen in Chromium: each viewer decodes the encoding that it shows, and what nobody shows is not
 * encoded. Runs in a network namespace: Firefox sends no media to 127.0.0.0/8.
 */
import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import type { Browser } from "puppeteer-core";
import { lanAddress, launchChromium, launchFirefox } from "./browser.ts";
import type { LayersPage, Seen, Sent } from "./layers_page.ts";
import { LayersPerson, startLayersServer } from "./layers_stage.ts";
import { PATIENCE_MS } from "./patience.ts";

/** Large enough for three encodings; few pictures, since the machine encodes them all. */
const LARGE = { width: 960, height: 540, fps: 10 };
/** The size that the app asks for when it is told nothing else: two encodings. */
const USUAL = { width: 640, height: 480, fps: 10 };

/** The server waits before it tells a publisher that an encoding is of no use to anybody. */
const QUIET_FRAMES = 30;

async function watches(person: LayersPerson, other: LayersPerson, height: number): Promise<Seen> {
  const { framesDecoded } = await person.seen(other);
  return await person.until(
    other,
    `see a picture of ${height} lines`,
    (seen) => seen.height === height && seen.framesDecoded > framesDecoded + 10,
  );
}

/** What comes in while so many frames are decoded. */
async function bytesOf(person: LayersPerson, other: LayersPerson, frames: number): Promise<number> {
  const before = await person.seen(other);
  const after = await person.until(other, "go on", (seen) => seen.framesDecoded > before.framesDecoded + frames);
  return after.bytes - before.bytes;
}

async function encodingOf(publisher: LayersPerson, rid: string): Promise<Sent> {
  const found = (await publisher.sent()).find((sent) => sent.rid === rid);
  assert(found !== undefined, `${publisher.name} has no encoding ${rid}`);
  return found;
}

/** Waits until one encoding stands still while the worst goes on. */
async function stopsSending(publisher: LayersPerson, rid: string): Promise<void> {
  await publisher.page.waitForFunction(
    async (rid: string, quiet: number) => {
      const page: LayersPage = Reflect.get(globalThis, "layers");
      const sent = await page.sent();
      const framesOf = (rid: string) => sent.find((one) => one.rid === rid)?.frames ?? 0;
      const since = Reflect.get(globalThis, "stillSince") ?? { frames: -1, worst: 0 };
      if (framesOf(rid) !== since.frames) {
        Reflect.set(globalThis, "stillSince", { frames: framesOf(rid), worst: framesOf("q") });
        return false;
      }
      return framesOf("q") > since.worst + quiet;
    },
    { polling: 200, timeout: PATIENCE_MS },
    rid,
    QUIET_FRAMES,
  );
}

async function withFirefox(test: (firefox: Browser, chromium: Browser) => Promise<void>): Promise<void> {
  const browsers: Browser[] = [];
  try {
    const firefox = await launchFirefox();
    browsers.push(firefox);
    const chromium = await launchChromium();
    browsers.push(chromium);
    await test(firefox, chromium);
  } finally {
    for (const browser of browsers) await browser.close();
  }
}

Deno.test("a small view gets Firefox's small encoding, a large one the large, and what nobody shows is not encoded", async () => {
  await using server = await startLayersServer(lanAddress());
  await withFirefox(async (firefox, chromium) => {
    const ada = await LayersPerson.join(firefox, server, { name: "Ada", camera: LARGE });
    const ben = await LayersPerson.join(chromium, server, { name: "Ben" });
    const cleo = await LayersPerson.join(chromium, server, { name: "Cleo" });
    await watches(ben, ada, LARGE.height);
    await watches(cleo, ada, LARGE.height);
    assertEquals((await cleo.quality(ada))?.layers, 3);

    await cleo.shows(ada, LARGE.width / 4, LARGE.height / 4);
    const small = await watches(cleo, ada, LARGE.height / 4);
    assertEquals([small.width, (await cleo.quality(ada))?.reason], [LARGE.width / 4, "requested"]);
    const [benBytes, cleoBytes] = await Promise.all([bytesOf(ben, ada, 30), bytesOf(cleo, ada, 30)]);
    assertLess(cleoBytes, benBytes / 2, "the small picture costs less");
    assertEquals((await ben.seen(ada)).height, LARGE.height, "the other viewer keeps the large one");
    await cleo.shows(ada, LARGE.width / 2, LARGE.height / 2);
    await watches(cleo, ada, LARGE.height / 2);

    for (const viewer of [ben, cleo]) await viewer.shows(ada, LARGE.width / 4, LARGE.height / 4);
    for (const viewer of [ben, cleo]) await watches(viewer, ada, LARGE.height / 4);
    await stopsSending(ada, "f");
    const stopped = (await encodingOf(ada, "f")).frames;

    await cleo.shows(ada, LARGE.width, LARGE.height);
    await watches(cleo, ada, LARGE.height);
    assertGreater((await encodingOf(ada, "f")).frames, stopped, "encoded again");
    assertEquals((await ben.seen(ada)).height, LARGE.height / 4);
  });
});

Deno.test("of a small camera Firefox sends two encodings, and each view gets its own", async () => {
  await using server = await startLayersServer(lanAddress());
  await withFirefox(async (firefox, chromium) => {
    const ada = await LayersPerson.join(firefox, server, { name: "Ada", camera: USUAL });
    const ben = await LayersPerson.join(chromium, server, { name: "Ben" });
    await watches(ben, ada, USUAL.height);
    await ben.shows(ada, USUAL.width / 2, USUAL.height / 2);
    await watches(ben, ada, USUAL.height / 2);
    await ben.shows(ada, USUAL.width, USUAL.height);
    await watches(ben, ada, USUAL.height);
    assertEquals((await encodingOf(ada, "f")).frames, 0, "there is nothing better than the whole picture");
  });
});
