import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { parseHex } from "../base/bytes.ts";
import { RtpView } from "./rtp_view.ts";

function bytes(hex: string): Uint8Array {
  return parseHex(hex)!;
}

function parse(hex: string): RtpView | undefined {
  const view = new RtpView();
  const packet = bytes(hex);
  return view.parse(packet, packet.length) ? view : undefined;
}

Deno.test("parse() reads the fixed header", () => {
  const view = parse("80e0 fffe 89abcdef fedcba98 010203")!;
  assert(view.marker);
  assertEquals(view.payloadType, 96);
  assertEquals(view.sequenceNumber, 0xfffe);
  assertEquals(view.timestamp, 0x89abcdef);
  assertEquals(view.ssrc, 0xfedcba98);
  assertEquals([view.csrcCount, view.extensionProfile, view.extensionLength, view.paddingLength], [0, 0, 0, 0]);
  assertEquals([view.payloadOffset, view.payloadLength, view.length], [12, 3, 15]);
});

Deno.test("parse() skips contributing sources and the extension of any profile", () => {
  const view = parse("920a 0001 00000002 00000003 aaaaaaaa bbbbbbbb 1234 0002 0102030405060708 ff")!;
  assertEquals(view.csrcCount, 2);
  assertEquals(view.extensionProfile, 0x1234);
  assertEquals([view.extensionOffset, view.extensionLength], [24, 8]);
  assertEquals([view.payloadOffset, view.payloadLength], [32, 1]);
});

Deno.test("parse() accepts an extension without data", () => {
  const view = parse("900a 0001 00000002 00000003 bede 0000 ff")!;
  assertEquals([view.extensionProfile, view.extensionLength, view.payloadOffset], [0xbede, 0, 16]);
});

Deno.test("parse() takes padding off the payload", () => {
  const view = parse("a00a 0001 00000002 00000003 ffff 000003")!;
  assertEquals([view.payloadLength, view.paddingLength], [2, 3]);
});

Deno.test("parse() accepts a packet of padding alone and one without payload", () => {
  const view = parse("a00a 0001 00000002 00000003 00000004")!;
  assertEquals([view.payloadLength, view.paddingLength], [0, 4]);
  assertEquals(parse("800a 0001 00000002 00000003")!.payloadLength, 0);
});

Deno.test("parse() keeps within `length`, whatever follows in the buffer", () => {
  const view = new RtpView();
  const packet = bytes("800a 0001 00000002 00000003 ffff eeeeeeee");
  assert(view.parse(packet, 14));
  assertEquals(view.payloadLength, 2);
  assertStrictEquals(view.bytes, packet);
});

Deno.test("parse() refuses malformed packets", () => {
  const malformed = {
    "empty": "",
    "one byte short of a header": "800a 0001 00000002 000000",
    "version 1": "400a 0001 00000002 00000003",
    "version 3": "c00a 0001 00000002 00000003",
    "sources cut off": "820a 0001 00000002 00000003 aaaaaaaa bbbbbb",
    "extension header cut off": "900a 0001 00000002 00000003 bede00",
    "extension data cut off": "900a 0001 00000002 00000003 bede0001 100000",
    "padding of nothing": "a00a 0001 00000002 00000003",
    "padding of 0 bytes": "a00a 0001 00000002 00000003 ff00",
    "more padding than payload": "b00a 0001 00000002 00000003 bede0000 ff03",
  };
  for (const [name, hex] of Object.entries(malformed)) assertEquals(parse(hex), undefined, name);
  const view = new RtpView();
  assert(!view.parse(new Uint8Array(20).fill(0x80), 21), "length beyond the buffer");
});

Deno.test("parse() leaves nothing of the packet before", () => {
  const view = new RtpView();
  const rich = bytes("b28a 0001 00000002 00000003 aaaaaaaa bbbbbbbb bede 0001 10ff0000 ff 000003");
  const plain = bytes("8001 0002 00000003 00000004 ff");
  assert(view.parse(rich, rich.length));
  assert(view.parse(plain, plain.length));
  const fresh = new RtpView();
  fresh.parse(plain, plain.length);
  assertEquals({ ...view }, { ...fresh });
});
