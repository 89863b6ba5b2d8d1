import { assert, assertEquals, assertLess } from "@std/assert";
import { TokenBuckets } from "./token_buckets.ts";

Deno.test("TokenBuckets forgets those who came and went long before there is no room left", () => {
  const buckets = new TokenBuckets(10, 10, 10_000, 0);
  let most = 0;
  // A hundred a second for a quarter of an hour, each with a few messages: a bucket is full again after half a second.
  for (let i = 0; i < 90_000; i++) {
    const now = i * 10;
    for (let message = 0; message < 5; message++) assert(buckets.take(`participant ${i}`, now));
    most = Math.max(most, buckets.size);
  }
  assertLess(most, 150);
});

Deno.test("TokenBuckets keeps those who are still limited, and a sweep does not let them go on", () => {
  const buckets = new TokenBuckets(1, 0.001, 10_000, 0);
  for (let i = 0; i < 1_000; i++) assert(buckets.take(`${i}`, i));
  assertEquals(buckets.size, 1_000);
  for (let i = 0; i < 1_000; i++) assert(!buckets.take(`${i}`, 2_000));
});
