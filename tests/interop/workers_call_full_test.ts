/** A worker ends in the middle of a call: its room comes back by itself, the other worker's room notices nothing. */
import { assert, assertEquals } from "@std/assert";
import type { Browser } from "puppeteer-core";
import { launchChromium } from "./browser.ts";
import type { CallProbe } from "./call_probe.ts";
import { cameraOf, Person, PERSONAS, voiceOf } from "./call_person.ts";
import { soon } from "./call_signaling.ts";
import { startMeetServer } from "./meet_server.ts";
import { until } from "./raw_client.ts";
import { WorkerFaults } from "./worker_faults.ts";

const { ada: ADA, ben: BEN, cleo: CLEO } = PERSONAS;
const [HIT, SPARED] = ["blue-calm-owl", "green-wild-fox"] as const;

/** Pages in the background must paint and count time like any other. */
const BACKGROUND_FLAGS = [
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

/** How many peer connections a page has opened so far. */
function connections({ page }: Person): Promise<number> {
  return page.evaluate(() => {
    const probe: CallProbe = Reflect.get(globalThis, "callProbe");
    return probe.connections;
  });
}

/** Two rooms on two workers, two people in each. */
async function twoRooms(browser: Browser, origin: string): Promise<[Person, Person, Person, Person]> {
  const open = (persona: Parameters<typeof Person.open>[2]) => Person.open(browser, origin, persona);
  const people = [await open(ADA), await open(BEN), await open(CLEO), await open(BEN)] as const;
  const [ada, ben, cleo, otherBen] = people;
  await ada.enter(HIT);
  await cleo.enter(SPARED);
  await ben.enter(HIT);
  await otherBen.enter(SPARED);
  for (const person of [ada, ben]) await person.shows(cameraOf(ADA), cameraOf(BEN));
  for (const person of [cleo, otherBen]) await person.shows(cameraOf(CLEO), cameraOf(BEN));
  return [ada, ben, cleo, otherBen];
}

for (const fault of ["throw", "terminate"] as const) {
  Deno.test(`a worker ends (${fault}): its call comes back by itself, the other room goes on`, async () => {
    const faults = new WorkerFaults();
    await using meet = await startMeetServer({ workers: 2, createWorker: faults.create });
    const browser = await launchChromium(BACKGROUND_FLAGS);
    try {
      const [ada, ben, cleo, otherBen] = await twoRooms(browser, meet.origin);
      const hit = meet.server.room(HIT)?.host;
      assert(hit !== undefined && hit !== meet.server.room(SPARED)?.host, "the rooms are on two workers");
      const before = await Promise.all([ada, ben, cleo, otherBen].map(connections));
      const events = meet.server.events();
      faults.cause(fault, hit);
      const types: string[] = [];
      while (types.at(-1) !== "workerStarted") {
        const { value } = await soon(events.next(), "the worker's end and its new start");
        if (value !== undefined && /^(worker|peerDis|roomDes)/.test(value.type)) types.push(value.type);
      }
      assertEquals(types, ["peerDisconnected", "peerDisconnected", "roomDestroyed", "workerLost", "workerStarted"]);
      for (const [index, person] of [ada, ben].entries()) {
        await until("a new media path is opened", async () => await connections(person) > before[index]!);
      }
      for (const person of [ada, ben]) await person.shows(cameraOf(ADA), cameraOf(BEN));
      await ada.hears(voiceOf(BEN));
      await ben.hears(voiceOf(ADA));
      for (const person of [cleo, otherBen]) await person.shows(cameraOf(CLEO), cameraOf(BEN));
      assertEquals(await Promise.all([cleo, otherBen].map(connections)), before.slice(2));
    } finally {
      await browser.close();
    }
  });
}
