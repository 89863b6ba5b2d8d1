import { RateWindow } from "../base/rate_window.ts";
import type { Millis } from "../base/time.ts";
import { SPATIAL_LAYERS } from "../rtp/layer_info.ts";
import { TemporalRates } from "../stream/temporal_rates.ts";
import type { Encoding } from "./encoding.ts";

/** A layer that sent nothing for so long is switched off at its publisher. */
export const LAYER_SILENT_MS: Millis = 1_000;

/** A layer that sent nothing for so long, though somebody could use it, is none any more. */
export const LAYER_GONE_MS: Millis = 10_000;

/** Every spatial layer. */
export const ALL_SPATIAL: number = SPATIAL_LAYERS - 1;

/** One choice there is for viewers of a track: an encoding as it comes, or one up to some spatial layer. */
export interface Layer {
  readonly encoding: Encoding;
  /** The highest spatial layer of the encoding that belongs to it. */
  readonly spatial: number;
  /** Size of the picture in pixels; 0 before it is known. */
  readonly width: number;
  readonly height: number;
  /** When its first packet came. */
  readonly firstAt: Millis | undefined;
  /** When a packet came last. */
  readonly lastAt: Millis;
  /** Its publisher was told that nobody can use it. */
  spared: boolean;
  /** Rates by temporal layer, of all that belongs to it. */
  readonly rates: TemporalRates;
  /** Says whether the publisher sends it now. */
  isAlive(now: Millis): boolean;
  /** Bits per second that came in lately. */
  bitsPerSecond(now: Millis): number;
}

/** A spatial layer of an encoding together with those below it, without which it cannot be decoded. */
export class SpatialLayer implements Layer {
  readonly encoding: Encoding;
  readonly spatial: number;
  width = 0;
  height = 0;
  firstAt: Millis | undefined;
  lastAt: Millis = -Infinity;
  spared = false;
  readonly rates: TemporalRates = new TemporalRates();
  readonly #rate = new RateWindow();

  constructor(encoding: Encoding, spatial: number) {
    this.encoding = encoding;
    this.spatial = spatial;
  }

  isAlive(now: Millis): boolean {
    return now - this.lastAt < LAYER_SILENT_MS;
  }

  bitsPerSecond(now: Millis): number {
    return this.#rate.bitsPerSecond(now);
  }

  /** Counts a packet of the layer itself or of one below. */
  count(spatial: number, temporal: number, bytes: number, now: Millis): void {
    this.#rate.add(bytes, now);
    this.rates.add(temporal, bytes, now);
    if (spatial < this.spatial) return;
    this.lastAt = now;
    this.firstAt ??= now;
  }
}
