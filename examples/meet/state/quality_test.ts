import { assertEquals } from "@std/assert";
import {
  judgeIncoming,
  judgeOwn,
  type PictureQuality,
  ratesBetween,
  readSample,
  scoreOf,
  type StreamRates,
} from "./quality.ts";

const report = (seconds: number, lossy: number) => [
  {
    type: "inbound-rtp",
    trackIdentifier: "camera of Ben",
    packetsReceived: 100 * seconds,
    packetsLost: lossy * seconds,
    bytesReceived: 125_000 * seconds,
    framesDecoded: 24 * seconds,
    frameWidth: 640,
    frameHeight: 480,
  },
  { type: "outbound-rtp", bytesSent: 1_000, qualityLimitationReason: "none" },
  { type: "candidate-pair", nominated: true, currentRoundTripTime: 0.05 },
  { type: "codec", mimeType: "video/VP8" },
  "what a browser may invent",
];

Deno.test("ratesBetween() tells what came in, and nothing of tracks that were not there before", () => {
  const [before, now] = [readSample(report(2, 0), 2_000), readSample(report(4, 0), 4_000)];
  assertEquals([...ratesBetween(before, now)], [["camera of Ben", {
    loss: 0,
    kbps: 1_000,
    fps: 24,
    frozen: 0,
    width: 640,
    height: 480,
  }]]);
  assertEquals(ratesBetween(readSample([], 0), now).size, 0);
  assertEquals(ratesBetween(now, now).size, 0, "no time has passed");
});

const stream = (change: Partial<StreamRates>): StreamRates => ({
  loss: 0,
  kbps: 500,
  fps: 24,
  frozen: 0,
  width: 640,
  height: 480,
  ...change,
});

Deno.test("judgeIncoming() goes by the worst stream and says why", () => {
  assertEquals(judgeIncoming([]), { level: "good", reason: null });
  assertEquals(judgeIncoming([stream({}), stream({ loss: 0.05 })]), { level: "fair", reason: "loss" });
  assertEquals(judgeIncoming([stream({ loss: 0.05, frozen: 0.5 })]), { level: "poor", reason: "freeze" });
  const [before, now] = [readSample(report(0, 0), 0), readSample(report(2, 20), 2_000)];
  assertEquals(judgeIncoming([...ratesBetween(before, now).values()]), { level: "poor", reason: "loss" });
});

Deno.test("judgeOwn() knows loss, delay and a line that is too narrow", () => {
  const sample = readSample(report(1, 0), 1_000);
  assertEquals(judgeOwn(sample), { level: "good", reason: null });
  assertEquals(judgeOwn({ ...sample, roundTrip: 0.4 }), { level: "fair", reason: "delay" });
  assertEquals(judgeOwn({ ...sample, sendLoss: 0.2 }), { level: "poor", reason: "loss" });
  assertEquals(judgeOwn({ ...sample, limitedBy: "bandwidth" }), { level: "fair", reason: "bandwidth" });
});

const picture = (change: Partial<PictureQuality>): PictureQuality => ({
  layer: 2,
  layers: 3,
  width: 640,
  height: 480,
  reason: "ok",
  ...change,
});

Deno.test("judgeIncoming() blames the connection for a picture that it holds back, and nothing else", () => {
  assertEquals(judgeIncoming([], picture({ layer: 0, reason: "bandwidth" })), { level: "fair", reason: "bandwidth" });
  assertEquals(judgeIncoming([], picture({ layer: -1, reason: "bandwidth" })), { level: "poor", reason: "bandwidth" });
  for (const reason of ["requested", "hidden", "paused", "publisher_limit", "starting", "ok"] as const) {
    assertEquals(judgeIncoming([], picture({ layer: 0, reason })), { level: "good", reason: null });
  }
});

Deno.test("judgeOwn() goes by the worse of the two scores that the server gives", () => {
  const sample = readSample(report(1, 0), 1_000);
  const direction = { score: 5, reason: "ok", loss: 0, bitrate_bps: 0 } as const;
  const connection = (score: number) => ({
    down: { ...direction, score, reason: "delay" } as const,
    up: direction,
    rttMs: 20,
  });
  assertEquals(scoreOf(connection(3)), 3);
  assertEquals(judgeOwn(sample, connection(4)), { level: "good", reason: null });
  assertEquals(judgeOwn(sample, connection(3)), { level: "fair", reason: "delay" });
  assertEquals(judgeOwn(sample, connection(1)), { level: "poor", reason: "delay" });
});
