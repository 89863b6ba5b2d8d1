import type { PcmFrame } from "../frames.ts";
import { AudioFifo } from "../audio_fifo.ts";

/** How a `Mixer` is made. */
export interface MixerOptions {
  /** Samples per second of what comes out (default 48,000). */
  readonly sampleRate?: number;
  /** 1 (default) or 2. */
  readonly channels?: number;
  /** Milliseconds of one frame (default 20). */
  readonly frameMs?: number;
}

/** Sound kept of one speaker who is ahead of the others; more would only be delay. */
const MAX_AHEAD_MS = 200;
/** The loudest sample that comes out: a little below full scale, so that encoders do not clip either. */
const CEILING = 0.97;
/** How fast volume comes back after it was turned down, per frame of 20 ms: about half a second. */
const RELEASE_PER_MS = 0.002;

/** What is kept of one who takes part. */
interface Voice {
  readonly fifo: AudioFifo;
  readonly current: Float32Array;
  /** How far the mix for this one is turned down now, 0 … 1. */
  volume: number;
}

/**
 * Mixes a conference: everybody hears all others, never oneself (N−1).
 *
 * Where the sum would be too loud it is turned down smoothly, not cut off. Frames of any size and rate go in; one call
 * of `mix` per frame time takes one frame of each.
 *
 * @example
 * ```ts
 * import { Mixer } from "@seameet/cli/pipeline";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const mixer = new Mixer<string>();
 * for (const [id, level] of [["ada", 0.1], ["bob", 0.2], ["eve", 0.3]] as const) {
 *   mixer.push(id, { samples: new Float32Array(960).fill(level), sampleRate: 48_000, channels: 1 });
 * }
 * assertAlmostEquals(mixer.mix().get("ada")!.samples[500]!, 0.5, 1e-6);
 * ```
 */
export class Mixer<Id = string> {
  readonly #sampleRate: number;
  readonly #channels: number;
  readonly #frameMs: number;
  readonly #length: number;
  readonly #voices = new Map<Id, Voice>();

  /** Creates a mixer in which nobody takes part. */
  constructor(options: MixerOptions = {}) {
    this.#sampleRate = options.sampleRate ?? 48_000;
    this.#channels = options.channels ?? 1;
    this.#frameMs = options.frameMs ?? 20;
    this.#length = Math.round((this.#sampleRate * this.#frameMs) / 1000) * this.#channels;
  }

  /** Lets somebody take part who may say nothing yet. */
  add(id: Id): void {
    if (this.#voices.has(id)) return;
    const fifo = new AudioFifo({
      sampleRate: this.#sampleRate,
      channels: this.#channels,
      maxMs: MAX_AHEAD_MS,
    });
    this.#voices.set(id, { fifo, current: new Float32Array(this.#length), volume: 1 });
  }

  /** Takes somebody out, with all that is kept. */
  remove(id: Id): void {
    this.#voices.delete(id);
  }

  /** Those who take part. */
  get ids(): Iterable<Id> {
    return this.#voices.keys();
  }

  /** Takes a stretch of sound; whoever is new takes part from now on. */
  push(id: Id, frame: PcmFrame): void {
    this.add(id);
    this.#voices.get(id)!.fifo.push(frame);
  }

  /** One frame for everybody who takes part: the sum of all others. */
  mix(): Map<Id, PcmFrame> {
    const total = this.#total();
    const mixed = new Map<Id, PcmFrame>();
    for (const [id, voice] of this.#voices) {
      const samples = new Float32Array(this.#length);
      for (let i = 0; i < samples.length; i++) samples[i] = total[i]! - voice.current[i]!;
      this.#limit(voice, samples);
      mixed.set(id, this.#frame(samples));
    }
    return mixed;
  }

  #total(): Float32Array {
    const total = new Float32Array(this.#length);
    for (const { fifo, current } of this.#voices.values()) {
      current.fill(0);
      fifo.readInto(current);
      for (let i = 0; i < total.length; i++) total[i]! += current[i]!;
    }
    return total;
  }

  /** Turns the frame down where it is too loud: at once, and slowly up again. */
  #limit(voice: Voice, samples: Float32Array): void {
    let peak = 0;
    for (let i = 0; i < samples.length; i++) peak = Math.max(peak, Math.abs(samples[i]!));
    const allowed = peak > CEILING ? CEILING / peak : 1;
    const before = voice.volume;
    const after = Math.min(allowed, before + RELEASE_PER_MS * this.#frameMs);
    voice.volume = after;
    if (before === 1 && after === 1) return;
    for (let i = 0; i < samples.length; i++) {
      const volume = before + ((after - before) * i) / samples.length;
      // While the volume still comes down, the loudest samples at the start of the frame are held at the edge.
      samples[i] = Math.max(-CEILING, Math.min(CEILING, samples[i]! * volume));
    }
  }

  #frame(samples: Float32Array<ArrayBuffer>): PcmFrame {
    return { samples, sampleRate: this.#sampleRate, channels: this.#channels };
  }
}
