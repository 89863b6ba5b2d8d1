import type { PcmFrame, RawVideoFrame } from "../../processing/frames.ts";

/** Sound that is asked for as it is needed. */
export interface AudioSource {
  /** Instants per second. */
  readonly sampleRate: number;
  /** 1 or 2. */
  readonly channels: number;
  /** Fills `into` (interleaved) from its start and says with how many samples; fewer than it holds where there is nothing. */
  read(into: Float32Array<ArrayBuffer>): number;
}

/** Pictures that are asked for as they are needed. */
export interface VideoSource {
  /** The picture to show now, or `null` when it is still the last one. */
  read(): RawVideoFrame | null;
}

/** Sound for a track: asked for frame by frame, or coming by itself; what comes too fast is waited with. */
export type AudioInput = AudioSource | ReadableStream<PcmFrame> | AsyncIterable<PcmFrame>;

/** Pictures for a track: asked for at the frame rate, or coming by themselves and shown when their `ptsMs` says. */
export type VideoInput = VideoSource | ReadableStream<RawVideoFrame> | AsyncIterable<RawVideoFrame>;

/** Sound as frames, whatever it is; stops when `signal` aborts. */
export async function* soundFrames(input: AudioInput, frameMs: number, signal: AbortSignal): AsyncGenerator<PcmFrame> {
  if (Symbol.asyncIterator in input) {
    yield* until(input, signal);
    return;
  }
  const { sampleRate, channels } = input;
  const size = Math.round((sampleRate * frameMs) / 1000) * channels;
  while (!signal.aborted) {
    const samples = new Float32Array(size);
    const count = input.read(samples);
    if (count > 0) yield { samples: count < size ? samples.slice(0, count) : samples, sampleRate, channels };
    else await pause(frameMs, signal);
  }
}

/** Pictures at the pace of their `ptsMs`, whatever they come from; stops when `signal` aborts. */
export async function* pacedPictures(
  input: VideoInput,
  fps: number,
  signal: AbortSignal,
): AsyncGenerator<RawVideoFrame> {
  if (Symbol.asyncIterator in input) {
    let startedAt: number | undefined;
    for await (const frame of until(input, signal)) {
      startedAt ??= performance.now() - frame.ptsMs;
      const early = startedAt + frame.ptsMs - performance.now();
      if (early > MAX_EARLY_MS || early < -MAX_EARLY_MS) startedAt = performance.now() - frame.ptsMs;
      else if (early > 0) await pause(early, signal);
      if (!signal.aborted) yield frame;
    }
    return;
  }
  const startedAt = performance.now();
  for (let count = 1; !signal.aborted; count++) {
    const frame = input.read();
    if (frame !== null) yield { ...frame, ptsMs: performance.now() - startedAt };
    await pause(startedAt + (count * 1000) / fps - performance.now(), signal);
  }
}

/** A picture further ahead of (or behind) its time than this begins a new timeline. */
const MAX_EARLY_MS = 1_000;

/** Waits, but no longer than until `signal` aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, Math.max(0, ms));
    signal.addEventListener("abort", done);
  });
}

/** What an iterable gives until `signal` aborts; it is then told to end, even while it is being waited for. */
async function* until<T>(input: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = input[Symbol.asyncIterator]();
  const aborted = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  try {
    for (;;) {
      const result = await Promise.race([iterator.next(), aborted]);
      if (result === undefined || result.done) return;
      yield result.value;
    }
  } finally {
    // Not waited for: a source that is stuck in `next` would never answer.
    iterator.return?.()?.then(undefined, () => {});
  }
}
