import type { Millis } from "./time.ts";

/** A rate limit that allows bursts: `capacity` tokens, refilled evenly; each use takes one. */
export class TokenBucket {
  readonly #capacity: number;
  readonly #perMs: number;
  #tokens: number;
  #at: Millis;

  constructor(capacity: number, refillPerSecond: number, now: Millis) {
    this.#capacity = capacity;
    this.#perMs = refillPerSecond / 1000;
    this.#tokens = capacity;
    this.#at = now;
  }

  /** Takes a token; `false` when there is none left. */
  take(now: Millis): boolean {
    this.#refill(now);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Says whether the bucket is as full as when it was made, so that it can be forgotten. */
  isFull(now: Millis): boolean {
    this.#refill(now);
    return this.#tokens >= this.#capacity;
  }

  #refill(now: Millis): void {
    this.#tokens = Math.min(this.#capacity, this.#tokens + Math.max(0, now - this.#at) * this.#perMs);
    this.#at = Math.max(this.#at, now);
  }
}
