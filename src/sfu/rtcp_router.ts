import type { PooledPacket } from "../base/packet_pool.ts";
import type { Millis } from "../base/time.ts";
import { parseRtcp, type ReportBlock, type RtcpPacket, writeRtcp } from "../rtp/rtcp.ts";
import type { Core } from "./core.ts";
import type { Peer } from "./peer.ts";

/** The longest plain RTCP datagram: leaves room for the SRTCP index and tag within an Ethernet frame. */
const MAX_RTCP_BYTES = 1_400;

/** Acts on a plain compound packet from a peer: each part reaches only the one stream it is about. */
export function handleRtcp(core: Core, peer: Peer, packet: PooledPacket, now: Millis): void {
  const packets = parseRtcp(packet.bytes, packet.length);
  if (packets === undefined) {
    core.drops.add("rtcp_malformed");
    return;
  }
  for (const part of packets) route(core, peer, part, now);
}

/** Writes, encrypts and queues one compound packet for a peer. */
export function sendRtcp(core: Core, peer: Peer, packets: readonly RtcpPacket[]): void {
  const { path } = peer.transport;
  if (path === undefined) return;
  const packet = core.options.pool.acquire();
  packet.length = writeRtcp(packets, packet.bytes.subarray(0, MAX_RTCP_BYTES));
  if (packet.length <= 0 || !peer.transport.protectRtcp(packet)) {
    core.drops.add("rtcp_not_sendable");
    packet.release();
    return;
  }
  core.outbox.send(packet, path);
}

function route(core: Core, peer: Peer, part: RtcpPacket, now: Millis): void {
  switch (part.kind) {
    case "sr":
      for (const { ssrc, stats } of peer.encodings()) {
        if (ssrc === part.ssrc) stats.handleSenderReport(part.ntp, part.rtpTimestamp, now);
      }
      peer.clock.sample(part.ntp, core.options.unixOriginMs + now);
      takeReports(core, peer, part.reports, now);
      break;
    case "rr":
      takeReports(core, peer, part.reports, now);
      break;
    case "nack":
      peer.linesBySsrc.get(part.mediaSsrc)?.retransmit(part.sequenceNumbers, now, peer.outgoing);
      break;
    case "pli":
      peer.linesBySsrc.get(part.mediaSsrc)?.requestKeyframe(now);
      break;
    case "fir":
      for (const entry of part.entries) peer.linesBySsrc.get(entry.ssrc)?.requestKeyframe(now);
      break;
    case "twcc":
      peer.outgoing.handleFeedback(part, now);
      break;
    case "remb":
      peer.outgoing.handleRemb(part, now);
      break;
    default:
      // Descriptions and goodbyes need no answer: who is there is settled by signaling.
      break;
  }
}

/** The share of packets a receiver loses on its own way, in percent: what its source had lost before is not its network. */
function worstLossPct(peer: Peer, reports: readonly ReportBlock[]): number {
  let worst = 0;
  for (const { ssrc, fractionLost } of reports) {
    const line = peer.linesBySsrc.get(ssrc);
    if (line === undefined) continue;
    const lostBefore = line.track?.stats.intervalLoss ?? 0;
    worst = Math.max(worst, 100 * (fractionLost / 256 - lostBefore));
  }
  return worst;
}

function takeReports(core: Core, peer: Peer, reports: readonly ReportBlock[], now: Millis): void {
  const packetLossPct = peer.network.handleLoss(worstLossPct(peer, reports), now);
  if (packetLossPct !== undefined) {
    const { id: participant, room } = peer.member;
    core.outbox.push({
      kind: "event",
      event: { type: "networkDegraded", roomId: room.id, participant, packetLossPct },
    });
  }
  for (const block of reports) {
    const line = peer.linesBySsrc.get(block.ssrc);
    if (line === undefined || !line.stats.handleReport(block, now) || line.stats.rttMs === undefined) continue;
    for (const { nack } of peer.encodings()) nack?.setRtt(line.stats.rttMs);
  }
}
