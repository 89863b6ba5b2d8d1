import { assert, assertEquals } from "@std/assert";
import { TokenBucket } from "./token_bucket.ts";

function takeAll(bucket: TokenBucket, now: number): number {
  let taken = 0;
  while (taken < 1_000 && bucket.take(now)) taken++;
  return taken;
}

Deno.test("take() allows a burst of the capacity and no more", () => {
  const bucket = new TokenBucket(5, 10, 1_000);
  assertEquals(takeAll(bucket, 1_000), 5);
  assert(!bucket.take(1_000));
});

Deno.test("take() allows the refill rate over time", () => {
  const bucket = new TokenBucket(5, 10, 0);
  takeAll(bucket, 0);
  assert(!bucket.take(99));
  assert(bucket.take(100));
  assert(!bucket.take(100));
  assertEquals(takeAll(bucket, 400), 3);
});

Deno.test("take() refills to the capacity and not beyond", () => {
  const bucket = new TokenBucket(3, 100, 0);
  takeAll(bucket, 0);
  assertEquals(takeAll(bucket, 3_600_000), 3);
});

Deno.test("take() keeps fractions of tokens between calls", () => {
  const bucket = new TokenBucket(1, 1, 0);
  assert(bucket.take(0));
  for (let now = 10; now < 1_000; now += 10) assert(!bucket.take(now), `at ${now}`);
  assert(bucket.take(1_001));
});

Deno.test("isFull() says whether everything taken has been refilled", () => {
  const bucket = new TokenBucket(2, 1, 0);
  assert(bucket.isFull(0));
  bucket.take(0);
  assert(!bucket.isFull(999));
  assert(bucket.isFull(1_001));
});
