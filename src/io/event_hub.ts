/** How many events wait for a subscriber before the oldest are dropped. */
export const DEFAULT_EVENT_BUFFER = 256;

/**
 * Events for one subscriber, oldest first.
 *
 * A subscriber that is too slow loses the oldest events and goes on; `dropped` counts them. It ends when the source ends,
 * or by `break`, `return` or `await using`.
 */
export interface EventStream<T> extends AsyncIterableIterator<T>, AsyncDisposable {
  /** Events lost so far because this subscriber was too slow. */
  readonly dropped: number;
}

/** Hands events to any number of subscribers, none of which can slow it down. */
export class EventHub<T> {
  readonly #capacity: number;
  readonly #streams: Set<BufferedStream<T>> = new Set();
  readonly #observers: Set<(event: T) => void> = new Set();
  #closed = false;

  constructor(capacity: number = DEFAULT_EVENT_BUFFER) {
    this.#capacity = capacity;
  }

  /** Hands an event to everybody subscribed now. */
  emit(event: T): void {
    for (const observer of [...this.#observers]) observer(event);
    for (const stream of this.#streams) stream.push(event);
  }

  /** Subscribes to what comes from now on. */
  subscribe(): EventStream<T> {
    const stream = new BufferedStream<T>(this.#capacity, () => this.#streams.delete(stream));
    if (this.#closed) stream.end();
    else this.#streams.add(stream);
    return stream;
  }

  /** Calls somebody of ours with each event at once; returns what ends that. */
  observe(observer: (event: T) => void): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** Ends all streams once they are read empty. */
  close(): void {
    this.#closed = true;
    for (const stream of [...this.#streams]) stream.end();
  }
}

class BufferedStream<T> implements EventStream<T> {
  dropped = 0;
  readonly #capacity: number;
  readonly #onEnd: () => void;
  #buffer: T[] = [];
  #waiting: ((result: IteratorResult<T>) => void)[] = [];
  #ended = false;

  constructor(capacity: number, onEnd: () => void) {
    this.#capacity = capacity;
    this.#onEnd = onEnd;
  }

  push(event: T): void {
    if (this.#ended) return;
    const reader = this.#waiting.shift();
    if (reader !== undefined) {
      reader({ value: event, done: false });
      return;
    }
    if (this.#buffer.length >= this.#capacity) {
      this.#buffer.shift();
      this.dropped++;
    }
    this.#buffer.push(event);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd();
    for (const reader of this.#waiting.splice(0)) reader({ value: undefined, done: true });
  }

  next(): Promise<IteratorResult<T>> {
    const event = this.#buffer.shift();
    if (event !== undefined) return Promise.resolve({ value: event, done: false });
    if (this.#ended) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<T>> {
    this.#buffer = [];
    this.end();
    return Promise.resolve({ value: undefined, done: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
