import { assert, assertEquals } from "@std/assert";
import { parseHex, toHex } from "../base/bytes.ts";
import { parseRtcp, type RtcpPacket, writeRtcp } from "./rtcp.ts";

function parseOne(hex: string): RtcpPacket | undefined {
  const bytes = parseHex(hex)!;
  return parseRtcp(bytes, bytes.length)?.[0];
}

function written(packet: RtcpPacket): string | undefined {
  const bytes = new Uint8Array(1_500).fill(0xa5);
  const length = writeRtcp([packet], bytes);
  return length < 0 ? undefined : toHex(bytes.subarray(0, length));
}

function nack(...sequenceNumbers: number[]): RtcpPacket {
  return { kind: "nack", senderSsrc: 1, mediaSsrc: 0xfffffffe, sequenceNumbers };
}

Deno.test("writeNack() packs up to 17 numbers into one item, across the wrap", () => {
  assertEquals(written(nack(5)), "81cd000300000001fffffffe00050000");
  assertEquals(written(nack(5, 6, 21)), "81cd000300000001fffffffe00058001");
  assertEquals(written(nack(5, 22)), "81cd000400000001fffffffe0005000000160000");
  assertEquals(written(nack(65535, 0, 15)), "81cd000300000001fffffffeffff8001");
});

Deno.test("parseNack() gives back what writeNack() wrote, from every start", () => {
  for (const start of [0, 1, 32767, 32768, 65534, 65535]) {
    for (const steps of [[0], [0, 1, 2, 3], [0, 16], [0, 17], [0, 16, 17, 33, 34, 1000]]) {
      const packet = nack(...steps.map((step) => (start + step) & 0xffff));
      assertEquals(parseOne(written(packet)!), packet);
    }
  }
});

Deno.test("writeNack() writes a repeated number once and takes numbers in any order", () => {
  assertEquals(parseOne(written(nack(7, 7, 8))!), nack(7, 8));
  assertEquals(parseOne(written(nack(8, 7))!), nack(8, 7));
});

Deno.test("writeNack() refuses an empty list and parseNack() one too", () => {
  assertEquals(written(nack()), undefined);
  assertEquals(parseOne("81cd0002 00000001 00000002"), undefined);
  assertEquals(parseOne("a1cd0003 00000001 00000002 00050001"), undefined, "half an item");
});

Deno.test("writePli() follows RFC 4585 section 6.3.1", () => {
  const packet: RtcpPacket = { kind: "pli", senderSsrc: 1, mediaSsrc: 0x89abcdef };
  assertEquals(written(packet), "81ce00020000000189abcdef");
  assertEquals(parseOne(written(packet)!), packet);
});

Deno.test("writeFir() follows RFC 5104 section 4.3.1", () => {
  const packet: RtcpPacket = {
    kind: "fir",
    senderSsrc: 1,
    entries: [{ ssrc: 2, sequenceNumber: 255 }, { ssrc: 0xffffffff, sequenceNumber: 0 }],
  };
  assertEquals(written(packet), "84ce0006" + "00000001" + "00000000" + "00000002ff000000" + "ffffffff00000000");
  assertEquals(parseOne(written(packet)!), packet);
  assertEquals(written({ ...packet, entries: [] }), undefined);
  assertEquals(parseOne("84ce0002 00000001 00000000"), undefined);
  assertEquals(parseOne("84ce0003 00000001 00000000 00000002"), undefined);
});

Deno.test("writeRemb() keeps 18 significant bits", () => {
  const remb = (bitrateBps: number): RtcpPacket => ({ kind: "remb", senderSsrc: 1, bitrateBps, ssrcs: [2] });
  assertEquals(written(remb(0x3ffff)), "8fce0005" + "00000001" + "00000000" + "52454d42" + "0103ffff" + "00000002");
  assertEquals(written(remb(0x40000)), "8fce0005" + "00000001" + "00000000" + "52454d42" + "01060000" + "00000002");
  for (const bitrateBps of [0, 1, 0x3ffff, 0x40000, 1_000_000, 2 ** 40]) {
    assertEquals(parseOne(written(remb(bitrateBps))!), remb(bitrateBps));
  }
  const read = parseOne(written(remb(8_123_457))!);
  assert(read?.kind === "remb");
  assert(read.bitrateBps <= 8_123_457 && read.bitrateBps > 8_123_457 * (1 - 2 ** -17));
});

Deno.test("writeRemb() brings impossible bitrates into range", () => {
  for (const [bitrateBps, expected] of [[-5, 0], [Infinity, 2 ** 53 - 2 ** 35]]) {
    const read = parseOne(written({ kind: "remb", senderSsrc: 1, bitrateBps: bitrateBps!, ssrcs: [] })!);
    assertEquals(read, { kind: "remb", senderSsrc: 1, bitrateBps: expected!, ssrcs: [] });
  }
});

Deno.test("parseRemb() takes the largest exponent as no limit", () => {
  const read = parseOne("8fce0004 00000001 00000000 52454d42 00ffffff");
  assertEquals(read, { kind: "remb", senderSsrc: 1, bitrateBps: Number.MAX_SAFE_INTEGER, ssrcs: [] });
});

Deno.test("parseRemb() refuses fewer sources than announced", () => {
  assertEquals(parseOne("8fce0005 00000001 00000000 52454d42 02060000 00000002"), undefined);
});

Deno.test("parseTransportFeedback() and parsePayloadFeedback() keep other formats as bytes", () => {
  assertEquals(parseOne("82cd0002 00000001 00000002"), {
    kind: "other",
    packetType: 205,
    count: 2,
    body: parseHex("0000000100000002")!,
  });
  const application = parseOne("8fce0003 00000001 00000002 41424344");
  assertEquals(application, { kind: "other", packetType: 206, count: 15, body: parseHex("000000010000000241424344")! });
  assertEquals(written(application!), "8fce0003000000010000000241424344");
});

Deno.test("parseTransportFeedback() and parsePayloadFeedback() refuse a body without both SSRCs", () => {
  for (const hex of ["81cd0001 00000001", "81ce0001 00000001", "8fce0000", "8fcd0001 00000001"]) {
    assertEquals(parseOne(hex), undefined, hex);
  }
});
