/** A message of the log with what it costs. */
interface Entry<Message> {
  readonly message: Message;
  readonly bytes: number;
}

/**
 * The last chat messages of a room, oldest dropped first.
 *
 * Bounded by number and by bytes, because all of it is sent to everybody who joins.
 */
export class ChatLog<Message> {
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  #entries: Entry<Message>[] = [];
  #bytes = 0;

  /** `maxMessages` 0 means that only `maxBytes` counts. */
  constructor(maxMessages: number, maxBytes: number) {
    this.#maxMessages = maxMessages === 0 ? Infinity : maxMessages;
    this.#maxBytes = maxBytes;
  }

  /** Keeps a message whose encoded form has `bytes` bytes. */
  add(message: Message, bytes: number): void {
    this.#entries.push({ message, bytes });
    this.#bytes += bytes;
    while (this.#entries.length > this.#maxMessages || this.#bytes > this.#maxBytes) {
      this.#bytes -= this.#entries.shift()!.bytes;
    }
  }

  /** Every message kept, oldest first. */
  messages(): readonly Message[] {
    return this.#entries.map((entry) => entry.message);
  }
}
