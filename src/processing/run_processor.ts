import type { PcmFrame, RawVideoFrame } from "./frames.ts";
import type { Processor, ProcessorHint } from "./processor.ts";

/** Where a pipeline puts what its processors say. */
export interface ProcessorOutput<Event> {
  /** Gets the event of an `emit`. */
  readonly onEvent?: (event: Event) => void;
  /** Gets what a processor threw; its frame is dropped. */
  readonly onError?: (error: unknown) => void;
}

/** Runs a processor on sound; `true` when the frame goes on. */
export function runOnAudio<Event>(
  processor: Processor<Event>,
  frame: PcmFrame,
  output: ProcessorOutput<Event>,
): boolean {
  return run(() => processor.processAudio?.(frame), output);
}

/** Runs a processor on a picture; `true` when it goes on. */
export function runOnVideo<Event>(
  processor: Processor<Event>,
  frame: RawVideoFrame,
  output: ProcessorOutput<Event>,
): boolean {
  return run(() => processor.processVideo?.(frame), output);
}

/** An application's processor must not end the track: what it throws costs that frame. */
function run<Event>(call: () => ProcessorHint<Event> | undefined, output: ProcessorOutput<Event>): boolean {
  try {
    const hint = call() ?? "forward";
    if (hint === "forward") return true;
    if (hint !== "drop") output.onEvent?.(hint.emit);
  } catch (error) {
    output.onError?.(error);
  }
  return false;
}
