import { type Millis, NEVER } from "../base/time.ts";

/**
 * Requests to one source are never closer than this. Browsers answer each with a keyframe, which is many times
 * the size of an ordinary frame; at three per second a call with many joiners still keeps its bitrate.
 */
export const KEYFRAME_INTERVAL_MS = 300;

/** After this many requests in a row the source is slow or gone, and is asked less often. */
const QUICK_RETRIES = 4;

/** How far apart requests are from then on. */
const SLOW_RETRY_MS = 1_000;

/** Nobody has asked for this long: whoever needed the keyframe has left, or the source sends nothing at all. */
const GIVE_UP_MS = 5_000;

/**
 * Packets of one keyframe can look like its start more than once (H.264 parameter sets, then the picture).
 * They come within this time; two keyframes do not, even at sixty frames per second.
 */
const SAME_KEYFRAME_MS = 15;

/**
 * Decides when to ask the source of one video encoding for a keyframe.
 *
 * The first request leaves at once; more of them, from whomever, become one until the interval is over; it is
 * repeated until a keyframe passes. A subscriber that still waits asks again with each packet it has to drop:
 * that keeps the demand alive.
 */
export class KeyframeRequester {
  #pending = false;
  #demandedAt: Millis = 0;
  #sentAt: Millis | undefined;
  #keyframeAt: Millis | undefined;
  #nextAt: Millis = NEVER;
  #attempts = 0;

  /** Whether somebody waits for a keyframe. */
  get pending(): boolean {
    return this.#pending;
  }

  /** Somebody needs a keyframe. Cheap, so it may be called for every packet. */
  request(now: Millis): void {
    this.#demandedAt = now;
    if (this.#pending) return;
    this.#pending = true;
    this.#attempts = 0;
    this.#nextAt = this.#sentAt === undefined ? now : Math.max(now, this.#sentAt + KEYFRAME_INTERVAL_MS);
  }

  /**
   * The first packet of a keyframe has been forwarded: all who asked before are served.
   *
   * Whoever asks after that has missed its start and waits for the next one, also when later packets of this
   * keyframe are reported again.
   */
  keyframeReceived(now: Millis): void {
    const again = this.#keyframeAt !== undefined && now - this.#keyframeAt < SAME_KEYFRAME_MS;
    if (again) return;
    this.#keyframeAt = now;
    this.#stop();
  }

  /** Says whether a request must be sent now; if so, it counts as sent. */
  shouldSend(now: Millis): boolean {
    if (!this.#pending || now < this.#nextAt) return false;
    if (now - this.#demandedAt > GIVE_UP_MS) {
      this.#stop();
      return false;
    }
    this.#attempts++;
    this.#sentAt = now;
    this.#nextAt = now + (this.#attempts < QUICK_RETRIES ? KEYFRAME_INTERVAL_MS : SLOW_RETRY_MS);
    return true;
  }

  /** When to call `shouldSend` again; NEVER when nobody waits. */
  nextTimeout(): Millis {
    return this.#nextAt;
  }

  #stop(): void {
    this.#pending = false;
    this.#nextAt = NEVER;
  }
}
