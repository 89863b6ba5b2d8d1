/**
 * The newest of a numbered row of messages, for somebody who may have missed the last of them.
 *
 * Bounded by number and by bytes, oldest dropped first. Who has missed more than is kept has to begin anew.
 */
export class ReplayLog<Message> {
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  readonly #entries: { readonly message: Message; readonly bytes: number }[] = [];
  #bytes = 0;
  #count = 0;

  /** Keeps at most `maxMessages`, of `maxBytes` together. */
  constructor(maxMessages: number, maxBytes: number) {
    this.#maxMessages = maxMessages;
    this.#maxBytes = maxBytes;
  }

  /** How many messages there were, kept or not. */
  get count(): number {
    return this.#count;
  }

  /** Adds the next message, which takes about `bytes`. */
  add(message: Message, bytes: number): void {
    this.#entries.push({ message, bytes });
    this.#count++;
    this.#bytes += bytes;
    while (this.#entries.length > this.#maxMessages || this.#bytes > this.#maxBytes) {
      this.#bytes -= this.#entries.shift()!.bytes;
    }
  }

  /** What comes after the first `count` messages; `undefined` when some of that is not kept any more, or never was. */
  after(count: number): Message[] | undefined {
    const missing = this.#count - count;
    if (missing < 0 || missing > this.#entries.length) return undefined;
    return this.#entries.slice(this.#entries.length - missing).map((entry) => entry.message);
  }
}
