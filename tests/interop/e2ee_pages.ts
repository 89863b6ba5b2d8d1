/** Drives pages of `e2ee_page.ts` in real browsers. */
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "puppeteer-core";
import { createServer, type SeaMeetServer, type ServerOptions } from "../../server.ts";
import { prepare, ROOT, withConfig } from "../../tools/launch.ts";
import type { Colour } from "../seed_pool_client/media.ts";
import type { E2eePage, JoinOptions, ReceivedLine, SeenPerson } from "./e2ee_page.ts";
import { clockOf, startClock } from "./page_clock.ts";
import { machine, PATIENCE_MS, POLLING_MS, type Span } from "./patience.ts";

const HTML = '<!doctype html><meta charset="utf-8"><title>e2ee</title><body><script src="/page.js"></script>';

/** Video coding moves a colour by up to this much. */
const COLOUR_TOLERANCE = 60;
/** One and a half bins of the analyser. */
const TONE_TOLERANCE_HZ = 18;
/** A picture that goes on has this many frames more, a second's. */
const MORE_FRAMES = 5;

/** A server that serves the page and its worker, and lets everybody in. */
export interface E2eeServer extends AsyncDisposable {
  readonly origin: string;
  readonly server: SeaMeetServer;
}

function colourDistance(a: Colour, b: Colour): number {
  return Math.hypot(...a.map((value, i) => value - b[i]!));
}

/** Somebody with a colour and a tone. */
export interface Persona {
  readonly name: string;
  readonly colour: Colour;
  readonly toneHz: number;
}

/** Starts a server on 127.0.0.1, a page of which counts as secure; `mediaAddress` is where media goes. */
export async function startE2eeServer(
  { mediaAddress = "127.0.0.1", ...options }: Partial<ServerOptions> & { readonly mediaAddress?: string } = {},
): Promise<E2eeServer> {
  const scripts = new Map([
    ["/page.js", await bundle("./e2ee_page.ts", "iife")],
    ["/worker.js", await bundle("../../src/client/e2ee/worker.ts", "esm")],
  ]);
  const server = await createServer({
    ws: { hostname: "127.0.0.1", port: 0 },
    udpPort: 0,
    mediaAddresses: [mediaAddress],
    allowUnauthenticatedJoins: true,
    handleHttp: (request) => {
      const script = scripts.get(new URL(request.url).pathname);
      const type = script === undefined ? "text/html" : "text/javascript";
      return new Response(script ?? HTML, { headers: { "content-type": `${type}; charset=utf-8` } });
    },
    ...options,
  });
  return {
    origin: `http://127.0.0.1:${server.wsAddress.port}`,
    server,
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** One participant in a page. */
export class E2eeParticipant {
  readonly persona: Persona;
  readonly page: Page;
  id = "";
  readonly #url: string;

  private constructor(page: Page, persona: Persona, url: string) {
    this.page = page;
    this.persona = persona;
    this.#url = url;
  }

  /** Opens a page in a context of its own: another device. */
  static async open(browser: Browser, origin: string, persona: Persona): Promise<E2eeParticipant> {
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    return await E2eeParticipant.openIn(page, origin, persona);
  }

  /** Uses a page that is there: the same device as before, when it is of the same context. */
  static async openIn(page: Page, origin: string, persona: Persona): Promise<E2eeParticipant> {
    await page.goto(`${origin}/`);
    await startClock(page);
    return new E2eeParticipant(page, persona, origin.replace(/^http/, "ws"));
  }

  /** Enters a room. */
  async join(room: string, options: Partial<JoinOptions> = {}): Promise<void> {
    const { name, colour, toneHz } = this.persona;
    const all: JoinOptions = { url: this.#url, room, name, colour, toneHz, e2ee: true, ...options };
    this.id = await this.page.evaluate((all) => {
      const page: E2eePage = Reflect.get(globalThis, "e2ee");
      return page.join(all);
    }, all);
  }

  /** Calls something of the page. */
  async call<K extends "leave" | "chat" | "verify" | "allowUnencrypted" | "share">(
    name: K,
    ...args: Parameters<E2eePage[K]>
  ): Promise<void> {
    await this.page.evaluate(
      async (name, args) => {
        const page: E2eePage = Reflect.get(globalThis, "e2ee");
        await Reflect.apply(page[name], page, args);
      },
      name,
      args,
    );
  }

  /** What the page sees. */
  async people(): Promise<SeenPerson[]> {
    return await this.page.evaluate(() => {
      const page: E2eePage = Reflect.get(globalThis, "e2ee");
      return page.people();
    });
  }

  /** All video that has come in, shown or not, as soon as so many lines had so many packets and `control` is seen. */
  async received(lines: number, packets: number, control: E2eeParticipant): Promise<ReceivedLine[]> {
    const read = () =>
      this.page.evaluate(() => {
        const page: E2eePage = Reflect.get(globalThis, "e2ee");
        return page.received();
      });
    let busy: ReceivedLine[] = [];
    await this.until(`receive ${packets} packets on ${lines} lines`, async () => {
      busy = (await read()).filter((line) => line.packets >= packets);
      return busy.length >= lines && busy.some(({ colour }) => control.hasColour(colour));
    });
    return busy;
  }

  /** Says whether a colour is this one's. */
  hasColour(colour: Colour | null): boolean {
    return colour !== null && colourDistance(this.persona.colour, colour) <= COLOUR_TOLERANCE;
  }

  /** What was reported. */
  async events(): Promise<E2eePage["events"]> {
    return await this.page.evaluate(() => {
      const page: E2eePage = Reflect.get(globalThis, "e2ee");
      return page.events;
    });
  }

  /** When its page had no time. */
  async stalls(): Promise<readonly Span[]> {
    return (await clockOf(this.page)).stalls;
  }

  /** From when the media path was there to when the first picture of somebody came. */
  async firstFrame(of: E2eeParticipant): Promise<Span | undefined> {
    return await this.page.evaluate((id) => {
      const page: E2eePage = Reflect.get(globalThis, "e2ee");
      return page.firstFrames[id];
    }, of.id);
  }

  /** Waits until exactly these are in the room, each seen and (`heard`) heard as what they are, with pictures that go on. */
  async perceives(others: readonly E2eeParticipant[], heard = true): Promise<void> {
    const before = new Map((await this.people()).map(({ id, frames }) => [id, frames]));
    await this.until(
      `perceive ${others.map(({ persona }) => persona.name)}`,
      (people) =>
        people.length === others.length && others.every(({ id, persona }) => {
          const seen = people.find((person) => person.id === id);
          if (seen === undefined || seen.colour === null) return false;
          const distance = colourDistance(persona.colour, seen.colour);
          return distance < COLOUR_TOLERANCE && seen.frames >= (before.get(id) ?? 0) + MORE_FRAMES &&
            (!heard || Math.abs(seen.toneHz - persona.toneHz) < TONE_TOLERANCE_HZ);
        }),
    );
  }

  /** Waits until what the page sees is right. @throws with what it sees instead. */
  async until(what: string, test: (people: readonly SeenPerson[]) => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const people = await this.people();
      if (await test(people)) return;
      if (performance.now() > deadline) {
        const events = (await this.events()).map((event) => JSON.stringify(event)).slice(-20).join("\n  ");
        throw new Error(
          `${this.persona.name} should ${what}, but: ${JSON.stringify(people, null, 1)}\n  ${events}\n  ${machine()}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, POLLING_MS));
    }
  }

  /** Waits until the chat is this. */
  async reads(...lines: string[]): Promise<void> {
    await this.page.waitForFunction(
      (wanted) => {
        const page: E2eePage = Reflect.get(globalThis, "e2ee");
        return JSON.stringify(page.lines()) === wanted;
      },
      { polling: POLLING_MS, timeout: PATIENCE_MS },
      JSON.stringify(lines),
    );
  }
}

/** One of our files as a script for browsers. */
export async function bundle(path: string, format: "iife" | "esm"): Promise<string> {
  const file = fileURLToPath(new URL(path, import.meta.url));
  const command = ["bundle", "--quiet", "--platform", "browser", "--format", format, file];
  const args = withConfig(command, await prepare());
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
  if (!success) throw new Error(`Cannot bundle ${path}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
