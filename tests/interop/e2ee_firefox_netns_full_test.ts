/** End-to-end encryption between Firefox and Chromium. Runs in a network namespace: Firefox sends no media to 127.0.0.0/8. */
import { assertEquals } from "@std/assert";
import type { Browser } from "puppeteer-core";
import { lanAddress, launchChromium, launchFirefox } from "./browser.ts";
import { E2eeParticipant, startE2eeServer } from "./e2ee_pages.ts";

const ROOM = "secret";

Deno.test("Firefox and Chromium see each other encrypted, whoever comes first, and have the same safety number", async () => {
  await using server = await startE2eeServer({ mediaAddress: lanAddress() });
  const browsers: Browser[] = [];
  try {
    browsers.push(await launchFirefox(), await launchChromium());
    const [firefox, chromium] = browsers;
    const ada = await E2eeParticipant.open(firefox!, server.origin, { name: "Ada", colour: [230, 0, 0], toneHz: 440 });
    const ben = await E2eeParticipant.open(chromium!, server.origin, { name: "Ben", colour: [0, 170, 0], toneHz: 660 });
    // Firefox has no `AudioContext` without a sound card, so it has nothing to say and no ear.
    const silent = { toneHz: undefined };
    await ada.join(ROOM, silent);
    await ben.join(ROOM);
    await Promise.all([ada.perceives([ben], false), ben.perceives([ada], false)]);
    await ada.call("chat", "hello");
    await ben.reads("hello");

    await ada.call("leave");
    await ben.until("be alone", (people) => people.length === 0);
    await ada.join(ROOM, silent);
    await Promise.all([ada.perceives([ben], false), ben.perceives([ada], false)]);
    const [seenByAda, seenByBen] = [(await ada.people())[0], (await ben.people())[0]];
    assertEquals(seenByAda?.encryption?.safetyNumber, seenByBen?.encryption?.safetyNumber);
    assertEquals([seenByAda?.encryption?.state, seenByBen?.encryption?.state], ["encrypted", "encrypted"]);
    assertEquals([seenByAda?.encryption?.trust, seenByBen?.encryption?.trust], ["known", "known"], "met before");
  } finally {
    for (const browser of browsers) await browser.close();
  }
});
