import { assert, assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { seededRandom } from "../base/random.ts";
import { ntpFromUnix } from "../base/time.ts";
import { Arrival, ReceiveStats } from "./receive_stats.ts";

const STARTS = [0, 1, 32767, 32768, 65534, 65535];

/** Takes in packets by 16-bit number, one each millisecond on a clock of 1 kHz. */
function receive(stats: ReceiveStats, ...numbers: number[]): number[] {
  return numbers.map((n) => stats.update(n & 0xffff, n, n));
}

Deno.test("reportBlock() is empty before the first packet", () => {
  const report = new ReceiveStats(9, 90_000).reportBlock(100);
  assertEquals(report, {
    ssrc: 9,
    fractionLost: 0,
    cumulativeLost: 0,
    highestSequence: 0,
    jitter: 0,
    lastSenderReport: 0,
    delaySinceLastSenderReport: 0,
  });
});

Deno.test("reportBlock() counts from the first packet on, over the wrap", () => {
  for (const start of STARTS) {
    const stats = new ReceiveStats(1, 1_000);
    for (let i = 0; i < 70_000; i++) assertEquals(stats.update((start + i) & 0xffff, i, i), Arrival.accepted);
    const report = stats.reportBlock(0);
    assertEquals(report.highestSequence, start + 69_999);
    assertEquals([stats.packets, stats.lost, report.fractionLost, report.jitter], [70_000, 0, 0, 0]);
  }
});

Deno.test("reportBlock() tells the loss of the interval and of all time", () => {
  const stats = new ReceiveStats(1, 1_000);
  receive(stats, 1, 2, 3, 5, 6, 7, 8, 10);
  const first = stats.reportBlock(0);
  assertEquals([first.cumulativeLost, first.fractionLost], [2, Math.floor((256 * 2) / 10)]);
  assertEquals(stats.intervalLoss, 0.2);
  receive(stats, 11, 12, 13, 14);
  const second = stats.reportBlock(0);
  assertEquals([second.cumulativeLost, second.fractionLost, stats.intervalLoss], [2, 0, 0]);
  // Nothing arrived: nothing was expected.
  assertEquals(stats.reportBlock(0).fractionLost, 0);
  receive(stats, 15, 18);
  assertEquals([stats.reportBlock(0).cumulativeLost, stats.intervalLoss], [4, 0.5]);
});

Deno.test("reportBlock() takes late packets off the loss, and duplicates below zero", () => {
  const stats = new ReceiveStats(1, 1_000);
  receive(stats, 10, 11, 14);
  assertEquals(stats.reportBlock(0).cumulativeLost, 2);
  receive(stats, 13, 12);
  const after = stats.reportBlock(0);
  assertEquals([after.cumulativeLost, after.fractionLost, after.highestSequence], [0, 0, 14]);
  receive(stats, 14, 14, 13);
  assertEquals(stats.reportBlock(0).cumulativeLost, -3);
  assertEquals(stats.intervalLoss, 0);
});

Deno.test("reportBlock() reports a lost interval as far as eight bits go", () => {
  const stats = new ReceiveStats(1, 1_000);
  receive(stats, 1);
  stats.reportBlock(0);
  receive(stats, 2_900);
  assertEquals(stats.reportBlock(0).fractionLost, 255);
});

Deno.test("reportBlock() tells which sender report came last, and how long ago", () => {
  const stats = new ReceiveStats(1, 90_000);
  stats.handleSenderReport({ seconds: 0x12345678, fraction: 0x9abcdef0 }, 4_711, 1_000);
  assertEquals(stats.lastReport, {
    ntp: { seconds: 0x12345678, fraction: 0x9abcdef0 },
    rtpTimestamp: 4_711,
    at: 1_000,
  });
  const report = stats.reportBlock(1_500);
  assertEquals([report.lastSenderReport, report.delaySinceLastSenderReport], [0x56789abc, 0x8000]);
  stats.handleSenderReport(ntpFromUnix(0), 4_800, 2_000);
  assertEquals(stats.reportBlock(2_000).delaySinceLastSenderReport, 0);
});

Deno.test("update() finds a restart after two packets in sequence", () => {
  for (const start of STARTS) {
    const stats = new ReceiveStats(1, 1_000);
    receive(stats, start, start + 1);
    const far = start + 20_000;
    assertEquals(receive(stats, far, far + 1, far + 2), [Arrival.suspicious, Arrival.restarted, Arrival.accepted]);
    assertEquals([stats.restarts, stats.lost, stats.packets], [1, 0, 4]);
    assertEquals(stats.reportBlock(0).highestSequence, (far & 0xffff) + 2);
  }
});

Deno.test("update() takes a single stray packet for what it is", () => {
  const stats = new ReceiveStats(1, 1_000);
  assertEquals(
    receive(stats, 100, 30_000, 101, 30_001, 102),
    [Arrival.accepted, Arrival.suspicious, Arrival.accepted, Arrival.suspicious, Arrival.accepted],
  );
  assertEquals([stats.restarts, stats.lost, stats.packets], [0, 0, 3]);
});

Deno.test("update() takes packets held back for a while as late, not as a restart", () => {
  const stats = new ReceiveStats(1, 1_000);
  for (let n = 0; n < 1_000; n++) if (n < 500 || n >= 900) receive(stats, n);
  for (let n = 500; n < 900; n++) assertEquals(receive(stats, n), [Arrival.accepted]);
  assertEquals([stats.restarts, stats.lost], [0, 0]);
});

Deno.test("jitterMs follows RFC 3550 appendix A.8", () => {
  const stats = new ReceiveStats(1, 48_000);
  // Every 20 ms a packet, each second one 8 ms late: the transit time changes by 8 ms each time.
  for (let i = 0; i < 400; i++) stats.update(i, i * 960, i * 20 + (i % 2) * 8);
  assertAlmostEquals(stats.jitterMs, 8, 0.1);
  assertAlmostEquals(stats.reportBlock(0).jitter, 8 * 48, 5);
});

Deno.test("jitterMs is not moved by a jump of the sender's clock or by the wrap of the timestamp", () => {
  const stats = new ReceiveStats(1, 90_000);
  let timestamp = 0xfffff000;
  for (let i = 0; i < 100; i++) {
    stats.update(i, timestamp >>> 0, i * 10);
    timestamp += i === 50 ? 0x40000000 : 900;
  }
  assertLess(stats.jitterMs, 0.001);
});

Deno.test("jitterMs is not moved by a restart", () => {
  const stats = new ReceiveStats(1, 90_000);
  for (let i = 0; i < 10; i++) stats.update(i, i * 900, i * 10);
  for (let i = 10; i < 20; i++) stats.update(30_000 + i, 90_000 + i * 900, i * 10);
  assertEquals([stats.restarts, stats.jitterMs], [1, 0]);
});

Deno.test("update() counts right through random loss, reordering and duplicates", () => {
  const seed = 20_260_101;
  const random = seededRandom(seed);
  for (const start of STARTS) {
    const stats = new ReceiveStats(1, 90_000);
    const line: number[] = [];
    for (let i = 0; i < 100_000; i++) line.push(start + i);
    for (let i = 1; i < line.length - 20; i++) {
      // Swap with a later one, but leave the first and last in place.
      const j = i + Math.floor(random.next() * 10);
      [line[i], line[j]] = [line[j]!, line[i]!];
    }
    let received = 0;
    line.forEach((n, index) => {
      const edge = index === 0 || index === line.length - 1;
      const copies = edge ? 1 : random.next() < 0.1 ? 0 : random.next() < 0.05 ? 2 : 1;
      for (let c = 0; c < copies; c++) stats.update(n & 0xffff, 0, 0);
      received += copies;
    });
    assert(stats.restarts === 0, `seed ${seed}`);
    assertEquals([stats.packets, stats.lost], [received, 100_000 - received], `seed ${seed}, start ${start}`);
    assertEquals(stats.reportBlock(0).highestSequence, start + 99_999);
  }
});
