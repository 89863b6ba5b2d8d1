import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { randomIceString, type RandomSource, randomU32, seededRandom } from "./random.ts";

function constant(byte: number): RandomSource {
  return { fill: (bytes) => void bytes.fill(byte) };
}

Deno.test("randomU32() uses all 32 bits", () => {
  assertEquals(randomU32(constant(0xff)), 0xffffffff);
  assertEquals(randomU32(constant(0)), 0);
  let next = 1;
  assertEquals(randomU32({ fill: (bytes) => bytes.forEach((_, i) => bytes[i] = next++) }), 0x01020304);
});

Deno.test("randomIceString() has the length asked for and only ICE characters", () => {
  const random = seededRandom(1);
  for (const length of [0, 1, 4, 24, 256]) {
    const text = randomIceString(random, length);
    assertEquals(text.length, length);
    assertMatch(text, /^[A-Za-z0-9+/]*$/);
  }
});

Deno.test("randomIceString() maps each byte to one of 64 characters evenly", () => {
  const counts = new Map<string, number>();
  for (let byte = 0; byte < 256; byte++) {
    const character = randomIceString(constant(byte), 1);
    counts.set(character, (counts.get(character) ?? 0) + 1);
  }
  assertEquals(counts.size, 64);
  assert([...counts.values()].every((count) => count === 4));
});

Deno.test("seededRandom() repeats itself for the same seed only", () => {
  const take = (seed: number) => {
    const random = seededRandom(seed);
    const bytes = new Uint8Array(64);
    random.fill(bytes);
    return bytes;
  };
  assertEquals(take(7), take(7));
  assertNotEquals(take(7), take(8));
});

Deno.test("seededRandom() stays between 0 and 1 and spreads over the range", () => {
  const random = seededRandom(42);
  const buckets = new Array<number>(10).fill(0);
  for (let i = 0; i < 10_000; i++) {
    const value = random.next();
    assert(value >= 0 && value < 1);
    buckets[Math.floor(value * 10)]!++;
  }
  for (const count of buckets) assert(count > 850 && count < 1_150, `${buckets}`);
});
