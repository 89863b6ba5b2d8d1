import type { PcmFrame, RawVideoFrame } from "./frames.ts";
import { passthrough, type Processor, type ProcessorHint } from "./processor.ts";

/**
 * Processors one after the other, itself a processor: the first answer other than `"forward"` ends the chain and is
 * the chain's answer.
 *
 * @example
 * ```ts
 * import { ProcessorChain } from "@seameet/cli/pipeline";
 * import { assertEquals } from "@std/assert";
 *
 * const seen: string[] = [];
 * const chain = new ProcessorChain();
 * chain.push({ processAudio: () => (seen.push("first"), "drop") });
 * chain.push({ processAudio: () => (seen.push("second"), "forward") });
 * const hint = chain.processAudio({ samples: new Float32Array(960), sampleRate: 48_000, channels: 1 });
 * assertEquals([hint, chain.length, seen], ["drop", 2, ["first"]]);
 * ```
 */
export class ProcessorChain<Event = unknown> implements Processor<Event> {
  readonly #processors: Processor<Event>[];

  /** Creates a chain of these, in this order. */
  constructor(processors: Iterable<Processor<Event>> = []) {
    this.#processors = [...processors];
  }

  /** Adds one at the end. */
  push(processor: Processor<Event>): void {
    this.#processors.push(processor);
  }

  /** How many there are. */
  get length(): number {
    return this.#processors.length;
  }

  /** Whether any of them wants sound, so that it must be decoded. */
  get processesAudio(): boolean {
    return this.#processors.some(processesAudio);
  }

  /** Whether any of them wants pictures. */
  get processesVideo(): boolean {
    return this.#processors.some(processesVideo);
  }

  /** Runs the chain on a stretch of sound. */
  processAudio(frame: PcmFrame): ProcessorHint<Event> {
    for (const processor of this.#processors) {
      const hint = processor.processAudio?.(frame) ?? "forward";
      if (hint !== "forward") return hint;
    }
    return "forward";
  }

  /** Runs the chain on a picture. */
  processVideo(frame: RawVideoFrame): ProcessorHint<Event> {
    for (const processor of this.#processors) {
      const hint = processor.processVideo?.(frame) ?? "forward";
      if (hint !== "forward") return hint;
    }
    return "forward";
  }
}

/** Whether this processor wants sound: not `passthrough`, has the method, and, for a chain, has one that does. */
export function processesAudio(processor: Processor<unknown>): boolean {
  if (processor === passthrough) return false;
  return processor instanceof ProcessorChain ? processor.processesAudio : processor.processAudio !== undefined;
}

/** Whether this processor wants pictures. */
export function processesVideo(processor: Processor<unknown>): boolean {
  if (processor === passthrough) return false;
  return processor instanceof ProcessorChain ? processor.processesVideo : processor.processVideo !== undefined;
}
