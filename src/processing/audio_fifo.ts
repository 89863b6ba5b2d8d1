import type { PcmFrame } from "./frames.ts";
import { Resampler } from "./resampler.ts";

/** How an `AudioFifo` is made. */
export interface AudioFifoOptions {
  /** Samples per second of what comes out. */
  readonly sampleRate: number;
  /** 1 or 2, of what comes out. */
  readonly channels: number;
  /** Milliseconds that are kept at most; more pushes out the oldest. */
  readonly maxMs: number;
}

/**
 * Takes frames of any size, rate and number of channels, gives stretches of any size in one rate and number.
 *
 * Stereo becomes mono as the mean of both sides, mono becomes stereo on both sides.
 *
 * @example
 * ```ts
 * import { AudioFifo } from "@seameet/cli/pipeline";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * const fifo = new AudioFifo({ sampleRate: 48_000, channels: 1, maxMs: 100 });
 * fifo.push({ samples: Float32Array.of(0.2, 0.4, 0.6, 0.8), sampleRate: 48_000, channels: 2 });
 * const into = new Float32Array(2);
 * assertEquals(fifo.readInto(into), 2);
 * assertAlmostEquals(into[0]!, 0.3, 1e-6);
 * ```
 */
export class AudioFifo {
  readonly #sampleRate: number;
  readonly #channels: number;
  readonly #ring: Float32Array;
  #start = 0;
  #length = 0;
  #resampler: Resampler | undefined;
  #resampledFrom = 0;
  #dropped = 0;

  /** Creates an empty queue. */
  constructor(options: AudioFifoOptions) {
    this.#sampleRate = options.sampleRate;
    this.#channels = options.channels;
    this.#ring = new Float32Array(Math.ceil((options.sampleRate * options.maxMs) / 1000) * options.channels);
  }

  /** Samples per channel that can be read now. */
  get available(): number {
    return this.#length / this.#channels;
  }

  /** Samples per channel that were pushed out unread. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes a frame; one whose rate or number of channels makes no sense is left out. */
  push(frame: PcmFrame): void {
    const mixed = this.#mix(frame);
    if (mixed === undefined) return;
    if (frame.sampleRate === this.#sampleRate) {
      this.#resampler = undefined;
      this.#append(mixed);
      return;
    }
    if (this.#resampler === undefined || this.#resampledFrom !== frame.sampleRate) {
      this.#resampler = new Resampler(frame.sampleRate, this.#sampleRate, this.#channels);
      this.#resampledFrom = frame.sampleRate;
    }
    this.#append(this.#resampler.process(mixed));
  }

  /** Fills the start of `into` with what there is; returns how many samples (of all channels) that were. */
  readInto(into: Float32Array): number {
    const count = Math.min(into.length, this.#length);
    for (let i = 0; i < count; i++) into[i] = this.#ring[(this.#start + i) % this.#ring.length]!;
    this.#start = (this.#start + count) % this.#ring.length;
    this.#length -= count;
    return count;
  }

  /** Throws away all that is kept. */
  clear(): void {
    this.#start = 0;
    this.#length = 0;
    this.#resampler = undefined;
  }

  #mix({ samples, channels, sampleRate }: PcmFrame): Float32Array | undefined {
    if (!(sampleRate > 0) || (channels !== 1 && channels !== 2)) return undefined;
    if (channels === this.#channels) return samples;
    const instants = Math.floor(samples.length / channels);
    const mixed = new Float32Array(instants * this.#channels);
    for (let i = 0; i < instants; i++) {
      if (channels === 2) mixed[i] = (samples[2 * i]! + samples[2 * i + 1]!) / 2;
      else mixed[2 * i] = mixed[2 * i + 1] = samples[i]!;
    }
    return mixed;
  }

  #append(samples: Float32Array): void {
    const { length } = this.#ring;
    const skip = Math.max(0, samples.length - length);
    for (let i = skip; i < samples.length; i++) {
      if (this.#length === length) {
        this.#start = (this.#start + this.#channels) % length;
        this.#length -= this.#channels;
        this.#dropped++;
      }
      this.#ring[(this.#start + this.#length) % length] = samples[i]!;
      this.#length++;
    }
    this.#dropped += skip / this.#channels;
  }
}
