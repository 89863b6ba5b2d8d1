import type { Millis } from "../base/time.ts";

/** From this load on (1: as much as can be done without delay) less is sent … */
const HIGH_LOAD = 1;

/** … when it lasts so long, so that a moment's work (a large room joins, garbage is collected) changes nothing. */
const HIGH_FOR_MS: Millis = 2_000;

/** What was taken back needs this long to show; only then more is. */
const STEP_DOWN_MS: Millis = 3_000;

/** Below this load more is sent again: well below the other, or the two would alternate. */
const LOW_LOAD = 0.6;

/** … when it lasts so long; doubled each time it did not hold. */
const LOW_FOR_MS: Millis = 10_000;
const MAX_LOW_FOR_MS: Millis = 120_000;

/** A step back that had to be taken back within this time did not hold. */
const DID_NOT_HOLD_MS: Millis = 30_000;

/** A load that is older says nothing about now. */
const STALE_MS: Millis = 5_000;

/** What is sent at most while the server is short of time. */
export interface LoadStep {
  /** Cameras for each receiver. */
  readonly lastN: number;
  /** So many of the best encodings of each camera are not sent. */
  readonly sparedLayers: number;
}

/**
 * Everything, then less and less: first what is seen least, since each step costs somebody something. Even the last one
 * leaves everybody the speaker, all screens and all sound.
 */
export const LOAD_STEPS: readonly LoadStep[] = [
  { lastN: Infinity, sparedLayers: 0 },
  { lastN: 25, sparedLayers: 1 },
  { lastN: 12, sparedLayers: 1 },
  { lastN: 9, sparedLayers: 2 },
  { lastN: 6, sparedLayers: 2 },
  { lastN: 4, sparedLayers: 2 },
  { lastN: 2, sparedLayers: 2 },
  { lastN: 1, sparedLayers: 2 },
];

/**
 * Decides how much of the cameras is sent, by how busy the thread is: one step less when it cannot keep up, one more when
 * it has had time for a while.
 */
export class LoadControl {
  readonly #configured: number;
  #step = 0;
  #level = 0;
  #highSince: Millis | undefined;
  #lowSince: Millis | undefined;
  #steppedAt: Millis = -Infinity;
  /** When a step was taken back last, until that has proved right or wrong. */
  #recoveredAt: Millis | undefined;
  #lowForMs = LOW_FOR_MS;
  #heardAt: Millis = -Infinity;

  /** `lastN` cameras are sent to each receiver when there is no need to save; 0 for all. */
  constructor(lastN: number) {
    this.#configured = lastN === 0 ? Infinity : lastN;
  }

  /** Which of `LOAD_STEPS` holds; 0 for everything. */
  get step(): number {
    return this.#step;
  }

  /** The load as last told, 1 for as much as can be done without delay. */
  get level(): number {
    return this.#level;
  }

  /** Cameras for each receiver. */
  get lastN(): number {
    return Math.min(this.#configured, LOAD_STEPS[this.#step]!.lastN);
  }

  /** So many of the best encodings of each camera are not sent. */
  get sparedLayers(): number {
    return LOAD_STEPS[this.#step]!.sparedLayers;
  }

  /** Takes the load of the last second or so in; returns whether another step holds now. */
  handle(level: number, now: Millis): boolean {
    if (now - this.#heardAt > STALE_MS) this.#highSince = this.#lowSince = undefined;
    this.#heardAt = now;
    this.#level = level;
    this.#highSince = level >= HIGH_LOAD ? this.#highSince ?? now : undefined;
    this.#lowSince = level < LOW_LOAD ? this.#lowSince ?? now : undefined;
    if (this.#highSince !== undefined && now - this.#highSince >= HIGH_FOR_MS) return this.#save(now);
    if (this.#lowSince !== undefined && now - this.#lowSince >= this.#lowForMs) return this.#recover(now);
    return false;
  }

  #save(now: Millis): boolean {
    if (this.#step === LOAD_STEPS.length - 1 || now - this.#steppedAt < STEP_DOWN_MS) return false;
    if (this.#recoveredAt !== undefined) {
      const held = now - this.#recoveredAt >= DID_NOT_HOLD_MS;
      this.#lowForMs = held ? LOW_FOR_MS : Math.min(2 * this.#lowForMs, MAX_LOW_FOR_MS);
      // Counted once for each time.
      this.#recoveredAt = undefined;
    }
    this.#step++;
    this.#steppedAt = now;
    return true;
  }

  #recover(now: Millis): boolean {
    if (this.#step === 0) return false;
    if (this.#recoveredAt !== undefined && now - this.#recoveredAt >= DID_NOT_HOLD_MS) this.#lowForMs = LOW_FOR_MS;
    this.#step--;
    this.#steppedAt = this.#recoveredAt = now;
    this.#lowSince = undefined;
    return true;
  }
}
