import { assertEquals } from "@std/assert";
import { parseHex } from "../base/bytes.ts";
import { startsKeyframe, type VideoCodec } from "./codec_frames.ts";

function check(codec: VideoCodec, cases: Record<string, [string, boolean]>): void {
  for (const [name, [hex, expected]] of Object.entries(cases)) {
    const payload = parseHex(hex)!;
    const bytes = new Uint8Array(payload.length + 14).fill(0xff);
    bytes.set(payload, 12);
    assertEquals(startsKeyframe(codec, bytes, 12, payload.length), expected, `${codec} ${name}`);
  }
}

Deno.test("startsKeyframe() knows VP8", () => {
  check("VP8", {
    "keyframe": ["90 80 8001 10 00", true],
    "interframe": ["90 80 8001 11 00", false],
    "continuation of a keyframe": ["80 80 8001 10 00", false],
    "second partition": ["91 80 8001 10 00", false],
    "cut off": ["90 80 80", false],
    "empty": ["", false],
  });
});

Deno.test("startsKeyframe() knows VP9", () => {
  check("VP9", {
    "keyframe without ids": ["08 00", true],
    "keyframe with 7-bit id": ["88 7f 00", true],
    "keyframe with 15-bit id": ["88 8001 00", true],
    "predicted": ["48 00", false],
    "not the start of a frame": ["80 8001 00", false],
    "lowest spatial layer": ["a8 8001 00 00", true],
    "lowest spatial layer, other bits set": ["a8 8001 f1 00", true],
    "upper spatial layer of a key picture": ["a8 8001 03 00", false],
    "layer without id": ["28 04 00", false],
    "layer cut off": ["a8 8001", false],
    "id cut off": ["88", false],
    "no payload": ["08", false],
    "empty": ["", false],
  });
});

Deno.test("startsKeyframe() knows H.264", () => {
  check("H264", {
    "SPS": ["67 42e01f", true],
    "IDR": ["65 88", true],
    "PPS": ["68 ce", false],
    "slice": ["41 9a", false],
    "STAP-A of SPS and PPS": ["78 0002 6742 0002 68ce", true],
    "STAP-A of AUD and IDR": ["78 0002 09f0 0001 65", true],
    "STAP-A of PPS and slice": ["78 0002 68ce 0002 419a", false],
    "STAP-A whose second size is too large": ["78 0002 68ce 0005 6742", false],
    "STAP-A with a size of 0": ["78 0000 67", false],
    "STAP-A alone": ["78", false],
    "STAP-A with half a size": ["78 00", false],
    "FU-A, first of an IDR": ["7c 85 88", true],
    "FU-A, middle of an IDR": ["7c 05 88", false],
    "FU-A, last of an IDR": ["7c 45 88", false],
    "FU-A, first of a slice": ["7c 81 88", false],
    "FU-A, first of an SPS": ["7c 87 88", true],
    "FU-A cut off": ["7c", false],
    "empty": ["", false],
  });
});

Deno.test("startsKeyframe() knows AV1", () => {
  check("AV1", {
    "new sequence": ["18 0a0b", true],
    "new sequence that goes on in the next packet": ["58 0a0b", true],
    "no new sequence": ["10 32", false],
    "continuation with N, which cannot be": ["98 32", false],
    "empty": ["", false],
  });
});

Deno.test("startsKeyframe() refuses a payload that reaches beyond the buffer", () => {
  assertEquals(startsKeyframe("H264", new Uint8Array(4).fill(0x67), 2, 3), false);
});
