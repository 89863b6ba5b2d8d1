import type { Millis } from "../../src/base/time.ts";
import type { Content } from "./payloads.ts";

/** What a client shows (or plays) where it believes one track of one participant to be. */
export class Tile {
  /** Whole frames of the right participant, in order. */
  frames = 0;
  keyframes = 0;
  /** Frames of somebody else: the wrong face. */
  wrong = 0;
  firstAt: Millis | undefined;
  lastAt: Millis | undefined;
  /** From the capture of the first frame until it was shown. */
  firstDelayMs: Millis | undefined;
  /** The newest frame's number, by the publisher's count. */
  lastFrame = -1;
  /** Frames left out since the first one. */
  skipped = 0;
  /** Longest time between two frames. */
  longestPauseMs: Millis = 0;
  /** The newest frame's encoding, 0 the lowest. */
  layer = -1;
  /** Every change of it. */
  readonly layerChanges: { readonly at: Millis; readonly layer: number }[] = [];
  /** Frames by temporal layer. */
  readonly byTemporal = [0, 0, 0, 0];
  /** When each frame was shown. */
  readonly shownAt: Millis[] = [];
  /** How far sender reports put the newest frame's capture time off the true one. */
  clockErrorMs: number | undefined;

  /** Shows a frame. */
  show(content: Content, owner: number, clockErrorMs: number | undefined, now: Millis): void {
    if (content.owner !== owner) {
      this.wrong++;
      return;
    }
    if (this.lastFrame >= 0) {
      if (content.frame > this.lastFrame + 1) this.skipped += content.frame - this.lastFrame - 1;
      this.longestPauseMs = Math.max(this.longestPauseMs, now - this.lastAt!);
    }
    this.frames++;
    this.shownAt.push(now);
    this.byTemporal[content.temporal]!++;
    if (content.layer !== this.layer) this.layerChanges.push({ at: now, layer: content.layer });
    this.layer = content.layer;
    if (content.isKeyframe) this.keyframes++;
    this.firstAt ??= now;
    this.firstDelayMs ??= now - content.capturedAt;
    this.lastAt = now;
    this.lastFrame = content.frame;
    this.clockErrorMs = clockErrorMs ?? this.clockErrorMs;
  }
}
