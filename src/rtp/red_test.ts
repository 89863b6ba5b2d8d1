import { assert, assertEquals } from "@std/assert";
import { patchRed, RedReader } from "./red.ts";

const red = new RedReader();

/** One redundant block of three bytes, 960 ticks old, before a primary one of four. */
const TWO_BLOCKS = Uint8Array.of(0x80 | 111, 0x0f, 0x00, 0x03, 111, 1, 2, 3, 4, 5, 6, 7);

Deno.test("the primary block is the last one", () => {
  assert(red.parse(TWO_BLOCKS, 0, TWO_BLOCKS.length));
  assertEquals([red.payloadType, red.primaryOffset], [111, 8]);
  assertEquals(TWO_BLOCKS.subarray(red.primaryOffset), Uint8Array.of(4, 5, 6, 7));
});

Deno.test("a payload in the middle of a packet, with nothing redundant", () => {
  const bytes = Uint8Array.of(9, 9, 111, 5, 6, 9);
  assert(red.parse(bytes, 2, 3));
  assertEquals([red.payloadType, red.primaryOffset], [111, 3]);
});

Deno.test("malformed payloads are refused", () => {
  for (let length = 0; length <= 8; length++) assert(!red.parse(TWO_BLOCKS, 0, length), `${length} bytes`);
  assert(!red.parse(TWO_BLOCKS, 1, TWO_BLOCKS.length), "beyond the buffer");
  const mixed = TWO_BLOCKS.slice();
  mixed[4] = 110;
  assert(!red.parse(mixed, 0, mixed.length), "blocks of two types");
  const many = new Uint8Array(60).fill(0);
  for (let block = 0; block < 9; block++) many[4 * block] = 0x80;
  assert(!red.parse(many, 0, many.length), "nine redundant blocks");
});

Deno.test("all headers get the receiver's payload type, and nothing else changes", () => {
  const copy = new Uint8Array(TWO_BLOCKS.length + 2).fill(0xee);
  copy.set(TWO_BLOCKS, 1);
  patchRed(copy, 1, 109);
  const expected = TWO_BLOCKS.slice();
  expected[0] = 0x80 | 109;
  expected[4] = 109;
  assertEquals(copy.subarray(1, 1 + expected.length), expected);
  assertEquals([copy[0], copy.at(-1)], [0xee, 0xee]);
});
