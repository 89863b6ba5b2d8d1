/** Random numbers through the sequence map, judged by what SRTP makes of the 16 bits on the wire. */

import { assert } from "@std/assert";
import { seededRandom } from "../../src/base/random.ts";
import { SequenceMap } from "../../src/stream/sequence_map.ts";
import { estimateIndex } from "../../src/transport/srtp_index.ts";
import { below, inputCount, type Rng, seed } from "./harness.ts";

/** Numbers of one stream before the next begins. */
const STEPS = 400;

/** Whole rounds of 16 bits and parts of one: those that come back to numbers used before. */
const PARTS = [0x10000, 0x20000, 0x8000, 0x4000, 0x5555, 0x5556, 0x7800];

/** How far the source's number goes: mostly one on, at times back, and now and then round. */
function jump(rng: Rng): number {
  const kind = rng.next();
  if (kind < 0.5) return 1;
  if (kind < 0.7) return -below(rng, 80);
  if (kind < 0.85) return below(rng, 20);
  if (kind < 0.98) return PARTS[below(rng, PARTS.length)]! + below(rng, 30);
  return below(rng, 0x30000);
}

function run(rng: Rng): void {
  const map = new SequenceMap([64, 1_024][below(rng, 2)]!);
  const used = new Set<number>();
  let highest = -1;
  let newest = below(rng, 0x20000);
  let silent = false;
  for (let i = 0; i < STEPS; i++) {
    const sequence = Math.max(0, newest + jump(rng));
    newest = Math.max(newest, sequence);
    const fate = rng.next();
    if (fate < 0.1) silent = !silent;
    if (fate > 0.995) {
      map.switchSource();
      newest = below(rng, 0x20000);
    } else if (silent || fate > 0.9) map.drop(sequence, rng.next() < 0.5);
    else {
      const out = map.next(sequence);
      if (out < 0) continue;
      const index = estimateIndex(highest, out & 0xffff);
      assert(index >= 0 && !used.has(index), `index ${index} twice`);
      used.add(index);
      highest = Math.max(highest, index);
      assert(map.toOriginal(out & 0xffff) === sequence, `${out} is not known as ${sequence}`);
    }
  }
}

Deno.test("whatever numbers a publisher invents, no SRTP index is used twice", () => {
  const base = seed();
  for (let done = 0; done < inputCount(); done += STEPS) {
    try {
      run(seededRandom(base + done));
    } catch (cause) {
      throw new Error(`the numbers fail at ${done} (FUZZ_SEED=${base})`, { cause });
    }
  }
});
