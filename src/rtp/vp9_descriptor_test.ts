import { assert, assertEquals } from "@std/assert";
import { parseHex } from "../base/bytes.ts";
import { Vp9Descriptor } from "./vp9_descriptor.ts";

const descriptor = new Vp9Descriptor();

function parse(hex: string): Vp9Descriptor | undefined {
  const bytes = parseHex(hex)!;
  return descriptor.parse(bytes, 0, bytes.length) ? descriptor : undefined;
}

Deno.test("a keyframe of three spatial layers tells their sizes", () => {
  // I L B V; picture id 0x1234; TID 0 U 0 SID 0; TL0PICIDX 7; N_S 2 with sizes and a pattern of one picture.
  const read = parse("aa 92 34 10 07 58 00 a0 00 5a 01 40 00 b4 02 80 01 68 01 14 04 ff");
  assert(read !== undefined);
  assertEquals([read.pictureId, read.pictureIdIsLong, read.pictureIdOffset], [0x1234, true, 1]);
  assertEquals([read.tl0PicIdx, read.tl0PicIdxOffset], [7, 4]);
  assertEquals([read.isKey, read.startsLayer, read.endsLayer, read.temporalSwitch], [true, true, false, true]);
  assertEquals([...read.widths.subarray(0, read.sizes)], [160, 320, 640]);
  assertEquals([...read.heights.subarray(0, read.sizes)], [90, 180, 360]);
  assertEquals(read.headerLength, 21);
});

Deno.test("the last packet of a higher layer in a later picture", () => {
  // I P L E; short picture id 5; TID 2 U 0 SID 1 D 1; TL0PICIDX 9.
  const read = parse("e4 05 43 09 ff");
  assert(read !== undefined);
  assertEquals([read.pictureId, read.pictureIdIsLong, read.tl0PicIdx], [5, false, 9]);
  assertEquals([read.spatialLayer, read.temporalLayer, read.temporalSwitch], [1, 2, false]);
  assertEquals([read.isKey, read.startsLayer, read.endsLayer, read.sizes], [false, false, true, 0]);
});

Deno.test("flexible mode has references in place of TL0PICIDX", () => {
  const read = parse("fc 05 43 03 04 ff");
  assert(read !== undefined);
  assertEquals([read.tl0PicIdx, read.headerLength], [-1, 5]);
  assertEquals(parse("fc 05 43 03 03 03 ff"), undefined, "a fourth reference");
});

Deno.test("a stream without layers has none", () => {
  const read = parse("8c 05 ff");
  assert(read !== undefined);
  assertEquals([read.hasLayers, read.spatialLayer, read.temporalLayer], [false, 0, 0]);
});

Deno.test("what ends within the descriptor is refused", () => {
  const whole = parseHex("aa 92 34 10 07 58 00 a0 00 5a 01 40 00 b4 02 80 01 68 01 14 04 ff")!;
  for (let length = 0; length < 21; length++) assert(!descriptor.parse(whole, 0, length), `${length} bytes`);
  assert(descriptor.parse(whole, 0, 21));
});
