import type { Millis } from "../base/time.ts";
import { TokenBucket } from "../base/token_bucket.ts";

/** How often all buckets are looked through at most, once there is no room for another. */
const SWEEP_MS: Millis = 1_000;

/**
 * Buckets below which nobody looks for full ones. From here on they are looked through each time they have doubled:
 * those who have left do not stay in memory by the thousand, and a new key costs next to nothing all the same.
 */
const MIN_SWEPT_KEYS = 64;

/** A bucket of tokens for each key; full ones are forgotten, and there are at most so many. */
export class TokenBuckets {
  readonly #capacity: number;
  readonly #refillPerSecond: number;
  readonly #maxKeys: number;
  readonly #buckets = new Map<string, TokenBucket>();
  /** Of all keys that there is no room for. */
  readonly #overflow: TokenBucket;
  #sweptAt = -Infinity;
  #sweepSize: number;

  /** Buckets of `capacity` tokens each; keys beyond `maxKeys` share one. */
  constructor(capacity: number, refillPerSecond: number, maxKeys: number, now: Millis) {
    this.#capacity = capacity;
    this.#refillPerSecond = refillPerSecond;
    this.#maxKeys = maxKeys;
    this.#overflow = new TokenBucket(capacity, refillPerSecond, now);
    this.#sweepSize = Math.min(MIN_SWEPT_KEYS, maxKeys);
  }

  /** Keys that have a bucket now. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Takes a token for a key; `false` when there is none left. */
  take(key: string, now: Millis): boolean {
    return (this.#buckets.get(key) ?? this.#make(key, now)).take(now);
  }

  #make(key: string, now: Millis): TokenBucket {
    const full = this.#buckets.size >= this.#maxKeys;
    if (this.#buckets.size >= this.#sweepSize && (!full || now - this.#sweptAt >= SWEEP_MS)) this.#sweep(now);
    if (this.#buckets.size >= this.#maxKeys) return this.#overflow;
    const bucket = new TokenBucket(this.#capacity, this.#refillPerSecond, now);
    this.#buckets.set(key, bucket);
    return bucket;
  }

  #sweep(now: Millis): void {
    this.#sweptAt = now;
    for (const [key, bucket] of this.#buckets) if (bucket.isFull(now)) this.#buckets.delete(key);
    this.#sweepSize = Math.min(Math.max(MIN_SWEPT_KEYS, 2 * this.#buckets.size), this.#maxKeys);
  }
}
