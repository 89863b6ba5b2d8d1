import { readU32, writeU32 } from "../base/bytes.ts";
import type { Bye, SdesItem, SourceDescription } from "./rtcp.ts";
import { closeRtcpPacket, MAX_RTCP_COUNT, RTCP_HEADER_LENGTH, RTCP_TYPE } from "./rtcp_wire.ts";

/** The item type that ends a chunk's list (RFC 3550 section 6.5). */
const END_OF_ITEMS = 0;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** Reads the body of a source description; text that is not UTF-8 gets replacement characters. */
export function parseSourceDescription(
  bytes: Uint8Array,
  body: number,
  end: number,
  count: number,
): SourceDescription | undefined {
  const chunks: { ssrc: number; items: SdesItem[] }[] = [];
  let at = body;
  for (let i = 0; i < count; i++) {
    if (at + 4 > end) return undefined;
    const ssrc = readU32(bytes, at);
    const items: SdesItem[] = [];
    at = parseItems(bytes, at + 4, end, items);
    if (at < 0) return undefined;
    chunks.push({ ssrc, items });
    // The list ends with one to four zero bytes, up to the next 32-bit boundary of the packet.
    at += 4 - ((at - body) & 3);
  }
  return { kind: "sdes", chunks };
}

/** Reads the body of a goodbye. */
export function parseBye(bytes: Uint8Array, body: number, end: number, count: number): Bye | undefined {
  const after = body + 4 * count;
  if (after > end) return undefined;
  const ssrcs: number[] = [];
  for (let at = body; at < after; at += 4) ssrcs.push(readU32(bytes, at));
  if (after === end) return { kind: "bye", ssrcs };
  const text = after + 1;
  const textEnd = text + bytes[after]!;
  if (textEnd > end) return undefined;
  return { kind: "bye", ssrcs, reason: decoder.decode(bytes.subarray(text, textEnd)) };
}

/** Writes a source description at `start`; returns where it ends, or -1. */
export function writeSourceDescription(packet: SourceDescription, into: Uint8Array, start: number): number {
  if (packet.chunks.length > MAX_RTCP_COUNT) return -1;
  let at = start + RTCP_HEADER_LENGTH;
  if (at > into.length) return -1;
  for (const chunk of packet.chunks) {
    if (at + 4 > into.length) return -1;
    writeU32(into, at, chunk.ssrc);
    at += 4;
    for (const item of chunk.items) {
      if (item.type <= END_OF_ITEMS || item.type > 255 || at + 1 > into.length) return -1;
      into[at] = item.type;
      at = writeText(item.text, into, at + 1);
      if (at < 0) return -1;
    }
    at = writeZeros(into, at, 4 - ((at - start) & 3));
    if (at < 0) return -1;
  }
  return closeRtcpPacket(into, start, at, RTCP_TYPE.sourceDescription, packet.chunks.length);
}

/** Writes a goodbye at `start`; returns where it ends, or -1. */
export function writeBye(packet: Bye, into: Uint8Array, start: number): number {
  const count = packet.ssrcs.length;
  let at = start + RTCP_HEADER_LENGTH;
  if (count > MAX_RTCP_COUNT || at + 4 * count > into.length) return -1;
  for (const ssrc of packet.ssrcs) {
    writeU32(into, at, ssrc);
    at += 4;
  }
  if (packet.reason !== undefined) {
    at = writeText(packet.reason, into, at);
    if (at < 0) return -1;
    at = writeZeros(into, at, (4 - ((at - start) & 3)) & 3);
    if (at < 0) return -1;
  }
  return closeRtcpPacket(into, start, at, RTCP_TYPE.bye, count);
}

/**
 * Reads items up to the end mark and returns where that lies; -1 when an item is cut off.
 *
 * The end of the packet counts as a mark: some senders leave the zeros out when the items fill whole words,
 * and the reports in the same compound are too useful to lose.
 */
function parseItems(bytes: Uint8Array, start: number, end: number, items: SdesItem[]): number {
  let at = start;
  while (at < end) {
    const type = bytes[at]!;
    if (type === END_OF_ITEMS) return at;
    if (at + 2 > end) return -1;
    const text = at + 2;
    const textEnd = text + bytes[at + 1]!;
    if (textEnd > end) return -1;
    items.push({ type, text: decoder.decode(bytes.subarray(text, textEnd)) });
    at = textEnd;
  }
  return at;
}

/** Writes a length byte and the text; returns where it ends, or -1. */
function writeText(text: string, into: Uint8Array, at: number): number {
  const encoded = encoder.encode(text);
  if (encoded.length > 255 || at + 1 + encoded.length > into.length) return -1;
  into[at] = encoded.length;
  into.set(encoded, at + 1);
  return at + 1 + encoded.length;
}

function writeZeros(into: Uint8Array, at: number, count: number): number {
  if (at + count > into.length) return -1;
  into.fill(0, at, at + count);
  return at + count;
}
