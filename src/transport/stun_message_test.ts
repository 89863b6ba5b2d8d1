import { assert, assertEquals } from "@std/assert";
import { parseHex, readU16, toHex } from "../base/bytes.ts";
import { parseIpAddress } from "../base/parse_ip.ts";
import { HmacSha1 } from "./sha1.ts";
import { STUN_BINDING, StunAttribute, StunClass, stunLocalUfrag, StunView } from "./stun_message.ts";
import { StunWriter } from "./stun_writer.ts";

/** RFC 5769 sections 2.1 to 2.3; all three use the same password and transaction. */
const PASSWORD = "VOkJxbRl1RmTxUk/WvJxBt";
const REQUEST = `00010058 2112a442 b7e7a701bc34d686fa87dfae 80220010 5354554e207465737420636c69656e74 00240004 6e0001ff
  80290008 932ff9b151263b36 00060009 6576746a3a68367659202020 00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2
  80280004 e57a3bcf`;
const RESPONSE_V4 =
  `0101003c 2112a442 b7e7a701bc34d686fa87dfae 8022000b 7465737420766563746f7220 00200008 0001a147e112a643
  00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7 80280004 c07d4c96`;
const RESPONSE_V6 = `01010048 2112a442 b7e7a701bc34d686fa87dfae 8022000b 7465737420766563746f7220
  00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9 00080014 a382954e4be67bf11784c97c8292c275bfe3ed41 80280004 c8fb0b4c`;

const bytesOf = (hex: string) => parseHex(hex)!;
const key = (password: string) => new HmacSha1(new TextEncoder().encode(password));

Deno.test("StunView.parse() reads the sample request of RFC 5769", () => {
  const bytes = bytesOf(REQUEST);
  const view = new StunView();
  assert(view.parse(bytes, bytes.length));
  assertEquals([view.messageClass, view.method], [StunClass.request, STUN_BINDING]);
  assertEquals([view.priority, view.controlled, view.controlling, view.useCandidate], [0x6e0001ff, true, false, false]);
  assertEquals(view.localUfrag(), "evtj");
  assertEquals(stunLocalUfrag(bytes, bytes.length), "evtj");
  assert(view.usernameIs(new TextEncoder().encode("evtj:h6vY")));
  assert(!view.usernameIs(new TextEncoder().encode("evtj:h6vX")));
  assert(view.integrityIsRight(key(PASSWORD)));
  assert(!view.integrityIsRight(key(PASSWORD + "x")));
  assert(view.fingerprintIsRight());
  assertEquals(view.unknown, []);
});

for (
  const [name, hex, address] of [
    ["IPv4", RESPONSE_V4, "192.0.2.1"],
    ["IPv6", RESPONSE_V6, "2001:db8:1234:5678:11:2233:4455:6677"],
  ] as const
) {
  Deno.test(`StunView.parse() and StunWriter agree with the ${name} response of RFC 5769`, () => {
    const bytes = bytesOf(hex);
    const view = new StunView();
    assert(view.parse(bytes, bytes.length));
    assertEquals(view.messageClass, StunClass.success);
    assert(view.integrityIsRight(key(PASSWORD)) && view.fingerprintIsRight());

    const written = new Uint8Array(200).fill(0x20);
    const writer = new StunWriter(written, StunClass.success, STUN_BINDING, bytes);
    writer.xorMappedAddress(parseIpAddress(address)!, 32853);
    const size = readU16(bytes, view.mappedOffset - 2) + 4;
    assertEquals(
      toHex(written.subarray(20, 20 + size)),
      toHex(bytes.subarray(view.mappedOffset - 4).subarray(0, size)),
    );
    writer.integrity(key("another")).fingerprint();
    assert(view.parse(written, writer.length));
    assert(view.integrityIsRight(key("another")) && view.fingerprintIsRight());
  });
}

Deno.test("StunView notices every changed bit of a protected message", () => {
  const bytes = bytesOf(REQUEST);
  const view = new StunView();
  const secret = key(PASSWORD);
  for (let bit = 0; bit < 8 * (bytes.length - 8); bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    const accepted = view.parse(bytes, bytes.length) && view.integrityIsRight(secret);
    assert(!accepted, `bit ${bit}`);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
  }
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    assert(
      !(view.parse(bytes, bytes.length) && view.fingerprintOffset >= 0 && view.fingerprintIsRight()),
      `bit ${bit}`,
    );
    bytes[bit >> 3]! ^= 1 << (bit & 7);
  }
});

Deno.test("StunView.parse() refuses every cut of a message", () => {
  const bytes = bytesOf(REQUEST);
  const view = new StunView();
  for (let length = 0; length < bytes.length; length++) {
    assert(!view.parse(bytes, length), `length ${length}`);
    assert(!view.parse(bytes.slice(0, length), length), `length ${length}`);
  }
  assert(!view.parse(bytes, bytes.length + 4));
});

Deno.test("StunView.parse() ignores what follows MESSAGE-INTEGRITY and nothing may follow FINGERPRINT", () => {
  const into = new Uint8Array(200);
  const view = new StunView();
  const late = new StunWriter(into, StunClass.request, STUN_BINDING, new Uint8Array(20)).integrity(key("x"));
  late.attribute(StunAttribute.useCandidate, new Uint8Array(0)).attribute(0x7777, new Uint8Array(3));
  assert(view.parse(into, late.length));
  assertEquals([view.useCandidate, view.unknown.length], [false, 0]);
  assert(view.integrityIsRight(key("x")));

  const behind = new StunWriter(into, StunClass.request, STUN_BINDING, new Uint8Array(20)).fingerprint();
  assert(view.parse(into, behind.length));
  behind.attribute(0x8888, new Uint8Array(4));
  assert(!view.parse(into, behind.length));
});

Deno.test("StunView.parse() lists unknown types that must be understood, eight at most", () => {
  const into = new Uint8Array(400);
  const writer = new StunWriter(into, StunClass.request, STUN_BINDING, new Uint8Array(20));
  for (let i = 0; i < 20; i++) writer.attribute(0x7000 + i, new Uint8Array(i));
  writer.attribute(0xc057, new Uint8Array(4));
  const view = new StunView();
  assert(view.parse(into, writer.length));
  assertEquals(view.unknown, [0x7000, 0x7001, 0x7002, 0x7003, 0x7004, 0x7005, 0x7006, 0x7007]);
});

Deno.test("StunView.parse() refuses fixed-size attributes of another size", () => {
  const view = new StunView();
  for (const type of [0x0008, 0x0024, 0x0025, 0x8028, 0x8029, 0x802a]) {
    const into = new Uint8Array(100);
    const writer = new StunWriter(into, StunClass.request, STUN_BINDING, new Uint8Array(20));
    writer.attribute(type, new Uint8Array(5));
    assert(!view.parse(into, writer.length), type.toString(16));
  }
});

Deno.test("StunWriter writes class and method so that StunView reads them back", () => {
  const into = new Uint8Array(20);
  const view = new StunView();
  for (const messageClass of Object.values(StunClass)) {
    for (const method of [1, 3, 0x0f, 0x10, 0x7f, 0x80, 0xfff]) {
      const writer = new StunWriter(into, messageClass, method, new Uint8Array(20));
      assert(view.parse(into, writer.length));
      assertEquals([view.messageClass, view.method], [messageClass, method]);
    }
  }
});

Deno.test("stunLocalUfrag() reads only requests and only up to a bounded colon", () => {
  const request = (username: string, messageClass: number = StunClass.request) => {
    const into = new Uint8Array(600);
    const writer = new StunWriter(into, messageClass, STUN_BINDING, new Uint8Array(20));
    writer.attribute(StunAttribute.username, new TextEncoder().encode(username));
    return stunLocalUfrag(into, writer.length);
  };
  assertEquals(request("abcd:efgh"), "abcd");
  assertEquals(request(":efgh"), "");
  assertEquals(request("abcd"), undefined);
  assertEquals(request("a".repeat(64) + ":b"), "a".repeat(64));
  assertEquals(request("a".repeat(65) + ":b"), undefined);
  assertEquals(request("abcd:efgh", StunClass.indication), undefined);
});
