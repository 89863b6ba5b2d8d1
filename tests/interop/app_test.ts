/// <reference lib="dom" />
/** What people do in the app, judged by what the others see, hear and read. */
import { assert, assertEquals } from "@std/assert";
import { onStage, watchOf } from "./app_stage.ts";
import type { CallProbe } from "./call_probe.ts";
import { avatarOf, cameraOf, type Person, PERSONAS, screenOf, voiceOf } from "./call_person.ts";
import { clockOf, measure, startClock, watchPictures } from "./page_clock.ts";
import { Stalls } from "./patience.ts";

const { ada: ADA, ben: BEN, cleo: CLEO } = PERSONAS;
const ROOM = "blue-calm-owl";
const SILENT = { camera: false, mic: false } as const;

/** After this no frame of a camera that was switched off may come any more, by the time that the machine gives. */
const FRAMES_STOP_MS = 1_000;

async function framesOf(person: Person, name: string): Promise<number> {
  const tiles = await person.page.evaluate(() => {
    const probe: CallProbe = Reflect.get(globalThis, "callProbe");
    return probe.tiles();
  });
  return tiles.find((tile) => tile.name === name)?.frames ?? -1;
}

/** Time by the page's own clock. */
async function passes(person: Person, milliseconds: number): Promise<void> {
  await person.page.evaluate((ms) => new Promise((resolve) => setTimeout(resolve, ms)), milliseconds);
}

Deno.test("a camera that is switched off stops within a second, and comes back without a new description", () =>
  onStage(async ({ enter }) => {
    const [ada, ben] = [await enter(ADA, ROOM), await enter(BEN, ROOM)];
    await ada.shows(cameraOf(ADA), cameraOf(BEN));
    for (const { page } of [ada, ben]) await startClock(page);
    await watchPictures(ada.page, "Ben");
    const [before, own] = [await watchOf(ben), await watchOf(ada)];
    using stalls = new Stalls();
    await ben.click("btn-toggle-camera");
    await ada.shows(cameraOf(ADA), avatarOf(BEN));

    const cleo = await enter(CLEO, ROOM, { camera: true, mic: false });
    await cleo.shows(cameraOf(ADA), avatarOf(BEN), cameraOf(CLEO));
    await ada.shows(cameraOf(ADA), avatarOf(BEN), cameraOf(CLEO));
    // Somebody has come meanwhile, and more pictures of others: whatever was on its way has arrived.
    const [adaClock, benClock] = [await clockOf(ada.page), await clockOf(ben.page)];
    const stop = { from: benClock.clickedAt, to: adaClock.pictures.Ben!.at(-1)! };
    const { tookMs, ownMs } = measure(stop, adaClock.stalls, benClock.stalls, stalls.spans);
    console.log(`the last picture came ${tookMs.toFixed(0)} ms after the click, ${ownMs.toFixed(0)} of them our own`);
    assert(ownMs < FRAMES_STOP_MS, `a picture ${ownMs} ms after the camera was switched off, ${tookMs} by the clock`);
    const [benThen, adaThen] = [await watchOf(ben), await watchOf(ada)];
    const cleoFrames = await framesOf(ada, "Cleo");
    await ben.click("btn-toggle-camera");
    for (const person of [ada, ben, cleo]) await person.shows(cameraOf(ADA), cameraOf(BEN), cameraOf(CLEO));
    assert(await framesOf(ada, "Cleo") > cleoFrames, "Cleo's picture goes on meanwhile");
    assertEquals((await watchOf(ben)).descriptions, benThen.descriptions, "no new description for the camera");
    assertEquals((await watchOf(ada)).descriptions, adaThen.descriptions);
    assert(before.descriptions > 0 && own.descriptions > 0, "descriptions are counted");
  }));

Deno.test("hands, reactions, keys, layouts, and what a host may do", () =>
  onStage(async ({ enter }) => {
    const ada = await enter(ADA, ROOM, { ...SILENT, suffix: "#token=host" });
    const ben = await enter(BEN, ROOM);
    await ben.click("btn-hand");
    await ada.waits("see Ben's hand", () =>
      document.querySelector("[data-participant=Ben] [data-testid=tile-hand]")?.textContent === "1");
    await ada.page.keyboard.press("h");
    await ben.waits("see Ada's hand after Ben's", () =>
      document.querySelector("[data-participant=Ada] [data-testid=tile-hand]")?.textContent === "2");
    await ben.click("btn-reactions");
    await ben.click("reaction-choice");
    await ada.waits("see a reaction", () =>
      document.querySelector("[data-participant=Ben] [data-testid=tile-reaction]")?.textContent === "👍");
    await ben.page.keyboard.press("Escape");

    await ada.hears(voiceOf(BEN));
    const asHost = async (item: string) => {
      await ada.page.hover("[data-participant=Ben]");
      await ada.page.locator("[data-participant=Ben] [data-testid=tile-menu]").click();
      await ada.click(item);
    };
    await asHost("host-mute_audio");
    await ada.hears();
    await ben.says("Ada muted your microphone");
    // Held, the space bar is the microphone.
    await ben.page.evaluate(() =>
      document.activeElement instanceof HTMLElement && document.activeElement.blur()
    );
    await ben.page.keyboard.down("Space");
    await ada.hears(voiceOf(BEN));
    await ben.page.keyboard.up("Space");
    await ada.hears();
    await ben.says("You are muted.");

    await ben.click("btn-screen-share");
    await ada.shows(avatarOf(ADA), cameraOf(BEN), screenOf(BEN));
    await asHost("host-stop_screen");
    await ada.shows(avatarOf(ADA), cameraOf(BEN));
    await asHost("host-lower_hand");
    await ben.waits("have the hand down", () =>
      document.querySelector("[data-participant=Ben] .tile-hand") === null);

    await asHost("tile-pin");
    await ada.waits("show Ben large", () =>
      document.querySelector(".tile-featured[data-participant=Ben]") !== null);
    await ben.page.hover("[data-participant=Ada]");
    await ben.page.locator("[data-participant=Ada] [data-testid=tile-menu]").click();
    assertEquals(await ben.page.$("[data-testid=host-mute_audio]"), null, "who is no host has no such tools");
    await asHost("host-ask-remove");
    await ada.click("host-remove");
    await ben.says("You were removed from the room");
    await ada.shows(avatarOf(ADA));
  }, {
    allowUnauthenticatedJoins: false,
    authenticate: ({ token }) =>
      token === "host" ? { permissions: ["publish", "screen", "chat", "moderate"] } : { ok: true },
  }));

Deno.test("a refused code is explained, and a server that only the link names is asked about first", () =>
  onStage(async ({ open, meet }) => {
    const ada = await open(ADA);
    await ada.fillsLobby(ROOM, { ...SILENT, byLink: true, suffix: "#token=wrong" });
    assertEquals(new URL(ada.page.url()).hash, "", "the code leaves the address bar");
    await ada.click("btn-join");
    await ada.says("This server asks for an access code");
    await ada.fill("input-token", "open sesame");
    await ada.page.keyboard.press("Enter");
    await ada.shows(avatarOf(ADA));

    const ben = await open(BEN);
    const asked: string[] = [];
    ben.page.on("request", (request) => asked.push(request.url()));
    await ben.page.goto(`${meet.origin}/room/${ROOM}?server=wss://calls.evil.example#token=open%20sesame`);
    await ben.says("This link uses the server calls.evil.example");
    assertEquals(await ben.page.$("[data-testid=btn-join]"), null);
    await passes(ben, 200);
    assertEquals(asked.filter((url) => new URL(url).host.includes("evil")), [], "nothing was sent there");
    await ben.click("btn-own-server");
    await ben.fill("input-name", "Ben");
    await ben.click("btn-join");
    await ben.says("This server asks for an access code");
  }, {
    allowUnauthenticatedJoins: false,
    authenticate: ({ token }) => token === "open sesame" ? { ok: true } : { reject: "This code is not known" },
  }));
