import { assert, assertEquals, assertThrows } from "@std/assert";
import { SequenceMap } from "./sequence_map.ts";

/** First unwrapped numbers around every wrap of the 16 bits. */
const STARTS = [0, 1, 32767, 32768, 65534, 65535].map((low) => 0x10000 + low);

/** The first outgoing number for a first original one: the same, but in the lower half of the 16 bits. */
const firstOut = (start: number) => start - (start & 0x8000);

Deno.test("constructor refuses a capacity that is no power of two", () => {
  for (const capacity of [0, 1, 3, 1000, 65536, NaN]) assertThrows(() => new SequenceMap(capacity), RangeError);
});

Deno.test("next() keeps the first source's numbers, its gaps and its order", () => {
  for (const start of STARTS) {
    const map = new SequenceMap(64);
    for (const step of [0, 1, 2, 5, 4, 6, 9]) {
      assertEquals(map.next(start + step), firstOut(start) + step, `start ${start}`);
    }
    assertEquals(map.newest, firstOut(start) + 9);
  }
});

Deno.test("next() starts in the lower half, so that losing the first packets cannot hide a rollover", () => {
  const map = new SequenceMap(64);
  assertEquals(map.next(0x1fffe) & 0xffff, 0x7ffe);
  assertEquals(map.next(0x20000) & 0xffff, 0x8000);
});

Deno.test("next() refuses a packet that has been sent, so that no number is used twice", () => {
  const map = new SequenceMap(64);
  assertEquals([100, 101, 101, 100, 103, 102, 102].map((n) => map.next(n)), [100, 101, -1, -1, 103, 102, -1]);
});

Deno.test("next() refuses a packet older than the first one or than the window", () => {
  const map = new SequenceMap(8);
  map.next(100);
  assertEquals(map.next(99), -1);
  map.next(120);
  assertEquals(map.next(112), -1);
  assertEquals(map.next(113), 113);
});

Deno.test("next() lets a gap larger than the window through", () => {
  const map = new SequenceMap(8);
  map.next(100);
  assertEquals(map.next(30_000), 30_000);
  assertEquals(map.next(29_999), 29_999);
  assertEquals(map.next(29_992), -1);
  assertEquals(map.toOriginal(30_000), 30_000);
});

Deno.test("a gap that 16 bits cannot tell is closed, so that no number on the wire is used twice", () => {
  for (const leftOut of [false, true]) {
    const map = new SequenceMap(64);
    assertEquals(map.next(100), 100);
    const after = 100 + 0x10000;
    if (leftOut) map.drop(after);
    else assertEquals(map.next(after), 101);
    assertEquals([map.next(after - 1), map.next(after - 30), map.next(101)], [-1, -1, -1], "too late");
    assertEquals(map.next(after + 2), leftOut ? 102 : 103, "the gap of one survives");
    assertEquals(map.next(after + 1), leftOut ? 101 : 102);
  }
});

Deno.test("drop() closes the gap", () => {
  for (const start of STARTS) {
    const map = new SequenceMap(64);
    map.next(start);
    map.drop(start + 1);
    map.drop(start + 2);
    assertEquals(map.next(start + 3), firstOut(start) + 1);
    assertEquals(map.toOriginal((firstOut(start) + 1) & 0xffff), start + 3);
    assertEquals(map.next(start + 1), -1);
    assertEquals(map.next(start + 2), -1);
  }
});

Deno.test("next() maps a late packet from before a drop with the offset of its time", () => {
  for (const start of STARTS) {
    const map = new SequenceMap(64);
    map.next(start); // start + 1 is missing
    map.next(start + 2);
    map.drop(start + 3);
    assertEquals(map.next(start + 4), firstOut(start) + 3);
    assertEquals(map.next(start + 1), firstOut(start) + 1);
    // A gap in front of a drop stays a gap.
    map.drop(start + 6);
    assertEquals(map.next(start + 7), firstOut(start) + 5);
    assertEquals(map.next(start + 5), firstOut(start) + 4);
  }
});

Deno.test("drop() leaves a gap for a late packet, and its number stays unused and unknown", () => {
  const map = new SequenceMap(64);
  map.next(100);
  map.next(102);
  map.drop(101);
  assertEquals(map.next(101), -1);
  assertEquals(map.toOriginal(101), -1);
  assertEquals(map.next(103), 103);
});

Deno.test("drop() changes nothing about a packet that has been sent", () => {
  const map = new SequenceMap(64);
  map.next(100);
  map.next(101);
  map.drop(100);
  assertEquals(map.toOriginal(100), 100);
  assertEquals(map.next(102), 102);
});

Deno.test("drop() with closeGap closes losses between two packets left out", () => {
  const map = new SequenceMap(64);
  map.next(100);
  map.drop(102, true); // 101 belongs to the time before
  map.drop(105, true); // 103 and 104 do not
  map.drop(5_000, true); // more than the window
  assertEquals(map.next(5_001), 102);
  assertEquals(map.next(4_999), -1);
  assertEquals(map.next(103), -1);
  assertEquals(map.next(5_002), 103);
});

Deno.test("drop() after a gap larger than the window leaves nothing of the numbers before", () => {
  const map = new SequenceMap(8);
  for (let n = 100; n < 108; n++) map.next(n);
  map.drop(208);
  assertEquals(map.newest, 107);
  for (let out = 190; out < 220; out++) assertEquals(map.toOriginal(out), -1);
});

Deno.test("drop() before the first packet does nothing", () => {
  const map = new SequenceMap(64);
  map.drop(99);
  assertEquals(map.next(100), 100);
  assertEquals(map.newest, 100);
});

Deno.test("switchSource() lets the next source go on without a jump", () => {
  for (const start of STARTS) {
    for (const second of STARTS) {
      const map = new SequenceMap(64);
      map.next(start);
      map.next(start + 1);
      map.switchSource();
      map.drop(second);
      assertEquals(map.next(second + 1), firstOut(start) + 2);
      assertEquals(map.next(second), -1);
      assertEquals(map.next(second + 3), firstOut(start) + 4);
      assertEquals(map.next(second + 2), firstOut(start) + 3);
      assertEquals(map.toOriginal((firstOut(start) + 3) & 0xffff), second + 2);
    }
  }
});

Deno.test("switchSource() goes on behind the newest number used, and what was reserved is too late", () => {
  const map = new SequenceMap(64);
  map.next(100);
  map.drop(105); // reserves 101 … 104
  map.switchSource();
  assertEquals(map.next(7), 101);
  assertEquals(map.next(8), 102);
});

Deno.test("packets left out never carry the numbers round 16 bits", () => {
  const map = new SequenceMap(1_024);
  for (let n = 65_000; n < 65_010; n++) map.next(n);
  // Each of the three gaps is one that 16 bits can tell; together they are a whole round.
  map.drop(65_009 + 28_800);
  map.drop(65_009 + 2 * 28_800);
  const back = 65_009 + 0x10000;
  const out = map.next(back);
  assert(out - firstOut(65_009) < 0x8000, `${out}`);
  // These come late, behind the newest number sent, and are new all the same: not those of 65,000 … 65,009.
  assertEquals([map.next(back - 5), map.next(back - 9)], [out - 5, out - 9]);
  assert(out - 9 > firstOut(65_009));
  assertEquals(map.next(back + 1), out + 1);
});

Deno.test("toOriginal() knows only packets of the current source that have been sent", () => {
  const map = new SequenceMap(8);
  assertEquals(map.toOriginal(0), -1);
  map.next(100);
  map.next(102);
  assertEquals([99, 100, 101, 102, 103].map((n) => map.toOriginal(n)), [-1, 100, -1, 102, -1]);
  map.switchSource();
  assertEquals(map.toOriginal(102), -1);
  map.next(7_000);
  assertEquals(map.toOriginal(102), -1);
  assertEquals(map.toOriginalOfAnySource(102), 102);
  assertEquals(map.toOriginal(103), 7_000);
});

Deno.test("toOriginal() forgets what has left the window", () => {
  const map = new SequenceMap(8);
  for (let n = 100; n < 120; n++) map.next(n);
  assertEquals(map.toOriginal(111), -1);
  assertEquals(map.toOriginal(112), 112);
});

Deno.test("next() runs through several wraps with drops in between", () => {
  const map = new SequenceMap(256);
  let out = -1;
  for (let n = 0x10000; n < 0x60000; n++) {
    if (n % 7 === 0) {
      map.drop(n);
      continue;
    }
    const got = map.next(n);
    assert(out < 0 || got === out + 1, `at ${n}`);
    out = got;
    assertEquals(map.toOriginal(out & 0xffff), n);
  }
});
