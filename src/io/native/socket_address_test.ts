import { assertEquals } from "@std/assert";
import { seededRandom } from "../../base/random.ts";
import { addressText, AF_INET, AF_INET6, familyOf, portOf, SourceTexts, writeSocketAddress } from "./socket_address.ts";

/** As Deno writes them: RFC 5952. */
const TEXTS = [
  ...["127.0.0.1", "0.0.0.0", "255.255.255.255", "192.0.2.7"],
  ...[
    "::1",
    "::",
    "2001:db8::1",
    "fe80::1:0:0:1",
    "1:0:0:2::3",
    "1:2:3:4:5:6:7:8",
    "1:0:3:4:5:6:7:8",
    "0:2:3:4:5:6:7:8",
  ],
  ...["::ffff:192.0.2.7", "64:ff9b::c000:207", "abcd::", "1::2:0:0:3:4"],
];

Deno.test("writeSocketAddress() and addressText() are each other's reverse", () => {
  for (const text of TEXTS) {
    const family = text.includes(":") ? AF_INET6 : AF_INET;
    const words = writeSocketAddress(text, 0x1234, family)!;
    assertEquals(addressText(words, 0), text);
    assertEquals(portOf(words, 0), 0x1234);
    assertEquals(familyOf(words, 0), family);
  }
});

Deno.test("writeSocketAddress() lays the fields out as the kernel has them", () => {
  const v4 = writeSocketAddress("192.0.2.7", 10_000, AF_INET)!;
  assertEquals([...new Uint8Array(v4.buffer, 0, 16)], [2, 0, 39, 16, 192, 0, 2, 7, 0, 0, 0, 0, 0, 0, 0, 0]);
  const v6 = writeSocketAddress("2001:db8::1", 10_000, AF_INET6)!;
  const address = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
  assertEquals([...new Uint8Array(v6.buffer)], [10, 0, 39, 16, 0, 0, 0, 0, ...address, 0, 0, 0, 0]);
});

Deno.test("writeSocketAddress() reaches IPv4 from an IPv6 socket as mapped address, not the other way round", () => {
  assertEquals(addressText(writeSocketAddress("192.0.2.7", 1, AF_INET6)!, 0), "::ffff:192.0.2.7");
  assertEquals(writeSocketAddress("2001:db8::1", 1, AF_INET), undefined);
  for (const text of ["", "host", "1.2.3", "1.2.3.4.5"]) assertEquals(writeSocketAddress(text, 1, AF_INET), undefined);
  for (const port of [-1, 65_536, NaN]) assertEquals(writeSocketAddress("192.0.2.7", port, AF_INET), undefined);
});

Deno.test("SourceTexts.text() gives the right text however many sources share its table", () => {
  const random = seededRandom(7);
  for (const family of [AF_INET, AF_INET6]) {
    const texts = new SourceTexts(family);
    const blocks: Uint32Array[] = [];
    for (let i = 0; i < 5_000; i++) {
      const bytes = new Uint8Array(32);
      random.fill(bytes);
      // Neighbours differ in few bits, as in life.
      if (i % 2 === 0) bytes.fill(0, 8, 20);
      bytes.set([family, 0, 1, 2]);
      blocks.push(new Uint32Array(bytes.buffer));
    }
    for (let i = 0; i < 20_000; i++) {
      const words = blocks[Math.floor(random.next() * blocks.length)]!;
      assertEquals(texts.text(words, 0), addressText(words, 0));
      assertEquals(texts.text(words, 0), addressText(words, 0));
    }
  }
});

Deno.test("SourceTexts.text() does not take an unused place for the unspecified address", () => {
  const words = writeSocketAddress("0.0.0.0", 1, AF_INET)!;
  assertEquals(new SourceTexts(AF_INET).text(words, 0), "0.0.0.0");
});
