import type { Clock } from "./clock.ts";

/** A clock that a test moves on; between two alarms all promises get their turn. */
export class TestClock implements Clock {
  time = 0;
  readonly #alarms = new Map<() => void, number>();

  now(): number {
    return this.time;
  }

  schedule(delay: number, callback: () => void): () => void {
    const alarm = () => callback();
    this.#alarms.set(alarm, this.time + delay);
    return () => this.#alarms.delete(alarm);
  }

  get armed(): number {
    return this.#alarms.size;
  }

  async advance(ms: number): Promise<void> {
    const until = this.time + ms;
    for (;;) {
      await turn();
      const next = [...this.#alarms].sort(([, a], [, b]) => a - b)[0];
      if (next === undefined || next[1] > until) break;
      this.#alarms.delete(next[0]);
      this.time = Math.max(this.time, next[1]);
      next[0]();
    }
    this.time = until;
    await turn();
  }
}

/** Lets everything that is ready run: a macrotask comes after all microtasks. */
export const turn = (): Promise<void> => new Promise<void>((resolve) => setTimeout(resolve, 0));
