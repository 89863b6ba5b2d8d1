/** A server with the app and a browser, for tests of the app. */
import type { Browser } from "puppeteer-core";
import type { SeaMeetServer } from "../../server.ts";
import { launchChromium } from "./browser.ts";
import { type EnterOptions, Person, type Persona } from "./call_person.ts";
import { type MeetServer, startMeetServer } from "./meet_server.ts";
import { machine } from "./patience.ts";

export const DESKTOP = { width: 1280, height: 800 };

/** Pages in the background must paint and count time like any other. */
const BACKGROUND_FLAGS = [
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

export interface Stage {
  readonly meet: MeetServer;
  readonly browser: Browser;
  /** Opens a page on a machine of its own. */
  open(persona: Persona): Promise<Person>;
  /** Opens one and enters. */
  enter(persona: Persona, room: string, options?: EnterOptions): Promise<Person>;
}

/** Runs a test with a server and a browser, and ends both. */
export async function onStage(
  test: (stage: Stage) => Promise<void>,
  options: Parameters<typeof startMeetServer>[0] = {},
): Promise<void> {
  await using meet = await startMeetServer(options);
  const browser = await launchChromium(BACKGROUND_FLAGS);
  const people: Person[] = [];
  try {
    const open: Stage["open"] = async (persona) => {
      const person = await Person.open(browser, meet.origin, persona, { viewport: DESKTOP });
      people.push(person);
      await person.page.evaluateOnNewDocument(installWatch);
      return person;
    };
    const enter: Stage["enter"] = async (persona, room, options) => {
      const person = await open(persona);
      await person.enter(room, options);
      return person;
    };
    await test({ meet, browser, open, enter });
  } catch (error) {
    await explain(meet.server, people);
    throw error;
  } finally {
    await browser.close();
  }
}

/** Prints what everybody sends and receives, and what the server did with it: else a missing picture cannot be explained. */
export async function explain(server: Pick<SeaMeetServer, "stats">, people: readonly Person[]): Promise<void> {
  // A page that is closed or hangs must not hide the failure.
  for (const person of people) console.log(`${person.persona.name} is ${await person.inspects().catch(String)}`);
  const { rooms, drops } = await server.stats();
  for (const participant of rooms.flatMap((room) => room.participants)) console.log(JSON.stringify(participant));
  console.log(`dropped ${JSON.stringify(drops)}\n${machine()}`);
}

/** What a page did that nobody sees. */
export interface PageWatch {
  /** What the content security policy has stopped. */
  readonly violations: string[];
  /** Sum of all layout shifts that no click explains, as browsers count them. */
  shift: number;
  /** What has moved, for a failure. */
  readonly shifted: string[];
  /** How often an offer or answer was made. */
  descriptions: number;
  /** How often a device was opened. */
  opened: number;
  /** Tasks of the main thread that lasted over 50 ms by the clock, which on a busy machine runs on while the page waits for a core. */
  longTasks: number;
}

/** Installs {@linkcode PageWatch} as `pageWatch`. Runs in the page, so it can use nothing from outside. */
export function installWatch(): void {
  const watch: PageWatch = { violations: [], shift: 0, shifted: [], descriptions: 0, opened: 0, longTasks: 0 };
  document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
    watch.violations.push(`${violatedDirective} ${blockedURI}`);
  });
  interface Shift extends PerformanceEntry {
    readonly value: number;
    readonly hadRecentInput: boolean;
    readonly sources: readonly { readonly node: Node | null }[];
  }
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as Shift[]) {
      if (entry.hadRecentInput) continue;
      watch.shift += entry.value;
      for (const { node } of entry.sources) {
        watch.shifted.push(node instanceof Element ? `${node.tagName}.${node.className}` : String(node?.nodeName));
      }
    }
  }).observe({ type: "layout-shift", buffered: true });
  new PerformanceObserver((list) => watch.longTasks += list.getEntries().length).observe({ type: "longtask" });
  const connection = RTCPeerConnection.prototype;
  connection.setLocalDescription = new Proxy(connection.setLocalDescription, {
    apply(target, self, args) {
      watch.descriptions++;
      return Reflect.apply(target, self, args);
    },
  });
  if (navigator.mediaDevices !== undefined) {
    const open = navigator.mediaDevices.getUserMedia;
    navigator.mediaDevices.getUserMedia = function (constraints) {
      watch.opened++;
      return open.call(this, constraints);
    };
  }
  Reflect.set(globalThis, "pageWatch", watch);
}

/** What a page has been watched doing. */
export async function watchOf({ page }: Person): Promise<PageWatch> {
  return await page.evaluate(() => {
    const watch: PageWatch = Reflect.get(globalThis, "pageWatch");
    return watch;
  });
}
