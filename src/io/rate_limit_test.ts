import { assert, assertEquals, assertThrows } from "@std/assert";
import { defaultRateCheck, tokenBucket } from "./rate_limit.ts";

const from = (participant: string | undefined, remoteAddress = "192.0.2.1") => ({
  participant,
  remoteAddress,
  messageType: "chat",
});

Deno.test("tokenBucket() allows a burst, then the refill, for each participant alone", () => {
  let now = 0;
  const check = tokenBucket({ capacity: 3, refillPerSecond: 2, clock: () => now });
  assertEquals([1, 2, 3, 4].map(() => check(from("a"))), [true, true, true, false]);
  assert(check(from("b")));
  now = 499;
  assert(!check(from("a")));
  now = 500;
  assert(check(from("a")) && !check(from("a")));
});

Deno.test("tokenBucket() counts who has not joined by address, an IPv6 network as one", () => {
  const check = tokenBucket({ capacity: 1, refillPerSecond: 1, clock: () => 0 });
  assert(check(from(undefined, "2001:db8::1")) && !check(from(undefined, "2001:db8::2")));
  assert(check(from(undefined, "2001:db8:0:1::1")));
  assert(check(from("2001:db8::1", "2001:db8::1")));
});

Deno.test("tokenBucket() keeps a bounded number of keys, and limited ones stay limited", () => {
  let now = 0;
  const check = tokenBucket({ capacity: 1, refillPerSecond: 1, maxKeys: 10, clock: () => now });
  for (let i = 0; i < 10; i++) assert(check(from(`p${i}`)));
  assert(check(from("p10")) && !check(from("p11")), "beyond the limit one bucket is shared");
  assert(!check(from("p0")), "a stranger cannot push out a limited participant");
  now = 5_000;
  assert(check(from("p12")) && check(from("p13")), "full buckets make room");
});

Deno.test("tokenBucket() refuses numbers that make no sense", () => {
  for (const capacity of [0, -1, NaN, Infinity]) {
    assertThrows(() => tokenBucket({ capacity, refillPerSecond: 1 }), RangeError, "capacity must be positive");
  }
});

Deno.test("defaultRateCheck() bounds what everybody is told of more tightly, but not how many may join behind one address", () => {
  let now = 0;
  const check = defaultRateCheck(() => now);
  const count = (participant: string | undefined, messageType: string) => {
    let passed = 0;
    for (let i = 0; i < 130; i++) if (check({ ...from(participant), messageType })) passed++;
    return passed;
  };
  assertEquals([count("a", "mute_audio"), count("a", "ice_candidate"), count("a", "chat_message")], [120, 70, 0]);
  assertEquals([count("b", "hand"), count(undefined, "join")], [120, 130]);
  now = 1_000;
  assertEquals(count("a", "chat_message"), 20);
});
