/** Counts by reason, for everything that is dropped or refused; reasons are our own words, so the map stays small. */
export class Counters {
  readonly #counts: Record<string, number> = {};

  /** Adds one to `reason`. */
  add(reason: string, amount = 1): void {
    this.#counts[reason] = (this.#counts[reason] ?? 0) + amount;
  }

  /** A copy of all counts so far. */
  snapshot(): Record<string, number> {
    return { ...this.#counts };
  }
}
