/**
 * Makes the pictures of the documents: `deno task deno run -A tools/screenshots.ts [NAME…]`, into `docs/images`.
 *
 * Real pages with the real app and drawn people in front of made-up cameras. Needs a Chromium (tests/interop/browser.ts).
 */
import { fileURLToPath } from "node:url";
import type { Browser, Page, Viewport } from "puppeteer-core";
import { launchChromium } from "../tests/interop/browser.ts";
import { type MeetServer, startMeetServer } from "../tests/interop/meet_server.ts";

const FOLDER = fileURLToPath(new URL("../docs/images/", import.meta.url));

/** Larger files do not belong into a repository. */
const MAX_BYTES = 250_000;

const ROOM = "calm-azure-otter";
const DESKTOP: Viewport = { width: 1280, height: 800 };
const PHONE: Viewport = { width: 390, height: 844, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
const TIMEOUT_MS = 30_000;

const NAMES = [
  "Ada Lovelace",
  "Ben Okri",
  "Cleo Park",
  "Dan Weiss",
  "Eva Lind",
  "Finn Roy",
  "Gia Rossi",
  "Hugo Marsh",
  "Ines Alba",
];

/** How somebody is drawn: hues of wall, clothes and hair, lightness of the skin. */
interface Look {
  readonly wall: number;
  readonly clothes: number;
  readonly hair: number;
  readonly skin: number;
}

const lookOf = (index: number): Look => ({
  wall: (index * 67 + 190) % 360,
  clothes: (index * 101 + 20) % 360,
  hair: (index * 31 + 15) % 60,
  skin: 38 + (index * 17) % 38,
});

/** Puts a drawn person in front of the camera, and a drawn table on the screen. Runs in the page. */
function installDrawnMedia({ wall, clothes, hair, skin }: Look): void {
  const devices = navigator.mediaDevices;
  if (devices === undefined) return; // the empty page before the first one
  const film = (width: number, height: number, draw: (context: CanvasRenderingContext2D, step: number) => void) => {
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d")!;
    let step = 0;
    const paint = () => draw(context, step++);
    paint();
    setInterval(paint, 125);
    return canvas.captureStream(8).getVideoTracks()[0]!;
  };
  const person = (context: CanvasRenderingContext2D, step: number) => {
    const sway = Math.sin(step / 9) * 4;
    const back = context.createLinearGradient(0, 0, 640, 480);
    back.addColorStop(0, `hsl(${wall} 32% 74%)`);
    back.addColorStop(1, `hsl(${wall + 25} 28% 52%)`);
    context.fillStyle = back;
    context.fillRect(0, 0, 640, 480);
    context.fillStyle = `hsl(${wall + 40} 30% 82% / 0.5)`;
    context.fillRect(60, 50, 130, 170);
    const oval = (x: number, y: number, rx: number, ry: number, fill: string) => {
      context.fillStyle = fill;
      context.beginPath();
      context.ellipse(x + sway, y, rx, ry, 0, 0, 2 * Math.PI);
      context.fill();
    };
    oval(320, 205, 112, 128, `hsl(${hair} 40% 18%)`);
    oval(320, 480, 205, 150, `hsl(${clothes} 42% 42%)`);
    context.fillStyle = `hsl(24 40% ${skin - 6}%)`;
    context.fillRect(285 + sway, 300, 70, 60);
    oval(320, 228, 86, 108, `hsl(24 42% ${skin}%)`);
    oval(320, 138, 96, 52, `hsl(${hair} 40% 18%)`);
    for (const side of [-1, 1]) oval(320 + side * 34, 222, 8, step % 30 === 0 ? 1 : 9, "#22191a");
    context.strokeStyle = "#5c2d2d";
    context.lineWidth = 6;
    context.lineCap = "round";
    context.beginPath();
    context.arc(320 + sway, 262, 34, 0.25 * Math.PI, 0.75 * Math.PI);
    context.stroke();
  };
  const table = (context: CanvasRenderingContext2D, step: number) => {
    context.fillStyle = "#f7f9fa";
    context.fillRect(0, 0, 1280, 720);
    context.fillStyle = "#16323a";
    context.font = "700 44px system-ui, sans-serif";
    context.fillText("Tides this week", 80, 110);
    [150, 240, 330, 290, 380, 260, 190].forEach((height, index) => {
      context.fillStyle = index === step % 7 ? "#0b7379" : "#7cc5c6";
      context.fillRect(90 + index * 160, 620 - height, 100, height);
    });
  };
  devices.getUserMedia = (constraints) => {
    const tracks: MediaStreamTrack[] = constraints?.video ? [film(640, 480, person)] : [];
    if (constraints?.audio) {
      const audio = new AudioContext();
      tracks.push(audio.createMediaStreamDestination().stream.getAudioTracks()[0]!);
    }
    return Promise.resolve(new MediaStream(tracks));
  };
  devices.getDisplayMedia = () => Promise.resolve(new MediaStream([film(1280, 720, table)]));
}

/** One page, used by one drawn person. */
class Guest {
  readonly page: Page;
  readonly #name: string;
  readonly #origin: string;

  private constructor(page: Page, name: string, origin: string) {
    this.page = page;
    this.#name = name;
    this.#origin = origin;
  }

  static async open(browser: Browser, origin: string, index: number, viewport = DESKTOP): Promise<Guest> {
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    await page.setViewport(viewport);
    await page.evaluateOnNewDocument(installDrawnMedia, lookOf(index));
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
    return new Guest(page, NAMES[index % NAMES.length] ?? "", origin);
  }

  async click(testId: string): Promise<void> {
    await this.page.locator(`[data-testid=${testId}]`).setTimeout(TIMEOUT_MS).click();
  }

  async fill(testId: string, text: string): Promise<void> {
    await this.page.locator(`[data-testid=${testId}]`).setTimeout(TIMEOUT_MS).fill(text);
  }

  /** Fills the lobby. */
  async arrives({ camera = true, mic = true, e2ee = false } = {}): Promise<void> {
    await this.page.goto(`${this.#origin}/room/${ROOM}`);
    await this.fill("input-name", this.#name);
    if (camera) await this.click("lobby-toggle-camera");
    if (mic) await this.click("lobby-toggle-mic");
    if (e2ee) await this.click("lobby-toggle-e2ee");
  }

  async enters(options: Parameters<Guest["arrives"]>[0] = {}): Promise<void> {
    await this.arrives(options);
    await this.click("btn-join");
    await this.page.waitForSelector("[data-testid=video-grid]", { timeout: TIMEOUT_MS });
  }

  /** Waits for so many tiles with moving pictures, or without a camera. */
  async sees(tiles: number): Promise<void> {
    await this.page.waitForFunction(
      (tiles) => {
        const all = [...document.querySelectorAll("[data-testid=video-tile]")];
        return all.length === tiles &&
          all.every((tile) =>
            tile.getAttribute("data-video") === "off" || (tile.querySelector("video")?.videoWidth ?? 0) > 0
          );
      },
      { polling: 200, timeout: TIMEOUT_MS },
      tiles,
    );
  }

  /** Waits until the pictures of others have grown: they begin small. On a busy machine they may stay so. */
  async seesSharply(lines: number): Promise<void> {
    await this.page.waitForFunction(
      (lines) =>
        [...document.querySelectorAll("[data-testid=video-tile]:not(.tile-own)[data-video=on] video")]
          .every((video) => video instanceof HTMLVideoElement && video.videoHeight >= lines),
      { polling: 200, timeout: TIMEOUT_MS },
      lines,
    ).catch(() => console.log("  the pictures have stayed small"));
  }

  async scheme(value: "light" | "dark"): Promise<void> {
    await this.page.emulateMediaFeatures([{ name: "prefers-color-scheme", value }]);
  }

  async saves(name: string): Promise<void> {
    await this.page.mouse.move(2, 2);
    await this.page.evaluate(() => {
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
      return Promise.allSettled(
        document.getAnimations().filter(({ effect }) => effect?.getTiming().iterations !== Infinity)
          .map(({ finished }) => finished),
      );
    });
    const bytes = await this.page.screenshot({ type: "webp", quality: 82 });
    if (bytes.length > MAX_BYTES) throw new Error(`${name} has ${bytes.length} bytes`);
    await Deno.writeFile(`${FOLDER}${name}.webp`, bytes);
    console.log(`${name}.webp  ${Math.round(bytes.length / 1_000)} kB`);
  }
}

type Scene = (open: (index: number, viewport?: Viewport) => Promise<Guest>, meet: MeetServer) => Promise<void>;

const SCENES: Readonly<Record<string, Scene>> = {
  async lobby(open) {
    const ada = await open(0);
    await ada.arrives();
    await ada.page.waitForSelector(".preview-screen[data-on=true]");
    await ada.saves("lobby-dark");
    await ada.scheme("light");
    await ada.saves("lobby-light");
  },
  async two(open) {
    const [ada, ben] = [await open(0), await open(1)];
    await ada.enters();
    await ben.enters();
    await ada.sees(2);
    await ada.seesSharply(480);
    await ada.saves("two-dark");
    await ada.scheme("light");
    await ada.saves("two-light");
  },
  async five(open) {
    const guests = await enterAll(open, 5);
    const ada = guests[0]!;
    await ada.sees(5);
    await guests[2]?.click("btn-hand");
    await ada.page.waitForSelector("[data-testid=tile-hand]");
    await ada.saves("five-dark");
    await ada.click("btn-more");
    for (let i = 0; i < 2; i++) await ada.click("more-view");
    await ada.page.keyboard.press("Escape");
    await ada.saves("speaker-dark");
    await ada.click("btn-more");
    await ada.click("more-stats");
    await ada.page.waitForSelector("[data-testid=stats-why]", { timeout: TIMEOUT_MS });
    await ada.saves("stats-dark");
    await ada.page.locator("[data-testid=stats-panel] button").click();
    await guests[3]?.click("btn-screen-share");
    await ada.sees(6);
    await ada.saves("screen-dark");
  },
  async nine(open) {
    const guests = await enterAll(open, 9);
    await guests[0]?.sees(9);
    await guests[0]?.saves("nine-dark");
  },
  async chat(open) {
    const [ada, ben, cleo] = await enterAll(open, 3);
    if (ada === undefined || ben === undefined || cleo === undefined) return;
    await ada.sees(3);
    const writes = async (guest: Guest, text: string) => {
      if (await guest.page.$("[data-testid=chat-input]") === null) await guest.click("btn-toggle-chat");
      await guest.fill("chat-input", text);
      await guest.page.keyboard.press("Enter");
      await ada.page.waitForFunction((text) => document.body.innerText.includes(text), {}, text);
    };
    await ada.click("btn-toggle-chat");
    await writes(ben, "Here is the list for tomorrow: https://example.org/boats");
    await writes(cleo, "Thanks! Low tide is at seven.");
    await writes(ada, "Then we leave at six. Bring something warm.");
    await ada.seesSharply(240);
    await ada.saves("chat-dark");
    await ada.scheme("light");
    await ada.saves("chat-light");
  },
  async safety(open) {
    const [ada, ben] = [await open(0), await open(1)];
    await ada.enters({ e2ee: true });
    await ben.enters({ e2ee: true });
    await ada.sees(2);
    await ada.page.waitForSelector("[data-testid=tile-shield]");
    await ada.click("e2ee-indicator");
    await ada.page.waitForSelector("[data-testid=safety-number]");
    await ada.click("btn-verify");
    await ada.page.waitForSelector("[data-trust=verified]");
    await ada.seesSharply(240);
    await ada.saves("safety-dark");
    await ada.scheme("light");
    await ada.saves("safety-light");
  },
  async phone(open) {
    const [ada, ben, cleo] = [await open(0, PHONE), await open(1), await open(2)];
    await ada.arrives();
    await ada.saves("phone-lobby");
    await ada.enters({});
    await ben.enters();
    await cleo.enters({ camera: false, mic: false });
    await ada.sees(3);
    await ada.seesSharply(240);
    await ada.saves("phone-call");
    await ada.click("btn-more");
    await ada.saves("phone-menu");
  },
};

async function enterAll(open: (index: number) => Promise<Guest>, count: number): Promise<Guest[]> {
  const guests: Guest[] = [];
  for (let index = 0; index < count; index++) {
    const guest = await open(index);
    // Some people have their camera off.
    await guest.enters({ camera: index % 5 !== 4, mic: index % 3 !== 2 });
    guests.push(guest);
  }
  return guests;
}

async function show(scene: Scene): Promise<void> {
  await using meet = await startMeetServer();
  const browser = await launchChromium([
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
  ]);
  try {
    await scene((index, viewport) => Guest.open(browser, meet.origin, index, viewport), meet);
  } finally {
    await browser.close();
  }
}

if (import.meta.main) {
  await Deno.mkdir(FOLDER, { recursive: true });
  const names = Deno.args.length > 0 ? Deno.args : Object.keys(SCENES);
  for (const name of names) {
    const scene = SCENES[name];
    if (scene === undefined) throw new Error(`No scene "${name}"; there are ${Object.keys(SCENES).join(", ")}`);
    await show(scene);
  }
}
