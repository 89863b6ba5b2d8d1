/** The example with a rate limit in Redis, with a real Redis that goes away, hangs and comes back. */
import { assert, assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import { createClient } from "@redis/client";
import { SharedRateLimit, type SharedRateLimitOptions } from "../../examples/rate_limit_redis.ts";
import { createServer, joinRoom, randomParticipantId, type SeaMeetServer, silentLogger } from "../../mod.ts";
import { WsSignaling } from "../../signaling.ts";
import { prepare, ROOT, withConfig } from "../../tools/launch.ts";
import { Child } from "./child.ts";
import { hasRedis, RedisServer } from "./redis_server.ts";

/** So little comes back that no test depends on how fast it is: one token in a quarter of an hour. */
const SLOWLY = 0.001;
const MESSAGE = { participant: undefined, remoteAddress: "192.0.2.1", messageType: "join" };

/** A limit of one server, and its `onChange` as something to wait for. */
class Side implements Disposable {
  readonly limit: SharedRateLimit;
  #shared = false;
  #changed = Promise.withResolvers<void>();

  constructor(url: string, options: Partial<SharedRateLimitOptions> = {}) {
    this.limit = new SharedRateLimit({
      url,
      capacity: 5,
      refillPerSecond: SLOWLY,
      // A machine that runs tests may be too busy for an answer within the usual quarter of a second.
      answerWithinMs: 60_000,
      onChange: (shared) => {
        this.#shared = shared;
        this.#changed.resolve();
        this.#changed = Promise.withResolvers();
      },
      ...options,
    });
  }

  get shared(): boolean {
    return this.#shared;
  }

  async becomes(shared: boolean): Promise<void> {
    while (this.#shared !== shared) await this.#changed.promise;
  }

  /** How many of so many messages pass, all asked at once. */
  async pass(messages: number, remoteAddress = MESSAGE.remoteAddress): Promise<number> {
    const asked = Array.from({ length: messages }, () => this.limit.check({ ...MESSAGE, remoteAddress }));
    return (await Promise.all(asked)).filter(Boolean).length;
  }

  [Symbol.dispose](): void {
    this.limit[Symbol.dispose]();
  }
}

/** Joins as somebody new and answers what the server says first. */
async function join(server: SeaMeetServer): Promise<string> {
  await using client = await WsSignaling.connect(`ws://127.0.0.1:${server.wsAddress.port}`);
  client.send({ type: "join", participant: randomParticipantId(), room_id: "daily" });
  for await (const message of client.messages()) {
    if (message.type === "ready") return message.type;
    if (message.type === "error") return message.reason;
  }
  return "closed";
}

function serve(rateCheck: SharedRateLimit["check"]): Promise<SeaMeetServer> {
  return createServer({
    ws: "127.0.0.1:0",
    udpPort: 0,
    mediaAddresses: ["127.0.0.1"],
    allowUnauthenticatedJoins: true,
    rateCheck,
    logger: silentLogger,
  });
}

Deno.test("two servers share one limit in Redis, and each has one of its own while Redis is gone", async () => {
  if (!await hasRedis()) return;
  let redis = await RedisServer.start();
  const { port, url } = redis;
  try {
    using a = new Side(url);
    using b = new Side(url);
    await Promise.all([a.becomes(true), b.becomes(true)]);
    await using here = await serve(a.limit.check);
    await using there = await serve(b.limit.check);
    const seen = [];
    for (const server of [here, there, here, there, here, here, there]) seen.push(await join(server));
    assertEquals(seen, [...Array(5).fill("ready"), "rate_limited", "rate_limited"]);

    await redis[Symbol.asyncDispose]();
    await Promise.all([a.becomes(false), b.becomes(false)]);
    const alone = [];
    for (const server of [here, here, here, here, here, here, there]) alone.push(await join(server));
    assertEquals(alone, [...Array(5).fill("ready"), "rate_limited", "ready"]);

    redis = await RedisServer.start(port);
    await Promise.all([a.becomes(true), b.becomes(true)]);
    assertEquals([await a.pass(3), await b.pass(3)], [3, 2]);
  } finally {
    await redis[Symbol.asyncDispose]();
  }
});

Deno.test("a limit in Redis counts exactly when all servers ask at once, and forgets who is quiet", async () => {
  if (!await hasRedis()) return;
  await using redis = await RedisServer.start();
  const sides = Array.from({ length: 4 }, () => new Side(redis.url, { capacity: 37 }));
  const admin = createClient({ url: redis.url });
  try {
    await Promise.all([admin.connect(), ...sides.map((side) => side.becomes(true))]);
    const passed = await Promise.all(sides.map((side) => side.pass(50)));
    assertEquals(passed.reduce((sum, one) => sum + one), 37);

    // One customer has a whole /64 network: that is one key.
    for (let host = 1; host <= 50; host++) await sides[0]!.pass(1, `2001:db8::${host}`);
    await sides[0]!.limit.check({ ...MESSAGE, participant: "0b0e4d5e-0000-4000-8000-000000000001" });
    assertEquals((await admin.keys("*")).sort(), [
      "seameet:rate:address:192.0.2.1",
      "seameet:rate:address:20010db800000000::/64",
      "seameet:rate:participant:0b0e4d5e-0000-4000-8000-000000000001",
    ]);
    for (const key of await admin.keys("*")) {
      const left = await admin.pTTL(key);
      assertGreater(left, 0, key);
      assertLessOrEqual(left, 37 / SLOWLY * 1000, `${key} is forgotten once it would be full again`);
    }
  } finally {
    admin.destroy();
    for (const side of sides) side[Symbol.dispose]();
  }
});

Deno.test("what has been taken comes back with time", async () => {
  if (!await hasRedis()) return;
  await using redis = await RedisServer.start();
  // By the clock of Redis a token is back before the next answer is here.
  using side = new Side(redis.url, { capacity: 1, refillPerSecond: 1e6 });
  await side.becomes(true);
  for (let message = 0; message < 20; message++) assertEquals(await side.pass(1), 1);
});

Deno.test("a Redis that does not answer holds up a message for a moment, the next ones not at all", async () => {
  if (!await hasRedis()) return;
  await using redis = await RedisServer.start();
  let now = 0;
  using side = new Side(redis.url, { clock: () => now, answerWithinMs: 250 });
  await side.becomes(true);
  assertEquals(await side.pass(1), 1);
  {
    using _frozen = redis.freeze();
    assertEquals(await side.limit.check(MESSAGE), true);
    // An answer that is no promise was waited for by nobody.
    const atOnce = Array.from({ length: 6 }, () => side.limit.check(MESSAGE));
    assertEquals(atOnce, [true, true, true, true, false, false]);
    now += 1_000;
    const [probe, other] = [side.limit.check(MESSAGE), side.limit.check(MESSAGE)];
    assert(probe instanceof Promise, "one message tries Redis again");
    assertEquals([await probe, other, side.shared], [false, false, false]);
  }
  // The first of these asks Redis, and so on while the machine is too busy for an answer in time.
  while (!side.shared) {
    now += 1_000;
    await side.limit.check(MESSAGE);
  }
});

Deno.test("the example starts with and without Redis, says so, and can be joined", async () => {
  if (!await hasRedis()) return;
  const redis = await RedisServer.start();
  try {
    const args = ["run", "--unstable-net", "-A", "--no-check", "examples/rate_limit_redis.ts", "0"];
    const config = await prepare();
    const start = (REDIS_URL: string) =>
      new Child(
        new Deno.Command(Deno.execPath(), {
          args: withConfig(args, config),
          cwd: ROOT,
          env: { NO_COLOR: "1", REDIS_URL },
          stdin: "null",
          stdout: "piped",
          stderr: "piped",
        }),
      );
    await using child = start(redis.url);
    const [, host] = await child.says(/Open http:\/\/(localhost:\d+)/);
    await child.says(/The limit is shared/);
    const url = `ws://${host}`;
    await using _ada = await joinRoom({ url, room: "lobby", displayName: "Ada" });
    await redis[Symbol.asyncDispose]();
    await child.says(/Redis is gone: this server counts alone/);
    await using _ben = await joinRoom({ url, room: "lobby", displayName: "Ben" });
    assertEquals(await child.stop(), 0);

    await using without = start(redis.url);
    const [, hostWithout] = await without.says(/Open http:\/\/(localhost:\d+)/);
    await using _eve = await joinRoom({ url: `ws://${hostWithout}`, room: "lobby", displayName: "Eve" });
    assertEquals(await without.stop(), 0);
  } finally {
    await redis[Symbol.asyncDispose]();
  }
});
