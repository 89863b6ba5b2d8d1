/** A server, a browser and people for calls that are encrypted from end to end. */
import type { Browser } from "puppeteer-core";
import { launchChromium } from "./browser.ts";
import { E2eeParticipant, type E2eeServer, type Persona, startE2eeServer } from "./e2ee_pages.ts";

/** Everybody's room. */
export const ROOM = "secret";
export const ADA: Persona = { name: "Ada", colour: [230, 0, 0], toneHz: 440 };
export const BEN: Persona = { name: "Ben", colour: [0, 170, 0], toneHz: 660 };
export const CLEO: Persona = { name: "Cleo", colour: [0, 0, 230], toneHz: 880 };
export const EVE: Persona = { name: "Eve", colour: [230, 0, 230], toneHz: 1320 };

/** Pages in the background must paint and count time like any other. */
const BACKGROUND_FLAGS = [
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

/** What a test plays on. */
export interface E2eeStage {
  readonly server: E2eeServer;
  /** Where its WebSockets are. */
  readonly signaling: string;
  readonly browser: Browser;
  open(persona: Persona): Promise<E2eeParticipant>;
}

/** Runs a test with a server and a browser, and ends both. */
export async function onE2eeStage(test: (stage: E2eeStage) => Promise<void>): Promise<void> {
  await using server = await startE2eeServer();
  const browser = await launchChromium(BACKGROUND_FLAGS);
  try {
    const open = (persona: Persona) => E2eeParticipant.open(browser, server.origin, persona);
    await test({ server, browser, signaling: server.origin.replace(/^http/, "ws"), open });
  } finally {
    await browser.close();
  }
}
