/** Calls between real browsers through the app's own user interface, judged by what the participants see and hear. */
import { assert } from "@std/assert";
import type { Browser } from "puppeteer-core";
import { explain } from "./app_stage.ts";
import { launchChromium } from "./browser.ts";
import { avatarOf, cameraOf, Person, type Persona, PERSONAS, screenOf, screenSoundOf, voiceOf } from "./call_person.ts";
import { type MeetServer, startMeetServer } from "./meet_server.ts";

const { ada: ADA, ben: BEN, cleo: CLEO } = PERSONAS;
const ROOM = "blue-calm-owl";
const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

/** Pages in the background must paint and count time like any other. */
const BACKGROUND_FLAGS = [
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

interface Stage {
  readonly meet: MeetServer;
  readonly browser: Browser;
  open(persona: Persona, options?: Parameters<typeof Person.open>[3]): Promise<Person>;
}

async function onStage(test: (stage: Stage) => Promise<void>): Promise<void> {
  await using meet = await startMeetServer();
  const browser = await launchChromium(BACKGROUND_FLAGS);
  const people: Person[] = [];
  try {
    const open: Stage["open"] = async (persona, options = { viewport: DESKTOP }) => {
      const person = await Person.open(browser, meet.origin, persona, options);
      people.push(person);
      return person;
    };
    await test({ meet, browser, open });
  } catch (error) {
    await explain(meet.server, people);
    throw error;
  } finally {
    await browser.close();
  }
}

/** Every page shows everybody, its own person included. */
async function allShow(people: readonly Person[], ...tiles: Parameters<Person["shows"]>): Promise<void> {
  await Promise.all(people.map((person) => person.shows(...tiles)));
}

Deno.test("three people see and hear each other, each on the own tile", () =>
  onStage(async ({ open }) => {
    const people = [await open(ADA), await open(BEN), await open(CLEO)] as const;
    const [ada, ben, cleo] = people;
    await ada.enter(ROOM);
    await ben.enter(ROOM);
    await cleo.enter(ROOM, { byLink: true });
    await allShow(people, cameraOf(ADA), cameraOf(BEN), cameraOf(CLEO));
    await ada.hears(voiceOf(BEN), voiceOf(CLEO));
    await ben.hears(voiceOf(ADA), voiceOf(CLEO));
    await cleo.hears(voiceOf(ADA), voiceOf(BEN));
    for (const [person, before] of [[ben, "one"], [cleo, "two"]] as const) {
      const [time] = await person.firstPictureMs();
      assert(time !== undefined, "no picture was timed");
      console.log(`DTLS connected to first picture, coming to ${before} in a room: ${time} ms`);
    }

    await ben.click("btn-toggle-camera");
    await allShow(people, cameraOf(ADA), avatarOf(BEN), cameraOf(CLEO));
    await ben.click("btn-toggle-mic");
    await ada.hears(voiceOf(CLEO));
    await cleo.hears(voiceOf(ADA));
    await ben.click("btn-toggle-camera");
    await ben.click("btn-toggle-mic");
    await allShow(people, cameraOf(ADA), cameraOf(BEN), cameraOf(CLEO));
    await ada.hears(voiceOf(BEN), voiceOf(CLEO));

    await ben.click("btn-leave");
    await ben.isAt("/");
    await allShow([ada, cleo], cameraOf(ADA), cameraOf(CLEO));
    await ada.hears(voiceOf(CLEO));
    await ben.enter(ROOM, { camera: false });
    await allShow(people, cameraOf(ADA), avatarOf(BEN), cameraOf(CLEO));
    await ada.hears(voiceOf(BEN), voiceOf(CLEO));
  }));

Deno.test("a shared screen is seen and heard, also by who comes later, and goes", () =>
  onStage(async ({ open }) => {
    const [ada, ben, cleo] = [await open(ADA), await open(BEN), await open(CLEO)];
    await ada.enter(ROOM, { camera: false, mic: false });
    await ben.enter(ROOM);
    await ada.click("btn-screen-share");
    await allShow([ada, ben], avatarOf(ADA), screenOf(ADA), cameraOf(BEN));
    await ben.hears(screenSoundOf(ADA));
    await cleo.enter(ROOM);
    await allShow([ada, ben, cleo], avatarOf(ADA), screenOf(ADA), cameraOf(BEN), cameraOf(CLEO));
    await cleo.hears(screenSoundOf(ADA), voiceOf(BEN));
    await ada.click("btn-screen-share");
    await allShow([ada, ben, cleo], avatarOf(ADA), cameraOf(BEN), cameraOf(CLEO));
    await ben.click("btn-screen-share");
    await allShow([ada, ben, cleo], avatarOf(ADA), cameraOf(BEN), screenOf(BEN), cameraOf(CLEO));
    await ben.click("btn-leave");
    await allShow([ada, cleo], avatarOf(ADA), cameraOf(CLEO));
  }));

Deno.test("chat reaches everybody, and who comes later reads what was written before", () =>
  onStage(async ({ open }) => {
    const [ada, ben, cleo] = [await open(ADA), await open(BEN), await open(CLEO)];
    const silent = { camera: false, mic: false };
    await ada.enter(ROOM, silent);
    await ben.enter(ROOM, silent);
    await ada.shows(avatarOf(ADA), avatarOf(BEN));
    await ada.writes("hello <b>Ben</b>");
    await ben.writes("hello Ada");
    await ada.reads("hello <b>Ben</b>", "hello Ada");
    await ben.reads("hello <b>Ben</b>", "hello Ada");
    await cleo.enter(ROOM, silent);
    await cleo.writes("here I am");
    for (const person of [ada, ben, cleo]) await person.reads("hello <b>Ben</b>", "hello Ada", "here I am");
  }));

Deno.test("the call comes back after the signaling connection was lost", () =>
  onStage(async ({ open }) => {
    const people = [await open(ADA), await open(BEN)] as const;
    const [ada, ben] = people;
    await ada.enter(ROOM);
    await ben.enter(ROOM);
    await ada.writes("before");
    await ben.click("btn-toggle-chat");
    await ben.click("btn-screen-share");
    await allShow(people, cameraOf(ADA), cameraOf(BEN), screenOf(BEN));
    await ben.losesConnection();
    await allShow(people, cameraOf(ADA), cameraOf(BEN), screenOf(BEN));
    await ada.hears(voiceOf(BEN), screenSoundOf(BEN));
    await ben.hears(voiceOf(ADA));
    await ada.writes("after");
    for (const person of people) await person.reads("before", "after");
  }));

Deno.test("two people with Chromium's own camera and microphone see and hear each other", () =>
  onStage(async ({ open }) => {
    const options = { viewport: DESKTOP, ownDevices: true };
    const people = [await open(ADA, options), await open(BEN, options)] as const;
    for (const person of people) await person.enter(ROOM);
    for (const person of people) await person.seesAndHears(1);
  }));

Deno.test("the app is looked at: lobby, call, chat, settings and a lost server, on a desktop and on a phone", () =>
  onStage(async ({ open, meet }) => {
    const folder = await Deno.makeTempDir({ prefix: "seameet-call-" });
    const [ada, ben] = [await open(ADA), await open(BEN, { viewport: PHONE })];
    const look = async (name: string) => {
      await ada.page.screenshot({ path: `${folder}/desktop_${name}.png` });
      await ben.page.screenshot({ path: `${folder}/phone_${name}.png` });
    };
    console.log(`screenshots in ${folder}`);
    for (const person of [ada, ben]) await person.fillsLobby(ROOM);
    await look("lobby");
    await ada.enter(ROOM);
    await ben.enter(ROOM);
    await allShow([ada, ben], cameraOf(ADA), cameraOf(BEN));
    await look("two");
    const cleo = await open(CLEO);
    await cleo.enter(ROOM, { camera: false, mic: false });
    await allShow([ada, ben], cameraOf(ADA), cameraOf(BEN), avatarOf(CLEO));
    await look("three");
    await cleo.click("btn-screen-share");
    await allShow([ada, ben], cameraOf(ADA), cameraOf(BEN), avatarOf(CLEO), screenOf(CLEO));
    await look("screen");
    await cleo.writes("A longer line of chat, so that it has to be broken somewhere in a narrow panel.");
    await ada.writes("Yes.");
    await ben.writes("And from the phone.");
    await look("chat");
    for (const person of [ada, ben]) await person.page.keyboard.press("Escape");
    for (const person of [ada, ben]) await person.click("btn-settings");
    await look("settings");
    for (const person of [ada, ben]) await person.page.keyboard.press("Escape");
    await meet.server.close();
    for (const person of [ada, ben]) await person.says("The connection was lost");
    await look("lost");
  }));
