/** What a page's main thread is busy with, told by the browser's own trace. */
import type { Page } from "puppeteer-core";

/** The page's tasks in a while. */
export interface MainThread {
  /** How many there were. */
  readonly tasks: number;
  /** From the first to the last, in seconds. */
  readonly seconds: number;
  /** The most processor time that one task took, in milliseconds. */
  readonly longestMs: number;
  /** Share of the time that the thread worked, 0 to 1. */
  readonly busy: number;
}

/** One event of Chromium's trace format; times in microseconds. */
interface TraceEvent {
  readonly name?: string;
  readonly ph?: string;
  readonly pid?: number;
  readonly tid?: number;
  readonly ts?: number;
  /** Processor time of the thread: waiting for a core does not count. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/**
 * Runs something and tells what the page's main thread did meanwhile, in processor time: on a busy machine a task of three milliseconds
 * lasts a hundred, since others are given the core in between, and that says nothing of the page.
 */
export async function traceMainThread(page: Page, run: () => Promise<unknown>): Promise<MainThread> {
  await page.tracing.start({ categories: ["-*", "disabled-by-default-devtools.timeline"] });
  await run();
  const trace = await page.tracing.stop();
  if (trace === undefined) throw new Error("The browser has written no trace");
  const { traceEvents }: { traceEvents: TraceEvent[] } = JSON.parse(new TextDecoder().decode(trace));
  const mains = new Set(
    traceEvents.filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain")
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  const tasks = traceEvents.filter(({ name, ph, pid, tid }) =>
    name === "RunTask" && ph === "X" && mains.has(`${pid} ${tid}`)
  );
  let [first, last, longest, sum] = [Infinity, -Infinity, 0, 0];
  for (const { ts = 0, tdur } of tasks) {
    if (tdur === undefined) throw new Error("The trace tells no processor times");
    first = Math.min(first, ts);
    last = Math.max(last, ts);
    longest = Math.max(longest, tdur);
    sum += tdur;
  }
  const micros = Math.max(1, last - first);
  return { tasks: tasks.length, seconds: micros / 1e6, longestMs: longest / 1_000, busy: sum / micros };
}
