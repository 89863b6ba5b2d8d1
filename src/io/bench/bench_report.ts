import type { BenchCase } from "./bench_cases.ts";
import type { Delay } from "./engine_run.ts";
import type { Limit, Tally } from "./limit.ts";
import type { Machine } from "./machine.ts";

/** What was found for one case with one engine; rates are of the best round. */
export interface BenchRow {
  readonly case: string;
  readonly engine: "native" | "portable";
  readonly media: "audio" | "video";
  readonly payloadBytes: number;
  readonly rooms: number;
  readonly members: number;
  readonly publishers: number;
  readonly perTurn: number;
  /** Copies sent per second of processor time. */
  readonly packetsPerSecond: number;
  /** Processor time per copy in microseconds; receiving, decrypting and everything else is in it. */
  readonly microsPerPacket: number;
  /** Share of the rate of the limit in the same run; `null` where there is no limit. */
  readonly ratioToLimit: number | null;
  /** Share of the copies sent that arrived. */
  readonly delivered: number;
  /** Raw counts. */
  readonly run: Tally;
  /** Raw counts of the limit with as many receivers. */
  readonly limit: Tally | null;
  /** Delay at half of the rate; `null` when no copy came back. */
  readonly delay: Delay | null;
}

/** Everything that `seameet bench` has found. */
export interface BenchReport {
  readonly version: string;
  readonly quick: boolean;
  readonly machine: Machine;
  /** What figures are compared with. */
  readonly limit: { readonly kind: Limit["kind"]; readonly description: string };
  readonly rows: readonly BenchRow[];
  /** Resident bytes per subscriber with video and audio, the garbage of joining included. */
  readonly residentBytesPerSubscriber: number;
  readonly memorySubscribers: number;
  /** Cost per copy at the largest fan-out against that at the smallest, for each engine and for the limit. */
  readonly growth: readonly { readonly what: string; readonly factor: number }[];
  /** Seconds that all of it took. */
  readonly seconds: number;
}

/** One row from the best of its rounds. */
export function benchRow(
  which: BenchCase,
  engine: BenchRow["engine"],
  payloadBytes: number,
  run: Tally,
  limit: Tally | undefined,
  delay: Delay | undefined,
): BenchRow {
  return {
    case: which.name,
    engine,
    media: which.media,
    payloadBytes,
    rooms: which.rooms,
    members: which.members,
    publishers: which.publishers,
    perTurn: which.perTurn,
    packetsPerSecond: rateOf(run),
    microsPerPacket: 1e6 / rateOf(run),
    ratioToLimit: limit === undefined ? null : rateOf(run) / rateOf(limit),
    delivered: run.received / run.sent,
    run,
    limit: limit ?? null,
    delay: delay ?? null,
  };
}

/** Copies per second of processor time. */
export function rateOf(tally: Tally): number {
  return tally.sent / tally.cpuSeconds;
}

/** The report as a page for people. */
export function markdownReport(report: BenchReport): string {
  const { machine } = report;
  const load = machine.loadAverage === undefined ? "" : `, load average ${machine.loadAverage.toFixed(2)} at the start`;
  const lines = [
    `# seameet ${report.version} on this machine`,
    "",
    `${machine.processor}, ${machine.cores} cores, ${machine.system}, Deno ${machine.deno}${load}. ${machine.engine}.`,
    "",
    `Limit: ${report.limit.description}.${report.quick ? " Quick run: the figures are rough." : ""}`,
    "",
    ...(machine.busy ? ["**The machine was busy when this began: it can do more than these figures say.**", ""] : []),
    ...table(
      ["case", "engine", "packets/s and core", "µs each", "of the limit", "delivered", "p50 / p99 ms at half load"],
      report.rows.map((row) => [
        row.case,
        row.engine,
        count(row.packetsPerSecond),
        row.microsPerPacket.toFixed(2),
        row.ratioToLimit?.toFixed(2) ?? "–",
        `${(100 * row.delivered).toFixed(1)} %`,
        row.delay === null ? "–" : `${row.delay.p50.toFixed(2)} / ${row.delay.p99.toFixed(2)}`,
      ]),
    ),
    "",
    `Resident memory per subscriber (video and audio, ${report.memorySubscribers} of them): ` +
    `${(report.residentBytesPerSubscriber / 1e6).toFixed(3)} MB.`,
    ...report.growth.map(({ what, factor }) =>
      `Cost per packet at 1,000 against 10 subscribers, ${what}: ${factor.toFixed(2)}.`
    ),
    "",
    "Raw counts of the best rounds:",
    "",
    ...table(
      ["case", "engine", "sent", "received", "CPU s", "limit: sent", "received", "CPU s"],
      report.rows.map((row) => [row.case, row.engine, ...raw(row.run), ...raw(row.limit)]),
    ),
    "",
  ];
  return lines.join("\n");
}

function raw(tally: Tally | null): string[] {
  return tally === null ? ["–", "–", "–"] : [count(tally.sent), count(tally.received), tally.cpuSeconds.toFixed(3)];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((text, i) => Math.max(text.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  return [line(head), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...rows.map(line)];
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}
