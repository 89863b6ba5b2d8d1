/**
 * Random RTCP packets, both ways, against werift and rtp.js, which share no code with ours.
 *
 * werift reads each packet up to the end of the compound and knows no BYE and no XR; rtp.js keeps 12 bits of the
 * loss count. Each is asked only about what it knows.
 */

import { assertEquals } from "@std/assert";
import * as rtpJs from "rtp.js/packets";
import * as werift from "werift";
import { toHex } from "../../src/base/bytes.ts";
import { parseRtcp, type ReportBlock, type RtcpPacket, type SdesItem, type XrBlock } from "../../src/rtp/rtcp.ts";
import { below } from "../fuzz/harness.ts";
import {
  bytesOf,
  dataView,
  list,
  type Random,
  randomBytes,
  randomU32,
  readOne,
  rounds,
  weriftOne,
  write,
} from "./differential.ts";

function randomBlock(rng: Random): ReportBlock {
  return {
    ssrc: randomU32(rng),
    fractionLost: below(rng, 256),
    cumulativeLost: below(rng, 0x1000000) - 0x800000,
    highestSequence: randomU32(rng),
    jitter: randomU32(rng),
    lastSenderReport: randomU32(rng),
    delaySinceLastSenderReport: randomU32(rng),
  };
}

function weriftBlock(block: ReportBlock): werift.RtcpReceiverInfo {
  return new werift.RtcpReceiverInfo({
    ssrc: block.ssrc,
    fractionLost: block.fractionLost,
    packetsLost: block.cumulativeLost & 0xffffff,
    highestSequence: block.highestSequence,
    jitter: block.jitter,
    lsr: block.lastSenderReport,
    dlsr: block.delaySinceLastSenderReport,
  });
}

function rtpJsBlock(block: ReportBlock): rtpJs.ReceptionReport {
  const report = new rtpJs.ReceptionReport();
  report.setSsrc(block.ssrc);
  report.setFractionLost(block.fractionLost);
  report.setTotalLost(block.cumulativeLost);
  report.setHighestSeqNumber(block.highestSequence);
  report.setJitter(block.jitter);
  report.setLastSRTimestamp(block.lastSenderReport);
  report.setDelaySinceLastSR(block.delaySinceLastSenderReport);
  return report;
}

Deno.test("sender and receiver reports agree with werift, byte by byte", () => {
  rounds((rng, message) => {
    const reports = list(rng, 4, () => randomBlock(rng));
    const ours: RtcpPacket = {
      kind: "sr",
      ssrc: randomU32(rng),
      ntp: { seconds: randomU32(rng), fraction: randomU32(rng) },
      rtpTimestamp: randomU32(rng),
      packetCount: randomU32(rng),
      octetCount: randomU32(rng),
      reports,
    };
    const { rtpTimestamp, packetCount, octetCount } = ours;
    const ntpTimestamp = (BigInt(ours.ntp.seconds) << 32n) | BigInt(ours.ntp.fraction);
    const theirs = new werift.RtcpSrPacket({
      ssrc: ours.ssrc,
      senderInfo: new werift.RtcpSenderInfo({ ntpTimestamp, rtpTimestamp, packetCount, octetCount }),
      reports: reports.map(weriftBlock),
    });
    assertEquals(toHex(write(ours)), toHex(theirs.serialize()), message);
    assertEquals(readOne(theirs.serialize()), ours, message);
    assertEquals(weriftOne(write(ours)), theirs, message);

    const receiver = new werift.RtcpRrPacket({ ssrc: ours.ssrc, reports: reports.map(weriftBlock) });
    assertEquals(toHex(write({ kind: "rr", ssrc: ours.ssrc, reports })), toHex(receiver.serialize()), message);
    assertEquals(readOne(receiver.serialize()), { kind: "rr", ssrc: ours.ssrc, reports }, message);
  });
});

Deno.test("receiver reports agree with rtp.js, byte by byte", () => {
  rounds((rng, message) => {
    const reports = list(rng, 31, () => ({ ...randomBlock(rng), cumulativeLost: below(rng, 0x1000) }));
    const ssrc = randomU32(rng);
    const theirs = new rtpJs.ReceiverReportPacket();
    theirs.setSsrc(ssrc);
    theirs.setReports(reports.map(rtpJsBlock));
    assertEquals(toHex(write({ kind: "rr", ssrc, reports })), toHex(bytesOf(theirs)), message);
    assertEquals(readOne(bytesOf(theirs)), { kind: "rr", ssrc, reports }, message);
    const read = new rtpJs.ReceiverReportPacket(dataView(write({ kind: "rr", ssrc, reports })));
    assertEquals(read.dump().reports, theirs.dump().reports, message);
  });
});

function randomItems(rng: Random): SdesItem[] {
  const letters = "aZ09-üß€😀";
  return list(rng, 3, () => ({
    type: 1 + below(rng, 8),
    text: list(rng, 20, () => [...letters][below(rng, [...letters].length)]!).join(""),
  }));
}

Deno.test("source descriptions agree with rtp.js, and those of one source with werift", () => {
  rounds((rng, message) => {
    // rtp.js skips the zeros at the head of the next chunk's SSRC.
    const chunks = list(rng, 4, () => ({ ssrc: (randomU32(rng) | 0x01000000) >>> 0, items: randomItems(rng) }));
    const theirs = new rtpJs.SdesPacket();
    for (const { ssrc, items } of chunks) {
      const chunk = new rtpJs.SdesChunk();
      chunk.setSsrc(ssrc);
      for (const { type, text } of items) chunk.addItem(type, text);
      theirs.addChunk(chunk);
    }
    assertEquals(toHex(write({ kind: "sdes", chunks })), toHex(bytesOf(theirs)), message);
    assertEquals(readOne(bytesOf(theirs)), { kind: "sdes", chunks }, message);

    const items = randomItems(rng);
    const ssrc = randomU32(rng);
    const one: RtcpPacket = { kind: "sdes", chunks: [{ ssrc, items }] };
    const chunk = new werift.SourceDescriptionChunk({
      source: ssrc,
      items: items.map((item) => new werift.SourceDescriptionItem(item)),
    });
    const description = new werift.RtcpSourceDescriptionPacket({ chunks: [chunk] });
    assertEquals(readOne(description.serialize()), one, message);
    assertEquals(weriftOne(write(one)), description, message);
  });
});

Deno.test("goodbyes agree with rtp.js, byte by byte", () => {
  rounds((rng, message) => {
    const ssrcs = list(rng, 31, () => randomU32(rng));
    const reason = rng.next() < 0.5 ? "x".repeat(1 + below(rng, 255)) : undefined;
    const ours: RtcpPacket = reason === undefined ? { kind: "bye", ssrcs } : { kind: "bye", ssrcs, reason };
    const theirs = new rtpJs.ByePacket();
    theirs.setSsrcs(ssrcs);
    if (reason !== undefined) theirs.setReason(reason);
    assertEquals(toHex(write(ours)), toHex(bytesOf(theirs)), message);
    assertEquals(readOne(bytesOf(theirs)), ours, message);
    const read = new rtpJs.ByePacket(dataView(write(ours)));
    assertEquals([read.getSsrcs(), read.getReason()], [ssrcs, reason], message);
  });
});

Deno.test("extended reports agree with rtp.js, byte by byte", () => {
  rounds((rng, message) => {
    const ssrc = randomU32(rng);
    const theirs = new rtpJs.XrPacket();
    theirs.setSsrc(ssrc);
    const blocks: XrBlock[] = list(rng, 4, () => randomXrBlock(rng, theirs));
    const ours: RtcpPacket = { kind: "xr", ssrc, blocks };
    assertEquals(toHex(write(ours)), toHex(bytesOf(theirs)), message);
    assertEquals(readOne(bytesOf(theirs)), ours, message);
    assertEquals(new rtpJs.XrPacket(dataView(write(ours))).dump(), theirs.dump(), message);
  });
});

/** Makes a block and adds the same one to `packet`. */
function randomXrBlock(rng: Random, packet: rtpJs.XrPacket): XrBlock {
  switch (below(rng, 3)) {
    case 0: {
      const ntp = { seconds: randomU32(rng), fraction: randomU32(rng) };
      const report = new rtpJs.RrtExtendedReport();
      report.setNtpSeconds(ntp.seconds);
      report.setNtpFraction(ntp.fraction);
      packet.addReport(report);
      return { kind: "rrtr", ntp };
    }
    case 1: {
      const items = list(rng, 4, () => ({
        ssrc: randomU32(rng),
        lastReceiverReport: randomU32(rng),
        delay: randomU32(rng),
      }));
      const report = new rtpJs.DlrrExtendedReport();
      for (const item of items) {
        report.addSubReport({ ssrc: item.ssrc, lrr: item.lastReceiverReport, dlrr: item.delay });
      }
      packet.addReport(report);
      return { kind: "dlrr", items };
    }
    default: {
      const [blockType, typeSpecific] = [100 + below(rng, 100), below(rng, 256)];
      const body = randomBytes(rng, 4 * below(rng, 8));
      const report = new rtpJs.GenericExtendedReport(undefined, blockType);
      report.setTypeSpecific(typeSpecific);
      report.setBody(dataView(body));
      packet.addReport(report);
      return { kind: "other", blockType, typeSpecific, body };
    }
  }
}

Deno.test("compounds are cut into the same packets by rtp.js", () => {
  rounds((rng, message) => {
    const [ssrc, mediaSsrc] = [randomU32(rng), randomU32(rng)];
    const packets: RtcpPacket[] = [
      { kind: "rr", ssrc, reports: [] },
      ...list(rng, 3, (): RtcpPacket => ({ kind: "pli", senderSsrc: ssrc, mediaSsrc })),
      ...list(rng, 2, (): RtcpPacket => ({ kind: "bye", ssrcs: [mediaSsrc] })),
    ];
    const theirs = new rtpJs.CompoundPacket(dataView(write(...packets)));
    const types = { rr: 201, pli: 206, bye: 203 } as const;
    assertEquals(
      theirs.getPackets().map((packet): number => packet.getPacketType()),
      packets.map(({ kind }) => types[kind as keyof typeof types]),
      message,
    );
    const bytes = bytesOf(theirs);
    assertEquals(parseRtcp(bytes, bytes.length), packets, message);
  });
});
