import { readU16, readU32, writeU16, writeU32 } from "../base/bytes.ts";
import type { ExtendedReport, XrBlock, XrDelay } from "./rtcp.ts";
import { closeRtcpPacket, RTCP_HEADER_LENGTH, RTCP_TYPE } from "./rtcp_wire.ts";

/** Block types (RFC 3611 sections 4.4 and 4.5). */
const RRTR = 4;
const DLRR = 5;

/** Bytes of a block's own header. */
const BLOCK_HEADER_LENGTH = 4;

/** Bytes of one answer in a DLRR block. */
const DELAY_LENGTH = 12;

/** Reads the body of an extended report; block types we do not know are kept as bytes. */
export function parseExtendedReport(bytes: Uint8Array, body: number, end: number): ExtendedReport | undefined {
  if (body + 4 > end) return undefined;
  const blocks: XrBlock[] = [];
  let at = body + 4;
  while (at < end) {
    const content = at + BLOCK_HEADER_LENGTH;
    if (content > end) return undefined;
    const blockEnd = content + 4 * readU16(bytes, at + 2);
    if (blockEnd > end) return undefined;
    const block = parseBlock(bytes, at, blockEnd);
    if (block === undefined) return undefined;
    blocks.push(block);
    at = blockEnd;
  }
  return { kind: "xr", ssrc: readU32(bytes, body), blocks };
}

/** Writes an extended report at `start`; returns where it ends, or -1. */
export function writeExtendedReport(packet: ExtendedReport, into: Uint8Array, start: number): number {
  const body = start + RTCP_HEADER_LENGTH;
  let at = body + 4;
  if (at > into.length) return -1;
  writeU32(into, body, packet.ssrc);
  for (const block of packet.blocks) {
    at = writeBlock(block, into, at);
    if (at < 0) return -1;
  }
  return closeRtcpPacket(into, start, at, RTCP_TYPE.extendedReport, 0);
}

function parseBlock(bytes: Uint8Array, start: number, end: number): XrBlock | undefined {
  const blockType = bytes[start]!;
  const content = start + BLOCK_HEADER_LENGTH;
  const length = end - content;
  if (blockType === RRTR) {
    if (length !== 8) return undefined;
    return { kind: "rrtr", ntp: { seconds: readU32(bytes, content), fraction: readU32(bytes, content + 4) } };
  }
  if (blockType === DLRR) {
    if (length % DELAY_LENGTH !== 0) return undefined;
    const items: XrDelay[] = [];
    for (let at = content; at < end; at += DELAY_LENGTH) {
      items.push({
        ssrc: readU32(bytes, at),
        lastReceiverReport: readU32(bytes, at + 4),
        delay: readU32(bytes, at + 8),
      });
    }
    return { kind: "dlrr", items };
  }
  return { kind: "other", blockType, typeSpecific: bytes[start + 1]!, body: bytes.slice(content, end) };
}

function writeBlock(block: XrBlock, into: Uint8Array, start: number): number {
  const content = start + BLOCK_HEADER_LENGTH;
  switch (block.kind) {
    case "rrtr":
      if (content + 8 > into.length) return -1;
      writeU32(into, content, block.ntp.seconds);
      writeU32(into, content + 4, block.ntp.fraction);
      return closeBlock(into, start, content + 8, RRTR, 0);
    case "dlrr": {
      let at = content;
      if (at + DELAY_LENGTH * block.items.length > into.length) return -1;
      for (const item of block.items) {
        writeU32(into, at, item.ssrc);
        writeU32(into, at + 4, item.lastReceiverReport);
        writeU32(into, at + 8, item.delay);
        at += DELAY_LENGTH;
      }
      return closeBlock(into, start, at, DLRR, 0);
    }
    case "other": {
      const end = content + block.body.length;
      if (end > into.length) return -1;
      into.set(block.body, content);
      return closeBlock(into, start, end, block.blockType, block.typeSpecific);
    }
  }
}

function closeBlock(into: Uint8Array, start: number, end: number, blockType: number, typeSpecific: number): number {
  const words = (end - start) / 4 - 1;
  if (!Number.isInteger(words) || words > 0xffff) return -1;
  into[start] = blockType;
  into[start + 1] = typeSpecific;
  writeU16(into, start + 2, words);
  return end;
}
