import type { Millis } from "../../src/base/time.ts";

interface Event {
  readonly at: Millis;
  /** Counts up, so that events of the same moment happen in the order in which they were planned. */
  readonly order: number;
  readonly run: () => void;
}

/** The virtual clock: what happens when, earliest first. Time passes only in `runUntil`. */
export class EventQueue {
  #now: Millis = 0;
  #order = 0;
  readonly #heap: Event[] = [];

  /** The virtual time. */
  get now(): Millis {
    return this.#now;
  }

  /** Plans something for a moment; the past means now. */
  at(time: Millis, run: () => void): void {
    const event = { at: Math.max(time, this.#now), order: this.#order++, run };
    const heap = this.#heap;
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(event, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = event;
  }

  /** Plans something for later. */
  after(delay: Millis, run: () => void): void {
    this.at(this.#now + delay, run);
  }

  /** Lets everything planned up to `time` happen. */
  runUntil(time: Millis): void {
    for (let next = this.#heap[0]; next !== undefined && next.at <= time; next = this.#heap[0]) {
      this.#pop();
      this.#now = next.at;
      next.run();
    }
    this.#now = time;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
