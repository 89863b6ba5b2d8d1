import { assertAlmostEquals, assertEquals } from "@std/assert";
import { compactNtp, ntpFromUnix, type NtpTime } from "../base/time.ts";
import type { ReportBlock } from "../rtp/rtcp.ts";
import { ReceiveStats } from "./receive_stats.ts";
import { SendStats } from "./send_stats.ts";

const NTP: NtpTime = ntpFromUnix(1_700_000_000_123);

function block(ssrc: number, changes: Partial<ReportBlock> = {}): ReportBlock {
  return {
    ssrc,
    fractionLost: 0,
    cumulativeLost: 0,
    highestSequence: 0,
    jitter: 0,
    lastSenderReport: 0,
    delaySinceLastSenderReport: 0,
    ...changes,
  };
}

Deno.test("senderReport() carries the counts", () => {
  const stats = new SendStats(5);
  stats.add(1_000);
  stats.add(200);
  assertEquals(stats.senderReport(NTP, 0x1_0000_0007, 0), {
    kind: "sr",
    ssrc: 5,
    ntp: NTP,
    rtpTimestamp: 7,
    packetCount: 2,
    octetCount: 1_200,
    reports: [],
  });
});

Deno.test("handleReport() measures the round trip from the report it answers", () => {
  const stats = new SendStats(5);
  stats.senderReport(NTP, 0, 1_000);
  stats.senderReport(ntpFromUnix(1_700_000_001_123), 0, 2_000);
  const lastSenderReport = compactNtp(NTP);
  const delaySinceLastSenderReport = 1.5 * 0x10000;
  assertEquals(stats.handleReport(block(5, { lastSenderReport, delaySinceLastSenderReport }), 2_580), true);
  assertAlmostEquals(stats.rttMs!, 80, 0.1);
});

Deno.test("handleReport() takes loss and jitter over", () => {
  const stats = new SendStats(5);
  stats.handleReport(block(5, { fractionLost: 64, cumulativeLost: -3, jitter: 90 }), 0);
  assertEquals([stats.fractionLost, stats.cumulativeLost, stats.jitter, stats.rttMs], [0.25, -3, 90, undefined]);
});

Deno.test("handleReport() ignores reports about other streams", () => {
  const stats = new SendStats(5);
  assertEquals(stats.handleReport(block(6, { fractionLost: 64 }), 0), false);
  assertEquals(stats.fractionLost, 0);
});

Deno.test("handleReport() believes no impossible round trip", () => {
  const stats = new SendStats(5);
  stats.senderReport(NTP, 0, 1_000);
  const lastSenderReport = compactNtp(NTP);
  stats.handleReport(block(5, { lastSenderReport: lastSenderReport + 1 }), 1_080);
  stats.handleReport(block(5, { lastSenderReport, delaySinceLastSenderReport: 0xffffffff }), 1_080);
  stats.handleReport(block(5, { lastSenderReport }), 100_000);
  assertEquals(stats.rttMs, undefined);
  // The receiver's delay is rounded: just below zero is a fast path.
  stats.handleReport(block(5, { lastSenderReport, delaySinceLastSenderReport: 0x10000 }), 1_998);
  assertEquals(stats.rttMs, 0);
});

Deno.test("handleReport() takes 0 for no sender report", () => {
  const stats = new SendStats(5);
  stats.senderReport({ seconds: 0, fraction: 0 }, 0, 1_000);
  stats.handleReport(block(5), 1_080);
  assertEquals(stats.rttMs, undefined);
});

Deno.test("handleReport() forgets sender reports after eight more", () => {
  const stats = new SendStats(5);
  for (let i = 0; i < 9; i++) stats.senderReport(ntpFromUnix(1_700_000_000_000 + i * 1_000), 0, i * 1_000);
  const about = (i: number) => block(5, { lastSenderReport: compactNtp(ntpFromUnix(1_700_000_000_000 + i * 1_000)) });
  stats.handleReport(about(0), 9_000);
  assertEquals(stats.rttMs, undefined);
  stats.handleReport(about(1), 9_000);
  assertEquals(stats.rttMs, 8_000);
});

Deno.test("handleReport() understands what ReceiveStats builds", () => {
  const sender = new SendStats(5);
  const receiver = new ReceiveStats(5, 48_000);
  const report = sender.senderReport(NTP, 960, 100);
  receiver.handleSenderReport(report.ntp, report.rtpTimestamp, 130);
  for (const n of [1, 2, 3, 5]) receiver.update(n, n * 960, 130 + n * 20);
  assertEquals(sender.handleReport(receiver.reportBlock(400), 430), true);
  assertAlmostEquals(sender.rttMs!, 60, 0.1);
  assertAlmostEquals(sender.fractionLost, 0.2, 0.01);
  assertEquals(sender.cumulativeLost, 1);
});
