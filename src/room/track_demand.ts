import type { Millis } from "../base/time.ts";
import type { Layer } from "./layer.ts";
import type { PublishedTrack } from "./published_track.ts";

/** A layer is switched off when nobody could use it for so long: viewers look around. */
export const SWITCH_OFF_MS: Millis = 5_000;

/** How much of one track its viewers can use, as its publisher was told. */
export class TrackDemand {
  readonly track: PublishedTrack;
  #used: readonly string[] = [];
  #isWhole = true;
  #idleSince: Millis;

  constructor(track: PublishedTrack, now: Millis) {
    this.track = track;
    this.#idleSince = now;
  }

  /** It is everything there is, however much that will be. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** What can be used, worst first: identifiers of encodings, or numbers of the layers of the only one. */
  get used(): readonly string[] {
    return this.#isWhole ? namesOf(this.track) : this.#used;
  }

  /** How many there are. */
  get count(): number {
    return namesOf(this.track).length;
  }

  /** Looks at what the viewers can use; more counts at once, less (`mayNarrow`) after a while. Says whether that is news. */
  update(mayNarrow: boolean, now: Millis): boolean {
    const { track, used: before } = this;
    const names = namesOf(track);
    const used = usedOf(track, names);
    const widens = used.some((name) => !before.includes(name));
    if (!widens && used.length === before.length) {
      this.#idleSince = now;
      return false;
    }
    if (!widens && (!mayNarrow || now - this.#idleSince < SWITCH_OFF_MS)) return false;
    this.#used = used;
    this.#isWhole = used.length === names.length;
    this.#idleSince = now;
    if (widens) track.wokenAt = now;
    track.asleep = used.length === 0;
    track.layers.forEach((layer, i) => layer.spared = !used.includes(nameOf(track, layer, i)));
    return true;
  }
}

/** Names of everything that the publisher may send. */
function namesOf({ rids, layers }: PublishedTrack): readonly string[] {
  return rids.length > 0 ? rids : layers.map((_, i) => String(i));
}

function nameOf({ rids }: PublishedTrack, { encoding }: Layer, number: number): string {
  return rids.length > 0 ? encoding.rid : String(number);
}

/** Those that somebody can use: up to the best one that anybody can. */
function usedOf(track: PublishedTrack, names: readonly string[]): readonly string[] {
  const { layers } = track;
  if (layers.every(({ firstAt }) => firstAt === undefined)) return names;
  let top = -1;
  for (const { usefulTop } of track.subscriptions) top = Math.max(top, usefulTop);
  if (top < 0) return [];
  // What has not come yet is of use only where all that has come is.
  if (top >= layers.length - 1) return names;
  return layers.slice(0, top + 1).map((layer, i) => nameOf(track, layer, i));
}
