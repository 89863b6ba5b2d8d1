/** What an idle connection holds in each direction; most messages and all pings fit. */
const SMALL_BYTES = 1_024;
/** What a busy one borrows. */
const LARGE_BYTES = 16_384;
/** How many connections may be busy with a large buffer at once (4 MB); the others go on with small ones. */
const MAX_LARGE = 256;

/** Lends large buffers to connections that move much; never more than a fixed number. */
export class BufferPool {
  readonly #free: Uint8Array<ArrayBuffer>[] = [];
  #lent = 0;

  /** A large buffer, or `undefined` when all are lent. */
  take(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#lent >= MAX_LARGE) return undefined;
    this.#lent++;
    return this.#free.pop() ?? new Uint8Array(LARGE_BYTES);
  }

  /** Takes a buffer back. */
  give(buffer: Uint8Array<ArrayBuffer>): void {
    this.#lent--;
    this.#free.push(buffer);
  }

  /** Buffers lent out now. */
  get lent(): number {
    return this.#lent;
  }
}

/** The read buffer of one direction: small while little comes, borrowed large while reads fill it. */
export class AdaptiveBuffer {
  readonly #pool: BufferPool;
  readonly #small: Uint8Array<ArrayBuffer> = new Uint8Array(SMALL_BYTES);
  #large: Uint8Array<ArrayBuffer> | undefined;

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  /** Where the next read goes; overwritten by it. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#large ?? this.#small;
  }

  /** Says how much the last read brought, once its bytes are not needed any more. */
  used(length: number): void {
    if (this.#large === undefined) {
      if (length === SMALL_BYTES) this.#large = this.#pool.take();
    } else if (length < SMALL_BYTES) {
      this.release();
    }
  }

  /** Gives back what is borrowed; no read may be under way. */
  release(): void {
    if (this.#large !== undefined) this.#pool.give(this.#large);
    this.#large = undefined;
  }
}
