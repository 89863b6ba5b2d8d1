/// <reference lib="dom" />
/** What the app asks the server for: pictures that are seen, as large as they are seen; and what it says about them. */
import { assert } from "@std/assert";
import type { VideoInput } from "../../mod.ts";
import type { SeaMeetClient } from "../../src/client/mod.ts";
import { onStage } from "./app_stage.ts";
import { cameraOf, type Person, PERSONAS } from "./call_person.ts";
import { Inbox } from "./call_signaling.ts";
import type { Colour } from "./fake_media.ts";
import { flatPicture } from "./media_judge.ts";
import { PATIENCE_MS } from "./patience.ts";
import { onRoomStage, ROOM_CODE } from "./room_stage.ts";

const { ada: ADA, ben: BEN, cleo: CLEO } = PERSONAS;
const BOTS = ["Uno", "Due", "Tre", "Quattro", "Cinque"] as const;

/** Too small for more than four tiles on a page. */
const SMALL = { width: 620, height: 520 };

/** So many pictures each camera gives while is looked whether they come: a second and a half of them. */
const LOOK_FRAMES = 15;

/** What may come in that time of somebody who is not seen: a frame that was on its way. */
const REST = { frames: 1, bytes: 500 } as const;

/** Cameras that count what they give: they run in this process, as the server does, and slow down with it. */
class Cameras {
  readonly #given: Inbox<string> = new Inbox();

  camera(name: string, colour: Colour): VideoInput {
    return {
      read: () => {
        this.#given.add(name);
        return flatPicture(320, 240, colour);
      },
    };
  }

  /** Waits until each has given so many more pictures. */
  async give(names: readonly string[], count: number): Promise<void> {
    const from = this.#given.all.length;
    await this.#given.until((all) => {
      const more = all.slice(from);
      return names.every((name) => more.filter((one) => one === name).length >= count) || undefined;
    }, `${count} pictures of ${names}`);
  }
}

/** What has come of these cameras so far, whether they are shown or not. */
async function came(
  person: Person,
  names: readonly string[],
): Promise<readonly { readonly name: string; readonly frames: number; readonly bytes: number }[]> {
  return await person.page.evaluate(async (names) => {
    const client: SeaMeetClient = Reflect.get(globalThis, "seameetClient");
    const all = [...(await client.peerConnection?.getStats())?.values() ?? []];
    return names.map((name) => {
      const { tracks } = [...client.participants.values()].find(({ displayName }) => displayName === name) ?? {};
      const stats = all.find(({ type, trackIdentifier }) =>
        type === "inbound-rtp" && trackIdentifier === tracks?.camera?.id
      );
      return { name, frames: stats?.framesDecoded ?? 0, bytes: stats?.bytesReceived ?? 0 };
    });
  }, names);
}

/** Waits until the pictures of exactly these come and nothing of the others, while all cameras give pictures. */
async function gets(person: Person, cameras: Cameras, ...expected: string[]): Promise<void> {
  let found: string[] = [];
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end;) {
    const before = await came(person, BOTS);
    await cameras.give(BOTS, LOOK_FRAMES);
    const all = (await came(person, BOTS)).map(({ name, frames, bytes }, i) => ({
      name,
      frames: frames - before[i]!.frames,
      bytes: bytes - before[i]!.bytes,
    }));
    found = all.map(({ name, frames, bytes }) => `${name} ${frames} frames ${bytes} bytes`);
    const isRight = all.every(({ name, frames, bytes }) =>
      expected.includes(name) ? frames > LOOK_FRAMES / 5 : frames <= REST.frames && bytes <= REST.bytes
    );
    if (isRight) return console.log(`asked for ${expected.join(", ") || "nobody"}: ${found.join("; ")}`);
  }
  throw new Error(`Expected pictures of ${expected.join(", ") || "nobody"} only, but: ${found.join("; ")}`);
}

/** Makes the page believe that its tab is in front, or behind another. */
async function setTab(person: Person, state: "visible" | "hidden"): Promise<void> {
  await person.page.evaluate((state) => {
    Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, state);
}

Deno.test("only pictures that are seen are asked for: pages of the grid, the strip of the speaker view, a hidden tab", () =>
  onRoomStage(async ({ room, open }) => {
    const cameras = new Cameras();
    for (const [index, name] of BOTS.entries()) {
      const bot = await room.addBot({ name });
      bot.publishVideo(cameras.camera(name, [40 * index, 90, 200]), { fps: 10 });
    }
    const ada = await open(ADA);
    await ada.page.setViewport(SMALL);
    await ada.enter(ROOM_CODE, { camera: false, mic: false });
    await ada.page.waitForSelector("[data-testid=pager-next]");
    await gets(ada, cameras, "Uno", "Due", "Tre");
    await ada.click("pager-next");
    await gets(ada, cameras, "Quattro", "Cinque");

    await setTab(ada, "hidden");
    await gets(ada, cameras);
    await setTab(ada, "visible");
    await gets(ada, cameras, "Quattro", "Cinque");

    // One large, the others in a strip that does not fit.
    await ada.page.setViewport({ ...SMALL, width: 380 });
    await ada.click("btn-more");
    for (let i = 0; i < 2; i++) await ada.click("more-view");
    await ada.page.keyboard.press("Escape");
    const strip = "[data-testid=video-grid]";
    await ada.waits("show a strip", () => document.querySelector(".stage-spotlight .tile-featured") !== null);
    const seen = () =>
      ada.page.evaluate(() => {
        const { left, right } = document.querySelector("[data-testid=video-grid]")!.getBoundingClientRect();
        return [...document.querySelectorAll("[data-testid=video-tile]:not(.tile-own)")].filter((tile) => {
          const box = tile.getBoundingClientRect();
          return tile.classList.contains("tile-featured") || (box.right > left + 2 && box.left < right - 2);
        }).map((tile) => tile.getAttribute("data-participant") ?? "");
      });
    const first = await seen();
    assert(first.length < BOTS.length, `${first} all fit`);
    await gets(ada, cameras, ...first);
    await ada.page.$eval(strip, (element) => element.scrollTo({ left: element.scrollWidth, behavior: "instant" }));
    const last = await seen();
    assert(last.includes("Cinque") && !first.includes("Cinque"), `${first}, then ${last}`);
    await gets(ada, cameras, ...last);
  }));

Deno.test("a small tile gets a small picture, and the app says why", () =>
  onStage(async ({ enter }) => {
    const [ada, ben, cleo] = [
      await enter(ADA, "blue-calm-owl"),
      await enter(BEN, "blue-calm-owl"),
      await enter(CLEO, "blue-calm-owl"),
    ];
    await ada.shows(cameraOf(ADA), cameraOf(BEN), cameraOf(CLEO));
    // Ben large, Cleo in the strip.
    await ada.page.hover("[data-participant=Ben]");
    await ada.page.locator("[data-participant=Ben] [data-testid=tile-menu]").click();
    await ada.click("tile-pin");
    await ada.waits("say that Cleo's picture is as large as it is shown", () => {
      const bars = document.querySelector("[data-participant=Cleo] [data-testid=tile-quality]");
      return bars?.getAttribute("data-reason") === "requested" &&
        (bars.getAttribute("title") ?? "").includes("as large as it is shown here");
    });
    const lines = () =>
      ada.page.$eval("[data-participant=Cleo] video", (video) =>
        video instanceof HTMLVideoElement ? video.videoHeight : 0);
    // The server says so before the first such picture is shown.
    await ada.waits("get the lower of two encodings", () => {
      const [bars, video] = ["[data-testid=tile-quality]", "video"].map((part) =>
        document.querySelector(`[data-participant=Cleo] ${part}`)
      );
      return bars?.getAttribute("data-layer") === "0" && video instanceof HTMLVideoElement && video.videoHeight <= 240;
    });
    const small = await lines();
    const why = await ada.page.$eval("[data-participant=Cleo] [data-testid=tile-quality]", (bars) =>
      bars.getAttribute("title"));
    console.log(why?.replaceAll("\n", " | "));
    await ada.page.hover("[data-participant=Cleo]");
    await ada.page.locator("[data-participant=Cleo] [data-testid=tile-menu]").click();
    await ada.page.waitForSelector("[data-testid=tile-why]");
    await ada.says("as large as it is shown here");
    await ada.page.keyboard.press("Escape");
    // Our own line has a score.
    await ada.waits("tell the score of our connection", () =>
      Number(document.querySelector(".tile-own [data-testid=tile-quality]")?.getAttribute("data-score")) >= 1);
    await ada.click("btn-more");
    await ada.click("more-stats");
    await ada.waits("tell the reason in the figures", () =>
      [...document.querySelectorAll("[data-testid=stats-why]")].some((line) =>
        line.getAttribute("data-reason") === "requested"
      ));
    const figures = await ada.page.$eval("[data-testid=stats-panel]", (panel) =>
      panel.textContent);
    assert(figures?.includes("of 5"), String(figures));
    await ada.page.keyboard.press("Escape");

    // Shown large, it becomes large.
    await ada.page.hover("[data-participant=Cleo]");
    await ada.page.locator("[data-participant=Cleo] [data-testid=tile-menu]").click();
    await ada.click("tile-pin");
    await ada.waits(
      "show Cleo larger",
      (small) =>
        (document.querySelector<HTMLVideoElement>("[data-participant=Cleo] video")?.videoHeight ?? 0) > small,
      small,
    );
    for (const person of [ben, cleo]) {
      await person.shows(cameraOf(ADA), cameraOf(BEN), cameraOf(CLEO));
    }
    const [before] = await came(ada, ["Ben"]);
    await ada.waits(
      "get more pictures of Ben, and hold none back",
      async (frames) => {
        const client: SeaMeetClient = Reflect.get(globalThis, "seameetClient");
        const ben = [...client.participants.values()].find(({ displayName }) =>
          displayName === "Ben"
        );
        const all = [...(await client.peerConnection?.getStats())?.values() ?? []];
        const now = all.find(({ trackIdentifier }) =>
          trackIdentifier === ben?.tracks.camera?.id
        )?.framesDecoded ?? 0;
        return now > frames && document.querySelector("[data-testid=tile-held]") === null;
      },
      before!.frames,
    );
  }));
