/** Picture ids of changing sources, some left out, some late: what a decoder sees of them has no holes that nobody made. */

import { assert, assertEquals } from "@std/assert";
import { PictureMap } from "../../src/stream/picture_map.ts";
import { below, chance, fuzzOperations, OPERATIONS, type Rng } from "./harness.ts";

/** Pictures that a packet may be late: fewer than half of what seven bits tell apart. */
const MAX_LATE = 30;

/** One picture of the present source as the receiver knows it. */
interface Picture {
  readonly isSent: boolean;
  /** The id it went out with, counted on without end. */
  readonly out: number;
}

/** What one source's pictures became. */
class Model {
  readonly pictures = new Map<number, Picture>();
  /** Pictures that came after newer ones, sent or not. */
  readonly late = new Set<number>();
  newest = -1;
  newestOut = -1;

  constructor(readonly map: PictureMap, readonly isLong: boolean, readonly before: number) {}

  get mask(): number {
    return this.isLong ? 0x7fff : 0x7f;
  }

  /** A packet of a picture comes; all of one picture share its fate. */
  packet(number: number, shouldSend: boolean): void {
    const known = this.pictures.get(number);
    // What is left out before anything was sent leaves no trace, and before the first there is nothing.
    if (this.newest < 0 && !shouldSend || this.newest >= 0 && number < Math.min(...this.pictures.keys())) return;
    const isSent = known?.isSent ?? shouldSend;
    const id = number & this.mask;
    if (!isSent) {
      this.map.leaveOut(id, this.isLong);
      if (known === undefined) this.pictures.set(number, { isSent, out: -1 });
    } else {
      const out = (id + this.map.offsetOf(id, this.isLong)) & this.mask;
      const expected = known?.out ?? this.#expected(number);
      assertEquals(out, expected & this.mask, `picture ${number}`);
      this.pictures.set(number, { isSent, out: expected });
      this.newestOut = Math.max(this.newestOut, expected);
    }
    this.newest = Math.max(this.newest, number);
  }

  /** One more than the picture before, and one more for each in between that may still come. */
  #expected(number: number): number {
    if (this.newest < 0) return this.before < 0 ? number & this.mask : this.before + 1;
    let missing = 0;
    for (let other = number - 1; other >= number - 2 * 0x80; other--) {
      const known = this.pictures.get(other);
      if (known?.isSent) return known.out + missing + 1;
      // One left out late had an id already: the hole stays.
      if (known === undefined || this.late.has(other)) missing++;
    }
    throw new Error(`nothing before picture ${number}`);
  }
}

/** The packets of some pictures in the order they come: most of them at once, some late, some never. */
function packets(rng: Rng, first: number, count: number): number[] {
  const arrivals: { at: number; number: number }[] = [];
  for (let number = first; number < first + count; number++) {
    if (chance(rng, 0.05)) continue;
    for (let left = 1 + below(rng, 3); left > 0; left--) {
      arrivals.push({ at: number + (chance(rng, 0.1) ? below(rng, MAX_LATE) : 0), number });
    }
  }
  return arrivals.sort((a, b) => a.at - b.at).map(({ number }) => number);
}

fuzzOperations("PictureMap", (rng) => {
  const map = new PictureMap();
  const isLong = chance(rng, 0.5);
  let before = -1;
  for (let done = 0; done < OPERATIONS;) {
    const model = new Model(map, isLong, before);
    const fates = new Map<number, boolean>();
    const leavesOut = rng.next() * 0.7;
    const arriving = packets(rng, below(rng, 0x8000), 5 + below(rng, 150));
    for (const number of arriving) {
      if (!fates.has(number)) fates.set(number, !chance(rng, leavesOut));
      if (number < model.newest && !model.pictures.has(number)) model.late.add(number);
      model.packet(number, fates.get(number)!);
    }
    done += arriving.length;
    if (model.newestOut >= 0) before = model.newestOut;
    assert(model.pictures.size <= arriving.length);
    map.switchSource();
  }
});
