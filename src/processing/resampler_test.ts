import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { Resampler } from "./resampler.ts";

const SECONDS = 1;

/** A tone, interleaved; the right channel, where there is one, is its negative. */
function tone(hz: number, rate: number, channels: number): Float32Array {
  return Float32Array.from({ length: rate * SECONDS * channels }, (_, i) => {
    const value = 0.5 * Math.sin((2 * Math.PI * hz * Math.floor(i / channels)) / rate);
    return i % channels === 0 ? value : -value;
  });
}

/** Puts sound through in pieces of changing sizes; answers whole periods of our tones, from after the beginning. */
function resampled(input: Float32Array, from: number, to: number, channels: number): Float32Array {
  const resampler = new Resampler(from, to, channels);
  const pieces: number[] = [];
  for (let at = 0, size = 7; at < input.length; at += size * channels, size = (size * 31) % 977 + 1) {
    pieces.push(...resampler.process(input.subarray(at, at + size * channels)));
  }
  const [edge, hundredth] = [(to / 20) * channels, (to / 100) * channels];
  return Float32Array.from(pieces.slice(edge, edge + hundredth * Math.floor((pieces.length - edge) / hundredth - 1)));
}

/** The level of one frequency in one channel, and that of everything else, as root mean squares. */
function levels(samples: Float32Array, hz: number, rate: number): { tone: number; rest: number } {
  let [re, im, power] = [0, 0, 0];
  samples.forEach((sample, i) => {
    re += sample * Math.cos((2 * Math.PI * hz * i) / rate);
    im += sample * Math.sin((2 * Math.PI * hz * i) / rate);
    power += sample * sample;
  });
  const tone = (2 * (re * re + im * im)) / samples.length ** 2;
  return { tone: Math.sqrt(tone), rest: Math.sqrt(Math.max(0, power / samples.length - tone)) };
}

const RATES: readonly (readonly [number, number])[] = [
  [44_100, 48_000],
  [48_000, 44_100],
  [16_000, 48_000],
  [48_000, 16_000],
  [11_025, 48_000],
  [44_101, 48_000], // more places between two samples than weights are kept for
];

for (const [from, to] of RATES) {
  Deno.test(`a tone stays what it is from ${from} to ${to} Hz, in one channel and in two`, () => {
    const hz = 1_000;
    for (const channels of [1, 2]) {
      const output = resampled(tone(hz, from, channels), from, to, channels);
      const left = output.filter((_, i) => i % channels === 0);
      const { tone: level, rest } = levels(left, hz, to);
      assertAlmostEquals(level, 0.5 / Math.SQRT2, 0.002);
      assertLess(20 * Math.log10(rest / level), -50, "decibels of all that does not belong there");
      if (channels === 2) {
        const right = output.filter((_, i) => i % 2 === 1);
        assertEquals(right.map((sample) => -sample), left);
      }
    }
  });
}

Deno.test("as much comes out as time goes in", () => {
  const resampler = new Resampler(44_100, 48_000, 1);
  let count = 0;
  for (let piece = 0; piece < 1_000; piece++) count += resampler.process(new Float32Array(441)).length;
  assertAlmostEquals(count, 480_000, 48);
});

Deno.test("what the lower rate cannot carry is not heard in it", () => {
  const output = resampled(tone(11_000, 48_000, 1), 48_000, 16_000, 1);
  const level = Math.sqrt(output.reduce((sum, value) => sum + value * value, 0) / output.length);
  assertLess(20 * Math.log10(level / (0.5 / Math.SQRT2)), -50);
});
