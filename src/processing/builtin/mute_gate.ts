import type { PcmFrame, RawVideoFrame } from "../frames.ts";
import type { Processor, ProcessorHint } from "../processor.ts";

/**
 * Lets sound and pictures through or not, switched by the application: server-side muting.
 *
 * What is not let through is dropped, so that nothing is encoded or sent for it.
 *
 * @example
 * ```ts
 * import { MuteGate } from "@seameet/cli/pipeline";
 * import { assertEquals } from "@std/assert";
 *
 * const gate = new MuteGate();
 * const frame = { samples: new Float32Array(960), sampleRate: 48_000, channels: 1 };
 * assertEquals(gate.processAudio(frame), "forward");
 * gate.audioMuted = true;
 * assertEquals(gate.processAudio(frame), "drop");
 * ```
 */
export class MuteGate implements Processor<never> {
  /** Whether sound is dropped. */
  audioMuted = false;
  /** Whether pictures are dropped. */
  videoMuted = false;

  processAudio(_frame: PcmFrame): ProcessorHint<never> {
    return this.audioMuted ? "drop" : "forward";
  }

  processVideo(_frame: RawVideoFrame): ProcessorHint<never> {
    return this.videoMuted ? "drop" : "forward";
  }
}
