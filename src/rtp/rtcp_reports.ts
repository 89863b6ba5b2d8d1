import { readU24, readU32, writeU24, writeU32 } from "../base/bytes.ts";
import type { ReceiverReport, ReportBlock, SenderReport } from "./rtcp.ts";
import { closeRtcpPacket, MAX_RTCP_COUNT, RTCP_HEADER_LENGTH, RTCP_TYPE } from "./rtcp_wire.ts";

/** Bytes of a report block (RFC 3550 section 6.4.1). */
const BLOCK_LENGTH = 24;

/** Bytes of a sender report between its header and its blocks. */
const SENDER_INFO_LENGTH = 24;

/** The limits of the signed 24-bit loss count; it stays at them instead of wrapping (RFC 3550 appendix A.3). */
const MAX_LOST = 0x7fffff;
const MIN_LOST = -0x800000;

/** Reads the body of a sender report; profile-specific bytes behind the blocks are skipped. */
export function parseSenderReport(
  bytes: Uint8Array,
  body: number,
  end: number,
  count: number,
): SenderReport | undefined {
  const blocks = body + SENDER_INFO_LENGTH;
  if (blocks + BLOCK_LENGTH * count > end) return undefined;
  return {
    kind: "sr",
    ssrc: readU32(bytes, body),
    ntp: { seconds: readU32(bytes, body + 4), fraction: readU32(bytes, body + 8) },
    rtpTimestamp: readU32(bytes, body + 12),
    packetCount: readU32(bytes, body + 16),
    octetCount: readU32(bytes, body + 20),
    reports: parseBlocks(bytes, blocks, count),
  };
}

/** Reads the body of a receiver report; profile-specific bytes behind the blocks are skipped. */
export function parseReceiverReport(
  bytes: Uint8Array,
  body: number,
  end: number,
  count: number,
): ReceiverReport | undefined {
  if (body + 4 + BLOCK_LENGTH * count > end) return undefined;
  return { kind: "rr", ssrc: readU32(bytes, body), reports: parseBlocks(bytes, body + 4, count) };
}

/** Writes a sender report at `start`; returns where it ends, or -1. */
export function writeSenderReport(packet: SenderReport, into: Uint8Array, start: number): number {
  const body = start + RTCP_HEADER_LENGTH;
  const blocks = body + SENDER_INFO_LENGTH;
  const count = packet.reports.length;
  const end = blocks + BLOCK_LENGTH * count;
  if (count > MAX_RTCP_COUNT || end > into.length) return -1;
  writeU32(into, body, packet.ssrc);
  writeU32(into, body + 4, packet.ntp.seconds);
  writeU32(into, body + 8, packet.ntp.fraction);
  writeU32(into, body + 12, packet.rtpTimestamp);
  writeU32(into, body + 16, packet.packetCount);
  writeU32(into, body + 20, packet.octetCount);
  writeBlocks(packet.reports, into, blocks);
  return closeRtcpPacket(into, start, end, RTCP_TYPE.senderReport, count);
}

/** Writes a receiver report at `start`; returns where it ends, or -1. */
export function writeReceiverReport(packet: ReceiverReport, into: Uint8Array, start: number): number {
  const body = start + RTCP_HEADER_LENGTH;
  const count = packet.reports.length;
  const end = body + 4 + BLOCK_LENGTH * count;
  if (count > MAX_RTCP_COUNT || end > into.length) return -1;
  writeU32(into, body, packet.ssrc);
  writeBlocks(packet.reports, into, body + 4);
  return closeRtcpPacket(into, start, end, RTCP_TYPE.receiverReport, count);
}

function parseBlocks(bytes: Uint8Array, start: number, count: number): ReportBlock[] {
  const blocks: ReportBlock[] = [];
  for (let i = 0, at = start; i < count; i++, at += BLOCK_LENGTH) {
    blocks.push({
      ssrc: readU32(bytes, at),
      fractionLost: bytes[at + 4]!,
      cumulativeLost: (readU24(bytes, at + 5) << 8) >> 8,
      highestSequence: readU32(bytes, at + 8),
      jitter: readU32(bytes, at + 12),
      lastSenderReport: readU32(bytes, at + 16),
      delaySinceLastSenderReport: readU32(bytes, at + 20),
    });
  }
  return blocks;
}

function writeBlocks(blocks: readonly ReportBlock[], into: Uint8Array, start: number): void {
  let at = start;
  for (const block of blocks) {
    writeU32(into, at, block.ssrc);
    into[at + 4] = block.fractionLost;
    writeU24(into, at + 5, Math.max(MIN_LOST, Math.min(MAX_LOST, block.cumulativeLost)));
    writeU32(into, at + 8, block.highestSequence);
    writeU32(into, at + 12, block.jitter);
    writeU32(into, at + 16, block.lastSenderReport);
    writeU32(into, at + 20, block.delaySinceLastSenderReport);
    at += BLOCK_LENGTH;
  }
}
