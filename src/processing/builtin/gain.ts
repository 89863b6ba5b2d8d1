import type { PcmFrame } from "../frames.ts";
import type { Processor, ProcessorHint } from "../processor.ts";

/**
 * Makes sound louder or quieter by so many decibels; what would leave the range is held at its edge.
 *
 * @example
 * ```ts
 * import { gain } from "@seameet/cli/pipeline";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const processor = gain(-6);
 * const frame = { samples: new Float32Array([0.8]), sampleRate: 48_000, channels: 1 };
 * processor.processAudio(frame);
 * assertAlmostEquals(frame.samples[0]!, 0.4, 0.01);
 * ```
 */
export function gain(decibels: number): Gain {
  return new Gain(decibels);
}

/**
 * A change of volume; see `gain`.
 *
 * @example
 * ```ts
 * import { Gain } from "@seameet/cli/pipeline";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const frame = { samples: Float32Array.of(0.5, -0.5), sampleRate: 48_000, channels: 1 };
 * new Gain(-6).processAudio(frame);
 * assertAlmostEquals(frame.samples[0]!, 0.25, 0.001);
 * ```
 */
export class Gain implements Processor<never> {
  #factor: number;

  /** `decibels`: 0 changes nothing, −6 is half, 6 is double. */
  constructor(decibels: number) {
    this.#factor = 10 ** (decibels / 20);
  }

  /** Changes it for the frames that follow. */
  set decibels(decibels: number) {
    this.#factor = 10 ** (decibels / 20);
  }

  processAudio({ samples }: PcmFrame): ProcessorHint<never> {
    for (let i = 0; i < samples.length; i++) samples[i] = Math.max(-1, Math.min(1, samples[i]! * this.#factor));
    return "forward";
  }
}
