/// <reference lib="dom" />
/** Time as a page has it: when pictures came, when things were clicked, and when the machine gave the page no time. */
import type { Page } from "puppeteer-core";
import type { SeaMeetClient } from "../../src/client/mod.ts";
import { covered, type Span } from "./patience.ts";

/** `globalThis.pageClock` of a page. Times are in milliseconds since 1970. */
export interface PageClock {
  /** The page's timers were due and did not run. */
  readonly stalls: Span[];
  /** When each picture of somebody's camera was received, by display name. */
  readonly pictures: Record<string, number[]>;
  /** When something was clicked last. */
  clickedAt: number;
  /** When the browser said last that there is a network again. */
  onlineAt: number;
}

/** Installs {@linkcode PageClock}. Runs in the page, before its scripts or later, so it can use nothing from outside. */
function install(): void {
  const lateMs = 20; // as in patience.ts
  const tickMs = 20;
  const clock: PageClock = { stalls: [], pictures: {}, clickedAt: NaN, onlineAt: NaN };
  document.addEventListener("click", () => clock.clickedAt = Date.now(), { capture: true });
  globalThis.addEventListener("online", () => clock.onlineAt = Date.now());
  const tick = () => {
    const due = Date.now() + tickMs;
    setTimeout(() => {
      const now = Date.now();
      if (now - due > lateMs) clock.stalls.push({ from: due, to: now });
      tick();
    }, tickMs);
  };
  tick();
  Reflect.set(globalThis, "pageClock", clock);
}

/** Starts the clock of a page that holds a call now. */
export async function startClock(page: Page): Promise<void> {
  await page.evaluate(install);
}

/** What the clock of a page has noted. */
export async function clockOf(page: Page): Promise<PageClock> {
  return await page.evaluate(() => {
    const clock: PageClock = Reflect.get(globalThis, "pageClock");
    return clock;
  });
}

/** Notes from the next picture on when pictures of somebody's camera are received, whether they are shown or not. The clock must run. */
export async function watchPictures(page: Page, name: string): Promise<void> {
  await page.evaluate(async (name) => {
    const clock: PageClock = Reflect.get(globalThis, "pageClock");
    const client: SeaMeetClient = Reflect.get(globalThis, "seameetClient");
    const track = [...client.participants.values()].find(({ displayName }) => displayName === name)?.tracks.camera;
    if (track === undefined) throw new Error(`${name} has no camera here`);
    const times: number[] = clock.pictures[name] = [];
    const video = document.createElement("video");
    video.muted = true;
    video.srcObject = new MediaStream([track]);
    const next: VideoFrameRequestCallback = (now, { receiveTime = now }) => {
      times.push(performance.timeOrigin + receiveTime);
      video.requestVideoFrameCallback(next);
    };
    // Kept, or it would be collected.
    Reflect.set(globalThis, `video of ${name}`, video);
    void video.play().catch(() => {});
    await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
    video.requestVideoFrameCallback(next);
  }, name);
}

/** A span of time and how much of it the machine took away. */
export interface Measured {
  /** By the clock, milliseconds. */
  readonly tookMs: number;
  /** Without the time in which one of those who had to act got none: the system's own part, milliseconds. */
  readonly ownMs: number;
}

/** Measures a span against the stalls of everybody who has a part in it. */
export function measure(span: Span, ...stalls: readonly (readonly Span[])[]): Measured {
  const tookMs = span.to - span.from;
  return { tookMs, ownMs: tookMs - covered(stalls.flat(), span) };
}

/** The longest pause in a list of times, by the time that is not the machine's. */
export function longestPause(times: readonly number[], ...stalls: readonly (readonly Span[])[]): Measured {
  return times.slice(1).map((to, i) => measure({ from: times[i]!, to }, ...stalls))
    .reduce((longest, one) => one.ownMs > longest.ownMs ? one : longest, { tookMs: 0, ownMs: 0 });
}
