/**
 * What all fuzz tests share: how many inputs, which seed, how to damage a valid input, and the inputs that once failed.
 *
 * `FUZZ_INPUTS` sets the number of inputs of each target, `FUZZ_SEED` repeats a run.
 */

import { parseHex, toHex } from "../../src/base/bytes.ts";
import { seededRandom } from "../../src/base/random.ts";

/** Inputs of one target in the fast run; the full run sets `FUZZ_INPUTS`. */
const DEFAULT_INPUTS = 2_000;

/** Values that sit at the edge of some field: zero, all ones, sign bits, small counts. */
const EDGE_BYTES: readonly number[] = [0x00, 0x01, 0x02, 0x0f, 0x10, 0x1f, 0x7f, 0x80, 0x81, 0xbe, 0xc0, 0xde, 0xff];

/** Operations on one structure before the next begins: enough for several windows of the small rings that are tried. */
export const OPERATIONS = 400;

/** 16-bit numbers at and around every wrap, from which sequences begin. */
const EDGES = [0, 1, 32_767, 32_768, 65_534, 65_535];

/** The longest run of bytes that one mutation removes, doubles or inserts. */
const MAX_RUN = 16;

/** The part of `seededRandom()` that the helpers here need. */
export interface Rng {
  /** A number from 0 up to, not including, 1. */
  next(): number;
}

/** One input of the corpus. */
export interface CorpusEntry {
  /** The file's name, for messages. */
  readonly name: string;
  /** The input itself. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** How many inputs each target takes in this run. */
export function inputCount(): number {
  const text = Deno.env.get("FUZZ_INPUTS");
  if (text === undefined || text === "") return DEFAULT_INPUTS;
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new RangeError(`Cannot fuzz with FUZZ_INPUTS="${text}"`);
  return count;
}

let chosenSeed: number | undefined;

/** The seed of this run, the same at each call and printed at the first; fits `seededRandom` and fast-check. */
export function seed(): number {
  if (chosenSeed !== undefined) return chosenSeed;
  const text = Deno.env.get("FUZZ_SEED");
  const given = text === undefined || text === "" ? Math.floor(Math.random() * 0x7fffffff) : Number(text);
  if (!Number.isSafeInteger(given)) throw new RangeError(`Cannot fuzz with FUZZ_SEED="${text}"`);
  console.log(`FUZZ_SEED=${given}`);
  chosenSeed = given;
  return given;
}

/** A whole number from 0 up to, not including, `limit`. */
export function below(rng: Rng, limit: number): number {
  return Math.floor(rng.next() * limit);
}

/** Says yes with this probability. */
export function chance(rng: Rng, probability: number): boolean {
  return rng.next() < probability;
}

/** The unwrapped number a stream begins with, often just before a wrap. */
export function firstNumber(rng: Rng): number {
  return 0x10000 + EDGES[below(rng, EDGES.length)]!;
}

/** The next number of a source: mostly one on, sometimes late, repeated, or far away. */
export function nextNumber(rng: Rng, newest: number): number {
  const kind = rng.next();
  if (kind < 0.7) return newest + 1;
  if (kind < 0.8) return newest + 2 + below(rng, 6);
  if (kind < 0.97) return Math.max(0, newest - below(rng, 40));
  return Math.max(0, newest + below(rng, 65_000) - 32_500);
}

/**
 * A test that runs `sequence` with generators of its own until `inputCount()` operations are done, of which each run is
 * taken to do `OPERATIONS`; a failure names its seed.
 */
export function fuzzOperations(name: string, sequence: (rng: ReturnType<typeof seededRandom>) => void): void {
  Deno.test(`${name} holds under random operations`, () => {
    const base = seed();
    for (let done = 0; done < inputCount(); done += OPERATIONS) {
      try {
        sequence(seededRandom(base + done));
      } catch (cause) {
        throw new Error(`"${name}" fails in the sequence at ${done} (FUZZ_SEED=${base})`, { cause });
      }
    }
  });
}

/** A damaged copy of a valid input: one to four small changes, so that most of it still makes sense to a parser. */
export function mutate(bytes: Uint8Array, rng: Rng): Uint8Array<ArrayBuffer> {
  let result = Uint8Array.from(bytes);
  const changes = 1 + below(rng, 4);
  for (let i = 0; i < changes; i++) result = mutateOnce(result, rng);
  return result;
}

/** Runs `check` on an input and, when it throws, names the input in hexadecimal, ready to become a corpus file. */
export function checkInput(target: string, bytes: Uint8Array, check: (bytes: Uint8Array) => void): void {
  try {
    check(bytes);
  } catch (cause) {
    throw new Error(`"${target}" fails on ${toHex(bytes)} (FUZZ_SEED=${seed()})`, { cause });
  }
}

/** The inputs kept in `corpus/<name>/*.hex`; spaces, line ends and lines that start with `#` are ignored. */
export function corpus(name: string): readonly CorpusEntry[] {
  const folder = new URL(`./corpus/${name}/`, import.meta.url);
  const entries: CorpusEntry[] = [];
  for (const file of Deno.readDirSync(folder)) {
    if (!file.isFile || !file.name.endsWith(".hex")) continue;
    const text = Deno.readTextFileSync(new URL(file.name, folder)).replaceAll(/^#.*$/gm, "");
    const bytes = parseHex(text);
    if (bytes === undefined) throw new Error(`Cannot read corpus file "${name}/${file.name}": not hexadecimal`);
    entries.push({ name: `${name}/${file.name}`, bytes });
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function mutateOnce(bytes: Uint8Array<ArrayBuffer>, rng: Rng): Uint8Array<ArrayBuffer> {
  const at = below(rng, bytes.length + 1);
  const run = 1 + below(rng, MAX_RUN);
  switch (below(rng, 8)) {
    case 0: // cut
      return bytes.slice(0, at);
    case 1: // remove a run
      return splice(bytes, at, Math.min(run, bytes.length - at), new Uint8Array(0));
    case 2: // double a run
      return splice(bytes, at, 0, bytes.slice(at, at + run));
    case 3: // insert noise
      return splice(bytes, at, 0, Uint8Array.from({ length: run }, () => below(rng, 256)));
    case 4: // flip a bit
      if (at < bytes.length) bytes[at] = bytes[at]! ^ (1 << below(rng, 8));
      return bytes;
    case 5: // an edge value
      if (at < bytes.length) bytes[at] = EDGE_BYTES[below(rng, EDGE_BYTES.length)]!;
      return bytes;
    case 6: // a 16-bit field, such as a length, one off
      if (at + 1 < bytes.length) {
        const value = ((bytes[at]! << 8) | bytes[at + 1]!) + (rng.next() < 0.5 ? 1 : -1);
        bytes[at] = value >> 8;
        bytes[at + 1] = value;
      }
      return bytes;
    default: // any value
      if (at < bytes.length) bytes[at] = below(rng, 256);
      return bytes;
  }
}

function splice(bytes: Uint8Array, at: number, removed: number, added: Uint8Array): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(bytes.length - removed + added.length);
  result.set(bytes.subarray(0, at));
  result.set(added, at);
  result.set(bytes.subarray(at + removed), at + added.length);
  return result;
}
