/** One more than the largest value of a 16-bit sample. */
const FULL_SCALE = 32_768;

/** Writes samples between -1 and 1 as 16-bit ones; louder ones are clipped, what is no number becomes 0. */
export function writeSamples(samples: Float32Array, into: Int16Array): void {
  for (let i = 0; i < samples.length; i++) {
    const value = Math.round(samples[i]! * FULL_SCALE);
    // The comparison is false for NaN, which the array turns into 0.
    into[i] = value > FULL_SCALE - 1 ? FULL_SCALE - 1 : value < -FULL_SCALE ? -FULL_SCALE : value;
  }
}

/** Reads 16-bit samples into a new array of samples between -1 and 1. */
export function readSamples(samples: Int16Array): Float32Array<ArrayBuffer> {
  const read = new Float32Array(samples.length);
  for (let i = 0; i < samples.length; i++) read[i] = samples[i]! / FULL_SCALE;
  return read;
}
