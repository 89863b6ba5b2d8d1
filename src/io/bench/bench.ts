import { silentLogger } from "../../base/log.ts";
import { VERSION } from "../../base/version.ts";
import { chooseEngine, type Engine } from "../native/choose_engine.ts";
import { type BenchCase, type BenchSize, fanOutName, FULL, GROWTH, QUICK } from "./bench_cases.ts";
import { PAYLOAD_BYTES } from "./bench_media.ts";
import type { BenchOptions } from "./bench_options.ts";
import { type BenchReport, type BenchRow, benchRow, markdownReport, rateOf } from "./bench_report.ts";
import { type Delay, EngineRun, type Stage } from "./engine_run.ts";
import { type Limit, type LimitProbe, openLimit, type Tally } from "./limit.ts";
import type { LoadAnswer, LoadRequest } from "./load_worker.ts";
import { describeMachine } from "./machine.ts";
import { threadTime } from "./thread_time.ts";
import { openWorker } from "./worker_port.ts";

/** Load at which delays are looked at, of what the row's engine can do. */
const HALF = 0.5;

/** What all cases should take together; a machine that is busy elsewhere gets one round for what comes late. */
const BUDGET_MS = 75_000;

/** Tells what goes on. */
export type BenchListener = (line: string) => void;

/** What to look for, so that a test can leave things out. */
export interface BenchProbe {
  readonly limit?: LimitProbe;
}

/** `seameet bench`: measures, prints, writes the files; returns the exit code. */
export async function bench(options: BenchOptions): Promise<number> {
  const report = await runBench(options.quick, (line) => console.log(line));
  const markdown = markdownReport(report);
  console.log(`\n${markdown}`);
  if (options.json !== undefined) await Deno.writeTextFile(options.json, `${JSON.stringify(report, null, 2)}\n`);
  if (options.markdown !== undefined) await Deno.writeTextFile(options.markdown, markdown);
  return 0;
}

/** Measures everything on this machine, of which it needs two cores for some seconds or, not `quick`, up to two minutes. */
export async function runBench(quick: boolean, tell: BenchListener, probe: BenchProbe = {}): Promise<BenchReport> {
  const start = performance.now();
  const size = quick ? QUICK : FULL;
  const best = chooseEngine("auto", silentLogger);
  const engines = best.name === "portable" ? [best] : [best, chooseEngine("portable", silentLogger)];
  const machine = describeMachine(best);
  if (machine.busy) tell(`Note: the machine is busy (load average ${machine.loadAverage?.toFixed(2)})`);
  const time = threadTime(best.name === "native");
  await using limit = await openLimit(probe.limit);
  tell(`Limit: ${limit.description}`);
  const load = openWorker<LoadRequest, LoadAnswer>(new URL("load_worker.ts", import.meta.url));
  try {
    const ready = await load.answer();
    const stage: Stage = { sink: limit.sink, load, loadPort: ready.kind === "ready" ? ready.port : 0, time };
    // First of all: what later rooms leave behind would be used again and not be counted.
    const residentBytesPerSubscriber = await measureMemory(best, size, stage);
    tell(`Memory per subscriber: ${(residentBytesPerSubscriber / 1e6).toFixed(3)} MB`);
    const rows: BenchRow[] = [];
    const cases = size.cases.filter(isPossible);
    for (const [i, which] of cases.entries()) {
      const late = performance.now() - start > (BUDGET_MS * (i + 1)) / cases.length;
      const amount = late ? { ...size, rounds: 1, delayRounds: 1 } : size;
      rows.push(...await measureCase(which, engines, amount, stage, limit, tell));
    }
    const { kind, description } = limit;
    return {
      version: VERSION,
      quick,
      machine,
      limit: { kind, description },
      rows,
      residentBytesPerSubscriber,
      memorySubscribers: size.memorySubscribers,
      growth: growthOf(rows),
      seconds: (performance.now() - start) / 1_000,
    };
  } finally {
    load.close();
  }
}

/** Where all participants share one loopback address, there can be one publisher only: its address is how it is known. */
function isPossible({ publishers }: BenchCase): boolean {
  return publishers === 1 || Deno.build.os === "linux";
}

async function measureMemory(engine: Engine, size: BenchSize, stage: Stage): Promise<number> {
  const before = Deno.memoryUsage().rss;
  const plan = { rooms: 1, members: size.memorySubscribers + 1, publishers: 1 };
  const run = new EngineRun(engine, plan, "video", stage);
  run.publish();
  const few = 4 * size.memorySubscribers;
  await run.burst(few, 1, "audio");
  await run.burst(few, 1, "video");
  const resident = Deno.memoryUsage().rss - before;
  run.close();
  return Math.max(0, resident / size.memorySubscribers);
}

/** One row for each engine: rounds in turn with those of the others and of the limit, so that a busy moment hits all. */
async function measureCase(
  which: BenchCase,
  engines: readonly Engine[],
  size: BenchSize,
  stage: Stage,
  limit: Limit,
  tell: BenchListener,
): Promise<BenchRow[]> {
  const taking = engines.filter(({ name }) => name === "native" || !which.nativeOnly);
  const runs = taking.map((engine) => new EngineRun(engine, which, which.media, stage));
  const payload = PAYLOAD_BYTES[which.media];
  const receivers = which.publishers === 1 ? which.members - 1 : which.rooms * which.members;
  let bestLimit: Tally | undefined;
  const bests: (Tally | undefined)[] = runs.map(() => undefined);
  for (let round = 0; round < size.rounds; round++) {
    // As limit.c does, which keeps itself to it.
    stage.time.keepTo("first");
    bestLimit = better(bestLimit, await limit.measure(receivers, size.copies.native, payload));
    for (const [i, run] of runs.entries()) {
      run.publish();
      bests[i] = better(bests[i], await run.burst(size.copies[taking[i]!.name], which.perTurn));
    }
  }
  // A delay is by the clock: whoever else uses a core must not be in the way.
  stage.time.keepTo("any");
  const rows: BenchRow[] = [];
  for (const [i, run] of runs.entries()) {
    run.publish();
    const tally = bests[i]!;
    const delay = await bestDelay(run, HALF * rateOf(tally), size);
    const row = benchRow(which, taking[i]!.name, payload, tally, bestLimit, delay);
    rows.push(row);
    tell(line(row));
    run.close();
  }
  return rows;
}

async function bestDelay(run: EngineRun, copiesPerSecond: number, size: BenchSize): Promise<Delay | undefined> {
  let best: Delay | undefined;
  for (let round = 0; round < size.delayRounds; round++) {
    const delay = await run.delay(copiesPerSecond, size.delayMs);
    if (best === undefined || (delay !== undefined && delay.p99 < best.p99)) best = delay;
  }
  return best;
}

function better(best: Tally | undefined, next: Tally | undefined): Tally | undefined {
  return best === undefined || (next !== undefined && rateOf(next) > rateOf(best)) ? next : best;
}

function growthOf(rows: readonly BenchRow[]): BenchReport["growth"] {
  const found = [];
  const large = rows.filter((row) => row.case === fanOutName(GROWTH.to));
  for (const { engine, microsPerPacket, limit } of large) {
    const small = rows.find((row) => row.case === fanOutName(GROWTH.from) && row.engine === engine);
    if (small === undefined) continue;
    found.push({ what: engine, factor: microsPerPacket / small.microsPerPacket });
    if (limit === null || small.limit === null || found.some(({ what }) => what === "limit")) continue;
    found.push({ what: "limit", factor: rateOf(small.limit) / rateOf(limit) });
  }
  return found;
}

function line(row: BenchRow): string {
  const rate = Math.round(row.packetsPerSecond).toLocaleString("en").padStart(9);
  const ratio = row.ratioToLimit === null ? "" : `  ${row.ratioToLimit.toFixed(2)} of the limit`;
  const delay = row.delay === null ? "" : `  p50 ${row.delay.p50.toFixed(2)} ms, p99 ${row.delay.p99.toFixed(2)} ms`;
  return `${row.case.padEnd(26)} ${row.engine.padEnd(9)}${rate} packets/s and core${ratio}${delay}`;
}
