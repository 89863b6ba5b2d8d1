import type { Millis } from "../../base/time.ts";
import type { PcmFrame } from "../frames.ts";
import type { Processor, ProcessorHint } from "../processor.ts";
import { dbovOf, SpeechDetector, type SpeechDetectorOptions, type SpeechEvent } from "../speech_detector.ts";

/** How a `VoiceActivity` judges and what it does. */
export interface VoiceActivityOptions extends Omit<SpeechDetectorOptions, "startDbov" | "endDbov"> {
  /** How many dB above the background noise speech must be (default 12). */
  readonly aboveNoiseDb?: number;
  /** Drop what is no speech, so that it is neither encoded nor sent (default false). */
  readonly dropSilence?: boolean;
  /** Told of each beginning and end of speech, and of long silence. */
  readonly onEvent?: (event: SpeechEvent) => void;
}

/** The noise floor before anything was heard, and the lowest it gets: quieter than this no room is. */
const LOWEST_FLOOR_DBOV = -75;
/** Above this nothing counts as background: a loud fan is. */
const HIGHEST_FLOOR_DBOV = -35;
/** The floor rises slowly, so that a long vowel does not become background … */
const RISE_DB_PER_S = 3;
/** … and falls fast, so that the pause after it is recognised. */
const FALL_SHARE = 0.2;

/**
 * Says when somebody speaks, by energy above a background that it learns, with hysteresis.
 *
 * It tells speech from quiet, not from music. Time is counted in samples, so it works on recordings just as well.
 *
 * @example
 * ```ts
 * import { VoiceActivity } from "@seameet/cli/pipeline";
 * import { assertEquals } from "@std/assert";
 *
 * const seen: string[] = [];
 * const voice = new VoiceActivity({ onEvent: (event) => seen.push(event.type) });
 * const loud = () => ({ samples: new Float32Array(960).fill(0.1), sampleRate: 48_000, channels: 1 });
 * for (let i = 0; i < 10; i++) voice.processAudio(loud());
 * assertEquals([voice.speaking, seen], [true, ["speechStarted"]]);
 * ```
 */
export class VoiceActivity implements Processor<never> {
  readonly #detector: SpeechDetector;
  readonly #aboveNoiseDb: number;
  readonly #dropSilence: boolean;
  readonly #onEvent: ((event: SpeechEvent) => void) | undefined;
  #floorDbov = LOWEST_FLOOR_DBOV;
  #now: Millis = 0;

  /** Creates one that has heard nothing. */
  constructor(options: VoiceActivityOptions = {}) {
    this.#aboveNoiseDb = options.aboveNoiseDb ?? 12;
    // The detector gets levels relative to the background, so its thresholds are relative too.
    this.#detector = new SpeechDetector({
      ...options,
      startDbov: this.#aboveNoiseDb,
      endDbov: this.#aboveNoiseDb / 2,
    });
    this.#dropSilence = options.dropSilence ?? false;
    this.#onEvent = options.onEvent;
  }

  /** Whether somebody speaks. */
  get speaking(): boolean {
    return this.#detector.speaking;
  }

  /** The learnt background in dB below full scale. */
  get noiseFloorDbov(): number {
    return this.#floorDbov;
  }

  processAudio(frame: PcmFrame): ProcessorHint<never> {
    const durationMs = (frame.samples.length / frame.channels / frame.sampleRate) * 1000;
    const level = dbovOf(frame.samples);
    this.#detector.level(level - this.#floorDbov, this.#now);
    this.#learn(level, durationMs);
    for (const event of this.#detector.poll(this.#now)) this.#onEvent?.(event);
    this.#now += durationMs;
    return this.#dropSilence && !this.#detector.speaking ? "drop" : "forward";
  }

  #learn(level: number, durationMs: Millis): void {
    const difference = level - this.#floorDbov;
    const step = difference < 0 ? difference * FALL_SHARE : Math.min(difference, (RISE_DB_PER_S * durationMs) / 1000);
    this.#floorDbov = Math.max(LOWEST_FLOOR_DBOV, Math.min(HIGHEST_FLOOR_DBOV, this.#floorDbov + step));
  }
}
