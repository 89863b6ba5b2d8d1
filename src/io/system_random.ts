import type { RandomSource } from "../base/random.ts";

/** Randomness of the operating system. */
export const systemRandom: RandomSource = { fill: (bytes) => crypto.getRandomValues(bytes) };
