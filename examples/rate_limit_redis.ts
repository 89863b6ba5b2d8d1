/**
 * Servers that share one rate limit: each message takes a token from a bucket that Redis keeps for its sender.
 *
 * deno task build:web && REDIS_URL=redis://127.0.0.1:6379 deno run --unstable-net -A examples/rate_limit_redis.ts
 *
 * A meeting does not depend on Redis: while it is gone or does not answer, messages pass, but never without a limit:
 * each server then counts alone, with the same numbers, until Redis is back.
 */
import { fileURLToPath } from "node:url";
import { createClient, defineScript } from "@redis/client";
import {
  addressKey,
  createServer,
  directorySource,
  onEndSignal,
  type RateCheck,
  type RateCheckContext,
  staticFiles,
  tokenBucket,
} from "../server.ts";

/** What an offer with its candidates takes at once, and what a second of chat and reactions does. */
const MESSAGES_AT_ONCE = 200;
const MESSAGES_PER_SECOND = 200;

/** Longer than a healthy Redis ever takes, shorter than a person notices. */
const ANSWER_WITHIN_MS = 250;
/** How long a Redis that has failed is left alone; then one message at a time tries it. */
const RETRY_AFTER_MS = 1_000;
/** Commands on their way to Redis; more means that it does not keep up, and the own limit decides. */
const MAX_COMMANDS = 1_000;
/** A connection whose other end has vanished is noticed by that: it is asked each second and given up after five. */
const PING_INTERVAL_MS = 1_000;
const SILENT_FOR_MS = 5_000;

/**
 * One token from one bucket, in one step, by the clock of Redis: those of the servers need not agree.
 *
 * A bucket that would be full again is forgotten, so only who has just sent something takes memory.
 */
const TAKE = `
local capacity, perSecond = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call("TIME")
local now = time[1] * 1000 + time[2] / 1000
local bucket = redis.call("HMGET", KEYS[1], "tokens", "at")
local idle = math.max(0, now - (tonumber(bucket[2]) or now))
local tokens = math.min(capacity, (tonumber(bucket[1]) or capacity) + idle * perSecond / 1000)
local passes = tokens >= 1
if passes then tokens = tokens - 1 end
redis.call("HSET", KEYS[1], "tokens", tokens, "at", now)
redis.call("PEXPIRE", KEYS[1], ARGV[3])
return passes and 1 or 0`;

/** What a shared limit is made with. */
export interface SharedRateLimitOptions {
  /** Such as `redis://user:password@host:6379/0`. */
  readonly url: string;
  /** How many messages may come at once. */
  readonly capacity: number;
  /** How many come back each second. */
  readonly refillPerSecond: number;
  /** How long a message waits for Redis, in milliseconds (250). */
  readonly answerWithinMs?: number;
  /** Hears that servers share the limit from now on, or that this one counts alone. */
  readonly onChange?: (shared: boolean) => void;
  /** Milliseconds that never jump; tests bring their own. */
  readonly clock?: () => number;
}

/** A limit in Redis; its `check` is a `rateCheck`. Dispose of it when the server has closed. */
export class SharedRateLimit implements Disposable {
  readonly #redis: ReturnType<typeof client>;
  readonly #bucket: readonly string[];
  readonly #alone: (context: RateCheckContext) => boolean;
  readonly #answerWithinMs: number;
  readonly #clock: () => number;
  readonly #onChange: (shared: boolean) => void;
  #shared = false;
  /** Set while Redis is left alone because it has failed. */
  #retryAt: number | undefined;

  /** @throws {RangeError} When a number is not positive. */
  constructor(options: SharedRateLimitOptions) {
    const { url, capacity, refillPerSecond } = options;
    this.#answerWithinMs = options.answerWithinMs ?? ANSWER_WITHIN_MS;
    this.#clock = options.clock ?? (() => performance.now());
    this.#onChange = options.onChange ?? (() => {});
    this.#alone = tokenBucket({ capacity, refillPerSecond, clock: this.#clock });
    this.#bucket = [capacity, refillPerSecond, Math.ceil(capacity / refillPerSecond * 1000)].map(String);
    this.#redis = client(url);
    this.#redis.on("ready", () => this.#answers());
    // Without a listener the first lost connection would end the process; the client itself connects again.
    this.#redis.on("error", () => this.#say(false));
    this.#redis.connect().catch(() => this.#say(false));
  }

  /** Says whether a message may pass: by what all servers have counted, or by what this one has. */
  readonly check: RateCheck = (context) => {
    const now = this.#clock();
    if (!this.#redis.isReady || (this.#retryAt !== undefined && now < this.#retryAt)) return this.#alone(context);
    // Only this message tries whether Redis is well again, so that no others wait for it.
    if (this.#retryAt !== undefined) this.#retryAt = now + RETRY_AFTER_MS;
    return this.#ask(context);
  };

  /** Ends the connection. */
  [Symbol.dispose](): void {
    this.#redis.destroy();
  }

  async #ask(context: RateCheckContext): Promise<boolean> {
    try {
      const passes = await within(this.#answerWithinMs, this.#redis.take(keyOf(context), this.#bucket));
      this.#answers();
      return passes;
    } catch {
      this.#retryAt = this.#clock() + RETRY_AFTER_MS;
      this.#say(false);
      return this.#alone(context);
    }
  }

  #answers(): void {
    this.#retryAt = undefined;
    this.#say(true);
  }

  #say(shared: boolean): void {
    if (this.#shared === shared) return;
    this.#shared = shared;
    this.#onChange(shared);
  }
}

/** Who has not joined yet counts by address, since ids cost a client nothing. */
function keyOf({ participant, remoteAddress }: RateCheckContext): string {
  return participant === undefined
    ? `seameet:rate:address:${addressKey(remoteAddress)}`
    : `seameet:rate:participant:${participant}`;
}

function client(url: string) {
  const take = defineScript({
    SCRIPT: TAKE,
    NUMBER_OF_KEYS: 1,
    parseCommand(parser, key: string, bucket: readonly string[]) {
      parser.pushKey(key);
      parser.push(...bucket);
    },
    transformReply: (reply: number) => reply === 1,
  });
  return createClient({
    url,
    scripts: { take },
    // What waits for a connection would come too late; the own limit decides at once.
    disableOfflineQueue: true,
    commandsQueueMaxLength: MAX_COMMANDS,
    pingInterval: PING_INTERVAL_MS,
    socket: { socketTimeout: SILENT_FOR_MS, reconnectStrategy: RETRY_AFTER_MS },
  });
}

/** The promise's value, or an error when it takes longer. */
function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`No answer within ${ms} ms`)), ms);
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

if (import.meta.main) {
  using limit = new SharedRateLimit({
    url: Deno.env.get("REDIS_URL") ?? "redis://127.0.0.1:6379",
    capacity: MESSAGES_AT_ONCE,
    refillPerSecond: MESSAGES_PER_SECOND,
    onChange: (shared) => console.log(shared ? "The limit is shared" : "Redis is gone: this server counts alone"),
  });
  await using server = await createServer({
    ws: `127.0.0.1:${Deno.args[0] ?? 3001}`,
    udpPort: 0,
    allowUnauthenticatedJoins: true,
    rateCheck: limit.check,
    handleHttp: staticFiles(directorySource(fileURLToPath(new URL("./meet/dist", import.meta.url)))),
  });
  onEndSignal(() => void server.close());
  console.log(`Open http://localhost:${server.wsAddress.port}/room/lobby`);
  await server.finished;
}
