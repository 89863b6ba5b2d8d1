/** What one packet costs in each structure of `src/stream` and `src/bandwidth`; ten thousand packets per iteration. */

import { PacketPool } from "../src/base/packet_pool.ts";
import { TwccRecorder } from "../src/bandwidth/twcc_recorder.ts";
import { ActiveSpeaker } from "../src/room/active_speaker.ts";
import { RtpView } from "../src/rtp/rtp_view.ts";
import { Vp8Descriptor } from "../src/rtp/vp8_descriptor.ts";
import { NackGenerator } from "../src/stream/nack_generator.ts";
import { PacketCache, VIDEO_CACHE_CAPACITY } from "../src/stream/packet_cache.ts";
import { ReceiveStats } from "../src/stream/receive_stats.ts";
import { RtpRewriter } from "../src/stream/rtp_rewriter.ts";
import { SequenceMap } from "../src/stream/sequence_map.ts";

/** Packets per iteration: large enough to forget the cost of the loop around it. */
const PACKETS = 10_000;

const map = new SequenceMap(VIDEO_CACHE_CAPACITY);
let mapped = 0x10000;
Deno.bench("SequenceMap.next, 10,000 in order", () => {
  for (let i = 0; i < PACKETS; i++) map.next(mapped++);
});

const holed = new SequenceMap(VIDEO_CACHE_CAPACITY);
let holedNext = 0x10000;
Deno.bench("SequenceMap, 10,000 of which every eighth is left out", () => {
  for (let i = 0; i < PACKETS; i++) {
    if ((i & 7) === 7) holed.drop(holedNext++);
    else holed.next(holedNext++);
  }
});

const picture = new Vp8Descriptor();
const payload = Uint8Array.of(0x90, 0xe0, 0x81, 0x23, 0x45, 0x20, 0x10, 0, 0, 0);
picture.parse(payload, 0, payload.length);
const rewriter = new RtpRewriter({ ssrc: 1, clockRateHz: 90_000, capacity: VIDEO_CACHE_CAPACITY });
rewriter.mapPayloadType(96, 98);
rewriter.forward(1, 0, 96, picture, 0);
rewriter.switchSource();
let rewritten = 0x10000;
Deno.bench("RtpRewriter.forward and patchPicture, 10,000", () => {
  for (let i = 0; i < PACKETS; i++) {
    rewriter.forward(rewritten, (rewritten * 3_000) >>> 0, 96, picture, rewritten);
    rewriter.patchPicture(payload, picture, 0);
    rewritten++;
  }
});

const pool = new PacketPool();
const cache = new PacketCache(VIDEO_CACHE_CAPACITY);
const view = new RtpView();
let cached = 0x10000;
Deno.bench("PacketCache.put with acquire and release, 10,000", () => {
  for (let i = 0; i < PACKETS; i++) {
    const packet = pool.acquire();
    cache.put(cached, packet, view, false, cached++);
    packet.release();
  }
});

const inOrder = new NackGenerator();
let inOrderNext = 0x10000;
Deno.bench("NackGenerator.received, 10,000 in order", () => {
  for (let i = 0; i < PACKETS; i++) inOrder.received(inOrderNext++, i);
});

const lossy = new NackGenerator();
let lossyNext = 0x10000;
Deno.bench("NackGenerator, 10,000 with 2 % lost and repaired", () => {
  for (let i = 0; i < PACKETS; i++) {
    if (lossyNext % 50 !== 0) lossy.received(lossyNext, lossyNext * 4);
    else if (lossyNext > 0x10010) lossy.received(lossyNext - 50, lossyNext * 4);
    lossy.due(lossyNext * 4);
    lossyNext++;
  }
});

const stats = new ReceiveStats(1, 90_000);
let counted = 0;
Deno.bench("ReceiveStats.update, 10,000", () => {
  for (let i = 0; i < PACKETS; i++) stats.update(counted & 0xffff, (counted * 3_000) >>> 0, counted++ * 33);
});

const recorder = new TwccRecorder();
let recorded = 0;
Deno.bench("TwccRecorder, 10,000 with feedback every 100 packets", () => {
  for (let i = 0; i < PACKETS; i++) {
    recorder.record(recorded & 0xffff, recorded++);
    if (i % 100 === 99) recorder.feedback(1, 2);
  }
});

const meter = new ActiveSpeaker().add("a");
let heard = 0;
Deno.bench("SpeakerMeter.level, 10,000", () => {
  for (let i = 0; i < PACKETS; i++) meter.level(40, heard++ * 20);
});
