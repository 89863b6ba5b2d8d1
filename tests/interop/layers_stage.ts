/** Drives pages of `layers_page.ts` in real browsers. */
import type { Browser, Page } from "puppeteer-core";
import { createServer, type SeaMeetServer } from "../../server.ts";
import { bundle } from "./e2ee_pages.ts";
import type { JoinOptions, LayersPage, Seen, Sent } from "./layers_page.ts";
import { machine, PATIENCE_MS, POLLING_MS } from "./patience.ts";

const HTML = '<!doctype html><meta charset="utf-8"><title>layers</title><body><script src="/page.js"></script>';

/** A server that serves the page and lets everybody in. */
export interface LayersServer extends AsyncDisposable {
  readonly origin: string;
  readonly server: SeaMeetServer;
}

/** Starts it; `mediaAddress` is where media goes. */
export async function startLayersServer(mediaAddress = "127.0.0.1"): Promise<LayersServer> {
  const script = await bundle("./layers_page.ts", "iife");
  const server = await createServer({
    ws: { hostname: "127.0.0.1", port: 0 },
    udpPort: 0,
    mediaAddresses: [mediaAddress],
    allowUnauthenticatedJoins: true,
    handleHttp: (request) => {
      const isScript = new URL(request.url).pathname === "/page.js";
      const type = isScript ? "text/javascript" : "text/html";
      return new Response(isScript ? script : HTML, { headers: { "content-type": `${type}; charset=utf-8` } });
    },
  });
  return {
    origin: `http://127.0.0.1:${server.wsAddress.port}`,
    server,
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** Somebody in a page of its own. */
export class LayersPerson {
  id = "";
  readonly page: Page;
  readonly name: string;
  readonly #url: string;

  private constructor(page: Page, name: string, url: string) {
    this.page = page;
    this.name = name;
    this.#url = url;
  }

  static async join(
    browser: Browser,
    { origin }: LayersServer,
    options: Omit<JoinOptions, "url">,
  ): Promise<LayersPerson> {
    const page = await (await browser.createBrowserContext()).newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(`${origin}/`);
    const person = new LayersPerson(page, options.name, origin.replace(/^http/, "ws"));
    person.id = await page.evaluate((options) => {
      const page: LayersPage = Reflect.get(globalThis, "layers");
      return page.join(options);
    }, { url: person.#url, ...options });
    return person;
  }

  async seen(other: LayersPerson, source: "camera" | "screen" = "camera"): Promise<Seen> {
    const all = await this.page.evaluate(() => {
      const page: LayersPage = Reflect.get(globalThis, "layers");
      return page.seen();
    });
    const seen = all[source === "camera" ? other.id : `${other.id} screen`];
    if (seen === undefined) throw new Error(`${this.name} sees no ${source} of ${other.name}`);
    return seen;
  }

  /** Waits until somebody is no participant any more. */
  async loses(other: LayersPerson): Promise<void> {
    await this.page.waitForFunction(
      async (id) => {
        const page: LayersPage = Reflect.get(globalThis, "layers");
        return !(id in await page.seen());
      },
      { polling: POLLING_MS },
      other.id,
    );
  }

  async sent(): Promise<Sent[]> {
    return await this.page.evaluate(() => {
      const page: LayersPage = Reflect.get(globalThis, "layers");
      return page.sent();
    });
  }

  async quality(other: LayersPerson): Promise<LayersPage["qualities"][string] | undefined> {
    const all = await this.page.evaluate(() => {
      const page: LayersPage = Reflect.get(globalThis, "layers");
      return page.qualities;
    });
    return all[other.id];
  }

  /** Says how large somebody's camera is shown. */
  async shows(other: LayersPerson, width: number, height: number): Promise<void> {
    await this.page.evaluate((view) => {
      const page: LayersPage = Reflect.get(globalThis, "layers");
      page.views([view]);
    }, { participant: other.id, source: "camera" as const, width, height });
  }

  /** Shares a screen. */
  async shares(size: NonNullable<JoinOptions["camera"]>): Promise<void> {
    await this.page.evaluate((size) => {
      const page: LayersPage = Reflect.get(globalThis, "layers");
      page.share(size);
    }, size);
  }

  /** Says what of somebody is to be seen. */
  async looksAt(other: LayersPerson, views: Partial<Record<"camera" | "screen", boolean>>): Promise<void> {
    const tracks = (["camera", "screen"] as const).map((source) => ({
      participant: other.id,
      source,
      visible: views[source] ?? false,
    }));
    await this.page.evaluate((tracks) => {
      const page: LayersPage = Reflect.get(globalThis, "layers");
      page.views(tracks);
    }, tracks);
  }

  /** Waits until what is seen of somebody is as wanted, and answers it. */
  async until(
    other: LayersPerson,
    what: string,
    test: (seen: Seen) => boolean,
    source: "camera" | "screen" = "camera",
  ): Promise<Seen> {
    const end = performance.now() + PATIENCE_MS;
    let last: Seen | undefined;
    while (performance.now() < end) {
      last = await this.seen(other, source).catch(() => undefined);
      if (last !== undefined && test(last)) return last;
      await new Promise((resolve) => setTimeout(resolve, POLLING_MS));
    }
    const sent = await other.sent();
    const quality = await this.quality(other);
    throw new Error(`${this.name} does not ${what}: ${JSON.stringify({ last, quality, sent })}; ${machine()}`);
  }
}
