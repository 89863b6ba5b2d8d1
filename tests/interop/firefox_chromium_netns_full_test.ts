/** Firefox and Chromium in one call, through the app; Firefox shares a real screen. Runs in a network namespace: Firefox sends no media to 127.0.0.0/8. */
import { assertEquals, assertMatch } from "@std/assert";
import type { Browser } from "puppeteer-core";
import { lanAddress, launchChromium, launchFirefox } from "./browser.ts";
import {
  avatarOf,
  cameraOf,
  type EnterOptions,
  type ExpectedSound,
  Person,
  PERSONAS,
  screenOf,
  screenSoundOf,
  voiceOf,
} from "./call_person.ts";
import { answerShareQuestion, PICKER_ARGS, PICKER_PREFS } from "./firefox_picker.ts";
import { startMeetServer } from "./meet_server.ts";
import { VirtualScreen } from "./virtual_screen.ts";

const ADA = { ...PERSONAS.ada, ownSound: true };
/** What Ada's real screen shows later. */
const ADA_LATER = { ...ADA, screenColour: [0, 230, 230] } as const;
const BEN = PERSONAS.ben;
const ROOM = "red-quick-fox";
const FIREFOX_PREFS = {
  "media.autoplay.default": 0, // sound without a click on the page first
  "media.navigator.audio.fake_frequency": ADA.toneHz,
};

interface Pair {
  readonly ada: Person;
  readonly ben: Person;
  /** Ada's real one, which she shares in place of a painted one. */
  readonly screen?: VirtualScreen;
}

/** Firefox with Ada and Chromium with Ben, before they enter. */
async function inBothBrowsers(test: (pair: Pair) => Promise<void>, screen?: VirtualScreen): Promise<void> {
  await using meet = await startMeetServer({ mediaAddress: lanAddress() });
  const browsers: Browser[] = [];
  try {
    const firefox = screen === undefined
      ? await launchFirefox(FIREFOX_PREFS)
      : await launchFirefox({ ...FIREFOX_PREFS, ...PICKER_PREFS }, { DISPLAY: screen.display }, PICKER_ARGS);
    browsers.push(firefox);
    const chromium = await launchChromium();
    browsers.push(chromium);
    await test({
      ada: await Person.open(firefox, meet.origin, { ...ADA, ownScreen: screen !== undefined }),
      ben: await Person.open(chromium, meet.origin, BEN),
      ...(screen === undefined ? {} : { screen }),
    });
  } finally {
    for (const browser of browsers) await browser.close();
  }
}

Deno.test("Firefox and Chromium see and hear each other, whoever comes first; Firefox shares a real screen", async (t) => {
  await using screen = await VirtualScreen.start();
  await inBothBrowsers(async (pair) => {
    await meetInBothOrders(t, pair);
    await t.step("camera off and on, in each", async () => {
      const { ada, ben } = pair;
      await ada.click("btn-toggle-camera");
      await ben.shows(avatarOf(ADA), cameraOf(BEN));
      await ben.click("btn-toggle-camera");
      await ada.shows(avatarOf(ADA), avatarOf(BEN));
      await ada.click("btn-toggle-camera");
      await ben.click("btn-toggle-camera");
      await seeAndHear(pair);
    });
    await shareBothScreens(t, pair);
    await t.step("what Ada's screen shows next", async () => {
      await screen.shows(ADA_LATER.screenColour);
      await pair.ben.shows(cameraOf(ADA), screenOf(ADA_LATER), cameraOf(BEN), screenOf(BEN));
    });
  }, screen);
});

Deno.test("the same with encryption: seen, heard, read and shared, with one number on both sides", (t) =>
  inBothBrowsers(async (pair) => {
    const { ada, ben } = pair;
    await meetInBothOrders(t, pair, { e2ee: true });
    await t.step("the number to compare", async () => {
      const [seen, other] = [await numberOn(ada), await numberOn(ben)];
      assertMatch(seen, /^\d{60}$/);
      assertEquals(seen, other);
      for (const person of [ada, ben]) {
        await person.says("All participants secured with AES-256-GCM");
        await person.page.keyboard.press("Escape");
      }
    });
    await shareBothScreens(t, pair);
    await t.step("chat", async () => {
      await ada.writes("from Firefox");
      await ben.writes("from Chromium");
      for (const person of [ada, ben]) await person.reads("from Firefox", "from Chromium");
    });
  }));

async function meetInBothOrders(t: Deno.TestContext, pair: Pair, options: EnterOptions = {}): Promise<void> {
  const { ada, ben } = pair;
  await t.step("Chromium comes to Firefox", async () => {
    await ada.enter(ROOM, options);
    await ben.enter(ROOM, options);
    await seeAndHear(pair);
  });
  await t.step("Firefox comes to Chromium", async () => {
    await ada.click("btn-leave");
    await ben.shows(cameraOf(BEN));
    await ada.enter(ROOM, options);
    await seeAndHear(pair);
  });
}

async function shareBothScreens(t: Deno.TestContext, { ada, ben, screen }: Pair): Promise<void> {
  await t.step("screens, both ways", async () => {
    await ben.click("btn-screen-share");
    await ada.shows(cameraOf(ADA), cameraOf(BEN), screenOf(BEN));
    await ada.hears(atAnyPitch(voiceOf(BEN)), atAnyPitch(screenSoundOf(BEN)));
    await ada.click("btn-screen-share");
    if (screen !== undefined) {
      await screen.shows(ADA.screenColour);
      await answerShareQuestion(ada.page.browser(), "nothing");
      await ada.click("btn-screen-share");
      await answerShareQuestion(ada.page.browser(), "whole screen");
    }
    const all = [cameraOf(ADA), screenOf(ADA), cameraOf(BEN), screenOf(BEN)];
    for (const person of [ada, ben]) await person.shows(...all);
    await ben.click("btn-toggle-mic");
    await ada.hears(atAnyPitch(screenSoundOf(BEN)));
    await ben.hears(voiceOf(ADA));
  });
}

async function seeAndHear({ ada, ben }: Pair): Promise<void> {
  for (const person of [ada, ben]) await person.shows(cameraOf(ADA), cameraOf(BEN));
  await ada.hears(atAnyPitch(voiceOf(BEN)));
  await ben.hears(voiceOf(ADA));
}

/** What the safety panel shows, which it leaves open. */
async function numberOn(person: Person): Promise<string> {
  await person.click("e2ee-indicator");
  await person.page.waitForSelector("[data-testid=safety-number]");
  return await person.page.$eval("[data-testid=safety-number]", (element) => element.textContent) ?? "";
}

/** Firefox without a sound card says how loud a sound is, not how high. */
function atAnyPitch({ name, source }: ExpectedSound): ExpectedSound {
  return { name, source };
}
