import { assertEquals } from "@std/assert";
import { parseHex, toHex } from "../base/bytes.ts";
import { parseRtcp, type RtcpPacket, writeRtcp, type XrBlock } from "./rtcp.ts";

function parseBlocks(hex: string): readonly XrBlock[] | undefined {
  const digits = hex.replaceAll(" ", "");
  const bytes = parseHex(`80cf${(1 + digits.length / 8).toString(16).padStart(4, "0")} 00000001 ${digits}`)!;
  const packet = parseRtcp(bytes, bytes.length)?.[0];
  return packet?.kind === "xr" ? packet.blocks : undefined;
}

function writtenBlocks(...blocks: XrBlock[]): string | undefined {
  const bytes = new Uint8Array(1_500).fill(0xa5);
  const packet: RtcpPacket = { kind: "xr", ssrc: 1, blocks };
  const length = writeRtcp([packet], bytes);
  return length < 0 ? undefined : toHex(bytes.subarray(8, length));
}

Deno.test("writeExtendedReport() and parseExtendedReport() carry the reference time", () => {
  const block: XrBlock = { kind: "rrtr", ntp: { seconds: 0x89abcdef, fraction: 0xffffffff } };
  assertEquals(writtenBlocks(block), "0400000289abcdefffffffff");
  assertEquals(parseBlocks(writtenBlocks(block)!), [block]);
});

Deno.test("writeExtendedReport() and parseExtendedReport() carry the answers to it", () => {
  const block: XrBlock = {
    kind: "dlrr",
    items: [{ ssrc: 2, lastReceiverReport: 0x80000000, delay: 4 }, { ssrc: 3, lastReceiverReport: 0, delay: 0 }],
  };
  assertEquals(writtenBlocks(block), "05000006000000028000000000000004000000030000000000000000");
  assertEquals(parseBlocks(writtenBlocks(block)!), [block]);
});

Deno.test("parseExtendedReport() keeps unknown blocks as bytes, between known ones", () => {
  const blocks: XrBlock[] = [
    { kind: "other", blockType: 255, typeSpecific: 7, body: Uint8Array.of(1, 2, 3, 4) },
    { kind: "dlrr", items: [] },
    { kind: "other", blockType: 0, typeSpecific: 0, body: new Uint8Array(0) },
    { kind: "rrtr", ntp: { seconds: 1, fraction: 2 } },
  ];
  assertEquals(parseBlocks(writtenBlocks(...blocks)!), blocks);
  assertEquals(parseBlocks(""), []);
});

Deno.test("parseExtendedReport() refuses blocks that are cut off or of the wrong size", () => {
  for (const hex of ["04000002 00000000", "04000001 00000000", "05000002 00000000 00000000", "ff000001"]) {
    assertEquals(parseBlocks(hex), undefined, hex);
  }
  const bytes = parseHex("80cf0000")!;
  assertEquals(parseRtcp(bytes, bytes.length), undefined, "no SSRC");
});

Deno.test("writeExtendedReport() refuses a body that is not whole words", () => {
  const body = Uint8Array.of(1, 2, 3);
  assertEquals(writtenBlocks({ kind: "other", blockType: 9, typeSpecific: 0, body }), undefined);
});
