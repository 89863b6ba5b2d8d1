import { readU16, readU32, writeU16, writeU32 } from "../base/bytes.ts";
import type { FullIntraRequest, Nack, OtherRtcp, PictureLoss, ReceiverEstimate, RtcpPacket } from "./rtcp.ts";
import { parseTransportWide } from "./rtcp_twcc.ts";
import { closeRtcpPacket, FEEDBACK_FORMAT, RTCP_HEADER_LENGTH, RTCP_TYPE } from "./rtcp_wire.ts";

/** Bytes of the two SSRCs in front of all feedback (RFC 4585 section 6.1). */
const SSRCS_LENGTH = 8;

/** Numbers that one NACK item covers behind its first (RFC 4585 section 6.2.1). */
const NACK_BITS = 16;

/** "REMB": what tells the estimate from other application feedback. */
const REMB_ID = 0x52454d42;

/** The largest value of the 18 bits that hold the significant part of an estimate. */
const MAX_REMB_MANTISSA = 0x3ffff;

/** Reads feedback about the transport: NACK, transport-wide arrival times; other formats stay uninterpreted. */
export function parseTransportFeedback(
  bytes: Uint8Array,
  body: number,
  end: number,
  format: number,
): RtcpPacket | undefined {
  if (body + SSRCS_LENGTH > end) return undefined;
  if (format === FEEDBACK_FORMAT.nack) return parseNack(bytes, body, end);
  if (format === FEEDBACK_FORMAT.transportWide) return parseTransportWide(bytes, body, end);
  return uninterpreted(RTCP_TYPE.transportFeedback, bytes, body, end, format);
}

/** Reads feedback about the payload: PLI, FIR, REMB; other formats stay uninterpreted. */
export function parsePayloadFeedback(
  bytes: Uint8Array,
  body: number,
  end: number,
  format: number,
): RtcpPacket | undefined {
  const control = body + SSRCS_LENGTH;
  if (control > end) return undefined;
  switch (format) {
    case FEEDBACK_FORMAT.pli:
      return { kind: "pli", senderSsrc: readU32(bytes, body), mediaSsrc: readU32(bytes, body + 4) };
    case FEEDBACK_FORMAT.fir:
      return parseFir(bytes, body, end);
    case FEEDBACK_FORMAT.application:
      if (control + 8 <= end && readU32(bytes, control) === REMB_ID) return parseRemb(bytes, body, end);
  }
  return uninterpreted(RTCP_TYPE.payloadFeedback, bytes, body, end, format);
}

/** Writes a NACK at `start`; returns where it ends, or -1. Numbers in ascending order take the least room. */
export function writeNack(packet: Nack, into: Uint8Array, start: number): number {
  const body = start + RTCP_HEADER_LENGTH;
  let at = body + SSRCS_LENGTH;
  if (packet.sequenceNumbers.length === 0 || at > into.length) return -1;
  writeSsrcs(into, body, packet.senderSsrc, packet.mediaSsrc);
  let first = -1;
  let following = 0;
  for (const sequenceNumber of packet.sequenceNumbers) {
    const behind = (sequenceNumber - first) & 0xffff;
    if (first >= 0 && behind <= NACK_BITS) {
      if (behind > 0) following |= 1 << (behind - 1);
      writeU16(into, at - 2, following);
      continue;
    }
    if (at + 4 > into.length) return -1;
    first = sequenceNumber & 0xffff;
    following = 0;
    writeU16(into, at, first);
    writeU16(into, at + 2, 0);
    at += 4;
  }
  return closeRtcpPacket(into, start, at, RTCP_TYPE.transportFeedback, FEEDBACK_FORMAT.nack);
}

/** Writes a PLI at `start`; returns where it ends, or -1. */
export function writePli(packet: PictureLoss, into: Uint8Array, start: number): number {
  const body = start + RTCP_HEADER_LENGTH;
  const end = body + SSRCS_LENGTH;
  if (end > into.length) return -1;
  writeSsrcs(into, body, packet.senderSsrc, packet.mediaSsrc);
  return closeRtcpPacket(into, start, end, RTCP_TYPE.payloadFeedback, FEEDBACK_FORMAT.pli);
}

/** Writes a FIR at `start`; returns where it ends, or -1. */
export function writeFir(packet: FullIntraRequest, into: Uint8Array, start: number): number {
  const body = start + RTCP_HEADER_LENGTH;
  const end = body + SSRCS_LENGTH + 8 * packet.entries.length;
  if (packet.entries.length === 0 || end > into.length) return -1;
  // RFC 5104 section 4.3.1.2: the media source is named in the entries, the common field is 0.
  writeSsrcs(into, body, packet.senderSsrc, 0);
  let at = body + SSRCS_LENGTH;
  for (const entry of packet.entries) {
    writeU32(into, at, entry.ssrc);
    writeU32(into, at + 4, (entry.sequenceNumber & 0xff) << 24);
    at += 8;
  }
  return closeRtcpPacket(into, start, end, RTCP_TYPE.payloadFeedback, FEEDBACK_FORMAT.fir);
}

/** Writes a REMB at `start`; returns where it ends, or -1. */
export function writeRemb(packet: ReceiverEstimate, into: Uint8Array, start: number): number {
  const body = start + RTCP_HEADER_LENGTH;
  const count = packet.ssrcs.length;
  const end = body + SSRCS_LENGTH + 8 + 4 * count;
  if (count > 255 || end > into.length) return -1;
  writeSsrcs(into, body, packet.senderSsrc, 0);
  let mantissa = Math.floor(Math.min(Math.max(packet.bitrateBps, 0), Number.MAX_SAFE_INTEGER));
  let exponent = 0;
  while (mantissa > MAX_REMB_MANTISSA) {
    mantissa = Math.floor(mantissa / 2);
    exponent++;
  }
  const control = body + SSRCS_LENGTH;
  writeU32(into, control, REMB_ID);
  into[control + 4] = count;
  into[control + 5] = (exponent << 2) | (mantissa >>> 16);
  writeU16(into, control + 6, mantissa);
  let at = control + 8;
  for (const ssrc of packet.ssrcs) {
    writeU32(into, at, ssrc);
    at += 4;
  }
  return closeRtcpPacket(into, start, end, RTCP_TYPE.payloadFeedback, FEEDBACK_FORMAT.application);
}

function parseNack(bytes: Uint8Array, body: number, end: number): Nack | undefined {
  const items = body + SSRCS_LENGTH;
  if (items === end || (end - items) % 4 !== 0) return undefined;
  const sequenceNumbers: number[] = [];
  for (let at = items; at < end; at += 4) {
    const first = readU16(bytes, at);
    sequenceNumbers.push(first);
    let next = first;
    for (let following = readU16(bytes, at + 2); following !== 0; following >>>= 1) {
      next = (next + 1) & 0xffff;
      if ((following & 1) !== 0) sequenceNumbers.push(next);
    }
  }
  return { kind: "nack", senderSsrc: readU32(bytes, body), mediaSsrc: readU32(bytes, body + 4), sequenceNumbers };
}

function parseFir(bytes: Uint8Array, body: number, end: number): FullIntraRequest | undefined {
  const start = body + SSRCS_LENGTH;
  if (start === end || (end - start) % 8 !== 0) return undefined;
  const entries: { ssrc: number; sequenceNumber: number }[] = [];
  for (let at = start; at < end; at += 8) {
    entries.push({ ssrc: readU32(bytes, at), sequenceNumber: bytes[at + 4]! });
  }
  return { kind: "fir", senderSsrc: readU32(bytes, body), entries };
}

function parseRemb(bytes: Uint8Array, body: number, end: number): ReceiverEstimate | undefined {
  const control = body + SSRCS_LENGTH;
  const count = bytes[control + 4]!;
  const list = control + 8;
  if (list + 4 * count > end) return undefined;
  const exponent = bytes[control + 5]! >>> 2;
  const mantissa = ((bytes[control + 5]! & 0x03) << 16) | readU16(bytes, control + 6);
  const ssrcs: number[] = [];
  for (let i = 0; i < count; i++) ssrcs.push(readU32(bytes, list + 4 * i));
  // Six bits of exponent reach far beyond any link; such an estimate means "no limit".
  const bitrateBps = Math.min(mantissa * 2 ** exponent, Number.MAX_SAFE_INTEGER);
  return { kind: "remb", senderSsrc: readU32(bytes, body), bitrateBps, ssrcs };
}

function uninterpreted(packetType: number, bytes: Uint8Array, body: number, end: number, count: number): OtherRtcp {
  return { kind: "other", packetType, count, body: bytes.slice(body, end) };
}

function writeSsrcs(into: Uint8Array, at: number, senderSsrc: number, mediaSsrc: number): void {
  writeU32(into, at, senderSsrc);
  writeU32(into, at + 4, mediaSsrc);
}
