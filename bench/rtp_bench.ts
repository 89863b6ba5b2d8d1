/**
 * What `src/rtp` costs for each packet; run with `deno bench`.
 *
 * The first group runs for every packet that comes in, the second for every copy that goes out. None of it may
 * allocate; a garbage collection in these numbers would show as a long p99.
 */

import { PACKET_CAPACITY } from "../src/base/packet_pool.ts";
import { startsKeyframe } from "../src/rtp/codec_frames.ts";
import { absSendTime, ExtensionIndex } from "../src/rtp/header_extension.ts";
import { parseRtcp, type RtcpPacket, writeRtcp } from "../src/rtp/rtcp.ts";
import { RtpView } from "../src/rtp/rtp_view.ts";
import { RtpWriter } from "../src/rtp/rtp_writer.ts";
import { unwrapRtx, writeRtxPayload } from "../src/rtp/rtx.ts";
import { patchCounters } from "../src/rtp/picture_counters.ts";
import { Vp8Descriptor } from "../src/rtp/vp8_descriptor.ts";

const PAYLOAD_LENGTH = 1_100;

/** Packets one benchmark iteration handles, so that the call of the benchmark itself does not count. */
const BATCH = 1_000;

const writer = new RtpWriter();
const view = new RtpView();
const index = new ExtensionIndex();
const descriptor = new Vp8Descriptor();
const target = new Uint8Array(PACKET_CAPACITY);

/** A VP8 packet with mid, transport sequence and send time, as Chromium sends it. */
function packet(twoByte: boolean): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(PACKET_CAPACITY);
  writer.start(bytes, false, 96, 1, 90_000, 0x12345678, twoByte);
  writer.extension(2, 3);
  writer.extension(3, 2);
  bytes[writer.extension(4, 1)] = 0x31;
  const offset = writer.finish();
  bytes.set([0x90, 0xe0, 0x81, 0x23, 0x45, 0x20, 0x11], offset);
  return bytes.slice(0, offset + PAYLOAD_LENGTH);
}

const oneByte = packet(false);
const twoByte = packet(true);
view.parse(oneByte, oneByte.length);
const payloadOffset = view.payloadOffset;

const feedback: RtcpPacket = {
  kind: "twcc",
  senderSsrc: 1,
  mediaSsrc: 2,
  baseSequence: 65_500,
  referenceTime: 1,
  feedbackCount: 1,
  packets: Array.from({ length: 100 }, (_, i) => (i % 17 === 0 ? null : i)),
};
const feedbackBytes = target.slice(0, writeRtcp([feedback], target));
const report: RtcpPacket = {
  kind: "rr",
  ssrc: 1,
  reports: [
    {
      ssrc: 2,
      fractionLost: 0,
      cumulativeLost: 0,
      highestSequence: 3,
      jitter: 4,
      lastSenderReport: 5,
      delaySinceLastSenderReport: 6,
    },
  ],
};
const reportBytes = target.slice(0, writeRtcp([report], target));

/** Keeps results alive, so that nothing is optimised away. */
let sink = 0;

Deno.bench(`RtpView.parse() x ${BATCH}`, { group: "in", baseline: true }, () => {
  for (let i = 0; i < BATCH; i++) sink += view.parse(oneByte, oneByte.length) ? view.sequenceNumber : 0;
});

Deno.bench(`RtpView.parse() and ExtensionIndex.parse(), one-byte x ${BATCH}`, { group: "in" }, () => {
  for (let i = 0; i < BATCH; i++) {
    if (view.parse(oneByte, oneByte.length) && index.parse(view)) sink += index.offsetOf(3);
  }
});

Deno.bench(`RtpView.parse() and ExtensionIndex.parse(), two-byte x ${BATCH}`, { group: "in" }, () => {
  for (let i = 0; i < BATCH; i++) {
    if (view.parse(twoByte, twoByte.length) && index.parse(view)) sink += index.offsetOf(3);
  }
});

Deno.bench(`Vp8Descriptor.parse() x ${BATCH}`, { group: "in" }, () => {
  for (let i = 0; i < BATCH; i++) sink += descriptor.parse(oneByte, payloadOffset, PAYLOAD_LENGTH) ? 1 : 0;
});

Deno.bench(`startsKeyframe() VP8 x ${BATCH}`, { group: "in" }, () => {
  for (let i = 0; i < BATCH; i++) sink += startsKeyframe("VP8", oneByte, payloadOffset, PAYLOAD_LENGTH) ? 1 : 0;
});

function writeHeader(sequenceNumber: number): number {
  writer.start(target, false, 96, sequenceNumber, 90_000, 0x12345678, false);
  const time = writer.extension(2, 3);
  const moment = absSendTime(sequenceNumber);
  target[time] = moment >>> 16;
  target[time + 1] = moment >>> 8;
  target[time + 2] = moment;
  const sequence = writer.extension(3, 2);
  target[sequence] = sequenceNumber >>> 8;
  target[sequence + 1] = sequenceNumber;
  target[writer.extension(4, 1)] = 0x31;
  return writer.finish();
}

Deno.bench(`RtpWriter with three extensions x ${BATCH}`, { group: "out", baseline: true }, () => {
  for (let i = 0; i < BATCH; i++) sink += writeHeader(i);
});

Deno.bench(`the same, payload copied, VP8 patched x ${BATCH}`, { group: "out" }, () => {
  descriptor.parse(oneByte, payloadOffset, PAYLOAD_LENGTH);
  const payload = oneByte.subarray(payloadOffset);
  for (let i = 0; i < BATCH; i++) {
    const offset = writeHeader(i);
    target.set(payload, offset);
    patchCounters(target, descriptor, offset - payloadOffset, i, i);
    sink += target[offset]!;
  }
});

Deno.bench(`RTX written and unwrapped x ${BATCH}`, { group: "out" }, () => {
  for (let i = 0; i < BATCH; i++) {
    const offset = writeHeader(i);
    const length = writeRtxPayload(target, offset, i, oneByte, payloadOffset, PAYLOAD_LENGTH);
    if (view.parse(target, length)) sink += unwrapRtx(target, view, 1, 96);
  }
});

Deno.bench("parseRtcp() transport feedback of 100 packets", { group: "rtcp" }, () => {
  sink += parseRtcp(feedbackBytes, feedbackBytes.length)!.length;
});

Deno.bench("writeRtcp() transport feedback of 100 packets", { group: "rtcp" }, () => {
  sink += writeRtcp([feedback], target);
});

Deno.bench("parseRtcp() receiver report", { group: "rtcp" }, () => {
  sink += parseRtcp(reportBytes, reportBytes.length)!.length;
});

globalThis.addEventListener("unload", () => {
  if (Number.isNaN(sink)) throw new Error("A benchmark computed nothing");
});
