/** What sender and server did while a picture of the soak stood still: told with the fault, so that its cause need not be guessed. */
import type { SeaMeetServer } from "../../server.ts";
import type { Span } from "./patience.ts";
import type { Sending, StillTile } from "./soak_page.ts";

/** The server at one moment, by the names of people. */
export interface ServerLook {
  readonly at: number;
  /** Packets of pictures that have come. */
  readonly received: ReadonlyMap<string, number>;
  /** What each is sent of each, as `viewer sender`. */
  readonly shown: ReadonlyMap<string, string>;
  /** What is left out because the server has too much to do. */
  readonly load: string;
}

/** Between two looks at the server. */
export const SERVER_LOOK_MS = 500;

/** Looks at the server. */
export async function lookAtServer(server: SeaMeetServer): Promise<ServerLook> {
  const { rooms, load } = await server.stats();
  const people = rooms.flatMap(({ participants }) => participants);
  const nameOf = (id: string) => people.find((person) => person.id === id)?.displayName ?? id;
  const received = new Map<string, number>();
  const shown = new Map<string, string>();
  for (const person of people) {
    const viewer = nameOf(person.id);
    const pictures = person.tracks.filter(({ source }) => source === "camera" || source === "screen");
    received.set(viewer, pictures.reduce((sum, { packetsReceived }) => sum + packetsReceived, 0));
    const { estimateBps, queueMs } = person.sent;
    const path = `${((estimateBps ?? 0) / 1e3).toFixed(0)} kbit/s, queue ${queueMs.toFixed(0)} ms`;
    for (const { participant, source, layer, reason } of person.sent.shown) {
      const key = `${viewer} ${nameOf(participant)}`;
      shown.set(key, `${shown.get(key) ?? path}; ${source} ${layer} ${reason}`);
    }
  }
  return { at: Date.now(), received, shown, load: JSON.stringify(load) };
}

/** What the sender did meanwhile: every second, frames, keyframes and kilobytes more, target and path in kbit/s. */
export function sentText(sending: readonly Sending[], { from, to }: Span): string {
  const part = sending.filter(({ at }) => at >= from - 1_000 && at <= to + 500);
  const lines: string[] = [];
  let before: Sending | undefined;
  for (const now of part) {
    if (before !== undefined && now.at - before.at < 450) continue;
    if (before !== undefined) {
      const more = `${now.encoded - before.encoded} frames, ${now.keyframes - before.keyframes} key, ${
        ((now.bytes - before.bytes) / 1e3).toFixed(0)
      } kB`;
      const rates = `target ${(now.target / 1e3).toFixed(0)}, path ${(now.available / 1e3).toFixed(0)}`;
      lines.push(`\n    ${((now.at - from) / 1e3).toFixed(1)} s: ${more}, ${rates}, ${now.limits}`);
    }
    before = now;
  }
  return lines.join("");
}

/** What the server got of the sender and gave to the viewer meanwhile. */
export function serverText(looks: readonly ServerLook[], viewer: string, { name, from, to }: StillTile): string {
  const sender = name.replace("'s screen", "");
  const lines: string[] = [];
  let before: number | undefined;
  for (const { at, received, shown, load } of looks) {
    if (at < from - 1_000 || at > to + 500) continue;
    const now = received.get(sender) ?? 0;
    const sent = shown.get(`${viewer} ${sender}`) ?? "nothing";
    lines.push(
      `\n    ${((at - from) / 1e3).toFixed(1)} s: server ${now - (before ?? now)} packets in; ${sent}; ${load}`,
    );
    before = now;
  }
  return lines.join("");
}
