/** Sound for tests: a tone, and something that the coder takes for speech. */
import { seededRandom } from "../../base/random.ts";

/** What tests run at. */
export const RATE = 48_000;

/** Samples of 20 ms. */
export const FRAME = 960;

/** `seconds` of a sine of `frequency` Hz. */
export function tone(frequency: number, seconds: number, amplitude = 0.5): Float32Array<ArrayBuffer> {
  return Float32Array.from(
    { length: seconds * RATE },
    (_, i) => amplitude * Math.sin(2 * Math.PI * frequency * i / RATE),
  );
}

/** Formants of an open vowel: frequency and bandwidth in Hz. */
const FORMANTS = [[700, 90], [1_220, 110], [2_600, 170]] as const;

/** `seconds` of a voice: pulses of changing pitch through three resonances, loud and soft four times a second. */
export function voice(seconds: number): Float32Array<ArrayBuffer> {
  const length = seconds * RATE;
  const random = seededRandom(7);
  let sound: Float32Array<ArrayBuffer> = new Float32Array(length);
  let phase = 0;
  for (let i = 0; i < length; i++) {
    const time = i / RATE;
    phase += (120 + 20 * Math.sin(2 * Math.PI * 0.7 * time)) / RATE;
    const loudness = 0.6 + 0.4 * Math.sin(2 * Math.PI * 4 * time);
    const pulse = phase >= 1 ? 1 : 0;
    phase -= pulse;
    sound[i] = loudness * (pulse + (random.next() - 0.5) * 0.01);
  }
  for (const [frequency, bandwidth] of FORMANTS) sound = resonate(sound, frequency, bandwidth);
  const peak = sound.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return sound.map((value) => 0.6 * value / peak);
}

function resonate(input: Float32Array, frequency: number, bandwidth: number): Float32Array<ArrayBuffer> {
  const radius = Math.exp(-Math.PI * bandwidth / RATE);
  const [a, b] = [2 * radius * Math.cos(2 * Math.PI * frequency / RATE), -radius * radius];
  const output = new Float32Array(input.length);
  for (let i = 0; i < input.length; i++) {
    output[i] = input[i]! + a * (output[i - 1] ?? 0) + b * (output[i - 2] ?? 0);
  }
  return output;
}

/** Cuts sound of one channel into frames of 20 ms. */
export function framesOf(sound: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer>[] {
  return Array.from({ length: Math.floor(sound.length / FRAME) }, (_, i) => sound.slice(i * FRAME, (i + 1) * FRAME));
}

/** Puts pieces one behind the other. */
export function join(pieces: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  return Float32Array.from(pieces.flatMap((piece) => [...piece]));
}

/** How alike two stretches are. */
export interface Likeness {
  /** 1 for the same shape. */
  readonly correlation: number;
  /** Signal to noise in decibels, without evening out loudness. */
  readonly snrDb: number;
}

/** Compares `actual` with `expected`, which have the same length. */
export function compare(expected: Float32Array, actual: Float32Array): Likeness {
  let [product, power, other, noise] = [0, 0, 0, 0];
  for (let i = 0; i < expected.length; i++) {
    const [x, y] = [expected[i]!, actual[i]!];
    product += x * y;
    power += x * x;
    other += y * y;
    noise += (x - y) ** 2;
  }
  return { correlation: product / Math.sqrt(power * other), snrDb: 10 * Math.log10(power / noise) };
}

/** The comparison at the delay (0 … `most` samples) at which both fit best. */
export function compareDelayed(expected: Float32Array, actual: Float32Array, most = 700): Likeness & { delay: number } {
  const length = Math.min(expected.length, actual.length) - most;
  let best = { correlation: -1, snrDb: -Infinity, delay: -1 };
  for (let delay = 0; delay <= most; delay++) {
    const found = compare(expected.subarray(0, length), actual.subarray(delay, delay + length));
    if (found.snrDb > best.snrDb) best = { ...found, delay };
  }
  return best;
}
