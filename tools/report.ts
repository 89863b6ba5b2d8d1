/**
 * Counts what the steps of a task did, and says it at the end.
 *
 * A step is a `deno test` run (each test counts) or a single check (counts as one).
 */
import { join } from "node:path";
import { type LaunchConfig, runDeno, type RunOptions } from "./launch.ts";

/** What one step did. */
export interface StepResult {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  /** Tests that did not run. In CI nothing may be skipped, so there they count as failed. */
  readonly skipped: number;
  readonly seconds: number;
  /** Why the step, or a part of it, did not run. */
  readonly note?: string;
  /** Each failed test: its name and the first lines of what it said. */
  readonly failures?: readonly string[];
}

/** Lines of a failure's text that are repeated in the summary; the whole text stands in the step's own output. */
const FAILURE_LINES = 12;

/** A file that collects the results of several tasks, one JSON line per step; `.ci/run` adds them up. */
const RESULTS_VARIABLE = "SEAMEET_RESULTS";

/** Runs steps one after another and keeps their results. */
export class Report {
  readonly #config: LaunchConfig;
  readonly #steps: StepResult[] = [];
  readonly #ci = Deno.env.get("CI") === "true";

  constructor(config: LaunchConfig) {
    this.#config = config;
  }

  /** True in CI, where a part that cannot run is a failure. */
  get ci(): boolean {
    return this.#ci;
  }

  /** Runs `deno` once; it passes when it exits with 0. */
  async check(name: string, args: readonly string[], options: RunOptions = {}): Promise<boolean> {
    announce(name);
    const start = performance.now();
    const code = await runDeno(args, this.#config, options);
    this.add({ name, passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0, seconds: since(start) });
    return code === 0;
  }

  /** Runs `deno test` with these arguments and counts its tests. A run without a single test has failed. */
  async tests(name: string, args: readonly string[], options: RunOptions = {}): Promise<boolean> {
    announce(name);
    const start = performance.now();
    const folder = await Deno.makeTempDir({ prefix: "seameet-junit-" });
    try {
      const path = join(folder, "junit.xml");
      const code = await runDeno(["test", "-A", "--no-check", `--junit-path=${path}`, ...args], this.#config, options);
      const xml = await Deno.readTextFile(path).catch(() => "");
      const counts = countTests(xml, code);
      this.add({ name, ...counts, seconds: since(start), failures: failureTexts(xml) });
      return counts.failed === 0;
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }

  /** Notes a part that this machine cannot run. */
  skip(name: string, why: string): void {
    this.add({ name, passed: 0, failed: 0, skipped: 1, seconds: 0, note: `NOT RUN: ${why}` });
  }

  /** Notes the result of a step that was run some other way. */
  add(result: StepResult): void {
    const skippedFails = this.#ci ? result.skipped : 0;
    const step = { ...result, failed: result.failed + skippedFails, skipped: result.skipped - skippedFails };
    this.#steps.push(step);
    const file = Deno.env.get(RESULTS_VARIABLE);
    if (file !== undefined) Deno.writeTextFileSync(file, JSON.stringify(step) + "\n", { append: true });
  }

  /** Prints the summary; answers the exit code of the task. */
  finish(task: string): number {
    const total = sum(this.#steps);
    console.log(`\n${task}:`);
    for (const step of this.#steps) console.log(`  ${describe(step)}`);
    for (const failure of this.#steps.flatMap((step) => step.failures ?? [])) console.log(`\n  FAILED: ${failure}`);
    const skipped = total.skipped === 0 ? "" : `, ${total.skipped} NOT RUN`;
    console.log(`${task}: ${total.passed} passed, ${total.failed} failed${skipped}`);
    return total.failed === 0 && total.passed > 0 ? 0 : 1;
  }
}

/** Adds up steps. */
export function sum(steps: readonly StepResult[]): { passed: number; failed: number; skipped: number } {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const step of steps) {
    total.passed += step.passed;
    total.failed += step.failed;
    total.skipped += step.skipped;
  }
  return total;
}

/**
 * Counts the tests of a JUnit report as Deno writes it.
 *
 * The exit code matters too: a module that fails to load, and a run without any test, leave no failed test case behind.
 */
export function countTests(xml: string, code: number): { passed: number; failed: number; skipped: number } {
  const cases = xml.match(/<testcase\b/g)?.length ?? 0;
  const skipped = xml.match(/<skipped\b/g)?.length ?? 0;
  const failed = xml.match(/<(failure|error)\b/g)?.length ?? 0;
  const silent = failed === 0 && (code !== 0 || cases === skipped) ? 1 : 0;
  return { passed: cases - skipped - failed, failed: failed + silent, skipped };
}

/** Name and first lines of each failed test of a JUnit report. */
export function failureTexts(xml: string): string[] {
  const cases = xml.matchAll(
    /<testcase name="([^"]*)"[^>]*>\s*<(?:failure|error)\b[^>]*>([^]*?)<\/(?:failure|error)>/g,
  );
  return [...cases].map(([, name = "", body = ""]) => {
    const lines = plain(body).split("\n").map((line) => line.trimEnd()).filter((line) => line !== "");
    return [plain(name), ...lines.slice(0, FAILURE_LINES)].join("\n    ");
  });
}

/** Text of an XML attribute or element. */
function plain(text: string): string {
  const named: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replace(/&(#x?[0-9a-f]+|[a-z]+);/gi, (whole, entity: string) => {
    if (entity[0] !== "#") return named[entity] ?? whole;
    const code = entity[1] === "x" ? parseInt(entity.slice(2), 16) : parseInt(entity.slice(1), 10);
    return String.fromCodePoint(code);
  });
}

function describe(step: StepResult): string {
  const result = step.failed > 0 ? "FAILED" : step.skipped > 0 ? "NOT ALL" : "ok";
  const counts = `${step.passed} passed, ${step.failed} failed` + (step.skipped > 0 ? `, ${step.skipped} not run` : "");
  return `${result.padEnd(8)}${step.name} (${counts}, ${step.seconds.toFixed(1)} s)${
    step.note ? ` — ${step.note}` : ""
  }`;
}

function announce(name: string): void {
  console.log(`\n=== ${name}`);
}

function since(start: number): number {
  return (performance.now() - start) / 1000;
}
