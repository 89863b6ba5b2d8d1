import { type Millis, NEVER } from "../base/time.ts";
import type { PcmFrame } from "./frames.ts";

/** What the detector found out. */
export type SpeechEvent =
  | { readonly type: "speechStarted" }
  /** From the first to the last loud moment. */
  | { readonly type: "speechEnded"; readonly durationMs: Millis }
  /** Nothing was heard for so long; once for each pause. */
  | { readonly type: "silence"; readonly durationMs: Millis };

/** How a `SpeechDetector` judges; all have defaults made for a headset or laptop in a room. */
export interface SpeechDetectorOptions {
  /** Louder than this, in dB below full scale, can be the beginning of speech (default −45). */
  readonly startDbov?: number;
  /** Quieter than this is a pause; between both it stays as it is (default −55). */
  readonly endDbov?: number;
  /** It must be loud this long, so that a click on a table is no speech (default 60 ms). */
  readonly minSpeechMs?: Millis;
  /** A pause this long ends speech; pauses between words are shorter (default 600 ms). */
  readonly hangoverMs?: Millis;
  /** So long without speech is reported as silence (default 5,000 ms). */
  readonly silenceAfterMs?: Millis;
}

/**
 * Full silence in dBov, the lowest level of RFC 6464.
 *
 * @example
 * ```ts
 * import { SILENCE_DBOV } from "@seameet/cli/pipeline";
 * import { assertEquals } from "@std/assert";
 *
 * // On the wire the sign is left out (RFC 6464).
 * assertEquals(-SILENCE_DBOV, 127);
 * ```
 */
export const SILENCE_DBOV: number = -127;

/** Two loud samples further apart than this do not belong to one sound. */
const MAX_SAMPLE_GAP_MS = 120;

/**
 * Finds the beginning and end of speech from levels: those in the header extension of the packets (RFC 6464), so that
 * nothing must be decoded, or those of decoded frames.
 *
 * With hysteresis in level and time. No sample at all counts as quiet: a muted or discontinuous sender sends nothing.
 *
 * @example
 * ```ts
 * import { SpeechDetector } from "@seameet/cli/pipeline";
 * import { assertEquals } from "@std/assert";
 *
 * const detector = new SpeechDetector();
 * const events = [];
 * for (let now = 0; now < 2_000; now += 20) {
 *   detector.level(now < 1_000 ? -30 : -70, now);
 *   events.push(...detector.poll(now));
 * }
 * assertEquals(events, [{ type: "speechStarted" }, { type: "speechEnded", durationMs: 980 }]);
 * ```
 */
export class SpeechDetector {
  readonly #startDbov: number;
  readonly #endDbov: number;
  readonly #minSpeechMs: Millis;
  readonly #hangoverMs: Millis;
  readonly #silenceAfterMs: Millis;
  #speaking = false;
  /** When the present sound, maybe speech, began. */
  #loudSince: Millis = NEVER;
  #lastLoudAt: Millis = NEVER;
  #quietSince: Millis | undefined;
  #silenceTold = false;
  #events: SpeechEvent[] = [];

  /** Creates a detector that has heard nothing. */
  constructor(options: SpeechDetectorOptions = {}) {
    this.#startDbov = options.startDbov ?? -45;
    this.#endDbov = Math.min(this.#startDbov, options.endDbov ?? -55);
    this.#minSpeechMs = options.minSpeechMs ?? 60;
    this.#hangoverMs = options.hangoverMs ?? 600;
    this.#silenceAfterMs = options.silenceAfterMs ?? 5_000;
  }

  /** Whether somebody speaks, as far as told by events. */
  get speaking(): boolean {
    return this.#speaking;
  }

  /** Takes the level of the header extension: the lower seven bits of its byte are dB below full scale (RFC 6464). */
  audioLevel(byte: number, now: Millis): void {
    this.level(-(byte & 0x7f), now);
  }

  /** Takes a decoded frame. */
  frame(frame: PcmFrame, now: Millis): void {
    this.level(dbovOf(frame.samples), now);
  }

  /** Takes a level in dBov: 0 is the loudest, −127 silence. */
  level(dbov: number, now: Millis): void {
    this.#quietSince ??= now;
    this.#expire(now);
    if (dbov < (this.#speaking ? this.#endDbov : this.#startDbov)) return;
    if (this.#loudSince === NEVER || now - this.#lastLoudAt > MAX_SAMPLE_GAP_MS && !this.#speaking) {
      this.#loudSince = now;
    }
    this.#lastLoudAt = now;
    if (this.#speaking || now - this.#loudSince < this.#minSpeechMs) return;
    this.#speaking = true;
    this.#events.push({ type: "speechStarted" });
  }

  /** What has been found out since the last call. */
  poll(now: Millis): SpeechEvent[] {
    this.#expire(now);
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** When `poll` can find out something new by time alone. */
  nextTimeout(): Millis {
    if (this.#events.length > 0) return 0;
    if (this.#speaking) return this.#lastLoudAt + this.#hangoverMs;
    return this.#silenceTold || this.#quietSince === undefined ? NEVER : this.#quietSince + this.#silenceAfterMs;
  }

  #expire(now: Millis): void {
    if (this.#speaking) {
      if (now - this.#lastLoudAt < this.#hangoverMs) return;
      this.#events.push({ type: "speechEnded", durationMs: this.#lastLoudAt - this.#loudSince });
      this.#speaking = false;
      this.#quietSince = this.#lastLoudAt;
      this.#silenceTold = false;
      this.#loudSince = NEVER;
    }
    if (this.#silenceTold || this.#quietSince === undefined) return;
    const durationMs = now - this.#quietSince;
    if (durationMs < this.#silenceAfterMs) return;
    this.#events.push({ type: "silence", durationMs });
    this.#silenceTold = true;
  }
}

/** The level of samples between −1 and 1 in dBov: 0 for a full-scale square wave, `SILENCE_DBOV` for nothing. */
export function dbovOf(samples: Float32Array): number {
  if (samples.length === 0) return SILENCE_DBOV;
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += samples[i]! * samples[i]!;
  const power = sum / samples.length;
  return power > 0 ? Math.max(SILENCE_DBOV, 10 * Math.log10(power)) : SILENCE_DBOV;
}
