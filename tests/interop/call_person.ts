/** Drives the meeting app in a page the way a person does, and judges what the page shows and plays. */
import type { Browser, EvaluateFunc, Page, Viewport } from "puppeteer-core";
import { type CallProbe, installProbe } from "./call_probe.ts";
import { type Colour, type FakeDevices, installFakeMedia } from "./fake_media.ts";
import { machine, PATIENCE_MS, POLLING_MS } from "./patience.ts";

/** A participant with a colour and a tone that nobody else has. */
export interface Persona extends FakeDevices {
  readonly name: string;
}

/** What a tile is expected to show: a persona's colour, or the initials. */
export interface ExpectedTile {
  readonly name: string;
  readonly shows: Colour | "avatar";
}

/** A sound that is expected to come out of the page. */
export interface ExpectedSound {
  readonly name: string;
  readonly source: "microphone" | "screen_audio";
  /** Absent: any pitch will do. */
  readonly toneHz?: number;
}

/** How somebody enters. */
export interface EnterOptions {
  readonly camera?: boolean;
  readonly mic?: boolean;
  /** Opens the room's link and finds the code there, instead of typing it on the start page. */
  readonly byLink?: boolean;
  readonly e2ee?: boolean;
  /** What comes after the path, such as `#token=…`. */
  readonly suffix?: string;
}

/** The people of our calls: colours far enough apart to be told from each other after video coding. */
export const PERSONAS = {
  ada: { name: "Ada", colour: [230, 0, 0], toneHz: 440, screenColour: [230, 230, 0], screenToneHz: 1500 },
  ben: { name: "Ben", colour: [0, 170, 0], toneHz: 660, screenColour: [230, 0, 230], screenToneHz: 1800 },
  cleo: { name: "Cleo", colour: [0, 0, 230], toneHz: 880, screenColour: [0, 230, 230], screenToneHz: 2100 },
} as const satisfies Record<string, Persona>;

const PALETTE: readonly Colour[] = [
  ...Object.values(PERSONAS).flatMap(({ colour, screenColour }) => [colour, screenColour]),
  [0, 0, 0],
  [255, 255, 255],
  [128, 128, 128],
];

/** A picture that goes on has this many frames more, a third of a second's. */
const MORE_FRAMES = 5;
/** One and a half bins of the probe's analyser. */
const TONE_TOLERANCE_HZ = 18;
/** Between a muted source and any of our tones, which have 0.2. */
const AUDIBLE_LEVEL = 0.02;

/** The camera tile of somebody whose camera is on. */
export function cameraOf({ name, colour }: Persona): ExpectedTile {
  return { name, shows: colour };
}

/** The camera tile of somebody whose camera is off. */
export function avatarOf({ name }: Persona): ExpectedTile {
  return { name, shows: "avatar" };
}

/** The tile of somebody's screen. */
export function screenOf({ name, screenColour }: Persona): ExpectedTile {
  return { name: `${name}'s screen`, shows: screenColour };
}

/** Somebody's microphone. */
export function voiceOf({ name, toneHz }: Persona): ExpectedSound {
  return { name, source: "microphone", toneHz };
}

/** The sound of somebody's screen. */
export function screenSoundOf({ name, screenToneHz }: Persona): ExpectedSound {
  return { name, source: "screen_audio", toneHz: screenToneHz };
}

/** One page with the app, used by one person. Its methods fail with a description of the page when it does not do what is expected. */
export class Person {
  readonly persona: Persona;
  readonly page: Page;
  readonly #origin: string;
  readonly #console: string[] = [];

  private constructor(page: Page, persona: Persona, origin: string) {
    this.page = page;
    this.persona = persona;
    this.#origin = origin;
    page.on("console", (message) => this.#console.push(message.text()));
    page.on("pageerror", (error) => this.#console.push(`error ${error}`));
  }

  /**
   * Opens a page in a context of its own, as if on another machine; it has not entered a room yet.
   *
   * @param ownDevices Leaves the browser its own devices in place of the persona's colour and tone.
   */
  static async open(
    browser: Browser,
    origin: string,
    persona: Persona,
    { viewport, ownDevices = false }: { viewport?: Viewport; ownDevices?: boolean } = {},
  ): Promise<Person> {
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    if (viewport !== undefined) await page.setViewport(viewport);
    await page.evaluateOnNewDocument(installProbe);
    const { name: _, ...devices } = persona;
    if (!ownDevices) await page.evaluateOnNewDocument(installFakeMedia, devices);
    return new Person(page, persona, origin);
  }

  /** Goes through the lobby into a room. */
  async enter(room: string, options: EnterOptions = {}): Promise<void> {
    await this.fillsLobby(room, options);
    await this.click("btn-join");
    await this.page.waitForSelector("[data-testid=video-grid]", { timeout: PATIENCE_MS });
    const path = new URL(this.page.url()).pathname;
    if (path !== `/room/${room}`) throw new Error(`${this.persona.name} is at ${path}, not in room ${room}`);
  }

  /** Opens the lobby and makes it ready for the click on "Join". */
  async fillsLobby(
    room: string,
    { camera = true, mic = true, byLink = false, e2ee = false, suffix = "" }: EnterOptions = {},
  ): Promise<void> {
    await this.page.goto(byLink ? `${this.#origin}/room/${room}${suffix}` : `${this.#origin}/${suffix}`);
    await this.fill("input-name", this.persona.name);
    if (!byLink) await this.fill("input-room-code", room);
    if (camera) await this.#switchOn("lobby-toggle-camera");
    if (mic) await this.#switchOn("lobby-toggle-mic");
    if (e2ee) await this.click("lobby-toggle-e2ee");
  }

  /** Clicks what carries the test id. */
  async click(testId: string): Promise<void> {
    await this.page.locator(`[data-testid=${testId}]`).setTimeout(PATIENCE_MS).click();
  }

  /** Replaces the text of what carries the test id. */
  async fill(testId: string, text: string): Promise<void> {
    await this.page.locator(`[data-testid=${testId}]`).setTimeout(PATIENCE_MS).fill(text);
  }

  /** Waits until the page shows these tiles and no others; those of others with pictures that go on. */
  async shows(...expected: ExpectedTile[]): Promise<void> {
    await this.waits(
      `show ${expected.map(({ name, shows }) => `${name} ${shows}`).join(", ")}`,
      async (expected: ExpectedTile[], palette: readonly Colour[]) => {
        const probe: CallProbe = Reflect.get(globalThis, "callProbe");
        const tiles = await probe.tiles();
        const distance = (a: Colour, b: Colour) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
        return tiles.length === expected.length && expected.every(({ name, shows }) =>
          tiles.some((tile) => {
            if (tile.name !== name || tile.avatar !== (shows === "avatar")) return false;
            const { colour } = tile;
            if (shows === "avatar") return colour === null;
            return colour !== null && palette.every((other) => distance(shows, colour) <= distance(other, colour));
          })
        );
      },
      expected,
      PALETTE,
    );
    await this.#picturesGoOn();
  }

  /** Waits until more frames of every picture of others have been decoded. */
  async #picturesGoOn(): Promise<void> {
    const before = (await this.page.evaluate(() => {
      const probe: CallProbe = Reflect.get(globalThis, "callProbe");
      return probe.tiles();
    })).filter(({ own, avatar }) => !own && !avatar).map(({ name, frames }) => ({ name, frames }));
    await this.waits(
      `decode more frames than ${JSON.stringify(before)}`,
      async (before: { name: string; frames: number }[], more: number) => {
        const probe: CallProbe = Reflect.get(globalThis, "callProbe");
        const tiles = await probe.tiles();
        return before.every(({ name, frames }) => {
          const tile = tiles.find((tile) => tile.name === name && !tile.own);
          return tile !== undefined && tile.frames >= Math.max(0, frames) + more;
        });
      },
      before,
      MORE_FRAMES,
    );
  }

  /** Waits until exactly these sounds are audible, each with its own pitch. */
  async hears(...expected: ExpectedSound[]): Promise<void> {
    await this.waits(
      `hear ${expected.map(({ name, source, toneHz }) => `${name}'s ${source} ${toneHz} Hz`).join(", ") || "nothing"}`,
      async (expected: ExpectedSound[], tolerance: number, audible: number) => {
        const probe: CallProbe = Reflect.get(globalThis, "callProbe");
        const sounds = (await probe.sounds()).filter(({ level }) => level > audible);
        return sounds.length === expected.length &&
          expected.every(({ name, source, toneHz }) =>
            sounds.some((sound) =>
              sound.name === name && sound.source === source &&
              (toneHz === undefined || Math.abs(sound.toneHz - toneHz) <= tolerance)
            )
          );
      },
      expected,
      TONE_TOLERANCE_HZ,
      AUDIBLE_LEVEL,
    );
  }

  /** Opens the chat, where it is not, and writes a line. */
  async writes(line: string): Promise<void> {
    if (await this.page.$("[data-testid=chat-input]") === null) await this.click("btn-toggle-chat");
    await this.fill("chat-input", line);
    await this.page.keyboard.press("Enter");
  }

  /** Waits until the open chat consists of these lines. */
  async reads(...lines: string[]): Promise<void> {
    await this.waits(`read ${lines}`, (lines: string[]) => {
      const probe: CallProbe = Reflect.get(globalThis, "callProbe");
      return JSON.stringify(probe.chat()) === JSON.stringify(lines);
    }, lines);
  }

  /** Waits until the page's text contains this. */
  async says(text: string): Promise<void> {
    await this.waits(`say "${text}"`, (text: string) => document.body.innerText.includes(text), text);
  }

  /** Waits until the page is at a path of the app. */
  async isAt(path: string): Promise<void> {
    await this.waits(`be at ${path}`, (path: string) => location.pathname === path, path);
  }

  /** Breaks the signaling connection and waits until a new peer connection has been opened. */
  async losesConnection(): Promise<void> {
    const before = await this.page.evaluate(() => {
      const probe: CallProbe = Reflect.get(globalThis, "callProbe");
      probe.dropSockets();
      return probe.connections;
    });
    await this.waits("reconnect", (before: number) => {
      const probe: CallProbe = Reflect.get(globalThis, "callProbe");
      return probe.connections > before;
    }, before);
  }

  /** Waits until this many others can be seen in any colour and heard at any pitch. */
  async seesAndHears(others: number): Promise<void> {
    await this.waits(
      `see and hear ${others}`,
      async (others: number, audible: number) => {
        const probe: CallProbe = Reflect.get(globalThis, "callProbe");
        const pictures = (await probe.tiles()).filter(({ own, colour }) => !own && colour !== null);
        const sounds = (await probe.sounds()).filter(({ level }) => level > audible);
        return pictures.length === others && sounds.length === others;
      },
      others,
      AUDIBLE_LEVEL,
    );
    await this.#picturesGoOn();
  }

  /** Lets time pass by the page's own clock. */
  async passes(milliseconds: number): Promise<void> {
    await this.page.evaluate((ms) => new Promise((resolve) => setTimeout(resolve, ms)), milliseconds);
  }

  /** Milliseconds from "connected" to the first picture, for each connection that had one. */
  async firstPictureMs(): Promise<readonly number[]> {
    return await this.page.evaluate(() => {
      const probe: CallProbe = Reflect.get(globalThis, "callProbe");
      return probe.firstPictureMs;
    });
  }

  async #switchOn(testId: string): Promise<void> {
    await this.click(testId);
    await this.page.waitForSelector(`[data-testid=${testId}][data-off=false]`, { timeout: PATIENCE_MS });
  }

  /** What the page shows, plays, sends and receives, for a person to read after a failure. */
  async inspects(): Promise<string> {
    return await this.page.evaluate(() => {
      const probe: CallProbe = Reflect.get(globalThis, "callProbe");
      return probe.inspect();
    });
  }

  /** Waits until a check in the page holds; says what the page shows instead when it does not. */
  async waits<Arguments extends unknown[]>(
    what: string,
    check: EvaluateFunc<Arguments>,
    ...args: Arguments
  ): Promise<void> {
    try {
      await this.page.waitForFunction(check, { polling: POLLING_MS, timeout: PATIENCE_MS }, ...args);
    } catch (cause) {
      const seen = await this.inspects();
      const said = this.#console.map((line) => `\n  console ${line}`).join("");
      throw new Error(`${this.persona.name} should ${what}, but is ${seen}${said}\n  ${machine()}`, { cause });
    }
  }
}
