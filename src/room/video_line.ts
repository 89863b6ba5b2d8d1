import type { Millis } from "../base/time.ts";
import type { Layer } from "./layer.ts";
import { hasDependencies } from "./line_format.ts";
import { ALL_TEMPORAL } from "./layer_selector.ts";
import type { PublishedTrack } from "./published_track.ts";
import type { Subscription } from "./subscription.ts";

/** Why a track comes as it does: the same words as on the wire. */
export type QualityReason =
  | "ok"
  | "bandwidth"
  | "requested"
  | "hidden"
  | "publisher_limit"
  | "codec"
  | "server_load"
  | "paused"
  | "starting";

/** What a viewer can use of a track. */
export interface Wish {
  readonly visible: boolean;
  /** Pixels, 0 for any. */
  readonly width: number;
  readonly height: number;
  /** 0 … 10. */
  readonly priority: number;
}

/** What counts for a track that the viewer has said nothing about. */
export const NO_WISH: Wish = { visible: true, width: 0, height: 0, priority: 0 };

/** One choice: an encoding or spatial layer, up to a temporal layer, and what that costs. */
export interface LayerStep {
  readonly encoding: Layer;
  readonly temporal: number;
  readonly bps: number;
}

/** An encoding this much smaller than the place it is shown in is still sharp enough. */
const SMALLER_IS_ENOUGH = 0.8;

/** A new track has this long until its encodings must have come. */
const STARTING_MS: Millis = 3_000;

/** Screens before speakers before others, within the same priority. */
const SCREEN_RANK = 2;
const SPEAKER_RANK = 1;
const RANKS_PER_PRIORITY = 4;

/** A video line of one receiver as the allocation sees it: the choices there are, what was chosen, and why. */
export class VideoLine {
  readonly subscription: Subscription;
  /** Its publisher speaks now. */
  speaks = false;
  /** So many of the best encodings are not sent: the server has too much to do. */
  sparedLayers = 0;
  /** What could be sent, cheapest first. */
  steps: LayerStep[] = [];
  /** Index of the choice, -1 for nothing. */
  chosen = -1;
  /** Index of what is sent already, among the present steps. */
  present = -1;
  /** The highest temporal layer that was asked for last. */
  temporal: number = ALL_TEMPORAL;
  reason: QualityReason = "starting";
  /** The reason that holds when the best step is sent. */
  ceiling: QualityReason = "ok";
  /** How often the choice changed. */
  changes = 0;
  raisedAt: Millis = -Infinity;
  raiseAt: Millis = -Infinity;
  raiseInterval: Millis = 3_000;
  changedAt: Millis = -Infinity;
  /** When a pause ended last, and when the next one may end. */
  resumedAt: Millis = -Infinity;
  resumeAt: Millis = -Infinity;
  resumeInterval: Millis = 1_000;
  /** When it began with a keyframe last. */
  burstAt: Millis = -Infinity;
  /** Since when what is sent does not fit. */
  shortSince: Millis | undefined;
  #wish: Wish = NO_WISH;
  #leftOut = false;
  #since: Millis | undefined;
  #trackSeen: unknown = undefined;

  constructor(subscription: Subscription) {
    this.subscription = subscription;
  }

  /** What the viewer can use. */
  get wish(): Wish {
    return this.#wish;
  }

  set wish(wish: Wish) {
    // What is wished for is given at once, if it fits.
    if (wish !== this.#wish) this.raiseAt = this.changedAt = this.resumeAt = -Infinity;
    this.#wish = wish;
  }

  /** It is not among the few that are sent: others have spoken since. */
  get leftOut(): boolean {
    return this.#leftOut;
  }

  set leftOut(leftOut: boolean) {
    // Whoever speaks is shown at once, if it fits.
    if (!leftOut && this.#leftOut) this.raiseAt = this.changedAt = this.resumeAt = -Infinity;
    this.#leftOut = leftOut;
  }

  /** It counts where only so many pictures are sent: a camera that could be shown and that the viewer has not asked for. */
  get isRationed(): boolean {
    const { track } = this.subscription;
    return track?.source === "camera" && !track.muted && this.wish.visible && this.wish.priority === 0;
  }

  /** Which lines are served first. */
  get rank(): number {
    const isScreen = this.subscription.track?.source === "screen";
    return this.wish.priority * RANKS_PER_PRIORITY + (isScreen ? SCREEN_RANK : 0) + (this.speaks ? SPEAKER_RANK : 0);
  }

  /** The publisher has one encoding only, so that it is held back instead of thinned. */
  get isHeldBack(): boolean {
    return this.subscription.track?.layers.length === 1 && this.wish.visible && !this.leftOut &&
      this.reason !== "paused";
  }

  /** Bits per second of the best step. */
  get bestBps(): number {
    return this.steps.at(-1)?.bps ?? 0;
  }

  /** Bits per second of what is chosen. */
  get chosenBps(): number {
    return this.steps[this.chosen]?.bps ?? 0;
  }

  /** Finds out which choices there are; `false` when the line has no track. */
  prepare(now: Millis): boolean {
    const { track } = this.subscription;
    this.chosen = this.present = -1;
    this.steps = [];
    if (track !== this.#trackSeen) {
      this.#trackSeen = track;
      this.#since = now;
      this.raiseAt =
        this.raisedAt =
        this.changedAt =
        this.resumeAt =
        this.resumedAt =
          -Infinity;
      this.raiseInterval = 3_000;
    }
    if (track === undefined) return false;
    this.subscription.usefulTop = this.#usefulTop(track);
    // A single encoding that is silent is a still picture, or a camera that starts: nothing is gained by leaving it.
    const only = track.layers.length === 1;
    const alive = track.layers.filter((encoding) => encoding.isAlive(now) || (only && encoding.firstAt !== undefined));
    if (track.muted || !this.#decodes()) {
      this.reason = track.muted ? "paused" : "codec";
      if (!track.muted && this.subscription.target !== undefined) this.subscription.select(undefined, 0, now);
      return false;
    }
    if (!this.wish.visible) this.reason = "hidden";
    else if (this.leftOut) this.reason = "server_load";
    else if (alive.length === 0) {
      // Whatever comes first is welcome.
      if (this.subscription.target === undefined) this.subscription.select(track.layers[0], ALL_TEMPORAL, now);
      this.reason = this.#mayStillCome(now) ? "starting" : "publisher_limit";
      return false;
    } else this.#findSteps(alive, now);
    return true;
  }

  /** The highest layer that the viewer could use, if its path carried it; -1 for none. */
  #usefulTop(track: PublishedTrack): number {
    if (!this.wish.visible || this.leftOut || !this.#decodes()) return -1;
    return this.#allowedTop(track.layers);
  }

  /** A new track, and one that its publisher has just been told to send again, has a while to come. */
  #mayStillCome(now: Millis): boolean {
    const { track } = this.subscription;
    return now - Math.max(this.#since ?? now, track?.wokenAt ?? -Infinity) < STARTING_MS;
  }

  #decodes(): boolean {
    const { track, format } = this.subscription;
    const codec = track?.codec;
    return codec === undefined || format.codecs.some((own) => own.key === codec.key);
  }

  #findSteps(alive: readonly Layer[], now: Millis): void {
    const { subscription } = this;
    const all = subscription.track!.layers;
    const top = this.#allowedTop(all);
    for (const encoding of alive) {
      if (this.steps.length > 0 && all.indexOf(encoding) > top) continue;
      this.#addSteps(encoding, now);
    }
    const best = this.steps.at(-1)!.encoding;
    const wanted = all[top];
    const isComing = wanted?.firstAt === undefined || now - subscription.track!.wokenAt < STARTING_MS;
    if (best === all.at(-1)) this.ceiling = !best.isAlive(now) && isComing ? "starting" : "ok";
    else if (all.indexOf(best) >= top) this.ceiling = this.#limitOf(all, top);
    else this.ceiling = isComing ? "starting" : "publisher_limit";
    if (subscription.target === undefined) return;
    const { target } = subscription;
    this.present = this.steps.findIndex((step) => step.encoding === target && step.temporal >= this.temporal);
    if (this.present >= 0) return;
    // What was sent has ended or is not useful any more: the next one below it may take its place at once.
    const order = all.indexOf(target);
    this.present = Math.max(0, this.steps.findLastIndex((step) => all.indexOf(step.encoding) <= order));
  }

  /** The lowest encoding by temporal layers, the higher ones at full rate and without the highest layer. */
  #addSteps(encoding: Layer, now: Millis): void {
    const { rates } = encoding;
    const top = rates.top;
    const measured = rates.upTo(top);
    const full = measured > 0 ? measured : encoding.bitsPerSecond(now);
    const from = this.steps.length === 0 ? 0 : Math.max(0, top - 1);
    for (let temporal = from; temporal < top && measured > 0; temporal++) {
      const bps = rates.upTo(temporal);
      // A thinned higher encoding must not cost less than a full lower one: the order is by what is seen.
      if (bps > (this.steps.at(-1)?.bps ?? 0)) this.steps.push({ encoding, temporal, bps });
    }
    if (full >= (this.steps.at(-1)?.bps ?? 0)) this.steps.push({ encoding, temporal: ALL_TEMPORAL, bps: full });
  }

  /** The best encoding that may be sent. */
  #allowedTop(encodings: readonly Layer[]): number {
    const spared = Math.max(0, encodings.length - 1 - this.sparedLayers);
    return Math.min(this.#wishedTop(encodings), spared, this.#decodableTop());
  }

  /** Why it is not a better one. */
  #limitOf(encodings: readonly Layer[], top: number): QualityReason {
    if (top >= this.#wishedTop(encodings)) return "requested";
    return top === this.#decodableTop() ? "codec" : "server_load";
  }

  /**
   * The layers of AV1 are told apart by the dependency descriptor only. A receiver that has not negotiated it can decode
   * one spatial layer; several look broken to it.
   */
  #decodableTop(): number {
    const { track, format } = this.subscription;
    const isLayered = track !== undefined && track.codec?.name === "AV1" && track.encodings[0]!.layers.length > 1;
    return isLayered && !hasDependencies(format) ? 0 : Infinity;
  }

  /** The smallest encoding that fills the place it is shown in. */
  #wishedTop(encodings: readonly Layer[]): number {
    const { width, height } = this.wish;
    if (width === 0 && height === 0) return encodings.length - 1;
    const enough = encodings.findIndex((encoding) =>
      encoding.height > 0 && encoding.width >= width * SMALLER_IS_ENOUGH &&
      encoding.height >= height * SMALLER_IS_ENOUGH
    );
    return enough < 0 ? encodings.length - 1 : enough;
  }
}
