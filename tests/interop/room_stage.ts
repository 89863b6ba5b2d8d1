/** A room of the library with the meeting app in front of it: browsers join over sockets that the application accepted. */
import type { Browser } from "puppeteer-core";
import { Room, type RoomOptions } from "../../mod.ts";
import type { Processor, RoomParticipant } from "../../mod.ts";
import { launchChromium } from "./browser.ts";
import { Person, type Persona } from "./call_person.ts";
import { appPages } from "./meet_server.ts";
import { machine, PATIENCE_MS } from "./patience.ts";

/** The room's code in the app. */
export const ROOM_CODE = "blue-calm-owl";

/** Pages in the background must paint and count time like any other. */
const FLAGS = [
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

/** A room, its pages, and who has joined. */
export interface RoomStage {
  readonly room: Room;
  readonly origin: string;
  readonly browser: Browser;
  /** Processors for those who come from now on, in the order of their coming. */
  readonly processors: Processor[];
  /** Opens a page of its own for somebody. */
  open(persona: Persona): Promise<Person>;
  /** Waits for the member with this name. */
  member(name: string): Promise<RoomParticipant>;
}

/** Runs a test with a room and a browser. */
export async function onRoomStage(
  test: (stage: RoomStage) => Promise<void>,
  options: RoomOptions = {},
): Promise<void> {
  const answer = await appPages();
  const processors: Processor[] = [];
  const room = new Room({ name: ROOM_CODE, mediaAddresses: ["127.0.0.1"], ...options });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    if (request.headers.get("upgrade") !== "websocket") return answer(request);
    const { socket, response } = Deno.upgradeWebSocket(request);
    const processor = processors.shift();
    // Whoever leaves before joining is none of the test's business.
    room.addParticipant({ signaling: socket, ...(processor !== undefined && { processor }) }).catch(() => {});
    return response;
  });
  const browser: Browser = await launchChromium(FLAGS);
  const people: Person[] = [];
  try {
    const origin = `http://127.0.0.1:${server.addr.port}`;
    await test({
      room,
      origin,
      browser,
      processors,
      async open(persona) {
        const person = await Person.open(browser, origin, persona, { viewport: { width: 1280, height: 800 } });
        people.push(person);
        return person;
      },
      async member(name) {
        const events = room.events();
        const timer = setTimeout(() => void events.return?.(), PATIENCE_MS);
        try {
          for (;;) {
            const found = [...room.participants.values()].find(({ displayName }) => displayName === name);
            if (found !== undefined) return found;
            if ((await events.next()).done) throw new Error(`${name} has not joined`);
          }
        } finally {
          clearTimeout(timer);
          await events.return?.();
        }
      },
    });
  } catch (error) {
    for (const person of people) console.log(`${person.persona.name} is ${await person.inspects().catch(String)}`);
    const members = [...room.participants.values()].map(({ displayName }) => displayName);
    console.log(`in the room: ${members.join(", ")}; ${machine()}`);
    throw error;
  } finally {
    await browser.close();
    await room.close();
    await server.shutdown();
  }
}
