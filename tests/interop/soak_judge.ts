/// <reference lib="dom" />
/** Judges a soak of the app: pictures that stood still, and what pages and server keep. */
import type { Page } from "puppeteer-core";
import { covered } from "./patience.ts";
import type { PageHoldings } from "./quiet_hands.ts";
import { sentText, type ServerLook, serverText } from "./soak_causes.ts";
import { type SoakNotes, type SoakWatch, STILL_MS, type StillTile } from "./soak_page.ts";

/** What there is when everybody is there. */
export interface Census {
  readonly pages: readonly PageHoldings[];
  readonly server: Readonly<Record<string, number>>;
}

/** What each page noted, by its person's name. */
export type NotesByName = Readonly<Record<string, SoakNotes>>;

/** What a soak has seen. */
export interface SoakResult {
  readonly actions: Record<string, number>;
  readonly censuses: Census[];
  readonly notes: NotesByName[];
  readonly server: ServerLook[];
}

/** A heap may be so much larger at the end: compiled code and caches come and go. */
const HEAP_SLACK = { share: 0.1, bytes: 1_000_000 } as const;

/** Counts may be so much higher: a tooltip, a timer's closure. */
const COUNT_SLACK = { listeners: 12, nodes: 120, connections: 0, audioNodes: 4, elements: 0 } as const;

/**
 * Caches for repair hold more buffers while more is sent, and a viewer's lines stay for the next share: how many there are depends on who
 * shared while whom was there.
 */
const SERVER_SLACK: Readonly<Record<string, number>> = { packetsInUse: 1_500, lines: 12 };

/** Takes what the pages have noted since the last time. */
export async function takeNotes(
  guests: readonly { readonly name: string; readonly page: Page }[],
): Promise<NotesByName> {
  const taken: Record<string, SoakNotes> = {};
  for (const { name, page } of guests) {
    taken[name] = await page.evaluate(() => {
      const { notes, flush }: SoakWatch = Reflect.get(globalThis, "soakNotes");
      flush();
      const { still, stalls, unpainted, connecting, sending, looks } = notes;
      const copy = {
        still: still.splice(0),
        stalls: stalls.splice(0),
        unpainted: unpainted.splice(0),
        connecting: connecting.splice(0),
        sending: sending.splice(0),
        looks,
      };
      notes.looks = 0;
      return copy;
    });
  }
  return taken;
}

/** The faults, in words. */
export function judge({ actions, censuses, notes, server }: SoakResult): string[] {
  console.log(`did ${JSON.stringify(actions)}`);
  const faults = judgeStill(notes, server);
  if (censuses.length < 3) return [...faults, "too short: at least three censuses are needed"];
  const third = Math.max(1, Math.floor(censuses.length / 3));
  const [first, last] = [censuses.slice(0, third), censuses.slice(-third)];
  for (const [index] of first[0]!.pages.entries()) {
    const of = (part: readonly Census[], key: keyof PageHoldings) =>
      median(part.map(({ pages }) => pages[index]![key]));
    const [before, now] = [of(first, "heap"), of(last, "heap")];
    console.log(
      `page ${index}: heap ${mb(before)} → ${mb(now)}, listeners ${of(first, "listeners")} → ${
        of(last, "listeners")
      }, nodes ${of(first, "nodes")} → ${of(last, "nodes")}, connections ${of(last, "connections")}, audio nodes ${
        of(last, "audioNodes")
      }`,
    );
    if (now > before * (1 + HEAP_SLACK.share) + HEAP_SLACK.bytes) {
      faults.push(`the heap of page ${index} grew from ${mb(before)} to ${mb(now)}`);
    }
    for (const [key, slack] of Object.entries(COUNT_SLACK)) {
      if (!isCount(key)) continue;
      const [before, now] = [of(first, key), of(last, key)];
      if (!(now <= before + slack)) faults.push(`page ${index} has ${now} ${key}, ${before} at first`);
    }
  }
  for (const key of Object.keys(first[0]!.server)) {
    const [before, now] = [first, last].map((part) => median(part.map(({ server }) => server[key] ?? NaN)));
    if (!(now! <= before! + (SERVER_SLACK[key] ?? 0))) faults.push(`the server has ${now} ${key}, ${before} at first`);
  }
  return faults;
}

function isCount(key: string): key is keyof typeof COUNT_SLACK {
  return key in COUNT_SLACK;
}

/** More faults of one kind are not printed one by one. */
const MAX_PRINTED = 12;

/** Pictures that stood still, but for the time in which the machine gave the page that shows or the one that sends none. */
function judgeStill(notes: readonly NotesByName[], server: readonly ServerLook[]): string[] {
  const faults: string[] = [];
  let [looks, excused] = [0, 0];
  for (const part of notes) {
    for (const [viewer, own] of Object.entries(part)) {
      looks += own.looks;
      for (const still of own.still) {
        const sender = part[still.name.replace("'s screen", "")];
        const lost = covered([...own.stalls, ...(sender?.stalls ?? []), ...(sender?.unpainted ?? [])], still);
        if (still.to - still.from - lost <= STILL_MS) excused++;
        else {
          const connecting = covered([...own.connecting, ...(sender?.connecting ?? [])], still);
          faults.push(
            stillText(viewer, still, connecting) + sentText(sender?.sending ?? [], still) +
              serverText(server, viewer, still),
          );
        }
      }
    }
  }
  console.log(
    `${looks} looks at pictures: ${faults.length} had no frame for more than ${STILL_MS} ms; ` +
      `${excused} more because the machine gave the page that shows or that sends no time`,
  );
  const more = faults.length - MAX_PRINTED;
  return more > 0 ? [...faults.slice(0, MAX_PRINTED), `${more} more pictures that stood still`] : faults;
}

function stillText(viewer: string, still: StillTile, connectingMs: number): string {
  const { name, isFirst, from, to, packets, framesReceived, keyframesAsked } = still;
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
  const connecting = connectingMs > 0 ? `, connecting ${seconds(connectingMs)} of it` : "";
  return `${viewer} had no ${isFirst ? "first " : ""}frame of ${name} for ${seconds(to - from)}${connecting}; ` +
    `${packets} packets and ${framesReceived} frames of it came, ${keyframesAsked} keyframes asked for, ` +
    `from ${new Date(from).toISOString().slice(11, 23)}`;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
