import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { InboundPacket } from "./depacketizer.ts";
import { Vp9Depacketizer } from "./vp9_depacketizer.ts";

/** A VP9 keyframe's uncompressed header: 640 × 360, profile 0 (VP9 bitstream section 6.2). */
const KEYFRAME = [0x82, 0x49, 0x83, 0x42, 0x00, 0x27, 0xf0, 0x16, 0x70, 0, 0];

const packet = (
  sequenceNumber: number,
  timestamp: number,
  marker: boolean,
  bytes: readonly number[],
): InboundPacket => ({
  sequenceNumber: sequenceNumber & 0xffff,
  timestamp,
  marker,
  payload: Uint8Array.from(bytes),
});

Deno.test("a keyframe in two packets, then a picture that continues it", () => {
  const depacketizer = new Vp9Depacketizer();
  assertEquals(depacketizer.push(packet(65_535, 0, false, [0x88, 5, ...KEYFRAME])), undefined);
  const key = depacketizer.push(packet(0, 0, true, [0x84, 5, 7, 8]))!;
  assertEquals([...key.data], [...KEYFRAME, 7, 8]);
  assertEquals([key.isKeyframe, key.width, key.height], [true, 640, 360]);
  const delta = depacketizer.push(packet(1, 3_000, true, [0xcc, 6, 1, 2, 3]))!;
  assertEquals([delta.isKeyframe, [...delta.data]], [false, [1, 2, 3]]);
});

Deno.test("descriptors with layers, references and a scalability structure are skipped, its size is taken", () => {
  const depacketizer = new Vp9Depacketizer();
  // I, L, F, B, E, V; picture id, layer, structure: 1 layer of 320 × 180, a group of one picture with one reference.
  const header = [0xbe, 5, 0x00, 0x18, 320 >> 8, 320 & 0xff, 0, 180, 1, 0x04, 1];
  const key = depacketizer.push(packet(1, 0, true, [...header, ...KEYFRAME]))!;
  assertEquals([key.width, key.height, key.data.length], [320, 180, KEYFRAME.length]);
  // Flexible and predicted: two reference indices, the first saying that another follows.
  const delta = depacketizer.push(packet(2, 3_000, true, [0xfc, 6, 0x00, 0x03, 0x04, 9]))!;
  assertEquals([...delta.data], [9]);
});

Deno.test("a lost picture breaks the chain until a keyframe, lost padding does not", () => {
  const depacketizer = new Vp9Depacketizer();
  depacketizer.push(packet(1, 0, true, [0x8c, 5, ...KEYFRAME]));
  assert(depacketizer.push(packet(4, 3_000, true, [0xcc, 6, 1])) !== undefined);
  assertEquals(depacketizer.push(packet(6, 9_000, true, [0xcc, 8, 1])), undefined);
  assert(depacketizer.keyframeWanted);
  assert(depacketizer.push(packet(7, 12_000, true, [0x8c, 9, ...KEYFRAME])) !== undefined);
  assert(!depacketizer.keyframeWanted);
});

Deno.test("whatever the bytes are, nothing is thrown", () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 20 }), (payloads) => {
    const depacketizer = new Vp9Depacketizer();
    payloads.forEach((payload, i) =>
      depacketizer.push({ sequenceNumber: i, timestamp: i >> 1, marker: i % 2 === 1, payload })
    );
  }));
});
