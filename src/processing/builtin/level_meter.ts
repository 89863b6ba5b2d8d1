import type { PcmFrame } from "../frames.ts";
import type { Processor, ProcessorHint } from "../processor.ts";
import { dbovOf, SILENCE_DBOV } from "../speech_detector.ts";

/**
 * Measures how loud it is and changes nothing.
 *
 * @example
 * ```ts
 * import { LevelMeter } from "@seameet/cli/pipeline";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const meter = new LevelMeter();
 * meter.processAudio({ samples: new Float32Array(960).fill(0.5), sampleRate: 48_000, channels: 1 });
 * assertAlmostEquals(meter.dbov, -6.02, 0.01);
 * assertAlmostEquals(meter.peak, 0.5);
 * ```
 */
export class LevelMeter implements Processor<never> {
  /** Level of the last frame in dB below full scale: 0 … −127. */
  dbov: number = SILENCE_DBOV;
  /** The largest sample since `resetPeak`, 0 … 1. */
  peak = 0;

  processAudio({ samples }: PcmFrame): ProcessorHint<never> {
    this.dbov = dbovOf(samples);
    for (let i = 0; i < samples.length; i++) {
      const size = Math.abs(samples[i]!);
      if (size > this.peak) this.peak = size;
    }
    return "forward";
  }

  /** Begins to look for the largest sample anew. */
  resetPeak(): void {
    this.peak = 0;
  }
}
