import type { Millis } from "../base/time.ts";
import type { RateCheckContext } from "./hooks.ts";
import { addressKey } from "./ip_address.ts";
import { TokenBuckets } from "./token_buckets.ts";

/** Options of `tokenBucket`. */
export interface TokenBucketOptions {
  /** How many messages may come at once. */
  readonly capacity: number;
  /** How many come back each second. */
  readonly refillPerSecond: number;
  /** How many participants and addresses are told apart at a time (10,000); those beyond share one bucket. */
  readonly maxKeys?: number;
  /** Milliseconds that never jump; tests bring their own. */
  readonly clock?: () => Millis;
}

/** About 2 MB of buckets. */
const DEFAULT_MAX_KEYS = 10_000;

/**
 * A rate limit for `rateCheck`: every participant has a bucket of tokens, each message takes one.
 *
 * Who has not joined yet counts by address (IPv6: by /64 network), since ids cost a client nothing. Full buckets are
 * forgotten now and then, so the number of keys an attacker can invent does not matter.
 *
 * @throws {RangeError} When a number is not positive.
 *
 * @example
 * ```ts
 * import { tokenBucket } from "@seameet/cli/server";
 * import { assertEquals } from "@std/assert";
 *
 * const check = tokenBucket({ capacity: 2, refillPerSecond: 1 });
 * const message = { participant: undefined, remoteAddress: "192.0.2.1", messageType: "join" };
 * assertEquals([check(message), check(message), check(message)], [true, true, false]);
 * ```
 */
export function tokenBucket(options: TokenBucketOptions): (context: RateCheckContext) => boolean {
  const { capacity, refillPerSecond, maxKeys = DEFAULT_MAX_KEYS, clock = () => performance.now() } = options;
  for (const [name, value] of Object.entries({ capacity, refillPerSecond, maxKeys })) {
    if (!(value > 0 && Number.isFinite(value))) {
      throw new RangeError(`Cannot limit the rate: ${name} must be positive, not ${value}`);
    }
  }
  const buckets = new TokenBuckets(capacity, refillPerSecond, maxKeys, clock());
  return ({ participant, remoteAddress }) =>
    buckets.take(
      participant === undefined ? `address ${addressKey(remoteAddress)}` : `participant ${participant}`,
      clock(),
    );
}
