import type { PcmFrame, RawVideoFrame } from "./frames.ts";

/**
 * What becomes of a frame that a processor has seen: `"forward"` it (as it is now), `"drop"` it, or drop it and
 * `emit` an event. The room decides what `Event` is; the pipelines only pass it on.
 */
export type ProcessorHint<Event = unknown> = "forward" | "drop" | { readonly emit: Event };

/**
 * Looks at decoded frames and may change them in place; what it forwards is encoded again and sent on.
 *
 * Both methods are called on the thread that forwards packets, one frame at a time, and must answer at once: 20 ms of
 * audio leave no room for waiting. A method that is absent forwards everything, and its medium is not even decoded.
 * A method that throws loses that frame; the call goes on.
 *
 * @example
 * ```ts
 * import type { Processor } from "@seameet/cli/pipeline";
 * import { assertEquals } from "@std/assert";
 *
 * const half: Processor = {
 *   processAudio(frame) {
 *     for (let i = 0; i < frame.samples.length; i++) frame.samples[i]! *= 0.5;
 *     return "forward";
 *   },
 * };
 * const frame = { samples: new Float32Array([1, -1]), sampleRate: 48_000, channels: 1 };
 * assertEquals(half.processAudio?.(frame), "forward");
 * assertEquals([...frame.samples], [0.5, -0.5]);
 * ```
 */
export interface Processor<Event = unknown> {
  /** Sees a stretch of sound, 20 ms as a rule. */
  processAudio?(frame: PcmFrame): ProcessorHint<Event>;
  /** Sees one picture. */
  processVideo?(frame: RawVideoFrame): ProcessorHint<Event>;
}

/**
 * No processing on the server at all: nothing is decoded and every payload arrives byte for byte.
 *
 * It is told by its identity, so `{}` is not the same: use this very object.
 *
 * @example
 * ```ts
 * import { passthrough } from "@seameet/cli/pipeline";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(passthrough.processAudio, undefined);
 * ```
 */
export const passthrough: Processor<never> = Object.freeze({});
