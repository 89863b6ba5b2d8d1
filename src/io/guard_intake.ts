import type { BufferPool } from "./guard_buffers.ts";
import { type HttpRefusal, parseRequestHead, type RequestHead } from "./guard_http_head.ts";

/** Where reading starts: most requests of browsers fit, and a silent connection costs no more. */
const INITIAL_BYTES = 1_024;

/** Collects one request head at a time from a byte stream; never holds more than the limit it was made with. */
export class RequestIntake {
  readonly #maxHeadBytes: number;
  readonly #pool: BufferPool;
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(INITIAL_BYTES);
  #borrowed: Uint8Array<ArrayBuffer> | undefined;
  #searched = 0;

  /** Bytes collected and not taken yet; whoever reads into `room` adds to it. */
  length = 0;

  constructor(maxHeadBytes: number, pool: BufferPool) {
    this.#maxHeadBytes = maxHeadBytes;
    this.#pool = pool;
  }

  /** Where the next bytes go; never empty as long as `takeHead` is asked after every read. */
  get room(): Uint8Array<ArrayBuffer> {
    if (this.length === 0 && this.#bytes.length > INITIAL_BYTES) {
      this.release();
      this.#bytes = new Uint8Array(INITIAL_BYTES);
    }
    if (this.length === this.#bytes.length) this.#grow();
    return this.#bytes.subarray(this.length);
  }

  /** Takes a complete head out; a refusal when there cannot be a good one (all bytes are dropped then); `undefined`: read more. */
  takeHead(): RequestHead | HttpRefusal | undefined {
    if (this.length === 0) return undefined;
    const end = this.#findEnd();
    if (end < 0) {
      if (!isUpperCaseLetter(this.#bytes[0]!)) return this.#drop({ status: 400, text: "Bad request: not HTTP" });
      if (this.length < this.#maxHeadBytes) return undefined;
      return this.#drop({ status: 431, text: "The head of the request is too large" });
    }
    const head = parseRequestHead(this.#bytes.subarray(0, end));
    if ("status" in head) return this.#drop(head);
    this.#shift(end + 4);
    return head;
  }

  /** Takes up to `most` bytes out. */
  take(most: number): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.slice(0, Math.min(most, this.length));
    this.#shift(taken.length);
    return taken;
  }

  /** Takes everything out and gives the memory up: no request will follow. */
  takeAll(): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.slice(0, this.length);
    this.release();
    return taken;
  }

  /** Gives the memory up; no read may be under way. */
  release(): void {
    if (this.#borrowed !== undefined) this.#pool.give(this.#borrowed);
    this.#borrowed = undefined;
    this.#bytes = new Uint8Array(0);
    this.length = 0;
  }

  /** Goes on in a shared buffer as long as that is large enough and there is one. */
  #grow(): void {
    const old = this.#bytes;
    const borrowed = this.#borrowed === undefined ? this.#pool.take() : undefined;
    const grown = borrowed ?? new Uint8Array(Math.max(old.length * 2, INITIAL_BYTES));
    grown.set(old);
    if (this.#borrowed !== undefined) this.#pool.give(this.#borrowed);
    this.#borrowed = borrowed;
    this.#bytes = grown.length > this.#maxHeadBytes ? grown.subarray(0, this.#maxHeadBytes) : grown;
  }

  #findEnd(): number {
    const bytes = this.#bytes;
    for (let i = this.#searched; i + 4 <= this.length; i++) {
      if (bytes[i] === 13 && bytes[i + 1] === 10 && bytes[i + 2] === 13 && bytes[i + 3] === 10) return i;
    }
    this.#searched = Math.max(0, this.length - 3);
    return -1;
  }

  #shift(count: number): void {
    this.#bytes.copyWithin(0, count, this.length);
    this.length -= count;
    this.#searched = 0;
  }

  #drop(refusal: HttpRefusal): HttpRefusal {
    this.length = 0;
    this.#searched = 0;
    return refusal;
  }
}

function isUpperCaseLetter(byte: number): boolean {
  return byte >= 65 && byte <= 90;
}
