/**
 * How long tests with real clocks, browsers and processes wait, and what the machine did meanwhile.
 *
 * A wait ends with the thing that is waited for; the limit is only there so that a fault ends in words and not in silence.
 */

/**
 * For whatever must come. No requirement: what works takes a second or two, and thirty on two cores with twenty busy processes, so that a test
 * which waits so long has something to tell about the system and not about the machine.
 */
export const PATIENCE_MS = 90_000;

/** How often is looked where nothing tells: the pages of a browser are asked, which takes a few milliseconds itself. */
export const POLLING_MS = 100;

/** From when to when, in milliseconds since 1970: all pages and processes are on one machine. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A timer that is so late says that the machine gave the process no time; less is the timer's own coarseness. */
const LATE_MS = 20;
const TICK_MS = 20;

/** Notes when this process had no time, for as long as it is not disposed of. */
export class Stalls implements Disposable {
  readonly spans: Span[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.#tick(Date.now());
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #tick(now: number): void {
    const due = now + TICK_MS;
    this.#timer = setTimeout(() => {
      const then = Date.now();
      if (then - due > LATE_MS) this.spans.push({ from: due, to: then });
      this.#tick(then);
    }, TICK_MS);
  }
}

/** How much of a span is covered by others, which may overlap; milliseconds. */
export function covered(spans: readonly Span[], whole: Span): number {
  const inside = spans.map(({ from, to }) => ({ from: Math.max(from, whole.from), to: Math.min(to, whole.to) }))
    .filter(({ from, to }) => to > from).sort((a, b) => a.from - b.from);
  let [sum, until] = [0, -Infinity];
  for (const { from, to } of inside) {
    sum += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  return sum;
}

/** Encoders, jitter buffers and congestion control live with shorter ones. */
const LONG_STALL_MS = 100;

/** The share of a span in which there was no time for long; what is seen in it says little of the system. */
export function stalledShare(spans: readonly Span[], whole: Span): number {
  const long = spans.filter(({ from, to }) => to - from >= LONG_STALL_MS);
  return covered(long, whole) / Math.max(1, whole.to - whole.from);
}

/** How many wait for a processor, as the system tells it: for those who read of a failure. */
export function machine(): string {
  const lines = ["/proc/loadavg", "/proc/pressure/cpu"].map((path) => {
    try {
      return Deno.readTextFileSync(path).split("\n")[0]!;
    } catch {
      return ""; // not Linux, or an older one
    }
  });
  return `load ${lines.filter((line) => line !== "").join("; waiting for a processor: ")}`;
}
