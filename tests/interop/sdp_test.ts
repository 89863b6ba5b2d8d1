/** Chromium takes our answers: the first one, after a screen share, with data channels and without common codecs. */
import { assert, assertEquals } from "@std/assert";
import { checkRenegotiation } from "../../src/sdp/negotiate.ts";
import { launchChromium } from "./browser.ts";
import { accept, answerTo, checkPoolClient, offerOf, openPage, readOffer } from "./sdp_page.ts";

Deno.test("Chromium accepts our answer to its offer, to a screen share and to its end", async () => {
  const browser = await launchChromium();
  try {
    const page = await openPage(browser);
    await checkPoolClient(page);
    const codecs = await page.evaluate(() => {
      const pc: RTCPeerConnection = Reflect.get(globalThis, "pc");
      return pc.getSenders().slice(0, 2).map((sender) => sender.getParameters().codecs[0]?.mimeType);
    });
    assertEquals(codecs, ["audio/opus", "video/VP8"]);
  } finally {
    await browser.close();
  }
});

/** Without AV1, which every Chromium has, whatever codecs it was built with. */
const WITHOUT_AV1 = { codecs: ["opus", "VP8", "VP9"] } as const;

Deno.test("Chromium accepts rejected data channels, one-way m-lines, stopped and recycled ones, and no common codec", async () => {
  const browser = await launchChromium();
  try {
    const page = await openPage(browser);
    await page.evaluate(() => {
      const pc = new RTCPeerConnection();
      Reflect.set(globalThis, "pc", pc);
      pc.createDataChannel("chat");
      pc.addTransceiver("audio", { direction: "recvonly" });
      pc.addTransceiver("video", { direction: "sendonly" });
      const odd = pc.addTransceiver("video", { direction: "sendrecv" });
      const codecs = RTCRtpReceiver.getCapabilities("video")?.codecs.filter((codec) => codec.mimeType === "video/AV1");
      odd.setCodecPreferences(codecs ?? []);
    });
    const first = readOffer(await offerOf(page), WITHOUT_AV1);
    const kinds = first.sections.map((section) => [section.kind, section.answered, section.rejected]);
    assertEquals(kinds, [
      ["audio", "sendonly", false],
      ["video", "recvonly", false],
      ["video", "inactive", false],
      ["application", "inactive", true],
    ]);
    assertEquals((await accept(page, answerTo(first))).directions, ["recvonly", "sendonly", "inactive"]);

    await page.evaluate(() => {
      const pc: RTCPeerConnection = Reflect.get(globalThis, "pc");
      pc.getTransceivers()[1]?.stop();
    });
    const stopped = readOffer(await offerOf(page), WITHOUT_AV1);
    assertEquals(checkRenegotiation(first, stopped), undefined);
    assertEquals(stopped.sections[1]?.rejected, true);
    await accept(page, answerTo(stopped));

    await page.evaluate(() => {
      const pc: RTCPeerConnection = Reflect.get(globalThis, "pc");
      pc.addTransceiver("video", { direction: "sendrecv" });
    });
    const recycled = readOffer(await offerOf(page), WITHOUT_AV1);
    assertEquals(checkRenegotiation(stopped, recycled), undefined);
    assertEquals(recycled.sections.length, stopped.sections.length);
    assertEquals(recycled.sections[1]?.rejected, false);
    assert((await accept(page, answerTo(recycled))).directions.includes("sendrecv"));
  } finally {
    await browser.close();
  }
});
