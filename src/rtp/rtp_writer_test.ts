import { assert, assertEquals } from "@std/assert";
import { toHex } from "../base/bytes.ts";
import { ExtensionIndex } from "./header_extension.ts";
import { RtpView } from "./rtp_view.ts";
import { RtpWriter } from "./rtp_writer.ts";

function dirty(length: number): Uint8Array {
  return new Uint8Array(length).fill(0xa5);
}

Deno.test("start() and finish() write a plain header over whatever was there", () => {
  const bytes = dirty(20);
  const writer = new RtpWriter();
  writer.start(bytes, true, 96, 65535, 0xfffffffe, 0x89abcdef, false);
  assertEquals(writer.finish(), 12);
  assertEquals(toHex(bytes.subarray(0, 13)), "80e0fffffffffffe89abcdefa5");
});

Deno.test("start() keeps numbers that are too large within their fields", () => {
  const bytes = dirty(20);
  const writer = new RtpWriter();
  writer.start(bytes, false, 0x1ff, 0x1_0001, 0x1_0000_0002, -1, false);
  assertEquals(toHex(bytes.subarray(0, 12)), "807f000100000002ffffffff");
});

Deno.test("extension() reserves one-byte elements and finish() pads them with zeros", () => {
  const bytes = dirty(40);
  const writer = new RtpWriter();
  writer.start(bytes, false, 0, 0, 0, 0, false);
  assertEquals(writer.extension(3, 2), 17);
  assertEquals(writer.extension(14, 16), 20);
  bytes.set([1, 2], 17);
  bytes.fill(9, 20, 36);
  assertEquals(writer.finish(), 36);
  assertEquals(toHex(bytes.subarray(12, 37)), "bede0005" + "310102" + "ef" + "09".repeat(16) + "a5");
  assertEquals(bytes[0], 0x90);
});

Deno.test("extension() reserves two-byte elements", () => {
  const bytes = dirty(40);
  const writer = new RtpWriter();
  writer.start(bytes, false, 0, 0, 0, 0, true);
  assertEquals(writer.extension(200, 0), 18);
  assertEquals(writer.extension(1, 3), 20);
  bytes.fill(7, 20, 23);
  assertEquals(writer.finish(), 24);
  assertEquals(toHex(bytes.subarray(12, 24)), "10000002" + "c800" + "0103070707" + "00");
});

Deno.test("extension() refuses what the form cannot hold and leaves the packet as it was", () => {
  const bytes = dirty(600);
  const writer = new RtpWriter();
  writer.start(bytes, false, 0, 0, 0, 0, false);
  for (const [id, length] of [[0, 1], [15, 1], [16, 1], [-1, 1], [1, 0], [1, 17]]) {
    assertEquals(writer.extension(id!, length!), -1, `${id} ${length}`);
  }
  assertEquals(writer.finish(), 12);
  assertEquals(bytes[0], 0x80);
  writer.start(bytes, false, 0, 0, 0, 0, true);
  for (const [id, length] of [[0, 1], [256, 1], [1, -1], [1, 256]]) {
    assertEquals(writer.extension(id!, length!), -1, `${id} ${length}`);
  }
  assertEquals(writer.extension(255, 255), 18);
});

Deno.test("extension() refuses what the buffer cannot hold, padding included", () => {
  for (let size = 12; size < 24; size++) {
    const bytes = dirty(size);
    const writer = new RtpWriter();
    writer.start(bytes, false, 0, 0, 0, 0, false);
    const added = writer.extension(1, 1) >= 0;
    assertEquals(added, size >= 21, `${size}`);
    assert(writer.finish() <= size);
  }
});

Deno.test("RtpWriter is read back by RtpView and ExtensionIndex, packet after packet", () => {
  const writer = new RtpWriter();
  const view = new RtpView();
  const index = new ExtensionIndex();
  const bytes = dirty(200);
  for (const sequenceNumber of [0, 1, 32767, 32768, 65534, 65535]) {
    for (const twoByte of [false, true]) {
      writer.start(bytes, twoByte, 111, sequenceNumber, sequenceNumber * 960, 5, twoByte);
      const ids = [1, 5, 9].slice(0, sequenceNumber % 4);
      const offsets = ids.map((id) => writer.extension(id, id));
      const payload = writer.finish();
      assert(view.parse(bytes, payload + 10));
      assert(index.parse(view));
      assertEquals([view.marker, view.sequenceNumber, view.payloadOffset], [twoByte, sequenceNumber, payload]);
      assertEquals(ids.map((id) => index.offsetOf(id)), offsets);
      assertEquals(ids.map((id) => index.lengthOf(id)), ids);
    }
  }
});
