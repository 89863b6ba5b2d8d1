/** End-to-end encryption between real browsers, judged by what they see, hear and read. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { E2eeParticipant, type Persona } from "./e2ee_pages.ts";
import { manInTheMiddle, startProxy } from "./e2ee_proxy.ts";
import { ADA, BEN, CLEO, EVE, onE2eeStage, ROOM } from "./e2ee_stage.ts";
import { measure } from "./page_clock.ts";
import { machine, Stalls } from "./patience.ts";

const DAN: Persona = { name: "Dan", colour: [230, 230, 0], toneHz: 1100 };
const SCREEN = [0, 230, 230] as const;

/** More than a decoder makes of luck. */
const MANY_FRAMES = 10;
const MANY_PACKETS = 40;

async function allPerceive(people: readonly E2eeParticipant[]): Promise<void> {
  await Promise.all(people.map((one) => one.perceives(people.filter((other) => other !== one))));
}

/** What one page shows as the number to compare with another. */
async function numberOf(one: E2eeParticipant, other: E2eeParticipant): Promise<string | undefined> {
  const seen = (await one.people()).find(({ id }) => id === other.id);
  return seen?.encryption?.safetyNumber;
}

Deno.test("three people see and hear each other, a late one at once; who has no key sees and hears nothing", () =>
  onE2eeStage(async ({ open }) => {
    const [ada, ben, cleo] = [await open(ADA), await open(BEN), await open(CLEO)] as const;
    using stalls = new Stalls();
    await ada.join(ROOM);
    await ben.join(ROOM);
    await allPerceive([ada, ben]);
    await cleo.join(ROOM);
    await allPerceive([ada, ben, cleo]);
    for (const other of [ada, ben]) {
      const span = await cleo.firstFrame(other);
      assert(span !== undefined, "no picture was timed");
      const { tookMs, ownMs } = measure(span, stalls.spans, await cleo.stalls(), await other.stalls());
      const text = `first picture of ${other.persona.name} ${tookMs} ms after connecting, ${ownMs} of them our own`;
      console.log(`late joiner: ${text}`);
      assert(ownMs < 1_000, `${text}; ${machine()}`);
    }
    for (const one of [ada, ben, cleo]) {
      const errors = (await one.events()).filter(({ name }) => name === "error" || name === "keychanged");
      assertEquals(errors, []);
      for (const { encryption } of await one.people()) assertEquals(encryption?.state, "encrypted");
    }
    assertEquals(await numberOf(ada, ben), await numberOf(ben, ada));
    assertNotEquals(await numberOf(ada, ben), await numberOf(ada, cleo));

    const dan = await open(DAN);
    await dan.join(ROOM, { e2ee: false });
    await dan.until(
      "know three people and get no track of theirs",
      (people) => people.length === 3 && people.every(({ tracks }) => tracks.length === 0),
    );

    // What comes to somebody without the key is what the server has. Eve's clear camera shows that decoding works there.
    const eve = await open(EVE);
    await eve.join(ROOM, { e2ee: false });
    await dan.until("see Eve", (people) => people.some(({ id, frames }) => id === eve.id && frames > MANY_FRAMES));
    // A decoder may take ciphertext for a picture; it is nobody's picture.
    const lines = await dan.received(4, MANY_PACKETS, eve);
    assertEquals(lines.filter(({ colour }) => eve.hasColour(colour)).length, 1, JSON.stringify(lines));
    for (const one of [ada, ben, cleo]) {
      assertEquals(lines.filter(({ colour }) => one.hasColour(colour)), [], `${one.persona.name} is seen`);
    }

    await ben.call("leave");
    await Promise.all([ada, cleo].map((one) => one.until("be without Ben", (people) => people.length === 3)));
    await ada.until("still see Cleo", (people) => people.some(({ id, frames }) => id === cleo.id && frames > 0));
  }));

Deno.test("clear media is shown after consent only, and chat is ciphertext on the wire", () =>
  onE2eeStage(async ({ open, server }) => {
    await using proxy = startProxy(server.origin.replace(/^http/, "ws"));
    const [ada, ben, dan] = [await open(ADA), await open(BEN), await open(DAN)];
    await ada.join(ROOM, { url: proxy.url });
    await ben.join(ROOM, { url: proxy.url });
    await allPerceive([ada, ben]);
    await dan.join(ROOM, { url: proxy.url, e2ee: false });

    await ada.call("chat", "the treasure lies under the oak");
    await ben.reads("the treasure lies under the oak");
    await ada.reads("the treasure lies under the oak");
    await dan.reads("(locked)");
    assertEquals(proxy.seen.filter((text) => text.includes("treasure")), []);
    assert(proxy.seen.some((text) => text.includes('"chat_message"') && text.includes('"encrypted":true')));

    await ada.until(
      "know that Dan is in the clear, and show nothing",
      (people) =>
        people.some(({ id, encryption, frames }) =>
          id === dan.id && encryption?.state === "unencrypted" && frames === 0
        ),
    );
    await ada.call("allowUnencrypted", dan.id);
    await ada.perceives([ben, dan]);
    await ben.until("still show nothing of Dan", (people) => people.find(({ id }) => id === dan.id)?.frames === 0);
  }));

Deno.test("the safety number stays over calls, and who sits between is found out", () =>
  onE2eeStage(async ({ open, server }) => {
    await using proxy = startProxy(server.origin.replace(/^http/, "ws"));
    const [ada, ben] = [await open(ADA), await open(BEN)] as const;
    await ada.join(ROOM);
    await ben.join(ROOM);
    await allPerceive([ada, ben]);
    const number = await numberOf(ada, ben);
    assert(number !== undefined && /^(\d{5} ){11}\d{5}$/.test(number), number);
    await ada.call("verify", ben.id);
    await ada.until("be verified", ([seen]) => seen?.encryption?.trust === "verified");

    // Both reload their pages, and meet again.
    const again = await E2eeParticipant.openIn(ada.page, server.origin, ADA);
    const benAgain = await E2eeParticipant.openIn(ben.page, server.origin, BEN);
    await again.join(ROOM);
    await benAgain.join(ROOM);
    await allPerceive([again, benAgain]);
    assertEquals([await numberOf(again, benAgain), await numberOf(benAgain, again)], [number, number]);
    assertEquals((await again.people())[0]?.encryption?.trust, "verified");
    assertEquals((await again.events()).filter(({ name }) => name === "keychanged"), []);

    // Now over a server that puts its own keys in between.
    proxy.bend = await manInTheMiddle();
    const trapped = await E2eeParticipant.openIn(ada.page, server.origin, ADA);
    const benTrapped = await E2eeParticipant.openIn(ben.page, server.origin, BEN);
    await trapped.join(ROOM, { url: proxy.url });
    await benTrapped.join(ROOM, { url: proxy.url });
    await trapped.until("hold the key back", ([seen]) => seen?.encryption?.state === "held");
    await benTrapped.until("see another number", ([seen]) => seen?.encryption?.safetyNumber !== undefined);
    const warnings = (await trapped.events()).filter(({ name }) => name === "keychanged").map(({ event }) => event);
    assertEquals(warnings, [{ participant: benTrapped.id, scope: "name", wasVerified: true, held: true }]);
    assertNotEquals(await numberOf(trapped, benTrapped), number);
    assertNotEquals(await numberOf(trapped, benTrapped), await numberOf(benTrapped, trapped));
    assertEquals((await trapped.people()).map(({ frames }) => frames), [0]);
  }));

Deno.test("a shared screen is encrypted too, and encoded streams do where there is nothing newer", () =>
  onE2eeStage(async ({ open }) => {
    const [ada, ben] = [await open(ADA), await open(BEN)] as const;
    const canStream = await ada.page.evaluate(() => "createEncodedStreams" in RTCRtpSender.prototype);
    console.log(`createEncodedStreams: ${canStream}`);
    await ada.join(ROOM, { streams: canStream });
    await ben.join(ROOM);
    await allPerceive([ada, ben]);
    await ada.call("share", SCREEN);
    await ben.until("see the screen", ([seen]) =>
      seen?.screen !== null && seen !== undefined &&
      Math.hypot(...SCREEN.map((value, i) => value - seen.screen![i]!)) < 60);
  }));
