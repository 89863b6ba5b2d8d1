import { readU16, readU24, readU32, writeU16, writeU24, writeU32 } from "../base/bytes.ts";
import type { TransportWideFeedback } from "./rtcp.ts";
import { closeRtcpPacket, FEEDBACK_FORMAT, RTCP_HEADER_LENGTH, RTCP_TYPE } from "./rtcp_wire.ts";

/** Bytes in front of the status chunks: two SSRCs, base, count, reference time, feedback count. */
const FIXED_LENGTH = 16;

/** The two-bit symbols; 3 is reserved. */
const NOT_RECEIVED = 0;
const SMALL_DELTA = 1;
const LARGE_DELTA = 2;

/** Statuses of one chunk in each form. */
const MAX_RUN = 0x1fff;
const ONE_BIT_STATUSES = 14;
const TWO_BIT_STATUSES = 7;

/**
 * Statuses accepted in one packet. Two bytes can stand for 8,191 of them, so the length does not bound the
 * memory; a peer that reports every 100 ms stays below this up to 80,000 packets per second.
 */
const MAX_STATUSES = 8_192;

/** Reads the body of transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1). */
export function parseTransportWide(bytes: Uint8Array, body: number, end: number): TransportWideFeedback | undefined {
  const chunks = body + FIXED_LENGTH;
  if (chunks > end) return undefined;
  const count = readU16(bytes, body + 10);
  if (count === 0 || count > MAX_STATUSES) return undefined;
  const packets: (number | null)[] = [];
  const deltas = parseSymbols(bytes, chunks, end, count, packets);
  if (deltas < 0 || !replaceWithDeltas(bytes, deltas, end, packets)) return undefined;
  return {
    kind: "twcc",
    senderSsrc: readU32(bytes, body),
    mediaSsrc: readU32(bytes, body + 4),
    baseSequence: readU16(bytes, body + 8),
    referenceTime: readU24(bytes, body + 12),
    feedbackCount: bytes[body + 15]!,
    packets,
  };
}

/** Writes transport-wide feedback at `start`; returns where it ends, or -1. */
export function writeTransportWide(packet: TransportWideFeedback, into: Uint8Array, start: number): number {
  const { packets } = packet;
  const body = start + RTCP_HEADER_LENGTH;
  if (packets.length === 0 || packets.length > MAX_STATUSES || body + FIXED_LENGTH > into.length) return -1;
  writeU32(into, body, packet.senderSsrc);
  writeU32(into, body + 4, packet.mediaSsrc);
  writeU16(into, body + 8, packet.baseSequence);
  writeU16(into, body + 10, packets.length);
  writeU24(into, body + 12, packet.referenceTime);
  into[body + 15] = packet.feedbackCount;
  let at = writeChunks(packets, into, body + FIXED_LENGTH);
  if (at < 0) return -1;
  at = writeDeltas(packets, into, at);
  if (at < 0) return -1;
  const padding = (4 - ((at - start) & 3)) & 3;
  if (at + padding > into.length) return -1;
  into.fill(0, at, at + padding);
  return closeRtcpPacket(
    into,
    start,
    at + padding,
    RTCP_TYPE.transportFeedback,
    FEEDBACK_FORMAT.transportWide,
  );
}

/** Appends `count` symbols to `symbols` and returns where the deltas start; -1 when chunks are missing. */
function parseSymbols(
  bytes: Uint8Array,
  start: number,
  end: number,
  count: number,
  symbols: (number | null)[],
): number {
  let at = start;
  while (symbols.length < count) {
    if (at + 2 > end) return -1;
    const chunk = readU16(bytes, at);
    at += 2;
    // The last chunk may hold more statuses than are left; the rest of it means nothing.
    const left = count - symbols.length;
    if ((chunk & 0x8000) === 0) {
      const run = Math.min(chunk & MAX_RUN, left);
      if (run === 0) return -1;
      for (let i = 0; i < run; i++) symbols.push(chunk >>> 13);
    } else if ((chunk & 0x4000) === 0) {
      for (let i = 0; i < Math.min(ONE_BIT_STATUSES, left); i++) symbols.push((chunk >>> (13 - i)) & 1);
    } else {
      for (let i = 0; i < Math.min(TWO_BIT_STATUSES, left); i++) symbols.push((chunk >>> (12 - 2 * i)) & 3);
    }
  }
  return at;
}

/** Puts the delta of each received packet, or `null`, in place of its symbol; `false` when deltas are missing. */
function replaceWithDeltas(bytes: Uint8Array, start: number, end: number, packets: (number | null)[]): boolean {
  let at = start;
  for (let i = 0; i < packets.length; i++) {
    switch (packets[i]) {
      case NOT_RECEIVED:
        packets[i] = null;
        break;
      case SMALL_DELTA:
        if (at + 1 > end) return false;
        packets[i] = bytes[at++]!;
        break;
      case LARGE_DELTA:
        if (at + 2 > end) return false;
        packets[i] = (readU16(bytes, at) << 16) >> 16;
        at += 2;
        break;
      default:
        return false;
    }
  }
  return true;
}

/** Packs the symbols into as few chunks as a look ahead by one chunk gives; returns where they end, or -1. */
function writeChunks(packets: readonly (number | null)[], into: Uint8Array, start: number): number {
  let at = start;
  let i = 0;
  while (i < packets.length) {
    if (at + 2 > into.length) return -1;
    const symbol = symbolOf(packets[i]);
    const run = runLength(packets, i);
    const bits = hasLarge(packets, i) ? TWO_BIT_STATUSES : ONE_BIT_STATUSES;
    if (run >= bits || i + run === packets.length) {
      writeU16(into, at, (symbol << 13) | run);
      i += run;
    } else {
      writeU16(into, at, vectorChunk(packets, i, bits));
      i += bits;
    }
    at += 2;
  }
  return at;
}

function vectorChunk(packets: readonly (number | null)[], start: number, statuses: number): number {
  const twoBit = statuses === TWO_BIT_STATUSES;
  let chunk = twoBit ? 0xc000 : 0x8000;
  for (let i = 0; i < statuses && start + i < packets.length; i++) {
    const symbol = symbolOf(packets[start + i]);
    chunk |= twoBit ? symbol << (12 - 2 * i) : symbol << (13 - i);
  }
  return chunk;
}

function writeDeltas(packets: readonly (number | null)[], into: Uint8Array, start: number): number {
  let at = start;
  for (const delta of packets) {
    if (delta === null) continue;
    if (delta < -0x8000 || delta > 0x7fff || at + 2 > into.length) return -1;
    if (symbolOf(delta) === SMALL_DELTA) into[at++] = delta;
    else {
      writeU16(into, at, delta);
      at += 2;
    }
  }
  return at;
}

/** How many entries from `start` on have the same symbol. */
function runLength(packets: readonly (number | null)[], start: number): number {
  const symbol = symbolOf(packets[start]);
  const limit = Math.min(packets.length, start + MAX_RUN);
  let end = start + 1;
  while (end < limit && symbolOf(packets[end]) === symbol) end++;
  return end - start;
}

/** Whether the next one-bit chunk would meet a delta that needs two bits. */
function hasLarge(packets: readonly (number | null)[], start: number): boolean {
  const end = Math.min(packets.length, start + ONE_BIT_STATUSES);
  for (let i = start; i < end; i++) {
    if (symbolOf(packets[i]) === LARGE_DELTA) return true;
  }
  return false;
}

function symbolOf(delta: number | null | undefined): number {
  if (delta === null || delta === undefined) return NOT_RECEIVED;
  return delta >= 0 && delta <= 0xff ? SMALL_DELTA : LARGE_DELTA;
}
