import { assert, assertEquals } from "@std/assert";
import { parseHex, toHex } from "../base/bytes.ts";
import { patchCounters } from "./picture_counters.ts";
import { Vp8Descriptor } from "./vp8_descriptor.ts";

function parse(hex: string, offset = 0): Vp8Descriptor | undefined {
  const bytes = parseHex(hex)!;
  const descriptor = new Vp8Descriptor();
  return descriptor.parse(bytes, offset, bytes.length - offset) ? descriptor : undefined;
}

Deno.test("parse() reads the one-byte descriptor", () => {
  const descriptor = parse("10 00")!;
  assert(descriptor.startOfPartition && descriptor.isKeyframe && !descriptor.nonReference);
  assertEquals(descriptor.headerLength, 1);
  assertEquals([descriptor.pictureId, descriptor.tl0PicIdx, descriptor.temporalLayer, descriptor.keyIndex], [
    -1,
    -1,
    -1,
    -1,
  ]);
  assertEquals([descriptor.pictureIdOffset, descriptor.tl0PicIdxOffset], [-1, -1]);
});

Deno.test("parse() reads all optional fields with a long picture id", () => {
  const descriptor = parse("b0 f0 ffff 80 bf 01")!;
  assert(descriptor.nonReference && descriptor.pictureIdIsLong && descriptor.layerSync && !descriptor.isKeyframe);
  assertEquals(descriptor.pictureId, 32767);
  assertEquals(descriptor.tl0PicIdx, 0x80);
  assertEquals(descriptor.temporalLayer, 2);
  assertEquals(descriptor.keyIndex, 31);
  assertEquals(descriptor.headerLength, 6);
  assertEquals([descriptor.pictureIdOffset, descriptor.tl0PicIdxOffset], [2, 4]);
});

Deno.test("parse() reads a short picture id and gives offsets in the whole buffer", () => {
  const descriptor = parse("ffffffff 90 80 7f 00", 4)!;
  assertEquals([descriptor.pictureId, descriptor.pictureIdIsLong, descriptor.pictureIdOffset], [127, false, 6]);
  assertEquals(descriptor.headerLength, 3);
  assert(descriptor.isKeyframe);
});

Deno.test("parse() tells TID and KEYIDX apart, which share a byte", () => {
  const layer = parse("90 20 ff 00")!;
  assertEquals([layer.temporalLayer, layer.layerSync, layer.keyIndex], [3, true, -1]);
  const noSync = parse("90 20 5f 00")!;
  assertEquals([noSync.temporalLayer, noSync.layerSync, noSync.keyIndex], [1, false, -1]);
  const key = parse("90 10 ff 00")!;
  assertEquals([key.temporalLayer, key.layerSync, key.keyIndex], [-1, false, 31]);
});

Deno.test("parse() finds keyframes only at the start of partition 0, in the clear first byte", () => {
  assert(parse("10 fe")!.isKeyframe);
  assert(!parse("10 ff")!.isKeyframe, "interframe");
  assert(!parse("00 fe")!.isKeyframe, "not a start");
  assert(!parse("11 fe")!.isKeyframe, "partition 1");
  assert(!parse("10")!.isKeyframe, "no payload");
});

Deno.test("parse() refuses descriptors that are cut off", () => {
  for (const hex of ["", "90", "90 80", "90 80 80", "90 40", "90 20", "90 10", "90 c0 7f", "90 f0 8001 00"]) {
    assertEquals(parse(hex), undefined, hex);
  }
  assert(!new Vp8Descriptor().parse(new Uint8Array(4), 2, 3), "length beyond the buffer");
});

Deno.test("parse() leaves nothing of the packet before", () => {
  const descriptor = new Vp8Descriptor();
  assert(descriptor.parse(parseHex("b0 f0 ffff 80 bf 00")!, 0, 7));
  assert(descriptor.parse(parseHex("00 01")!, 0, 2));
  assertEquals({ ...descriptor }, { ...parse("00 01")! });
});

Deno.test("patchCounters() rewrites both counters in a shifted copy", () => {
  const descriptor = parse("b0 f0 ffff 80 bf 01")!;
  const copy = parseHex("aaaaaa b0 f0 ffff 80 bf 01")!;
  patchCounters(copy, descriptor, 3, 0x8123, 0x1ff);
  assertEquals(toHex(copy), "aaaaaab0f08123ffbf01");
});

Deno.test("patchCounters() cuts a short picture id to seven bits and touches nothing that is absent", () => {
  const short = parseHex("90 80 7f 00")!;
  patchCounters(short, parse("90 80 7f 00")!, 0, 0x1ff, 5);
  assertEquals(toHex(short), "90807f00");
  patchCounters(short, parse("90 80 7f 00")!, 0, 0x80, 5);
  assertEquals(toHex(short), "90800000");
  const plain = parseHex("10 00 01 02")!;
  patchCounters(plain, parse("10 00 01 02")!, 0, 77, 78);
  assertEquals(toHex(plain), "10000102");
});

Deno.test("patchCounters() round-trips every picture id edge", () => {
  const source = "90 c0 8000 00 01";
  for (const id of [0, 1, 127, 128, 32766, 32767]) {
    const copy = parseHex(source)!;
    patchCounters(copy, parse(source)!, 0, id, id & 0xff);
    const read = parse(toHex(copy))!;
    assertEquals([read.pictureId, read.tl0PicIdx], [id, id & 0xff]);
  }
});
