import { type Millis, NEVER } from "../base/time.ts";
import type { ReportBlock, RtcpPacket, SenderReport } from "../rtp/rtcp.ts";
import type { Peer } from "./peer.ts";

/** How often reports go out while media flows; browsers expect one a second for video. */
const REPORT_INTERVAL_MS = 1_000;

/** Report blocks in one packet: its count has five bits (RFC 3550 section 6.4). */
const MAX_BLOCKS = 31;

/** Sender reports in one datagram: 28 bytes each, with blocks and name below 1,300 bytes. */
const MAX_SENDER_REPORTS = 20;

/** Sends one peer its sender and receiver reports; a peer without media costs no timer. */
export class Reports {
  /** Something was received or sent since the last reports. */
  active = false;
  readonly #peer: Peer;
  readonly #unixOriginMs: number;
  #nextAt: Millis = NEVER;

  constructor(peer: Peer, unixOriginMs: number) {
    this.#peer = peer;
    this.#unixOriginMs = unixOriginMs;
  }

  /** When reports are due; starts the interval when media has begun to flow. */
  nextTimeout(now: Millis): Millis {
    if (this.active && this.#nextAt === NEVER) this.#nextAt = now + REPORT_INTERVAL_MS;
    return this.#nextAt;
  }

  /** Sends the reports when they are due. */
  handleTimeout(now: Millis): void {
    if (now < this.#nextAt) return;
    this.#nextAt = this.active ? now + REPORT_INTERVAL_MS : NEVER;
    this.active = false;
    this.#peer.viewer.allocate(now);
    this.#peer.member.layers.update(now);
    this.#peer.quality.update(now);
    for (const encoding of this.#peer.encodings()) encoding.cache.expire(now);
    const blocks = this.#blocks(now);
    const senders = this.#senderReports(now);
    const { rtcpSsrc: ssrc, cname } = this.#peer;
    do {
      const reports = blocks.splice(0, MAX_BLOCKS);
      const packets: RtcpPacket[] = [{ kind: "rr", ssrc, reports }, ...senders.splice(0, MAX_SENDER_REPORTS)];
      packets.push({ kind: "sdes", chunks: [{ ssrc, items: [{ type: 1, text: cname }] }] });
      this.#peer.sendRtcp(packets);
    } while (blocks.length > 0 || senders.length > 0);
  }

  #blocks(now: Millis): ReportBlock[] {
    const blocks: ReportBlock[] = [];
    for (const { stats } of this.#peer.encodings()) {
      if (stats.packets > 0) blocks.push(stats.reportBlock(now));
    }
    return blocks;
  }

  #senderReports(now: Millis): SenderReport[] {
    const reports: SenderReport[] = [];
    for (const line of this.#peer.lines.values()) {
      const report = line.senderReport(this.#unixOriginMs + now, now);
      if (report !== undefined) reports.push(report);
    }
    return reports;
  }
}
