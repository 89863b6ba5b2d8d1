import { assert, assertEquals } from "@std/assert";
import { parseHex, toHex } from "../base/bytes.ts";
import { parseRtcp, type RtcpPacket, writeRtcp } from "./rtcp.ts";

function parse(hex: string): RtcpPacket[] | undefined {
  const bytes = parseHex(hex)!;
  return parseRtcp(bytes, bytes.length);
}

/** One packet of each kind. */
const COMPOUND: readonly RtcpPacket[] = [
  {
    kind: "sr",
    ssrc: 1,
    ntp: { seconds: 2, fraction: 3 },
    rtpTimestamp: 4,
    packetCount: 5,
    octetCount: 6,
    reports: [],
  },
  { kind: "rr", ssrc: 1, reports: [] },
  { kind: "sdes", chunks: [{ ssrc: 1, items: [{ type: 1, text: "name" }] }] },
  { kind: "nack", senderSsrc: 1, mediaSsrc: 2, sequenceNumbers: [65535, 0, 1] },
  { kind: "pli", senderSsrc: 1, mediaSsrc: 2 },
  { kind: "fir", senderSsrc: 1, entries: [{ ssrc: 2, sequenceNumber: 255 }] },
  { kind: "remb", senderSsrc: 1, bitrateBps: 1_000_000, ssrcs: [2, 3] },
  {
    kind: "twcc",
    senderSsrc: 1,
    mediaSsrc: 2,
    baseSequence: 65535,
    referenceTime: 0xffffff,
    feedbackCount: 255,
    packets: [4, null, -1],
  },
  { kind: "xr", ssrc: 1, blocks: [{ kind: "rrtr", ntp: { seconds: 2, fraction: 3 } }] },
  { kind: "other", packetType: 204, count: 3, body: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
  { kind: "bye", ssrcs: [1], reason: "end" },
];

Deno.test("writeRtcp() and parseRtcp() are inverses for a compound of all kinds", () => {
  const bytes = new Uint8Array(1_500).fill(0xa5);
  const length = writeRtcp(COMPOUND, bytes);
  assert(length > 0 && length % 4 === 0);
  assertEquals(parseRtcp(bytes, length), [...COMPOUND]);
  assertEquals(bytes[length], 0xa5);
});

Deno.test("writeRtcp() answers -1 in every buffer that is too short, and fits exactly", () => {
  for (const packet of COMPOUND) {
    const length = writeRtcp([packet], new Uint8Array(200));
    for (let size = 0; size < length; size++) {
      assertEquals(writeRtcp([packet], new Uint8Array(size)), -1, `${packet.kind} in ${size}`);
    }
    assertEquals(writeRtcp([packet], new Uint8Array(length)), length, packet.kind);
  }
});

Deno.test("writeRtcp() writes nothing for no packets", () => {
  assertEquals(writeRtcp([], new Uint8Array(0)), 0);
});

Deno.test("parseRtcp() refuses a compound that is cut off anywhere but between packets", () => {
  const bytes = new Uint8Array(1_500);
  const ends = new Set<number>();
  for (let count = 1; count <= COMPOUND.length; count++) ends.add(writeRtcp(COMPOUND.slice(0, count), bytes));
  const length = writeRtcp(COMPOUND, bytes);
  for (let cut = 0; cut <= length; cut++) {
    assertEquals(parseRtcp(bytes, cut) !== undefined, ends.has(cut), `${cut} of ${length}`);
  }
});

Deno.test("parseRtcp() copies what it keeps", () => {
  const bytes = parseHex("80cc0001 01020304")!;
  const packets = parseRtcp(bytes, bytes.length);
  bytes.fill(0xff);
  assertEquals(packets, [{ kind: "other", packetType: 204, count: 0, body: Uint8Array.of(1, 2, 3, 4) }]);
});

Deno.test("parseRtcp() accepts feedback alone (RFC 5506)", () => {
  assertEquals(parse("81ce0002 00000001 00000002"), [{ kind: "pli", senderSsrc: 1, mediaSsrc: 2 }]);
});

Deno.test("parseRtcp() takes padding off, in any packet and of any length", () => {
  assertEquals(parse("a1ce0003 00000001 00000002 00000004"), [{ kind: "pli", senderSsrc: 1, mediaSsrc: 2 }]);
  assertEquals(parse("a0cc0002 01020304 05060703 80c90001 00000001"), [
    { kind: "other", packetType: 204, count: 0, body: Uint8Array.of(1, 2, 3, 4, 5) },
    { kind: "rr", ssrc: 1, reports: [] },
  ]);
  const empty = { kind: "other", packetType: 204, count: 0, body: new Uint8Array(0) } as const;
  assertEquals(parse("a0cc0001 00000004"), [empty], "nothing but padding");
});

Deno.test("parseRtcp() refuses malformed headers", () => {
  const malformed = {
    "empty": "",
    "three bytes": "80c900",
    "version 1": "40c90001 00000001",
    "longer than the datagram": "80c90002 00000001",
    "padding of 0": "a1ce0003 00000001 00000002 00000000",
    "padding over the header": "a0cc0001 00000005",
    "padding of no content": "a0cc0000",
    "second packet broken": "80c90001 00000001 00000000",
    "trailing bytes": "80c90001 00000001 80c9",
  };
  for (const [name, hex] of Object.entries(malformed)) assertEquals(parse(hex), undefined, name);
  assertEquals(parseRtcp(new Uint8Array(8).fill(0x80), 12), undefined, "length beyond the buffer");
});

Deno.test("parseRtcp() bounds the statuses of a whole compound", () => {
  // 8,191 statuses in one chunk, all "not received": 24 bytes.
  const greedy = "8fcd0005 00000001 00000002 0000 1fff 000000 00 1fff 0000";
  assertEquals(parse(greedy)?.length, 1);
  assertEquals(parse(greedy.repeat(2))?.length, 2);
  assertEquals(parse(greedy.repeat(3)), undefined);
});

Deno.test("writeRtcp() refuses a body that is not whole words", () => {
  const packet: RtcpPacket = { kind: "other", packetType: 204, count: 0, body: Uint8Array.of(1, 2, 3) };
  assertEquals(writeRtcp([packet], new Uint8Array(20)), -1);
});

Deno.test("writeRtcp() sets the version, count and length of each header", () => {
  const bytes = new Uint8Array(100);
  const length = writeRtcp([{ kind: "other", packetType: 255, count: 31, body: new Uint8Array(0) }], bytes);
  assertEquals(toHex(bytes.subarray(0, length)), "9fff0000");
  assertEquals(writeRtcp([{ kind: "other", packetType: 255, count: 32, body: new Uint8Array(0) }], bytes), -1);
});
