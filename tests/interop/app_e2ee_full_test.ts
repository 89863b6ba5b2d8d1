/// <reference lib="dom" />
/** An encrypted call in the app, with somebody without keys and somebody with another device. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { onStage } from "./app_stage.ts";
import { avatarOf, cameraOf, type Person, PERSONAS, voiceOf } from "./call_person.ts";
import { manInTheMiddle, startProxy } from "./e2ee_proxy.ts";

const { ada: ADA, ben: BEN, cleo: CLEO } = PERSONAS;
const ROOM = "blue-calm-owl";

/** What the safety panel shows, which it leaves open. */
async function numberOn({ page }: Person): Promise<string | null> {
  await page.locator("[data-testid=e2ee-indicator]").click();
  await page.waitForSelector("[data-testid=safety-number]");
  return await page.$eval("[data-testid=safety-number]", (element) => element.textContent);
}

Deno.test("an encrypted call: seen, heard and read by who has keys, with numbers that are equal, and a loud change", () =>
  onStage(async ({ enter, open }) => {
    const e2ee = { e2ee: true };
    const [ada, ben] = [await enter(ADA, ROOM, e2ee), await enter(BEN, ROOM, e2ee)];
    for (const person of [ada, ben]) await person.shows(cameraOf(ADA), cameraOf(BEN));
    await ada.hears(voiceOf(BEN));
    const [seen, other] = [await numberOn(ada), await numberOn(ben)];
    assert(seen !== null && /^\d{60}$/.test(seen), String(seen));
    assertEquals(seen, other);
    await ada.says("All participants secured with AES-256-GCM");
    await ada.click("btn-verify");
    await ada.page.waitForSelector("[data-testid=safety-person][data-trust=verified]");
    for (const person of [ada, ben]) await person.page.keyboard.press("Escape");

    const cleo = await enter(CLEO, ROOM);
    await cleo.shows(avatarOf(ADA), avatarOf(BEN), cameraOf(CLEO));
    await cleo.says("Encrypted: leave and join with encryption");
    await ada.shows(cameraOf(ADA), cameraOf(BEN), avatarOf(CLEO));
    await ada.page.waitForSelector("[data-participant=Cleo] [data-withheld=unencrypted]");
    await ada.hears(voiceOf(BEN));
    await ada.page.locator("[data-participant=Cleo] [data-testid=tile-reveal]").click();
    await ada.shows(cameraOf(ADA), cameraOf(BEN), cameraOf(CLEO));
    await ben.shows(cameraOf(ADA), cameraOf(BEN), avatarOf(CLEO));

    await ada.writes("for two");
    await ben.writes("understood");
    await ada.reads("for two", "understood");
    await cleo.click("btn-toggle-chat");
    await cleo.reads("Encrypted message", "Encrypted message");
    await ada.page.locator("[data-testid=chat-clear] input").click();
    await ada.writes("for all");
    await cleo.reads("Encrypted message", "Encrypted message", "for all");
    await ben.waits(
      "see that the line was open",
      () =>
        document.querySelector("[data-testid=chat-message]:last-child")?.textContent?.includes("Not encrypted") ===
          true,
    );
    await ada.writes("again for two");
    await ben.reads("for two", "understood", "for all", "again for two");
    await cleo.reads("Encrypted message", "Encrypted message", "for all", "Encrypted message");

    // Somebody else, or Ben with another device.
    await ben.click("btn-leave");
    await cleo.click("btn-leave");
    const again = await open(BEN);
    await again.enter(ROOM, e2ee);
    await ada.says("Ben has another key than the one you verified.");
    await ada.page.waitForSelector("[data-participant=Ben] [data-withheld=held]");
    await ada.shows(cameraOf(ADA), avatarOf(BEN));
    await ada.page.locator("[data-testid=key-alarm] .button").click();
    await ada.page.waitForSelector("[data-testid=safety-number]");
    assertNotEquals(await ada.page.$eval("[data-testid=safety-number]", (element) => element.textContent), seen);
    await ada.click("btn-accept-key");
    await ada.shows(cameraOf(ADA), cameraOf(BEN));
    await again.shows(cameraOf(ADA), cameraOf(BEN));
  }));

Deno.test("a server that puts keys of its own between two who know each other is found out, and shows them nothing", () =>
  onStage(async ({ enter, meet }) => {
    const e2ee = { e2ee: true };
    const [ada, ben] = [await enter(ADA, ROOM, e2ee), await enter(BEN, ROOM, e2ee)];
    for (const person of [ada, ben]) await person.shows(cameraOf(ADA), cameraOf(BEN));
    const number = await numberOn(ada);
    await ada.click("btn-verify");
    await ada.page.waitForSelector("[data-testid=safety-person][data-trust=verified]");
    await ada.page.keyboard.press("Escape");
    for (const person of [ada, ben]) await person.click("btn-leave");

    await using liar = startProxy(meet.origin.replace(/^http/, "ws"));
    liar.bend = await manInTheMiddle();
    for (const person of [ada, ben]) {
      await person.page.goto(`${meet.origin}/?server=${liar.url}`);
      await person.click("btn-accept-server");
      await person.fill("input-room-code", ROOM);
      await person.click("lobby-toggle-camera");
      await person.click("lobby-toggle-e2ee");
      await person.click("btn-join");
    }
    await ada.says("Ben has another key than the one you verified.");
    await ben.says("Ada has another key than last time in this room.");
    await ada.shows(cameraOf(ADA), avatarOf(BEN));
    const [seen, other] = [await numberOn(ada), await numberOn(ben)];
    assertEquals(new Set([number, seen, other]).size, 3, "three different numbers");
  }));
