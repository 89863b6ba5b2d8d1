/** Valid RTP and RTCP packets for the fuzz tests to damage. */

import { seededRandom } from "../../src/base/random.ts";
import { type RtcpPacket, writeRtcp } from "../../src/rtp/rtcp.ts";
import { RtpWriter } from "../../src/rtp/rtp_writer.ts";
import { below, type Rng } from "./harness.ts";

const writer = new RtpWriter();

/** Heads of payloads that the codec readers look into: VP8, VP9, H.264 (STAP-A, FU-A), AV1. */
const PAYLOAD_HEADS: readonly (readonly number[])[] = [
  [0x90, 0xf0, 0x80, 0x01, 0x05, 0x3f, 0x10],
  [0x90, 0x80, 0x7f, 0x11],
  [0xa8, 0x80, 0x01, 0x10, 0x07],
  [0x8a, 0x81, 0x02, 0x20],
  [0x78, 0x00, 0x02, 0x67, 0x42, 0x00, 0x02, 0x68, 0xce],
  [0x7c, 0x85, 0x88],
  [0x18, 0x0a, 0x0b],
];

/** An RTP packet with some extensions, a payload that some codec could have made, and sometimes padding. */
export function validRtp(rng: Rng): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(600);
  const twoByte = rng.next() < 0.4;
  writer.start(
    bytes,
    rng.next() < 0.5,
    below(rng, 128),
    below(rng, 0x10000),
    below(rng, 2 ** 32),
    below(rng, 2 ** 32),
    twoByte,
  );
  for (let left = below(rng, 5); left > 0; left--) {
    const length = 1 + below(rng, 16);
    const offset = writer.extension(1 + below(rng, 14), length);
    for (let i = 0; i < length; i++) bytes[offset + i] = 0x30 + below(rng, 64);
  }
  let end = writer.finish();
  for (const byte of PAYLOAD_HEADS[below(rng, PAYLOAD_HEADS.length)]!) bytes[end++] = byte;
  for (let left = below(rng, 40); left > 0; left--) bytes[end++] = below(rng, 256);
  if (rng.next() < 0.3) {
    const padding = 1 + below(rng, 20);
    bytes[0] = bytes[0]! | 0x20;
    end += padding;
    bytes[end - 1] = padding;
  }
  return bytes.slice(0, end);
}

/** A compound of one to four RTCP packets of any kinds. */
export function validRtcp(rng: Rng): Uint8Array<ArrayBuffer> {
  const packets = Array.from({ length: 1 + below(rng, 4) }, () => randomPacket(rng));
  const bytes = new Uint8Array(4_000);
  const length = writeRtcp(packets, bytes);
  if (length < 0) throw new Error(`Cannot write ${JSON.stringify(packets)}`);
  return bytes.slice(0, length);
}

function randomPacket(rng: Rng): RtcpPacket {
  const ssrc = below(rng, 2 ** 32);
  const [senderSsrc, mediaSsrc] = [ssrc, below(rng, 2 ** 32)];
  switch (below(rng, 11)) {
    case 0:
      return {
        kind: "sr",
        ssrc,
        ntp: { seconds: below(rng, 2 ** 32), fraction: below(rng, 2 ** 32) },
        rtpTimestamp: below(rng, 2 ** 32),
        packetCount: below(rng, 1_000),
        octetCount: below(rng, 1_000_000),
        reports: randomReports(rng),
      };
    case 1:
      return { kind: "rr", ssrc, reports: randomReports(rng) };
    case 2:
      return { kind: "sdes", chunks: [{ ssrc, items: [{ type: 1, text: "cname".slice(below(rng, 5)) }] }] };
    case 3:
      return { kind: "bye", ssrcs: [ssrc, mediaSsrc], reason: "leaving".slice(below(rng, 7)) };
    case 4:
      return {
        kind: "nack",
        senderSsrc,
        mediaSsrc,
        sequenceNumbers: Array.from({ length: 1 + below(rng, 10) }, () => below(rng, 0x10000)),
      };
    case 5:
      return { kind: "pli", senderSsrc, mediaSsrc };
    case 6:
      return { kind: "fir", senderSsrc, entries: [{ ssrc: mediaSsrc, sequenceNumber: below(rng, 256) }] };
    case 7:
      return { kind: "remb", senderSsrc, bitrateBps: below(rng, 2 ** 40), ssrcs: [mediaSsrc] };
    case 8:
      return randomFeedback(rng, senderSsrc, mediaSsrc);
    case 9:
      return {
        kind: "xr",
        ssrc,
        blocks: [
          { kind: "rrtr", ntp: { seconds: 1, fraction: below(rng, 2 ** 32) } },
          { kind: "dlrr", items: [{ ssrc: mediaSsrc, lastReceiverReport: 5, delay: below(rng, 2 ** 32) }] },
          { kind: "other", blockType: 6, typeSpecific: 0xe0, body: new Uint8Array(36) },
        ],
      };
    default: {
      const body = new Uint8Array(4 * below(rng, 8));
      seededRandom(ssrc).fill(body);
      return { kind: "other", packetType: 204, count: below(rng, 32), body };
    }
  }
}

function randomReports(rng: Rng) {
  return Array.from({ length: below(rng, 4) }, () => ({
    ssrc: below(rng, 2 ** 32),
    fractionLost: below(rng, 256),
    cumulativeLost: below(rng, 1_000) - 100,
    highestSequence: below(rng, 2 ** 32),
    jitter: below(rng, 10_000),
    lastSenderReport: below(rng, 2 ** 32),
    delaySinceLastSenderReport: below(rng, 2 ** 32),
  }));
}

function randomFeedback(rng: Rng, senderSsrc: number, mediaSsrc: number): RtcpPacket {
  const lossy = rng.next();
  return {
    kind: "twcc",
    senderSsrc,
    mediaSsrc,
    baseSequence: below(rng, 0x10000),
    referenceTime: below(rng, 0x1000000),
    feedbackCount: below(rng, 256),
    packets: Array.from({ length: 1 + below(rng, 60) }, () => {
      if (rng.next() < lossy) return null;
      return rng.next() < 0.8 ? below(rng, 256) : below(rng, 0x10000) - 0x8000;
    }),
  };
}
