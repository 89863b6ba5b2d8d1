import type { Millis } from "../base/time.ts";
import {
  DEFAULT_MESSAGE_BURST,
  DEFAULT_MESSAGES_PER_SECOND,
  LOUD_MESSAGE_BURST,
  LOUD_MESSAGES_PER_SECOND,
} from "../signaling/limits.ts";
import type { ClientMessage } from "../signaling/messages.ts";
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

/** Messages that everybody in the room is told of. */
const LOUD: ReadonlySet<string> = new Set<ClientMessage["type"]>([
  "join",
  "leave",
  "chat_message",
  "mute_audio",
  "unmute_audio",
  "mute_video",
  "unmute_video",
  "screen_share_started",
  "screen_share_stopped",
  "hand",
]);

/** The rate limit of a server that is given none: 200 messages a second, of which twenty may be such that everybody hears of. */
export function defaultRateCheck(
  clock: () => Millis = () => performance.now(),
): (context: RateCheckContext) => boolean {
  const all = tokenBucket({ capacity: DEFAULT_MESSAGE_BURST, refillPerSecond: DEFAULT_MESSAGES_PER_SECOND, clock });
  const loud = tokenBucket({ capacity: LOUD_MESSAGE_BURST, refillPerSecond: LOUD_MESSAGES_PER_SECOND, clock });
  return (context) => {
    if (!all(context)) return false;
    // Who has not joined shares its address with others, who all want to.
    return context.participant === undefined || !LOUD.has(context.messageType) || loud(context);
  };
}
