/// <reference lib="dom" />
/**
 * A call of six in the app: when everybody has done everything once they come, go, share and switch cameras for `SOAK_MINUTES`
 * (30 when absent, and at most) in an order that `SOAK_SEED` gives. Part of `task soak`; it wants the machine for itself.
 *
 * It fails when a tile that should move had no frame for more than two seconds, when a page or the server keeps something of what is
 * over, or when the heap of a page grows. It ends by itself, and with it the server and the browser it has started.
 */
import type { Browser, CDPSession, Page } from "puppeteer-core";
import { launchChromium } from "./browser.ts";
import { type FakeDevices, installFakeMedia } from "./fake_media.ts";
import { type MeetServer, startMeetServer } from "./meet_server.ts";
import { appears, holdingsOf, press, write } from "./quiet_hands.ts";
import { type Census, judge, type SoakResult, takeNotes } from "./soak_judge.ts";
import { lookAtServer, SERVER_LOOK_MS } from "./soak_causes.ts";
import { installSoakNotes, STILL_MS } from "./soak_page.ts";

const MAX_MINUTES = 30;
const PEOPLE = 6;
const ROOM = "soak";
/** Nine tiles fit, and no more has to be painted than that: six pages share one machine. */
const VIEWPORT = { width: 920, height: 640 };

/** Between two things that people do. */
const PAUSE_MS = { least: 1_000, most: 4_000 } as const;

/** Everybody is in the room with a camera on, and what there is gets counted. */
const CENSUS_MS = 45_000;

/** After the last change, for what is slow to end. */
const SETTLE_MS = 4_000;

/** For a page on a busy machine. */
const TIMEOUT_MS = 60_000;
const LOOK_MS = 250;

const FLAGS = [
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

/** Numbers in 0 … 1 that a seed gives (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One page and what its person has switched on. */
class Guest {
  readonly name: string;
  readonly page: Page;
  readonly cdp: CDPSession;
  camera = false;
  sharing = false;
  inside = false;
  readonly #origin: string;

  private constructor(name: string, page: Page, cdp: CDPSession, origin: string) {
    this.name = name;
    this.page = page;
    this.cdp = cdp;
    this.#origin = origin;
  }

  static async open(browser: Browser, origin: string, index: number): Promise<Guest> {
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    await page.setViewport(VIEWPORT);
    const devices: FakeDevices = {
      colour: [40 * index, 90, 200 - 30 * index],
      toneHz: 300 + 60 * index,
      screenColour: [230, 230, 0],
      screenToneHz: 1_500,
      cameraSize: [320, 240],
    };
    await page.evaluateOnNewDocument(installFakeMedia, devices);
    await page.evaluateOnNewDocument(installSoakNotes, { stillMs: STILL_MS, intervalMs: LOOK_MS });
    const cdp = await page.createCDPSession();
    await cdp.send("Performance.enable");
    const guest = new Guest(`Guest ${index}`, page, cdp, origin);
    await page.goto(guest.#origin);
    await write(page, "input-name", guest.name);
    return guest;
  }

  async enter(): Promise<void> {
    await write(this.page, "input-room-code", ROOM);
    await this.#switchOn("lobby-toggle-camera");
    await this.#switchOn("lobby-toggle-mic");
    await press(this.page, "btn-join");
    await appears(this.page, "[data-testid=video-grid]");
    this.inside = this.camera = true;
  }

  async leave(): Promise<void> {
    await press(this.page, "btn-leave");
    await appears(this.page, "[data-testid=btn-join]");
    this.inside = this.camera = this.sharing = false;
  }

  async toggleCamera(): Promise<void> {
    await press(this.page, "btn-toggle-camera");
    this.camera = !this.camera;
  }

  async toggleShare(): Promise<void> {
    await press(this.page, "btn-screen-share");
    this.sharing = !this.sharing;
  }

  async toggleMicrophone(): Promise<void> {
    await press(this.page, "btn-toggle-mic");
  }

  /** Waits until this many tiles are there and those that are on have a picture. */
  async sees(tiles: number): Promise<void> {
    await this.page.waitForFunction(
      (tiles) => {
        const all = [...document.querySelectorAll("[data-testid=video-tile]")];
        return all.length === tiles &&
          all.every((tile) => tile.getAttribute("data-video") === "on" && tile.querySelector("video")!.videoWidth > 0);
      },
      { polling: 500, timeout: TIMEOUT_MS },
      tiles,
    );
  }

  async #switchOn(testId: string): Promise<void> {
    await appears(this.page, `[data-testid=${testId}]`);
    const isOn = await this.page.evaluate(
      (testId) => document.querySelector(`[data-testid=${testId}][data-off=false]`) !== null,
      testId,
    );
    if (!isOn) await press(this.page, testId);
    await appears(this.page, `[data-testid=${testId}][data-off=false]`);
  }
}

/** The call, from the first one's coming to the last census. */
class Soak {
  readonly #guests: readonly Guest[];
  readonly #meet: MeetServer;
  readonly #random: () => number;
  readonly #result: SoakResult = { actions: {}, censuses: [], notes: [], server: [] };

  constructor(guests: readonly Guest[], meet: MeetServer, random: () => number) {
    this.#guests = guests;
    this.#meet = meet;
    this.#random = random;
  }

  async run(minutes: number): Promise<SoakResult> {
    using _watch = this.#watchServer();
    await this.#warmUp();
    await this.#census();
    const end = performance.now() + minutes * 60_000;
    let census = performance.now() + CENSUS_MS;
    while (performance.now() < end) {
      await this.#act();
      await pause(PAUSE_MS.least + (PAUSE_MS.most - PAUSE_MS.least) * this.#random());
      if (performance.now() < census) continue;
      await this.#census();
      census = performance.now() + CENSUS_MS;
    }
    return this.#result;
  }

  /** Notes what the server does, to tell a fault's cause. */
  #watchServer(): Disposable {
    const timer = setInterval(
      () => void lookAtServer(this.#meet.server).then((look) => this.#result.server.push(look)),
      SERVER_LOOK_MS,
    );
    return { [Symbol.dispose]: () => clearInterval(timer) };
  }

  /** Everything once: lines for everybody's screen stay for the next one, and code is compiled when it runs first. */
  async #warmUp(): Promise<void> {
    for (const guest of this.#guests) await guest.enter();
    for (const guest of this.#guests) {
      await guest.toggleShare();
      await guest.toggleCamera();
      await pause(PAUSE_MS.least);
      await guest.toggleShare();
      if (guest === this.#guests[0]) await guest.toggleCamera();
      else await guest.leave().then(() => guest.enter());
    }
    await takeNotes(this.#guests);
  }

  async #act(): Promise<void> {
    const pick = <T>(list: readonly T[]): T => list[Math.floor(this.#random() * list.length)]!;
    // Somebody is always there, so that a page is watched all the time too.
    const guest = pick(this.#guests.slice(1));
    if (!guest.inside) return await this.#count("enter", guest.enter());
    const others = this.#guests.filter(({ sharing }) => sharing).length;
    const kind = pick(["leave", "camera", "camera", "share", "share", "microphone"] as const);
    if (kind === "leave") return await this.#count("leave", guest.leave());
    if (kind === "camera") return await this.#count("camera", pick([this.#guests[0]!, guest]).toggleCamera());
    if (kind === "microphone") return await this.#count("microphone", guest.toggleMicrophone());
    if (guest.sharing || others === 0) await this.#count("share", guest.toggleShare());
  }

  async #count(action: string, done: Promise<void>): Promise<void> {
    this.#result.actions[action] = (this.#result.actions[action] ?? 0) + 1;
    await done;
  }

  /** Brings everybody in with a camera and without a share, and counts. */
  async #census(): Promise<void> {
    for (const guest of this.#guests) {
      if (!guest.inside) await guest.enter();
      if (guest.sharing) await guest.toggleShare();
      if (!guest.camera) await guest.toggleCamera();
    }
    for (const guest of this.#guests) await guest.sees(PEOPLE);
    await pause(SETTLE_MS);
    this.#result.notes.push(await takeNotes(this.#guests));
    const pages: Census["pages"][number][] = [];
    for (const { cdp, page } of this.#guests) pages.push(await holdingsOf(page, cdp));
    const { rooms, packetsInUse, connections } = await this.#meet.server.stats();
    const participants = rooms.flatMap((room) => room.participants);
    const server = {
      rooms: rooms.length,
      participants: participants.length,
      connections,
      tracks: participants.reduce((sum, { tracks }) => sum + tracks.length, 0),
      lines: participants.reduce((sum, { sent }) => sum + sent.lines, 0),
      packetsInUse,
    };
    this.#result.censuses.push({ pages, server });
    const heap = pages.map((page) => (page.heap / 1e6).toFixed(1)).join(" ");
    const load = Deno.loadavg()[0]?.toFixed(1);
    console.log(
      `census ${this.#result.censuses.length}: heaps ${heap} MB, server ${
        JSON.stringify(server)
      }, load average ${load}`,
    );
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

if (import.meta.main) {
  const minutes = Math.min(MAX_MINUTES, Number(Deno.env.get("SOAK_MINUTES") ?? MAX_MINUTES));
  const seed = Number(Deno.env.get("SOAK_SEED") ?? crypto.getRandomValues(new Uint32Array(1))[0]);
  console.log(`${PEOPLE} people for ${minutes} minutes; again with SOAK_SEED=${seed}`);
  let faults: string[] = [];
  {
    await using meet = await startMeetServer();
    const browser = await launchChromium(FLAGS);
    try {
      const guests: Guest[] = [];
      for (let index = 0; index < PEOPLE; index++) guests.push(await Guest.open(browser, meet.origin, index));
      faults = judge(await new Soak(guests, meet, randomFrom(seed)).run(minutes));
    } finally {
      await browser.close();
    }
  }
  for (const fault of faults) console.log(`FAULT: ${fault}`);
  console.log(faults.length === 0 ? "no fault" : `${faults.length} faults; again with SOAK_SEED=${seed}`);
  Deno.exit(faults.length === 0 ? 0 : 1);
}
