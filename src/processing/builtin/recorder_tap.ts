import type { PcmFrame, RawVideoFrame } from "../frames.ts";
import type { Processor, ProcessorHint } from "../processor.ts";

/** Who gets the copies. A callback that throws loses that frame, as any processor that throws. */
export interface RecorderTapCallbacks {
  /** Gets each stretch of sound. */
  readonly onAudio?: (frame: PcmFrame) => void;
  /** Gets each picture. */
  readonly onVideo?: (frame: RawVideoFrame) => void;
}

/**
 * Hands a copy of each frame, as it is at this place of the chain, to the application and lets it pass.
 *
 * The copy may be kept. For recording without decoding there is `recordRoom`.
 *
 * @example
 * ```ts
 * import { recorderTap } from "@seameet/cli/pipeline";
 * import { assertEquals } from "@std/assert";
 *
 * const heard: number[] = [];
 * const tap = recorderTap({ onAudio: (frame) => heard.push(frame.samples.length) });
 * tap.processAudio?.({ samples: new Float32Array(960), sampleRate: 48_000, channels: 1 });
 * assertEquals(heard, [960]);
 * ```
 */
export function recorderTap(callbacks: RecorderTapCallbacks): Processor<never> {
  const { onAudio, onVideo } = callbacks;
  return {
    ...(onAudio !== undefined && {
      processAudio(frame: PcmFrame): ProcessorHint<never> {
        onAudio({ ...frame, samples: frame.samples.slice() });
        return "forward";
      },
    }),
    ...(onVideo !== undefined && {
      processVideo(frame: RawVideoFrame): ProcessorHint<never> {
        onVideo({ ...frame, data: frame.data.slice() });
        return "forward";
      },
    }),
  };
}
