/// <reference lib="dom" />
/**
 * Clicks and types without leaving anything behind in the page: the element handles of the usual ways hold on to what they touched, and
 * with it to the whole page that it was on, which would look like a leak of the app's.
 */
import type { CDPSession, Page } from "puppeteer-core";
import { PATIENCE_MS, POLLING_MS } from "./patience.ts";

/** Waits for an element and clicks it. */
export async function press(page: Page, testId: string): Promise<void> {
  await appears(page, `[data-testid=${testId}]:not(:disabled)`);
  await page.evaluate((testId) => document.querySelector<HTMLElement>(`[data-testid=${testId}]`)?.click(), testId);
}

/** Waits for a text field and replaces its text. */
export async function write(page: Page, testId: string, text: string): Promise<void> {
  await appears(page, `[data-testid=${testId}]`);
  await page.evaluate(
    (testId, text) => {
      const field = document.querySelector(`[data-testid=${testId}]`);
      // As the browser does it: React listens to the event and compares with the value that it has set itself.
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(field, text);
      field?.dispatchEvent(new Event("input", { bubbles: true }));
    },
    testId,
    text,
  );
}

/** Waits for an element. */
export async function appears(page: Page, selector: string): Promise<void> {
  await page.waitForFunction(
    (selector) => document.querySelector(selector) !== null,
    { polling: POLLING_MS, timeout: PATIENCE_MS },
    selector,
  );
}

/** What a page holds after garbage was collected. */
export interface PageHoldings {
  /** Bytes of JavaScript objects. */
  readonly heap: number;
  readonly listeners: number;
  /** Of the document and of what is detached from it. */
  readonly nodes: number;
  readonly connections: number;
  readonly audioNodes: number;
  /** Audio and video elements on the page. */
  readonly elements: number;
}

/** Collects garbage and counts. The session's domain `Performance` must be enabled. */
export async function holdingsOf(page: Page, session: CDPSession): Promise<PageHoldings> {
  // What a finaliser lets go is free after the second time.
  for (let i = 0; i < 3; i++) await session.send("HeapProfiler.collectGarbage");
  const { metrics } = await session.send("Performance.getMetrics");
  const metric = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? NaN;
  return {
    heap: metric("JSHeapUsedSize"),
    listeners: metric("JSEventListeners"),
    nodes: metric("Nodes"),
    connections: metric("RTCPeerConnections"),
    audioNodes: metric("AudioHandlers"),
    elements: await page.evaluate(() => document.querySelectorAll("audio, video").length),
  };
}
