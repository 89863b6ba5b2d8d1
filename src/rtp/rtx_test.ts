import { assert, assertEquals } from "@std/assert";
import { parseHex, toHex } from "../base/bytes.ts";
import { RtpView } from "./rtp_view.ts";
import { RtpWriter } from "./rtp_writer.ts";
import { unwrapRtx, writeRtxPayload } from "./rtx.ts";

function parsed(bytes: Uint8Array, length: number): RtpView {
  const view = new RtpView();
  assert(view.parse(bytes, length));
  return view;
}

Deno.test("unwrapRtx() restores the original packet in place", () => {
  const bytes = parseHex("90e1 0007 11111111 22222222 bede0001 10aa0000 fffe 0102030405")!;
  const view = parsed(bytes, bytes.length);
  const length = unwrapRtx(bytes, view, 0x89abcdef, 96);
  assertEquals(length, bytes.length - 2);
  assertEquals(toHex(bytes.subarray(0, length)), "90e0fffe1111111189abcdefbede000110aa00000102030405");
});

Deno.test("unwrapRtx() leaves the view as a parse of the result would", () => {
  const bytes = parseHex("b161 0007 11111111 22222222 aaaaaaaa bede0000 8000 0102030405 000003")!;
  const view = parsed(bytes, bytes.length);
  const length = unwrapRtx(bytes, view, 0xffffffff, 0x60);
  assertEquals({ ...view }, { ...parsed(bytes, length) });
  assertEquals([view.payloadLength, view.paddingLength, view.sequenceNumber], [5, 0, 0x8000]);
});

Deno.test("unwrapRtx() refuses packets without an original, as probes are", () => {
  for (const hex of ["a061 0007 11111111 22222222 00000004", "8061 0007 11111111 22222222 01"]) {
    const bytes = parseHex(hex)!;
    const before = toHex(bytes);
    assertEquals(unwrapRtx(bytes, parsed(bytes, bytes.length), 1, 2), -1);
    assertEquals(toHex(bytes), before);
  }
});

Deno.test("writeRtxPayload() is undone by unwrapRtx() for every edge of the number", () => {
  const payload = Uint8Array.from({ length: 1200 }, (_, i) => i);
  const writer = new RtpWriter();
  for (const sequenceNumber of [0, 1, 32767, 32768, 65534, 65535]) {
    const bytes = new Uint8Array(1500);
    writer.start(bytes, true, 97, 3, 90_000, 7, false);
    writer.extension(4, 2);
    const offset = writer.finish();
    const length = writeRtxPayload(bytes, offset, sequenceNumber, payload, 100, 1000);
    assertEquals(length, offset + 1002);
    const view = parsed(bytes, length);
    assertEquals(unwrapRtx(bytes, view, 6, 96), length - 2);
    assertEquals([view.sequenceNumber, view.ssrc, view.payloadType, view.marker], [sequenceNumber, 6, 96, true]);
    assertEquals(bytes.slice(offset, length - 2), payload.slice(100, 1100));
  }
});

Deno.test("writeRtxPayload() answers -1 when the buffer or the source is too short", () => {
  assertEquals(writeRtxPayload(new Uint8Array(20), 12, 0, new Uint8Array(10), 0, 7), -1);
  assertEquals(writeRtxPayload(new Uint8Array(20), 12, 0, new Uint8Array(10), 0, 6), 20);
  assertEquals(writeRtxPayload(new Uint8Array(40), 12, 0, new Uint8Array(10), 5, 6), -1);
});
