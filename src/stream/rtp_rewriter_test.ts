import { assert, assertEquals } from "@std/assert";
import { Vp8Descriptor } from "../rtp/vp8_descriptor.ts";
import { RtpRewriter } from "./rtp_rewriter.ts";

function videoRewriter(capacity = 64): RtpRewriter {
  const rewriter = new RtpRewriter({ ssrc: 0xabcd, clockRateHz: 90_000, capacity });
  rewriter.mapPayloadType(96, 120);
  return rewriter;
}

/** A VP8 payload: X, I (15 or 7 bits) and L present. */
function vp8Payload(pictureId: number, tl0PicIdx: number, long = true): Uint8Array {
  return long
    ? Uint8Array.of(0x90, 0xc0, 0x80 | (pictureId >> 8), pictureId & 0xff, tl0PicIdx, 0x10)
    : Uint8Array.of(0x90, 0xc0, pictureId & 0x7f, tl0PicIdx, 0x10);
}

function described(bytes: Uint8Array): Vp8Descriptor {
  const descriptor = new Vp8Descriptor();
  assert(descriptor.parse(bytes, 0, bytes.length));
  return descriptor;
}

/** Forwards a VP8 packet and returns the counters that a receiver reads from the copy. */
function forwardPicture(rewriter: RtpRewriter, sequence: number, pictureId: number, tl0: number): [number, number] {
  const bytes = vp8Payload(pictureId, tl0);
  const descriptor = described(bytes);
  assert(rewriter.forward(sequence, sequence * 3_000, 96, descriptor, sequence));
  return copied(rewriter, bytes, descriptor);
}

function copied(rewriter: RtpRewriter, bytes: Uint8Array, descriptor: Vp8Descriptor): [number, number] {
  const copy = new Uint8Array(bytes.length + 3);
  copy.set(bytes, 3);
  rewriter.patchPicture(copy, descriptor, 3);
  const read = described(copy.slice(3));
  return [read.pictureId, read.tl0PicIdx];
}

Deno.test("forward() keeps the first source's timestamps, and its numbers but for their upper half", () => {
  const rewriter = videoRewriter();
  assert(rewriter.forward(0x1fffe, 0xfffffff0, 96, undefined, 0));
  assertEquals(
    [rewriter.sequenceNumber, rewriter.timestamp, rewriter.payloadType, rewriter.ssrc],
    [0x7ffe, 0xfffffff0, 120, 0xabcd],
  );
  assert(rewriter.forward(0x1ffff, 0x10, 96, undefined, 1));
  assertEquals([rewriter.sequenceNumber, rewriter.timestamp], [0x7fff, 0x10]);
  assertEquals(rewriter.mapTimestamp(0x20), 0x20);
});

Deno.test("forward() drops payload types the receiver lacks and closes the gap", () => {
  const rewriter = videoRewriter();
  assert(rewriter.forward(1_000, 0, 96, undefined, 0));
  assertEquals(rewriter.forward(1_001, 0, 97, undefined, 0), false);
  assert(rewriter.forward(1_002, 0, 96, undefined, 0));
  assertEquals(rewriter.sequenceNumber, 1_001);
  rewriter.clearPayloadTypes();
  assertEquals(rewriter.forward(1_003, 0, 96, undefined, 0), false);
});

Deno.test("switchSource() lets the timestamp go on by the time that has passed", () => {
  const rewriter = videoRewriter();
  rewriter.forward(1_000, 0xffff0000, 96, undefined, 5_000);
  rewriter.forward(1_001, 0xffff0000, 96, undefined, 5_010); // same frame: time counts from its first packet
  rewriter.switchSource();
  assertEquals(rewriter.mapTimestamp(77), -1);
  assert(rewriter.forward(50, 77, 96, undefined, 7_000));
  assertEquals(rewriter.sequenceNumber, 1_002);
  assertEquals(rewriter.timestamp, (0xffff0000 + 2_000 * 90) >>> 0);
  assertEquals(rewriter.mapTimestamp(77 + 90), (0xffff0000 + 2_001 * 90) >>> 0);
});

Deno.test("switchSource() lets the timestamp go on by at least one frame", () => {
  const video = videoRewriter();
  video.forward(1_000, 9_000, 96, undefined, 5_000);
  video.switchSource();
  video.forward(1, 0xdeadbeef, 96, undefined, 5_000);
  assertEquals(video.timestamp, 12_000);
  const audio = new RtpRewriter({ ssrc: 1, clockRateHz: 48_000, capacity: 64 });
  audio.mapPayloadType(111, 111);
  audio.forward(1_000, 9_000, 111, undefined, 5_000);
  audio.switchSource();
  audio.forward(1, 0, 111, undefined, 4_000);
  assertEquals(audio.timestamp, 9_960);
});

Deno.test("forward() refuses late packets from before the switch and keeps late ones of the source", () => {
  const rewriter = videoRewriter();
  rewriter.forward(1_000, 9_000, 96, undefined, 0);
  rewriter.switchSource();
  rewriter.forward(500, 0, 96, undefined, 100);
  assertEquals(rewriter.forward(499, 0, 96, undefined, 100), false);
  rewriter.forward(502, 3_000, 96, undefined, 133);
  assert(rewriter.forward(501, 3_000, 96, undefined, 134));
  assertEquals([rewriter.sequenceNumber, rewriter.timestamp], [1_002, 9_000 + 9_000 + 3_000]);
});

Deno.test("patchPicture() keeps the first source's counters and continues them at a switch", () => {
  const rewriter = videoRewriter();
  assertEquals(forwardPicture(rewriter, 1_000, 0x7ffe, 254), [0x7ffe, 254]);
  assertEquals(forwardPicture(rewriter, 1_001, 0x7fff, 255), [0x7fff, 255]);
  rewriter.switchSource();
  assertEquals(forwardPicture(rewriter, 10, 5_000, 17), [0, 0]);
  assertEquals(forwardPicture(rewriter, 11, 5_001, 18), [1, 1]);
  assertEquals(forwardPicture(rewriter, 14, 5_004, 19), [4, 2]); // gaps inside the source stay
  assertEquals(forwardPicture(rewriter, 13, 5_003, 18), [3, 1]); // late
  rewriter.switchSource();
  assertEquals(forwardPicture(rewriter, 10, 0, 0), [5, 3]);
});

Deno.test("followFrame() continues frame numbers at a switch, also over a wrap, and repeats them for what is sent again", () => {
  const rewriter = videoRewriter();
  const forward = (sequence: number, frameNumber: number): number => {
    assert(rewriter.forward(sequence, sequence * 3_000, 96, undefined, sequence));
    rewriter.followFrame(frameNumber);
    return (frameNumber + rewriter.frameOffset) & 0xffff;
  };
  assertEquals([forward(10, 0xfffe), forward(12, 0), forward(11, 0xffff)], [0xfffe, 0, 0xffff]);
  const repeated = rewriter.sequenceNumber;
  rewriter.switchSource();
  assertEquals([forward(500, 900), forward(501, 900), forward(502, 903)], [1, 1, 4], "gaps survive");
  rewriter.switchSource();
  assertEquals(forward(7, 3), 5);
  assert(rewriter.recall(repeated));
  assertEquals((0xffff + rewriter.frameOffset) & 0xffff, 0xffff, "as it was sent first");
});

Deno.test("patchPicture() continues seven-bit picture ids", () => {
  const rewriter = videoRewriter();
  const forward = (sequence: number, id: number) => {
    const bytes = vp8Payload(id, 0, false);
    const descriptor = described(bytes);
    assert(rewriter.forward(sequence, 0, 96, descriptor, 0));
    return copied(rewriter, bytes, descriptor)[0];
  };
  assertEquals(forward(1, 126), 126);
  rewriter.switchSource();
  assertEquals([forward(1, 3), forward(2, 4)], [127, 0]);
});

Deno.test("patchPicture() leaves packets without counters alone", () => {
  const rewriter = videoRewriter();
  forwardPicture(rewriter, 1, 100, 7);
  rewriter.switchSource();
  const bytes = Uint8Array.of(0x10, 0x55, 0x66);
  const descriptor = described(bytes);
  assert(rewriter.forward(1, 0, 96, descriptor, 0));
  rewriter.patchPicture(bytes, descriptor, 0);
  assertEquals(bytes, Uint8Array.of(0x10, 0x55, 0x66));
  // The first packet that has them decides.
  assertEquals(forwardPicture(rewriter, 2, 900, 90), [101, 8]);
});

Deno.test("recall() repeats what was sent, also over a switch of source", () => {
  const rewriter = videoRewriter();
  forwardPicture(rewriter, 1_000, 100, 10);
  const before = [rewriter.sequenceNumber, rewriter.timestamp, rewriter.payloadType];
  rewriter.switchSource();
  rewriter.clearPayloadTypes();
  rewriter.mapPayloadType(96, 98);
  const bytes = vp8Payload(7, 3);
  const descriptor = described(bytes);
  assert(rewriter.forward(20, 55, 96, descriptor, 2_000));
  const after = [rewriter.sequenceNumber, rewriter.timestamp, rewriter.payloadType];
  forwardPicture(rewriter, 21, 8, 4);

  assert(rewriter.recall(1_001));
  assertEquals([rewriter.sequenceNumber, rewriter.timestamp, rewriter.payloadType], after);
  assertEquals([rewriter.originalSequence, rewriter.source, rewriter.currentSource], [20, 1, 1]);
  assertEquals(copied(rewriter, bytes, descriptor), [101, 11]);

  assert(rewriter.recall(1_000));
  assertEquals([rewriter.sequenceNumber, rewriter.timestamp, rewriter.payloadType], before);
  assertEquals([rewriter.originalSequence, rewriter.source], [1_000, 0]);
  assertEquals(copied(rewriter, vp8Payload(100, 10), described(vp8Payload(100, 10))), [100, 10]);
});

Deno.test("recall() knows nothing of packets never sent or long gone", () => {
  const rewriter = videoRewriter(16);
  assertEquals(rewriter.recall(0), false);
  rewriter.forward(1_000, 0, 96, undefined, 0);
  rewriter.forward(1_002, 0, 96, undefined, 0);
  rewriter.drop(1_003);
  assertEquals([999, 1_001, 1_003].map((n) => rewriter.recall(n)), [false, false, false]);
  for (let i = 0; i < 16; i++) rewriter.forward(1_004 + i, 0, 96, undefined, 0);
  assertEquals(rewriter.recall(1_000), false);
});

Deno.test("recall() refuses sources whose offsets are forgotten", () => {
  const rewriter = videoRewriter(64);
  for (let source = 0; source < 17; source++) {
    rewriter.forward(500, 0, 96, undefined, source);
    if (source < 16) rewriter.switchSource();
  }
  assertEquals(rewriter.recall(500), false);
  assertEquals(rewriter.recall(501), true);
});

Deno.test("drop() while muted closes the gap and leaves the clock alone", () => {
  const rewriter = videoRewriter();
  rewriter.forward(1_000, 0, 96, undefined, 0);
  for (let i = 1; i <= 5_000; i++) rewriter.drop(1_000 + i, true);
  assert(rewriter.forward(6_001, 450_000, 96, undefined, 5_000));
  assertEquals([rewriter.sequenceNumber, rewriter.timestamp], [1_001, 450_000]);
});
