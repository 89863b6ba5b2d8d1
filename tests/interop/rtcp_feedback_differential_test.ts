/**
 * Random RTCP feedback, both ways, against werift and, as far as it knows the formats, rtp.js.
 */

import type { Buffer } from "node:buffer";
import { assert, assertEquals } from "@std/assert";
import * as rtpJs from "rtp.js/packets";
import * as werift from "werift";
import { toHex } from "../../src/base/bytes.ts";
import type { RtcpPacket, TransportWideFeedback } from "../../src/rtp/rtcp.ts";
import { below } from "../fuzz/harness.ts";
import {
  bytesOf,
  dataView,
  list,
  type Random,
  randomU16,
  randomU32,
  readOne,
  rounds,
  weriftOne,
  write,
} from "./differential.ts";

Deno.test("NACK agrees with werift and rtp.js, across the wrap", () => {
  rounds((rng, message) => {
    const start = randomU16(rng);
    const lost = new Set([0, ...list(rng, 40, () => below(rng, 200))]);
    const sequenceNumbers = [...lost].sort((a, b) => a - b).map((step) => (start + step) & 0xffff);
    const [senderSsrc, mediaSsrc] = [randomU32(rng), randomU32(rng)];
    const ours: RtcpPacket = { kind: "nack", senderSsrc, mediaSsrc, sequenceNumbers };
    const bytes = write(ours);

    const read = weriftOne(bytes);
    assert(read instanceof werift.RtcpTransportLayerFeedback && read.feedback instanceof werift.GenericNack);
    // Neither of the two wraps the numbers that follow 65535.
    assertEquals(read.feedback.lost.map((number) => number & 0xffff), sequenceNumbers, message);
    const written = new werift.GenericNack({ senderSsrc, mediaSourceSsrc: mediaSsrc, lost: sequenceNumbers });
    assertEquals(readOne(written.serialize()), ours, message);

    const theirs = new rtpJs.NackPacket(dataView(bytes));
    const items = theirs.getItems();
    assertEquals([theirs.getSenderSsrc(), theirs.getMediaSsrc()], [senderSsrc, mediaSsrc]);
    const numbers = items.flatMap(({ pid, bitmask }) => rtpJs.parseNackItem(pid, bitmask));
    assertEquals(numbers.map((number) => number & 0xffff), sequenceNumbers, message);
    assertEquals(toHex(bytesOf(theirs)), toHex(bytes), message);
  });
});

function weriftPayloadFeedback(feedback: werift.RtcpPayloadSpecificFeedback["feedback"]): Buffer {
  return new werift.RtcpPayloadSpecificFeedback({ feedback }).serialize();
}

Deno.test("PLI agrees with werift and rtp.js, byte by byte", () => {
  rounds((rng, message) => {
    const [senderSsrc, mediaSsrc] = [randomU32(rng), randomU32(rng)];
    const ours = write({ kind: "pli", senderSsrc, mediaSsrc });
    const theirs = weriftPayloadFeedback(new werift.PictureLossIndication({ senderSsrc, mediaSsrc }));
    assertEquals(toHex(ours), toHex(theirs), message);
    assertEquals(readOne(theirs), { kind: "pli", senderSsrc, mediaSsrc }, message);
    assertEquals(toHex(bytesOf(new rtpJs.PliPacket(dataView(ours)))), toHex(ours), message);
  });
});

Deno.test("FIR is read by werift as we mean it, and back", () => {
  rounds((rng, message) => {
    const entry = () => ({ ssrc: randomU32(rng), sequenceNumber: below(rng, 256) });
    const ours: RtcpPacket = { kind: "fir", senderSsrc: randomU32(rng), entries: [entry(), ...list(rng, 3, entry)] };
    const read = weriftOne(write(ours));
    assert(read instanceof werift.RtcpPayloadSpecificFeedback && "fir" in read.feedback);
    assertEquals([read.feedback.senderSsrc, read.feedback.fir], [ours.senderSsrc, [...ours.entries]], message);
    // werift does not export the class, but writes what it has read; its length field forgets half of each entry.
    const theirs = read.serialize();
    theirs.writeUInt16BE(theirs.length / 4 - 1, 2);
    assertEquals(readOne(theirs), ours, message);
  });
});

Deno.test("REMB agrees with werift", () => {
  rounds((rng, message) => {
    const [brMantissa, brExp] = [below(rng, 0x40000), below(rng, 30)];
    const ssrcs = list(rng, 5, () => randomU32(rng));
    const senderSsrc = randomU32(rng);
    const ours: RtcpPacket = { kind: "remb", senderSsrc, bitrateBps: brMantissa * 2 ** brExp, ssrcs };
    const theirs = weriftPayloadFeedback(
      new werift.ReceiverEstimatedMaxBitrate({
        senderSsrc,
        mediaSsrc: 0,
        ssrcNum: ssrcs.length,
        brMantissa,
        brExp,
        ssrcFeedbacks: ssrcs,
      }),
    );
    assertEquals(readOne(theirs), ours, message);
    const read = weriftOne(write(ours));
    assert(read instanceof werift.RtcpPayloadSpecificFeedback);
    assert(read.feedback instanceof werift.ReceiverEstimatedMaxBitrate);
    assertEquals([Number(read.feedback.bitrate), read.feedback.ssrcFeedbacks], [ours.bitrateBps, ssrcs], message);
  });
});

function randomFeedback(rng: Random): TransportWideFeedback {
  const [lossy, large] = [rng.next(), rng.next() ** 3];
  return {
    kind: "twcc",
    senderSsrc: randomU32(rng),
    mediaSsrc: randomU32(rng),
    baseSequence: randomU16(rng),
    referenceTime: below(rng, 0x1000000),
    feedbackCount: below(rng, 256),
    packets: Array.from({ length: 1 + below(rng, 100) }, () => {
      if (rng.next() < lossy) return null;
      return rng.next() < large ? below(rng, 0x10000) - 0x8000 : below(rng, 256);
    }),
  };
}

function weriftStatuses(feedback: werift.TransportWideCC): (number | null)[] {
  const symbols = feedback.packetChunks.flatMap((chunk) =>
    chunk instanceof werift.RunLengthChunk
      ? new Array<number>(chunk.runLength).fill(chunk.packetStatus)
      : chunk.symbolList
  );
  let received = 0;
  return symbols.slice(0, feedback.packetStatusCount).map((symbol) =>
    symbol === 0 ? null : feedback.recvDeltas[received++]!.delta / 250
  );
}

Deno.test("transport-wide feedback is read by werift as we mean it", () => {
  rounds((rng, message) => {
    const ours = randomFeedback(rng);
    const read = weriftOne(write(ours));
    assert(read instanceof werift.RtcpTransportLayerFeedback && read.feedback instanceof werift.TransportWideCC);
    const theirs = read.feedback;
    assertEquals(weriftStatuses(theirs), [...ours.packets], message);
    assertEquals(
      [theirs.senderSsrc, theirs.mediaSourceSsrc, theirs.baseSequenceNumber, theirs.referenceTime, theirs.fbPktCount],
      [ours.senderSsrc, ours.mediaSsrc, ours.baseSequence, ours.referenceTime, ours.feedbackCount],
      message,
    );
  });
});

Deno.test("transport-wide feedback from werift is read as it means it, whatever chunks it has", () => {
  rounds((rng, message) => {
    const ours = randomFeedback(rng);
    assertEquals(readOne(writeWeriftFeedback(ours, rng)), ours, message);
  });
});

/** Writes feedback through werift, with chunk forms chosen at random among those that can hold the symbols. */
function writeWeriftFeedback(ours: TransportWideFeedback, rng: Random): Buffer {
  const symbols = ours.packets.map((delta) => (delta === null ? 0 : delta >= 0 && delta <= 255 ? 1 : 2));
  const packetChunks: (werift.RunLengthChunk | werift.StatusVectorChunk)[] = [];
  for (let at = 0; at < symbols.length;) {
    const symbolSize = symbols.slice(at, at + 14).includes(2) ? 1 : below(rng, 2);
    const size = symbolSize === 1 ? 7 : 14;
    if (rng.next() < 0.5) {
      let runLength = 1;
      while (symbols[at + runLength] === symbols[at]) runLength++;
      packetChunks.push(new werift.RunLengthChunk({ packetStatus: symbols[at]!, runLength }));
      at += runLength;
    } else {
      const symbolList = Array.from({ length: size }, (_, i) => symbols[at + i] ?? 0);
      packetChunks.push(new werift.StatusVectorChunk({ type: 1, symbolSize, symbolList }));
      at += size;
    }
  }
  const deltas = ours.packets.filter((delta) => delta !== null);
  const length = 2 * packetChunks.length + deltas.reduce((sum, delta) => sum + (delta >= 0 && delta <= 255 ? 1 : 2), 0);
  // werift sets the padding bit even where nothing has to be padded.
  const header = new werift.RtcpHeader({ type: 205, count: 15, version: 2, padding: length % 4 !== 0 });
  return new werift.TransportWideCC({
    header,
    senderSsrc: ours.senderSsrc,
    mediaSourceSsrc: ours.mediaSsrc,
    baseSequenceNumber: ours.baseSequence,
    packetStatusCount: ours.packets.length,
    referenceTime: ours.referenceTime,
    fbPktCount: ours.feedbackCount,
    packetChunks,
    recvDeltas: deltas.map((delta) => new werift.RecvDelta({ delta: delta * 250 })),
  }).serialize();
}
