import { assertEquals } from "@std/assert";
import { parseHex, toHex } from "../base/bytes.ts";
import { parseRtcp, type ReceiverReport, type ReportBlock, type SenderReport, writeRtcp } from "./rtcp.ts";

const BLOCK: ReportBlock = {
  ssrc: 0xfedcba98,
  fractionLost: 255,
  cumulativeLost: -1,
  highestSequence: 0x0001ffff,
  jitter: 0x80000000,
  lastSenderReport: 0x89abcdef,
  delaySinceLastSenderReport: 0xffffffff,
};
const BLOCK_HEX = "fedcba98 ffffffff 0001ffff 80000000 89abcdef ffffffff";

function parseOne(hex: string) {
  const bytes = parseHex(hex)!;
  return parseRtcp(bytes, bytes.length)?.[0];
}

function writtenLost(cumulativeLost: number): number {
  const bytes = new Uint8Array(100);
  const report: ReceiverReport = { kind: "rr", ssrc: 1, reports: [{ ...BLOCK, cumulativeLost }] };
  const packet = parseRtcp(bytes, writeRtcp([report], bytes))![0]!;
  return packet.kind === "rr" ? packet.reports[0]!.cumulativeLost : NaN;
}

Deno.test("writeSenderReport() and parseSenderReport() follow RFC 3550 section 6.4.1", () => {
  const report: SenderReport = {
    kind: "sr",
    ssrc: 0x11111111,
    ntp: { seconds: 0xeeeeeeee, fraction: 0x80000001 },
    rtpTimestamp: 0xffffffff,
    packetCount: 7,
    octetCount: 0x90000000,
    reports: [BLOCK],
  };
  const hex = `81c8000c 11111111 eeeeeeee 80000001 ffffffff 00000007 90000000 ${BLOCK_HEX}`;
  const bytes = new Uint8Array(52);
  assertEquals(writeRtcp([report], bytes), 52);
  assertEquals(toHex(bytes), hex.replaceAll(" ", ""));
  assertEquals(parseOne(hex), report);
});

Deno.test("writeReceiverReport() and parseReceiverReport() follow RFC 3550 section 6.4.2", () => {
  const report: ReceiverReport = { kind: "rr", ssrc: 1, reports: [BLOCK, { ...BLOCK, ssrc: 2 }] };
  const hex = `82c9000d 00000001 ${BLOCK_HEX} 00000002 ${BLOCK_HEX.slice(9)}`;
  const bytes = new Uint8Array(56);
  assertEquals(writeRtcp([report], bytes), 56);
  assertEquals(toHex(bytes), hex.replaceAll(" ", ""));
  assertEquals(parseOne(hex), report);
});

Deno.test("parseReceiverReport() skips what a profile adds", () => {
  assertEquals(parseOne("80c90002 00000001 ffffffff"), { kind: "rr", ssrc: 1, reports: [] });
});

Deno.test("parseSenderReport() and parseReceiverReport() refuse fewer blocks than announced", () => {
  assertEquals(parseOne(`82c80007 00000001 ${"00000000".repeat(6)}`), undefined);
  assertEquals(parseOne(`82c90007 00000001 ${BLOCK_HEX}`), undefined);
  assertEquals(parseOne("80c90000"), undefined);
  assertEquals(parseOne("80c80005 00000001 00000000 00000000 00000000 00000000"), undefined);
});

Deno.test("writeReceiverReport() keeps the loss count at its limits", () => {
  for (const lost of [0, 1, -1, 0x7fffff, -0x800000]) assertEquals(writtenLost(lost), lost);
  assertEquals(writtenLost(0x800000), 0x7fffff);
  assertEquals(writtenLost(-0x800001), -0x800000);
});

Deno.test("writeReceiverReport() refuses a 32nd block", () => {
  const reports = new Array<ReportBlock>(31).fill(BLOCK);
  const bytes = new Uint8Array(1_500);
  assertEquals(writeRtcp([{ kind: "rr", ssrc: 1, reports }], bytes), 8 + 31 * 24);
  assertEquals(writeRtcp([{ kind: "rr", ssrc: 1, reports: [...reports, BLOCK] }], bytes), -1);
});
