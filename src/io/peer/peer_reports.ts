import type { PooledPacket } from "../../base/packet_pool.ts";
import { type Millis, NEVER } from "../../base/time.ts";
import { parseRtcp, type ReportBlock, type RtcpPacket, type SenderReport } from "../../rtp/rtcp.ts";
import type { IncomingTrack } from "./incoming_track.ts";
import type { OutgoingTrack } from "./outgoing_track.ts";

/** How often reports go out while media flows. */
const REPORT_INTERVAL_MS: Millis = 1_000;

/** Report blocks in one packet: its count has five bits (RFC 3550 section 6.4). */
const MAX_BLOCKS = 31;

/** Sender reports in one datagram: 28 bytes each, with blocks and name below 1,300 bytes. */
const MAX_SENDER_REPORTS = 20;

/** A line as far as reports need it. */
export interface ReportedLine {
  readonly mid: string;
  readonly outgoing: OutgoingTrack | undefined;
  readonly incoming: IncomingTrack | undefined;
}

/** What the other side asks for. */
export type PeerRequest =
  | { readonly kind: "keyframe"; readonly mid: string }
  | { readonly kind: "retransmit"; readonly mid: string; readonly sequenceNumbers: readonly number[] };

/** Writes a client's reports and reads the server's. */
export class PeerReports {
  readonly #ssrc: number;
  readonly #cname: string;
  readonly #unixOriginMs: number;
  #active = false;
  #nextAt: Millis = NEVER;

  constructor(ssrc: number, cname: string, unixOriginMs: number) {
    this.#ssrc = ssrc;
    this.#cname = cname;
    this.#unixOriginMs = unixOriginMs;
  }

  /** Media flows; answers whether that has started the interval. */
  wake(now: Millis): boolean {
    this.#active = true;
    if (this.#nextAt !== NEVER) return false;
    this.#nextAt = now + REPORT_INTERVAL_MS;
    return true;
  }

  /** When `due` will have something. */
  nextTimeout(): Millis {
    return this.#nextAt;
  }

  /** The compound packets to send now. */
  due(lines: readonly ReportedLine[], now: Millis): RtcpPacket[][] {
    if (now < this.#nextAt) return [];
    this.#nextAt = this.#active ? now + REPORT_INTERVAL_MS : NEVER;
    this.#active = false;
    const blocks: ReportBlock[] = [];
    const senders: SenderReport[] = [];
    for (const { incoming, outgoing } of lines) {
      if (incoming !== undefined && incoming.stats.packets > 0) blocks.push(incoming.stats.reportBlock(now));
      outgoing?.expire(now);
      const report = outgoing?.senderReport(this.#unixOriginMs + now, now);
      if (report !== undefined) senders.push(report);
    }
    const compounds: RtcpPacket[][] = [];
    do {
      compounds.push([
        { kind: "rr", ssrc: this.#ssrc, reports: blocks.splice(0, MAX_BLOCKS) },
        ...senders.splice(0, MAX_SENDER_REPORTS),
        { kind: "sdes", chunks: [{ ssrc: this.#ssrc, items: [{ type: 1, text: this.#cname }] }] },
      ]);
    } while (blocks.length > 0 || senders.length > 0);
    return compounds;
  }

  /** Reads a compound packet of the server; takes reports and answers what is to be done. */
  read(packet: PooledPacket, lines: readonly ReportedLine[], now: Millis): PeerRequest[] {
    const requests: PeerRequest[] = [];
    const sending = (ssrc: number) => lines.find(({ outgoing }) => outgoing?.stats.ssrc === ssrc);
    const take = (reports: readonly ReportBlock[]) => {
      for (const block of reports) sending(block.ssrc)?.outgoing?.stats.handleReport(block, now);
    };
    for (const part of parseRtcp(packet.bytes, packet.length) ?? []) {
      if (part.kind === "sr") {
        lines.find(({ incoming }) => incoming?.ssrc === part.ssrc)?.incoming?.stats
          .handleSenderReport(part.ntp, part.rtpTimestamp, now);
        take(part.reports);
      } else if (part.kind === "rr") take(part.reports);
      else if (part.kind === "nack") {
        const mid = sending(part.mediaSsrc)?.mid;
        if (mid !== undefined) requests.push({ kind: "retransmit", mid, sequenceNumbers: part.sequenceNumbers });
      } else if (part.kind === "pli" || part.kind === "fir") {
        for (const ssrc of part.kind === "pli" ? [part.mediaSsrc] : part.entries.map((entry) => entry.ssrc)) {
          const mid = sending(ssrc)?.mid;
          if (mid !== undefined) requests.push({ kind: "keyframe", mid });
        }
      }
    }
    return requests;
  }
}
