import { assertEquals } from "@std/assert";
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

Deno.test("writeSourceDescription() ends each chunk with one to four zeros", () => {
  const ends = ["00000000", "61000000", "6161 0000", "616161 00", "61616161 00000000"];
  for (let length = 0; length < 5; length++) {
    // Item type and length take two bytes, so the text fills up from the middle of a word.
    const text = "a".repeat(length + 2);
    const packet: RtcpPacket = { kind: "sdes", chunks: [{ ssrc: 1, items: [{ type: 1, text }] }] };
    const hex = `00000001 01${(length + 2).toString(16).padStart(2, "0")}6161 ${ends[length]}`.replaceAll(" ", "");
    assertEquals(written(packet), `81ca${(hex.length / 8).toString(16).padStart(4, "0")}${hex}`);
    assertEquals(parseOne(written(packet)!), packet);
  }
});

Deno.test("writeSourceDescription() writes chunks without items, several items and all of UTF-8", () => {
  const packet: RtcpPacket = {
    kind: "sdes",
    chunks: [
      { ssrc: 0xffffffff, items: [] },
      { ssrc: 2, items: [{ type: 1, text: "ü€😀" }, { type: 8, text: "" }, { type: 255, text: "\ufeffx" }] },
    ],
  };
  assertEquals(parseOne(written(packet)!), packet);
});

Deno.test("writeSourceDescription() refuses what its fields cannot hold", () => {
  const sdes = (type: number, text: string): RtcpPacket => ({
    kind: "sdes",
    chunks: [{ ssrc: 1, items: [{ type, text }] }],
  });
  assertEquals(written(sdes(1, "a".repeat(256))), undefined);
  assertEquals(written(sdes(1, "ü".repeat(128))), undefined);
  assertEquals(written(sdes(0, "a")), undefined);
  assertEquals(written(sdes(256, "a")), undefined);
  assertEquals(written({ kind: "sdes", chunks: new Array(32).fill({ ssrc: 1, items: [] }) }), undefined);
  assertEquals(parseOne(written(sdes(1, "a".repeat(255)))!), sdes(1, "a".repeat(255)));
});

Deno.test("parseSourceDescription() reads no chunks and replaces text that is not UTF-8", () => {
  assertEquals(parseOne("80ca0000"), { kind: "sdes", chunks: [] });
  assertEquals(parseOne("81ca0002 00000001 0101ff00"), {
    kind: "sdes",
    chunks: [{ ssrc: 1, items: [{ type: 1, text: "\ufffd" }] }],
  });
});

Deno.test("parseSourceDescription() takes the end of the packet for the end of the last chunk", () => {
  assertEquals(parseOne("81ca0001 00000001"), { kind: "sdes", chunks: [{ ssrc: 1, items: [] }] });
  assertEquals(parseOne("81ca0002 00000001 01024141"), {
    kind: "sdes",
    chunks: [{ ssrc: 1, items: [{ type: 1, text: "AA" }] }],
  });
});

Deno.test("parseSourceDescription() refuses chunks and items that are cut off", () => {
  const malformed = {
    "chunk missing": "81ca0000",
    "text beyond the packet": "81ca0002 00000001 01040000",
    "half an item": "a1ca0003 00000001 01024141 01000003",
    "second chunk missing": "82ca0002 00000001 00000000",
  };
  for (const [name, hex] of Object.entries(malformed)) assertEquals(parseOne(hex), undefined, name);
});

Deno.test("writeBye() and parseBye() handle sources with and without a reason", () => {
  assertEquals(written({ kind: "bye", ssrcs: [1, 0xffffffff] }), "82cb000200000001ffffffff");
  assertEquals(written({ kind: "bye", ssrcs: [1], reason: "bye" }), "81cb00020000000103627965");
  assertEquals(written({ kind: "bye", ssrcs: [1], reason: "byes" }), "81cb0003000000010462796573000000");
  const packets: RtcpPacket[] = [
    { kind: "bye", ssrcs: [] },
    { kind: "bye", ssrcs: [1, 2, 3] },
    { kind: "bye", ssrcs: [], reason: "" },
    { kind: "bye", ssrcs: [5], reason: "ü".repeat(127) },
  ];
  for (const packet of packets) assertEquals(parseOne(written(packet)!), packet);
});

Deno.test("parseBye() refuses sources and reasons that are cut off", () => {
  assertEquals(parseOne("82cb0001 00000001"), undefined);
  assertEquals(parseOne("81cb0002 00000001 04616161"), undefined);
});

Deno.test("writeBye() refuses more sources or text than fit", () => {
  assertEquals(written({ kind: "bye", ssrcs: new Array<number>(32).fill(1) }), undefined);
  assertEquals(written({ kind: "bye", ssrcs: [1], reason: "a".repeat(256) }), undefined);
});
