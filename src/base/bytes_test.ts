import { assert, assertEquals } from "@std/assert";
import {
  equalConstantTime,
  parseHex,
  readU16,
  readU24,
  readU32,
  toHex,
  writeU16,
  writeU24,
  writeU32,
} from "./bytes.ts";

Deno.test("readU16(), readU24(), readU32() read big-endian at any offset", () => {
  const bytes = Uint8Array.of(0xff, 0x80, 0x01, 0x02, 0x03);
  assertEquals(readU16(bytes, 1), 0x8001);
  assertEquals(readU24(bytes, 1), 0x800102);
  assertEquals(readU32(bytes, 1), 0x80010203);
});

Deno.test("writeU16(), writeU24(), writeU32() write what the readers read, and nothing beside it", () => {
  for (const value of [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffff, 0x800000, 0xffffff]) {
    const bytes = new Uint8Array(6).fill(0xaa);
    writeU24(bytes, 1, value);
    assertEquals(readU24(bytes, 1), value);
    assertEquals([bytes[0], bytes[4], bytes[5]], [0xaa, 0xaa, 0xaa]);
  }
  for (const value of [0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff]) {
    const bytes = new Uint8Array(6).fill(0xaa);
    writeU32(bytes, 1, value);
    assertEquals(readU32(bytes, 1), value);
    assertEquals([bytes[0], bytes[5]], [0xaa, 0xaa]);
  }
  for (const value of [0, 1, 0xff, 0x100, 0x7fff, 0x8000, 0xffff]) {
    const bytes = new Uint8Array(4).fill(0xaa);
    writeU16(bytes, 1, value);
    assertEquals(readU16(bytes, 1), value);
    assertEquals([bytes[0], bytes[3]], [0xaa, 0xaa]);
  }
});

Deno.test("writeU16(), writeU24(), writeU32() keep the low bits of larger and of negative numbers", () => {
  const bytes = new Uint8Array(4);
  writeU16(bytes, 0, 0x12345);
  assertEquals(readU16(bytes, 0), 0x2345);
  writeU24(bytes, 0, -1);
  assertEquals(readU24(bytes, 0), 0xffffff);
  writeU32(bytes, 0, 0x1_0000_0002);
  assertEquals(readU32(bytes, 0), 2);
});

Deno.test("equalConstantTime() compares content and length", () => {
  assert(equalConstantTime(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 3)));
  assert(equalConstantTime(new Uint8Array(0), new Uint8Array(0)));
  assert(!equalConstantTime(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 4)));
  assert(!equalConstantTime(Uint8Array.of(0, 2, 3), Uint8Array.of(1, 2, 3)));
  assert(!equalConstantTime(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0)));
});

Deno.test("toHex() and parseHex() are inverses", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  assertEquals(parseHex(toHex(bytes)), bytes);
  assertEquals(toHex(Uint8Array.of(0, 0x0f, 0xa0)), "000fa0");
});

Deno.test("parseHex() takes capitals and white space, and nothing else", () => {
  assertEquals(parseHex(" 0A\n ff"), Uint8Array.of(10, 255));
  assertEquals(parseHex(""), new Uint8Array(0));
  for (const text of ["0", "0g", "0x00", "-1", "0.", "00,11"]) assertEquals(parseHex(text), undefined);
});
