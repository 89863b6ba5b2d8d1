import { type Millis, NEVER } from "./time.ts";

/** Something that wants to be woken at a moment; the queue keeps `wakeAt`. */
export interface Timed {
  /** When the queue will wake it; `NEVER` while it does not wait. Written by the queue only. */
  wakeAt: Millis;
}

interface Entry<T> {
  readonly at: Millis;
  readonly item: T;
}

/**
 * Deadlines, earliest first.
 *
 * A binary heap with lazy removal: moving a deadline pushes a new entry and leaves the old one to be skipped, so
 * an item that does not wait costs nothing. An item that asks for the same or a later moment than it already has
 * is not pushed again; it re-arms when it is woken.
 */
export class TimerQueue<T extends Timed> {
  #heap: Entry<T>[] = [];

  /** Makes sure `item` is woken at `at` or before. */
  wakeBy(item: T, at: Millis): void {
    if (at >= item.wakeAt) return;
    item.wakeAt = at;
    this.#push({ at, item });
  }

  /** Forgets the deadline of `item`. */
  cancel(item: T): void {
    item.wakeAt = NEVER;
  }

  /** Takes the next item that is due, or `undefined`; its deadline is cleared. */
  takeDue(now: Millis): T | undefined {
    for (let top = this.#heap[0]; top !== undefined && top.at <= now; top = this.#heap[0]) {
      this.#pop();
      if (top.item.wakeAt !== top.at) continue;
      top.item.wakeAt = NEVER;
      return top.item;
    }
    return undefined;
  }

  /** The earliest deadline. */
  nextTimeout(): Millis {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      if (top.item.wakeAt === top.at) return top.at;
      this.#pop();
    }
    return NEVER;
  }

  #push(entry: Entry<T>): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (heap[parent]!.at <= entry.at) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.at < heap[child]!.at) child++;
      if (heap[child]!.at >= last.at) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
  }
}
