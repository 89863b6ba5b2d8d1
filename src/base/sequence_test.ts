import { assert, assertEquals } from "@std/assert";
import { distance16, distance32, isNewer16, SequenceUnwrapper } from "./sequence.ts";

const STARTS = [0, 1, 32767, 32768, 65534, 65535];

Deno.test("distance16() is the signed step around the circle from every start", () => {
  for (const start of STARTS) {
    for (const step of [0, 1, 2, 100, 32766, 32767, -1, -2, -100, -32767]) {
      assertEquals(distance16(start, (start + step) & 0xffff), step, `${start} ${step}`);
    }
  }
});

Deno.test("distance16() calls the opposite point older, from both sides", () => {
  for (const start of STARTS) assertEquals(distance16(start, (start + 32768) & 0xffff), -32768);
});

Deno.test("distance32() is the signed step around the circle", () => {
  for (const start of [0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff]) {
    for (const step of [0, 1, 90_000, 0x7fffffff, -1, -90_000, -0x80000000]) {
      assertEquals(distance32(start, (start + step) >>> 0), step, `${start} ${step}`);
    }
  }
});

Deno.test("isNewer16() follows distance16()", () => {
  for (const start of STARTS) {
    assert(isNewer16((start + 1) & 0xffff, start));
    assert(isNewer16((start + 32767) & 0xffff, start));
    assert(!isNewer16(start, start));
    assert(!isNewer16((start - 1) & 0xffff, start));
    assert(!isNewer16(start, (start + 1) & 0xffff));
  }
});

Deno.test("unwrap() counts on without a gap over two wraps from every start", () => {
  for (const start of STARTS) {
    const unwrapper = new SequenceUnwrapper();
    const first = unwrapper.unwrap(start);
    assertEquals(first & 0xffff, start);
    for (let i = 1; i < 140_000; i++) {
      const extended = unwrapper.unwrap((start + i) & 0xffff);
      if (extended !== first + i) assertEquals(extended, first + i, `start ${start}`);
    }
  }
});

Deno.test("unwrap() gives reordered numbers their place and stays positive before the first", () => {
  for (const start of STARTS) {
    const unwrapper = new SequenceUnwrapper();
    const first = unwrapper.unwrap(start);
    assertEquals(unwrapper.unwrap((start + 3) & 0xffff), first + 3);
    assertEquals(unwrapper.unwrap((start + 1) & 0xffff), first + 1);
    assertEquals(unwrapper.unwrap((start - 2) & 0xffff), first - 2);
    assertEquals(unwrapper.newest, first + 3);
    assert(unwrapper.unwrap((start - 32_000) & 0xffff) > 0);
  }
});

Deno.test("unwrap() takes the newest number, not the last one, as reference", () => {
  const unwrapper = new SequenceUnwrapper();
  const first = unwrapper.unwrap(0);
  unwrapper.unwrap(30_000);
  unwrapper.unwrap(1);
  assertEquals(unwrapper.unwrap(60_000), first + 60_000);
});

Deno.test("peek() answers like unwrap() and remembers nothing", () => {
  for (const start of STARTS) {
    const unwrapper = new SequenceUnwrapper();
    assertEquals(unwrapper.newest, -1);
    assertEquals(unwrapper.peek(start), 0x10000 + start);
    assertEquals(unwrapper.newest, -1);
    const first = unwrapper.unwrap(start);
    assertEquals(unwrapper.peek((start + 500) & 0xffff), first + 500);
    assertEquals(unwrapper.peek((start - 500) & 0xffff), first - 500);
    assertEquals(unwrapper.newest, first);
  }
});
