/// <reference lib="dom" />
/** Drives the seed's client (`tests/seed_pool_client`) in real browser pages and judges what its tiles show. */
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "puppeteer-core";
import { launchChromium } from "./browser.ts";
import { machine, PATIENCE_MS, POLLING_MS } from "./patience.ts";
import type { Colour } from "../seed_pool_client/media.ts";
import type { SeedApi, TileState } from "../seed_pool_client/page.ts";

/** A participant with a colour and a tone that nobody else has. */
export interface Person {
  readonly name: string;
  readonly colour: Colour;
  readonly toneHz: number;
}

/** A tile that a page is expected to show. */
export interface ExpectedTile {
  readonly participant: string;
  readonly kind: "camera" | "screen";
  readonly colour: Colour;
  /** Absent: a tile without sound. */
  readonly toneHz?: number;
}

/** Screens get a colour that no person has. */
export const SCREEN_COLOUR: Colour = [20, 20, 20];

/** Far enough apart to be told from each other after video coding, which moves a colour by up to 40. */
const COLOURS: readonly Colour[] = [
  [230, 0, 0],
  [0, 170, 0],
  [0, 0, 230],
  [230, 230, 0],
  [230, 0, 230],
  [0, 230, 230],
  [255, 255, 255],
  [128, 128, 128],
  [110, 0, 130],
  [240, 130, 0],
];
const PALETTE: readonly Colour[] = [...COLOURS, SCREEN_COLOUR];

const LOWEST_TONE_HZ = 300;
const TONE_STEP_HZ = 170;
/** One and a half bins of the analyser. */
const TONE_TOLERANCE_HZ = 18;

/** Pages in the background must paint and count time like any other. */
const BACKGROUND_FLAGS = [
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

/** The `n`th participant. */
export function person(n: number): Person {
  return {
    name: `person ${n}`,
    colour: COLOURS[n % COLOURS.length] ?? [0, 0, 0],
    toneHz: LOWEST_TONE_HZ + n * TONE_STEP_HZ,
  };
}

/** The camera tile of a participant. */
export function cameraOf({ name, colour, toneHz }: Person): ExpectedTile {
  return { participant: name, kind: "camera", colour, toneHz };
}

/** The screen tile of a participant. */
export function screenOf({ name }: Person): ExpectedTile {
  return { participant: name, kind: "screen", colour: SCREEN_COLOUR };
}

/** A browser whose pages each hold one participant of a room. */
export class SeedPages implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #script: string;
  readonly #origin: string;

  private constructor(browser: Browser, script: string, origin: string) {
    this.#browser = browser;
    this.#script = script;
    this.#origin = origin;
  }

  /** Starts Chromium. `origin` is the server's, as `http://127.0.0.1:3001`: the pages belong to it. */
  static async start(origin: string): Promise<SeedPages> {
    const script = await bundle();
    return new SeedPages(await launchChromium(BACKGROUND_FLAGS), script, origin);
  }

  /** Opens a page with the client in it, which has not joined yet. */
  async open(person: Person): Promise<SeedPage> {
    const page = await this.#browser.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(`${this.#origin}/healthz`);
    await page.evaluate(this.#script);
    return new SeedPage(page, person, this.#origin.replace(/^http/, "ws"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}

/** One participant in a page. */
export class SeedPage {
  readonly person: Person;
  readonly #page: Page;
  readonly #url: string;

  constructor(page: Page, person: Person, url: string) {
    this.#page = page;
    this.person = person;
    this.#url = url;
  }

  /** Enters a room, with camera and microphone unless `withMedia` is false. Does not wait for anything. */
  async join(room: string, withMedia = true): Promise<void> {
    const { name, colour, toneHz } = this.person;
    const options = { url: this.#url, room, name, ...(withMedia ? { colour, toneHz } : {}) };
    await this.#page.evaluate((options) => {
      const seed: SeedApi = Reflect.get(globalThis, "seed");
      seed.join(options);
    }, options);
  }

  /** Calls one of the client's methods without arguments. */
  async call(method: "leave" | "stopShare" | "dropSocket"): Promise<void> {
    await this.#page.evaluate(async (method) => {
      const seed: SeedApi = Reflect.get(globalThis, "seed");
      await seed[method]();
    }, method);
  }

  /** Shares a screen of {@linkcode SCREEN_COLOUR}. */
  async share(): Promise<void> {
    await this.#page.evaluate(async (colour) => {
      const seed: SeedApi = Reflect.get(globalThis, "seed");
      await seed.share(colour);
    }, SCREEN_COLOUR);
  }

  /**
   * Waits until the tiles are these and no others, each with the colour and tone of the participant it is named after.
   *
   * @throws Error with what the page shows instead.
   */
  async shows(expected: readonly ExpectedTile[]): Promise<void> {
    try {
      await this.#page.waitForFunction(
        (expected, palette, toneTolerance) => {
          const seed: SeedApi = Reflect.get(globalThis, "seed");
          const tiles = seed.tiles();
          const distance = (a: Colour, b: Colour) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
          const is = (want: Colour, seen: Colour | null) =>
            seen !== null && palette.every((other) => distance(want, seen) <= distance(other, seen));
          const right = (want: ExpectedTile) =>
            tiles.some((tile) =>
              tile.participant === want.participant && tile.kind === want.kind && is(want.colour, tile.colour) &&
              Math.abs(tile.toneHz - (want.toneHz ?? 0)) <= toneTolerance
            );
          return tiles.length === expected.length && expected.every(right);
        },
        { polling: POLLING_MS, timeout: PATIENCE_MS },
        expected,
        PALETTE,
        TONE_TOLERANCE_HZ,
      );
    } catch (cause) {
      const seen = await this.#inspect();
      throw new Error(`${this.person.name} should show ${list(expected)}\nbut shows ${seen}\n${machine()}`, { cause });
    }
  }

  async #inspect(): Promise<string> {
    const { tiles, state, received } = await this.#page.evaluate(async () => {
      const seed: SeedApi = Reflect.get(globalThis, "seed");
      return { tiles: seed.tiles(), state: seed.state(), received: await seed.received() };
    });
    return `${list(tiles)}\nstate ${JSON.stringify(state)}\nreceived\n  ${received.join("\n  ")}`;
  }
}

function list(tiles: readonly (ExpectedTile | TileState)[]): string {
  const line = ({ participant, kind, colour, toneHz }: ExpectedTile | TileState) =>
    `  ${participant} ${kind} rgb(${colour}) ${Math.round(toneHz ?? 0)} Hz`;
  return `${tiles.length} tiles\n${tiles.map(line).join("\n")}`;
}

/** The page's script in one piece. */
async function bundle(): Promise<string> {
  const path = fileURLToPath(new URL("../seed_pool_client/page.ts", import.meta.url));
  const command = new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--no-config", "--no-lock", "--platform", "browser", path],
  });
  const { success, stdout, stderr } = await command.output();
  if (!success) throw new Error(`Cannot bundle the client: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
