/** What the tests of our answers in real browsers share. */
import { assert, assertEquals } from "@std/assert";
import type { Browser, Page } from "puppeteer-core";
import { hostCandidates } from "../../src/sdp/candidate.ts";
import type { Capabilities } from "../../src/sdp/capabilities.ts";
import { checkRenegotiation, type ParsedOffer, parseOffer, writeAnswer } from "../../src/sdp/negotiate.ts";

const SESSION = {
  ufrag: "srvU",
  pwd: "serverpasswordserverpw",
  fingerprint: Array(32).fill("AB").join(":"),
  candidates: hostCandidates([{ address: "203.0.113.9", port: 10_000 }]),
  sessionId: "42",
};

/** What a page says about its peer connection after an answer. */
export interface PageState {
  /** Current direction of each transceiver. */
  directions: (string | null)[];
  /** Mid of each transceiver. */
  mids: (string | null)[];
}

/** Our answer to an offer, with made-up addresses and keys: descriptions are checked here, nothing connects. */
export function answerTo(offer: ParsedOffer): string {
  return writeAnswer(offer, {
    ...SESSION,
    sending: (mid) => ({ ssrc: 100_000 + Number(mid), rtxSsrc: 200_000 + Number(mid), cname: "seameet" }),
  });
}

/** Reads an offer that must be fine. */
export function readOffer(sdp: string, capabilities?: Capabilities): ParsedOffer {
  const offer = parseOffer(sdp, capabilities);
  assert(!("reason" in offer), "reason" in offer ? offer.message : "");
  return offer;
}

/** Makes a peer connection as clients with a pool do: own audio and video, then seven pairs. */
async function openPeerConnection(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const pc = new RTCPeerConnection();
    Reflect.set(globalThis, "pc", pc);
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
    for (const track of stream.getTracks()) pc.addTrack(track, stream);
    for (let i = 0; i < 7; i++) {
      pc.addTransceiver("audio", { direction: "sendrecv" });
      pc.addTransceiver("video", { direction: "sendrecv" });
    }
  });
}

/** Makes the page's next offer. */
export async function offerOf(page: Page): Promise<string> {
  return await page.evaluate(async () => {
    const pc: RTCPeerConnection = Reflect.get(globalThis, "pc");
    await pc.setLocalDescription();
    return pc.localDescription?.sdp ?? "";
  });
}

/** Gives the page our answer. */
export async function accept(page: Page, answer: string): Promise<PageState> {
  return await page.evaluate(async (sdp: string) => {
    const pc: RTCPeerConnection = Reflect.get(globalThis, "pc");
    await pc.setRemoteDescription({ type: "answer", sdp });
    return {
      directions: pc.getTransceivers().map((transceiver) => transceiver.currentDirection),
      mids: pc.getTransceivers().map((transceiver) => transceiver.mid),
    };
  }, answer);
}

/** Adds a screen (a new transceiver without a stream) as clients do when they share. */
async function addScreen(page: Page): Promise<void> {
  await page.evaluate(() => {
    const pc: RTCPeerConnection = Reflect.get(globalThis, "pc");
    const canvas = document.createElement("canvas");
    canvas.getContext("2d");
    const [track] = canvas.captureStream(5).getVideoTracks();
    if (track === undefined) throw new Error("Cannot capture the canvas");
    Reflect.set(globalThis, "screen1", pc.addTransceiver(track, { direction: "sendrecv" }));
  });
}

/** Ends the share as clients do: the track goes, the transceiver stays inactive. */
async function removeScreen(page: Page): Promise<void> {
  await page.evaluate(() => {
    const pc: RTCPeerConnection = Reflect.get(globalThis, "pc");
    const transceiver: RTCRtpTransceiver = Reflect.get(globalThis, "screen1");
    pc.removeTrack(transceiver.sender);
    transceiver.direction = "inactive";
  });
}

/** Opens an empty page where cameras are allowed, without a network: the browser asks, we answer. */
export async function openPage(browser: Browser): Promise<Page> {
  const page = await browser.newPage();
  await page.setRequestInterception(true);
  page.on("request", (request) => {
    void request.respond({ status: 200, contentType: "text/html", body: "<!doctype html><title>test</title>" });
  });
  await page.goto("https://meet.test/");
  return page;
}

/** A client with a pool: joins, shares a screen, stops; the browser takes each answer as it is meant. */
export async function checkPoolClient(page: Page): Promise<void> {
  await openPeerConnection(page);
  const first = readOffer(await offerOf(page));
  const answered = await accept(page, answerTo(first));
  assertEquals(answered.directions, Array(16).fill("sendrecv"));
  assertEquals(answered.mids, first.sections.map((section) => section.mid));

  await addScreen(page);
  const sharing = readOffer(await offerOf(page));
  assertEquals(checkRenegotiation(first, sharing), undefined);
  assertEquals(sharing.sections.length, 17);
  assertEquals((await accept(page, answerTo(sharing))).directions, Array(17).fill("sendrecv"));

  await removeScreen(page);
  const stopped = readOffer(await offerOf(page));
  assertEquals(checkRenegotiation(sharing, stopped), undefined);
  assertEquals(stopped.sections[16]?.answered, "inactive");
  assertEquals((await accept(page, answerTo(stopped))).directions, [...Array(16).fill("sendrecv"), "inactive"]);
}
