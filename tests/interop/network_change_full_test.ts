/** A participant in Chromium moves to another network: WebSocket and media path are gone at once, and the call goes on. */
import { assert, assertEquals, assertGreater } from "@std/assert";
import type { Page } from "puppeteer-core";
import type { SeaMeetClient } from "../../src/client/mod.ts";
import { explain } from "./app_stage.ts";
import { launchChromium } from "./browser.ts";
import { type EnterOptions, Person, PERSONAS } from "./call_person.ts";
import type { CallProbe } from "./call_probe.ts";
import { startMeetServer } from "./meet_server.ts";
import { type LeftTcp, movingNetwork } from "./moving_network.ts";
import { clockOf, longestPause, startClock } from "./page_clock.ts";
import { Stalls } from "./patience.ts";

const { ada: ADA, ben: BEN } = PERSONAS;
const ROOM = "blue-calm-owl";

/** Lost pictures of a change of network, by the time that the machine gives. */
const MAX_GAP_MS = 2_000;

const FLAGS = [
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

/** What a page saw since it was asked to watch. */
interface Watch {
  /** When each picture of the other person came, in milliseconds since 1970. */
  readonly frames: number[];
  /** Comings and goings of people and tracks. */
  readonly events: string[];
}

/** Sends the page's media to the relay in place of the server. */
function throughRelay(serverPort: number, relayPort: number): void {
  const native = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function (description: RTCSessionDescriptionInit) {
    const sdp = description.sdp?.replaceAll(` 127.0.0.1 ${serverPort} typ`, ` 127.0.0.1 ${relayPort} typ`);
    return Reflect.apply(native, this, [{ ...description, sdp: sdp ?? "" }]);
  };
}

async function watch(page: Page): Promise<void> {
  await page.evaluate(() => {
    const seen: Watch = { frames: [], events: [] };
    Reflect.set(globalThis, "watch", seen);
    const client: SeaMeetClient = Reflect.get(globalThis, "seameetClient");
    for (const name of ["participantjoined", "participantleft", "trackadded", "trackremoved"] as const) {
      client.on(name, () => seen.events.push(name));
    }
    const video = document.querySelector<HTMLVideoElement>("[data-testid=video-tile]:not(.tile-own) video")!;
    const next = (now: number) => {
      seen.frames.push(performance.timeOrigin + now);
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
  });
}

/** So many pictures come in four seconds: the first ones after the change may still come from the buffer, and a pause is over then. */
const PICTURES_AFTER = 60;

/** Waits until pictures have come again after the change, and answers when each came and what else was seen. */
async function judge(person: Person, changedAt: number): Promise<Watch> {
  await person.waits(
    `get ${PICTURES_AFTER} pictures after the change`,
    (changedAt: number, count: number) => {
      const { frames }: Watch = Reflect.get(globalThis, "watch");
      return frames.filter((at) => at > changedAt).length >= count;
    },
    changedAt,
    PICTURES_AFTER,
  );
  return await person.page.evaluate((changedAt: number) => {
    const { frames, events }: Watch = Reflect.get(globalThis, "watch");
    return { frames: frames.filter((at) => at > changedAt - 1_000), events };
  }, changedAt);
}

async function changes(tcp: LeftTcp, options: EnterOptions = {}): Promise<void> {
  await using meet = await startMeetServer();
  await using network = await movingNetwork({ tcpPort: meet.server.wsAddress.port, udpPort: meet.server.udpPort });
  const browser = await launchChromium(FLAGS);
  const people: Person[] = [];
  try {
    const ada = await Person.open(browser, meet.origin, ADA);
    const ben = await Person.open(browser, `http://127.0.0.1:${network.tcpPort}`, BEN);
    people.push(ada, ben);
    await ben.page.evaluateOnNewDocument(throughRelay, meet.server.udpPort, network.udpPort);
    await ada.enter(ROOM, options);
    await ben.enter(ROOM, options);
    for (const person of [ada, ben]) await person.seesAndHears(1);
    using stalls = new Stalls();
    for (const { page } of [ada, ben]) {
      await watch(page);
      await startClock(page);
    }
    // Long enough for the client to know that packets come steadily.
    await ben.waits("get pictures for a while", () => {
      const { frames }: Watch = Reflect.get(globalThis, "watch");
      return frames.length > 90;
    });
    const events: string[] = [];
    const stream = meet.server.events();
    const reading = (async () => {
      for await (const { type } of stream) events.push(type);
    })();

    const changedAt = Date.now();
    network.move(tcp);
    await ada.writes("are you there?");
    const [atAda, atBen] = [await judge(ada, changedAt), await judge(ben, changedAt)];
    // Pictures go through both pages, and through this process, which is the server and the network.
    const lost = [
      stalls.spans,
      ...(await Promise.all([ada, ben].map(({ page }) => clockOf(page)))).map(({ stalls }) => stalls),
    ];
    const [gapAda, gapBen] = [longestPause(atAda.frames, ...lost), longestPause(atBen.frames, ...lost)];
    const text = [gapAda, gapBen].map(({ tookMs, ownMs }) =>
      `${tookMs.toFixed(0)} ms, ${ownMs.toFixed(0)} of them our own`
    );
    console.log(`TCP ${tcp}: pause of ${text[0]}, at who stays; ${text[1]}, at who moves`);
    assertGreater(network.lost, 0, "the network was left");
    assert(gapAda.ownMs < MAX_GAP_MS && gapBen.ownMs < MAX_GAP_MS, `without a picture: ${text}`);
    assertEquals([atAda.events, atBen.events], [[], []], "nobody and nothing has come or gone");
    const path = await ben.page.evaluate(async () => {
      const probe: CallProbe = Reflect.get(globalThis, "callProbe");
      const client: SeaMeetClient = Reflect.get(globalThis, "seameetClient");
      const states = [...(await client.peerConnection!.getStats()).values()];
      return { connections: probe.connections, ice: states.find(({ type }) => type === "transport")?.iceState };
    });
    assertEquals(path.connections, 1, "the peer connection is the same");
    await ben.click("btn-toggle-chat");
    await ben.reads("are you there?");
    await stream.return?.();
    await reading;
    assertEquals(events.filter((type) => type.startsWith("peer") || type.startsWith("media")), []);
    for (const person of [ada, ben]) await person.seesAndHears(1);
  } catch (error) {
    await explain(meet.server, people);
    throw error;
  } finally {
    await browser.close();
  }
}

Deno.test("another network, and the WebSocket breaks off: less than 2 s of pictures are lost, and nobody comes or goes", () =>
  changes("reset"));

Deno.test("another network, and the WebSocket says nothing any more: the same", () => changes("silent"));

Deno.test("another network in a call that is encrypted from end to end: the same", () =>
  changes("reset", { e2ee: true }));
