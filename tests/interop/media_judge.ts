/** Judges decoded sound and pictures against what is known of their source. */
import type { PcmFrame, RawVideoFrame } from "../../mod.ts";

/** What a stretch of sound is. */
export interface HeardTone {
  /** The loudest frequency, to a hertz. */
  readonly toneHz: number;
  /** Its level alone, root mean square of full scale. */
  readonly toneLevel: number;
  /** The level of everything. */
  readonly level: number;
}

/** A busy machine makes holes in sound; so many stretches are read until one has none. */
const MAX_STRETCHES = 20;

/** Reads so much sound, after leaving out the first `skipMs`, and finds the tone in it: in the first stretch without a hole. */
export async function readTone(stream: ReadableStream<PcmFrame>, ms = 500, skipMs = 300): Promise<HeardTone> {
  let samples: number[] = [];
  let skip = skipMs * 48;
  let stretches = 0;
  for await (const frame of stream) {
    for (let i = 0; i < frame.samples.length; i += frame.channels) {
      if (skip-- <= 0) samples.push(frame.samples[i]!);
    }
    if (samples.length < ms * 48) continue;
    samples = samples.slice(0, ms * 48);
    // A sound that is wrong has no holes either, or they are in all of it.
    if (isWhole(samples) || ++stretches === MAX_STRETCHES) break;
    samples = [];
  }
  return findTone(samples);
}

/** Whether each 25 ms are as loud as the others, and it is one tone from beginning to end. */
function isWhole(samples: readonly number[]): boolean {
  const size = 1_200;
  const powers: number[] = [];
  for (let at = 0; at + size <= samples.length; at += size) {
    powers.push(samples.slice(at, at + size).reduce((sum, sample) => sum + sample * sample, 0));
  }
  const { toneLevel, level } = findTone(samples);
  return Math.min(...powers) > 0.7 * Math.max(...powers) && toneLevel > 0.95 * level;
}

/** Quieter sound is none: a stream begins with it while nothing has come, on a busy machine for long. */
const SILENCE = 0.005;
/** Twenty seconds of silence are a fault. */
const MAX_WINDOWS = 100;

/** The loudest 200 ms of a second with sound, so that holes which a busy machine makes do not count. */
export async function loudestTone(stream: ReadableStream<PcmFrame>): Promise<HeardTone> {
  const power = (samples: readonly number[]) => samples.reduce((sum, sample) => sum + sample * sample, 0);
  let loudest: readonly number[] = [];
  let [heard, windows] = [0, 0];
  let window: number[] = [];
  for await (const { samples } of stream) {
    window.push(...samples);
    if (window.length < 9_600) continue;
    if (power(window) > SILENCE ** 2 * window.length) heard++;
    // The first one is left out: codecs fade in.
    if ((heard > 1 || loudest.length === 0) && power(window) > power(loudest)) loudest = window;
    if (heard > 5 || ++windows === MAX_WINDOWS) break;
    window = [];
  }
  return findTone(loudest);
}

/** Finds the loudest frequency by its discrete Fourier transform, in steps of a hertz up to 3 kHz. */
export function findTone(samples: readonly number[]): HeardTone {
  let best = 0;
  let bestPower = 0;
  for (let hz = 100; hz < 3_000; hz += 10) {
    const power = powerAt(samples, hz);
    if (power > bestPower) [best, bestPower] = [hz, power];
  }
  for (let hz = best - 10; hz <= best + 10; hz++) {
    const power = powerAt(samples, hz);
    if (power > bestPower) [best, bestPower] = [hz, power];
  }
  const level = Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length);
  return { toneHz: best, toneLevel: Math.sqrt(2 * bestPower), level };
}

/** Squared amplitude of one frequency (Hann window), a quarter of a full-scale sine's square being 0.25. */
function powerAt(samples: readonly number[], hz: number): number {
  let re = 0;
  let im = 0;
  let weight = 0;
  for (let i = 0; i < samples.length; i++) {
    const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / samples.length);
    const angle = (2 * Math.PI * hz * i) / 48_000;
    re += window * samples[i]! * Math.cos(angle);
    im += window * samples[i]! * Math.sin(angle);
    weight += window;
  }
  return (re * re + im * im) / (weight * weight);
}

/** Decibels between two levels. */
export function decibels(level: number, reference: number): number {
  return 20 * Math.log10(level / reference);
}

/**
 * How far an I420 picture is from one colour everywhere below its first `skipLines`, as PSNR of the RGB values.
 *
 * Limited-range BT.601, as browsers send canvases.
 */
export function psnrAgainst(frame: RawVideoFrame, colour: readonly number[], skipLines: number): number {
  let error = 0;
  let count = 0;
  for (let y = skipLines; y < frame.height; y++) {
    for (let x = 0; x < frame.width; x++) {
      const rgb = rgbAt(frame, x, y);
      for (let channel = 0; channel < 3; channel++) error += (rgb[channel]! - colour[channel]!) ** 2;
      count += 3;
    }
  }
  return 10 * Math.log10((255 * 255) / Math.max(1e-9, error / count));
}

/** One pixel of an I420 picture. */
export function rgbAt({ data, width, height }: RawVideoFrame, x: number, y: number): [number, number, number] {
  const half = (width + 1) >> 1;
  const chroma = width * height + (y >> 1) * half + (x >> 1);
  const luma = 1.164 * (data[y * width + x]! - 16);
  const u = data[chroma]! - 128;
  const v = data[chroma + half * ((height + 1) >> 1)]! - 128;
  const clamp = (value: number) => Math.max(0, Math.min(255, value));
  return [clamp(luma + 1.596 * v), clamp(luma - 0.392 * u - 0.813 * v), clamp(luma + 2.017 * u)];
}

/** An I420 picture of one colour. */
export function flatPicture(width: number, height: number, [r, g, b]: readonly number[]): RawVideoFrame {
  const half = ((width + 1) >> 1) * ((height + 1) >> 1);
  const data = new Uint8Array(width * height + 2 * half);
  data.fill(Math.round(16 + 0.257 * r! + 0.504 * g! + 0.098 * b!), 0, width * height);
  data.fill(Math.round(128 - 0.148 * r! - 0.291 * g! + 0.439 * b!), width * height, width * height + half);
  data.fill(Math.round(128 + 0.439 * r! - 0.368 * g! - 0.071 * b!), width * height + half);
  return { data, width, height, format: "I420", ptsMs: 0 };
}

/** A tone without end; `level` is its root mean square. */
export function toneSource(
  hz: number,
  level: number,
): { sampleRate: number; channels: number; read(into: Float32Array): number } {
  let at = 0;
  return {
    sampleRate: 48_000,
    channels: 1,
    read(into) {
      for (let i = 0; i < into.length; i++) into[i] = Math.SQRT2 * level * Math.sin((2 * Math.PI * hz * at++) / 48_000);
      return into.length;
    },
  };
}
