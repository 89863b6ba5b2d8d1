/** Input samples on each side of an output sample that count: enough for about 60 dB of what must not be heard. */
const HALF_TAPS = 16;
/** Where the pass band ends, as a share of the lower rate's half: room for the filter to fall off. */
const CUTOFF = 0.92;
/**
 * Places between two input samples that weights are kept for. All usual rates need fewer (11,025 → 48,000 Hz: 640) and
 * are exact; with others a place is off by 1/2,048 of a sample at most, which is some 60 dB below the sound too.
 */
const MAX_PHASES = 1_024;

/**
 * Changes the sample rate of a stream, one channel or two interleaved ones.
 *
 * Band-limited interpolation with a windowed sinc of 32 taps, the delay of which is half of that at the input rate
 * (0.3 ms at 48 kHz). Good for speech; frequencies near half of the lower rate are weakened.
 */
export class Resampler {
  readonly #channels: number;
  readonly #step: number;
  readonly #half: number;
  readonly #phases: number;
  /** The weights of all input samples around an output sample, one row for each place it can have between two of them. */
  readonly #weights: Float32Array;
  /** The input samples (interleaved) that are still needed. */
  #history: Float32Array;
  /** Where the next output sample lies, in input samples from the start of `#history`. */
  #at: number;

  constructor(fromRate: number, toRate: number, channels: number) {
    this.#channels = channels;
    this.#step = fromRate / toRate;
    const slower = Math.min(1, toRate / fromRate);
    this.#half = Math.ceil(HALF_TAPS / slower);
    this.#phases = Math.min(MAX_PHASES, toRate / greatestDivisor(fromRate, toRate));
    this.#weights = weightTable(this.#phases, this.#half, slower * CUTOFF);
    this.#history = new Float32Array(this.#half * channels);
    this.#at = this.#half;
  }

  /** Takes the next samples and gives those of the other rate that can be calculated now. */
  process(input: Float32Array): Float32Array<ArrayBuffer> {
    const channels = this.#channels;
    const buffer = new Float32Array(this.#history.length + input.length);
    buffer.set(this.#history);
    buffer.set(input, this.#history.length);
    const available = buffer.length / channels;
    const count = Math.max(0, Math.ceil((available - this.#half - this.#at) / this.#step));
    const output = new Float32Array(count * channels);
    for (let i = 0; i < count; i++) {
      this.#interpolate(buffer, this.#at + i * this.#step, output, i * channels);
    }
    this.#at += count * this.#step;
    const keepFrom = Math.min(available, Math.max(0, Math.floor(this.#at) - this.#half));
    this.#history = buffer.slice(keepFrom * channels);
    this.#at -= keepFrom;
    return output;
  }

  #interpolate(buffer: Float32Array, position: number, output: Float32Array, at: number): void {
    const center = Math.floor(position);
    const channels = this.#channels;
    const weights = this.#weights;
    const taps = 2 * this.#half;
    let weightAt = Math.round((position - center) * this.#phases) * taps;
    let sampleAt = (center - this.#half + 1) * channels;
    let left = 0;
    let right = 0;
    for (let tap = 0; tap < taps; tap++) {
      const weight = weights[weightAt++]!;
      left += weight * buffer[sampleAt]!;
      if (channels === 2) right += weight * buffer[sampleAt + 1]!;
      sampleAt += channels;
    }
    output[at] = left;
    if (channels === 2) output[at + 1] = right;
  }
}

/** One row of weights for each phase and one more for the end of the last, each with a sum of 1. */
function weightTable(phases: number, half: number, cutoff: number): Float32Array {
  const taps = 2 * half;
  const table = new Float32Array((phases + 1) * taps);
  for (let phase = 0; phase <= phases; phase++) {
    const row = table.subarray(phase * taps, (phase + 1) * taps);
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) {
      row[tap] = weightAt(phase / phases + half - 1 - tap, half, cutoff);
      sum += row[tap]!;
    }
    for (let tap = 0; tap < taps; tap++) row[tap]! /= sum;
  }
  return table;
}

/** Sinc times a Hann window. */
function weightAt(distance: number, half: number, cutoff: number): number {
  const x = Math.PI * distance * cutoff;
  const sinc = Math.abs(x) < 1e-9 ? 1 : Math.sin(x) / x;
  return sinc * (0.5 + 0.5 * Math.cos((Math.PI * distance) / half));
}

/** Of two whole numbers; rates that are none have no common divisor but 1. */
function greatestDivisor(a: number, b: number): number {
  if (!Number.isInteger(a) || !Number.isInteger(b)) return 1;
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}
