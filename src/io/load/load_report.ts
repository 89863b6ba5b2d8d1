import { ReplayWindow } from "../../transport/srtp_replay.ts";

/** Delays are counted in steps of a tenth of a millisecond up to ten seconds; what is beyond counts as ten. */
const STEPS_PER_MS = 10;
const MAX_DELAY_MS = 10_000;

/** Counts times so that percentiles can be read, in memory that does not grow. */
export class DelayHistogram {
  readonly #counts = new Float64Array(MAX_DELAY_MS * STEPS_PER_MS + 1);
  #total = 0;

  /** How many there are. */
  get total(): number {
    return this.#total;
  }

  /** Counts one. */
  add(ms: number): void {
    const step = Math.max(0, Math.min(this.#counts.length - 1, Math.round(ms * STEPS_PER_MS)));
    this.#counts[step] = this.#counts[step]! + 1;
    this.#total++;
  }

  /** The time that `share` of all (0 … 1) do not exceed, in milliseconds; `undefined` without any. */
  percentile(share: number): number | undefined {
    if (this.#total === 0) return undefined;
    let left = Math.max(1, Math.ceil(share * this.#total));
    const step = this.#counts.findIndex((count) => (left -= count) <= 0);
    return step / STEPS_PER_MS;
  }
}

/** What one subscriber has got of one track. */
export class TrackTally {
  /** Different packets. */
  received = 0;
  #first = -1;
  readonly #seen = new ReplayWindow();

  /** Takes a packet's number; `false` when it was there before. */
  add(number: number): boolean {
    if (this.#first < 0) this.#first = number;
    // Older than the first: sent before we were ready for them.
    if (number < this.#first || !this.#seen.isFresh(number)) return false;
    this.#seen.add(number);
    this.received++;
    return true;
  }

  /** How many there should have been, when `sent` went out: all since the first; all at all when none came. */
  expected(sent: number): number {
    return sent - Math.max(0, this.#first);
  }
}

/** The result of a run; times in milliseconds. */
export interface LoadReport {
  readonly engine: string;
  /** Participants that should join, did join, and got media through; why others did not. */
  readonly sessions: {
    readonly requested: number;
    readonly joined: number;
    readonly connected: number;
    readonly failures: Readonly<Record<string, number>>;
  };
  /** Sessions connected per second while joining; at most `--join-rate`. */
  readonly joinsPerSecond: number;
  /** From the start of a join to the end of the DTLS handshake. */
  readonly connectMs: Percentiles;
  /** From the start of a subscriber's join to its first packet of media. */
  readonly firstPacketMs: Percentiles;
  readonly seconds: number;
  /** Media packets sent by publishers and received by all participants; bytes of payload. */
  readonly sent: { readonly packets: number; readonly bytes: number };
  readonly received: { readonly packets: number; readonly bytes: number; readonly repaired: number };
  /** Media packets that should have come. */
  readonly expected: number;
  readonly lossPercent: number;
  readonly maxLossPercent: number;
  /** From a publisher's send call to the receiver's callback, through the server, in this process and so by one clock. */
  readonly delayMs: Percentiles & { readonly max: number | null };
  /** Keyframes that publishers sent. */
  readonly keyframes: number;
  readonly passed: boolean;
}

/** Some percentiles, `null` when nothing was measured. */
export interface Percentiles {
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

/** The percentiles of a histogram. */
export function percentiles(histogram: DelayHistogram): Percentiles {
  const at = (share: number) => histogram.percentile(share) ?? null;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

/** The report for people. */
export function reportText(report: LoadReport): string {
  const { sessions, sent, received, delayMs, seconds } = report;
  const ms = (value: number | null) => value === null ? "-" : `${value.toFixed(1)} ms`;
  const rate = (bytes: number) => `${(bytes * 8 / seconds / 1e6).toFixed(2)} Mbit/s`;
  const failures = Object.entries(sessions.failures).map(([reason, count]) => `${count} × ${reason}`);
  const lines = [
    `Engine        ${report.engine}`,
    `Participants  ${sessions.connected} of ${sessions.requested} connected, ${
      report.joinsPerSecond.toFixed(1)
    } per second`,
    ...failures.map((failure) => `  failed      ${failure}`),
    `Connect       p50 ${ms(report.connectMs.p50)}, p95 ${ms(report.connectMs.p95)}`,
    `First packet  p50 ${ms(report.firstPacketMs.p50)}, p95 ${ms(report.firstPacketMs.p95)}`,
    `Sent          ${sent.packets} packets, ${(sent.packets / seconds).toFixed(0)}/s, ${rate(sent.bytes)}`,
    `Received      ${received.packets} packets, ${(received.packets / seconds).toFixed(0)}/s, ${
      rate(received.bytes)
    }, ${received.repaired} by retransmission`,
    `Delay         p50 ${ms(delayMs.p50)}, p95 ${ms(delayMs.p95)}, p99 ${ms(delayMs.p99)}, max ${ms(delayMs.max)}` +
    " (send call to receive callback in this process, one clock)",
    `Loss          ${report.lossPercent.toFixed(3)} % of ${report.expected} (limit ${report.maxLossPercent} %)`,
    report.passed ? "Passed" : "FAILED",
  ];
  return lines.join("\n");
}
