/** A room on a server, with three cameras and a good viewer beside the server and a viewer behind a bad link. */
import type { Browser, Page } from "puppeteer-core";
import { createServer, type SeaMeetServer } from "../../server.ts";
import { launchChromium } from "./browser.ts";
import { bundle } from "./e2ee_pages.ts";
import type { LinkJoin, LinkPage, SeenCamera, SentEncoding } from "./link_page.ts";
import { clockOf, startClock } from "./page_clock.ts";
import { machine, PATIENCE_MS, POLLING_MS, type Span } from "./patience.ts";
import { type LinkRate, NEAR_ADDRESS, TunLink } from "./tun_link.ts";

/**
 * Small pictures at half the rate, so that three encoders and six decoders leave two cores idle time: two encodings, of
 * 100 and 500 kbit/s. One speaks.
 */
export const CAMERA = { width: 480, height: 270, fps: 15 };
const BITRATES_OF = { width: 640, height: 360, fps: 15 };
/** What a sharp picture is across. */
export const WIDTH = CAMERA.width;
export const PUBLISHERS = ["Ada", "Ben", "Cleo"] as const;

const ROOM = "link";
const HTML = '<!doctype html><meta charset="utf-8"><title>link</title><body><script src="/page.js"></script>';
const CAMERA_SECONDS = 8;

/** Pages in the background must paint and count time like any other. */
const FLAGS = [
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

/** One page in the room. */
export class LinkPerson {
  readonly name: string;
  readonly #page: Page;

  private constructor(name: string, page: Page) {
    this.name = name;
    this.#page = page;
  }

  /** Opens a page and joins. */
  static async join(
    browser: Browser,
    origin: string,
    who: Omit<LinkJoin, "url" | "room">,
  ): Promise<LinkPerson> {
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(`${origin}/`);
    await startClock(page);
    const options: LinkJoin = { url: origin.replace(/^http/, "ws"), room: ROOM, ...who };
    await page.evaluate((options) => {
      const page: LinkPage = Reflect.get(globalThis, "linkPage");
      return page.join(options);
    }, options);
    return new LinkPerson(who.name, page);
  }

  /** What it decodes of the others, by name. */
  async seen(): Promise<SeenCamera[]> {
    const seen = await this.#page.evaluate(() => {
      const page: LinkPage = Reflect.get(globalThis, "linkPage");
      return page.seen();
    });
    return seen.sort((a, b) => a.name.localeCompare(b.name));
  }

  /** What it sends. */
  async sent(): Promise<SentEncoding[]> {
    return await this.#page.evaluate(() => {
      const page: LinkPage = Reflect.get(globalThis, "linkPage");
      return page.sent();
    });
  }

  /** Packets of sound that it has got and sent. */
  async sound(): Promise<{ readonly came: number; readonly sent: number }> {
    return await this.#page.evaluate(() => {
      const page: LinkPage = Reflect.get(globalThis, "linkPage");
      return page.sound();
    });
  }

  /** When its page had no time. */
  async stalls(): Promise<readonly Span[]> {
    return (await clockOf(this.#page)).stalls;
  }

  /** Waits until it decodes what it should; returns how long that took. @throws with what it decodes instead. */
  async until(what: string, test: (seen: readonly SeenCamera[]) => boolean): Promise<number> {
    const start = performance.now();
    for (;;) {
      const seen = await this.seen();
      const took = performance.now() - start;
      if (test(seen)) return took;
      if (took > PATIENCE_MS) {
        throw new Error(`${this.name} should see ${what}, but: ${JSON.stringify(seen, null, 1)}; ${machine()}`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLLING_MS));
    }
  }
}

/** Everything a test on a bad link needs. */
export interface LinkStage {
  readonly server: SeaMeetServer;
  readonly link: TunLink;
  readonly publishers: readonly LinkPerson[];
  readonly good: LinkPerson;
  /** Behind the link. */
  readonly bad: LinkPerson;
}

/** Runs a test with all of them in the room; the link begins with `rate`. */
export async function onLinkStage(rate: LinkRate, test: (stage: LinkStage) => Promise<void>): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "seameet-link-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const [script] = await Promise.all([bundle("./link_page.ts", "iife"), paintCamera(`${folder}/camera.y4m`)]);
  const link = stack.use(await TunLink.open(rate));
  const server = await createServer({
    ws: { hostname: "0.0.0.0", port: 0 },
    udpPort: 0,
    mediaAddresses: [NEAR_ADDRESS],
    allowUnauthenticatedJoins: true,
    handleHttp: (request) => {
      const isScript = new URL(request.url).pathname === "/page.js";
      const type = isScript ? "text/javascript" : "text/html";
      return new Response(isScript ? script : HTML, { headers: { "content-type": `${type}; charset=utf-8` } });
    },
  });
  stack.defer(() => server.close());
  const { port } = server.wsAddress;
  const browser = await launchChromium([...FLAGS, `--use-file-for-fake-video-capture=${folder}/camera.y4m`]);
  stack.defer(() => browser.close());
  const behind = `http://${NEAR_ADDRESS}:${port}`;
  const far = await launchChromium([
    ...FLAGS,
    `--unsafely-treat-insecure-origin-as-secure=${behind}`,
    `--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE ${NEAR_ADDRESS}`,
  ], (program) => link.wrapper(folder, program));
  stack.defer(() => far.close());
  const publishers: LinkPerson[] = [];
  const beside = `http://127.0.0.1:${port}`;
  for (const name of PUBLISHERS) {
    const who = { name, camera: CAMERA, videoConfig: BITRATES_OF, sound: name === "Ada" };
    publishers.push(await LinkPerson.join(browser, beside, who));
  }
  const good = await LinkPerson.join(browser, beside, { name: "Good" });
  const bad = await LinkPerson.join(far, behind, { name: "Bad" });
  await test({ server, link, publishers, good, bad });
}

/** A picture with so much motion and grain that encoders use the rate they are given. */
async function paintCamera(path: string): Promise<void> {
  const { width, height, fps } = CAMERA;
  const source = `testsrc2=size=${width}x${height}:rate=${fps}:duration=${CAMERA_SECONDS},noise=alls=12:allf=t`;
  const args = ["-v", "error", "-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p", path];
  const { success, stderr } = await new Deno.Command("ffmpeg", { args }).output();
  if (!success) throw new Error(`ffmpeg cannot paint a camera picture: ${new TextDecoder().decode(stderr)}`);
}
