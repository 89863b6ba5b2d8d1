/** Signed distance from `from` to `to` on the 16-bit circle: -32768 … 32767, positive when `to` is newer (RFC 1982). */
export function distance16(from: number, to: number): number {
  return ((to - from) << 16) >> 16;
}

/** Signed distance from `from` to `to` on the 32-bit circle, positive when `to` is newer. */
export function distance32(from: number, to: number): number {
  return (to - from) | 0;
}

/** Says whether `a` comes after `b` on the 16-bit circle. */
export function isNewer16(a: number, b: number): boolean {
  return distance16(b, a) > 0;
}

/**
 * Extends 16-bit sequence numbers to a count that does not wrap.
 *
 * The first number starts a cycle in, so that packets slightly older than it still get a positive value.
 */
export class SequenceUnwrapper {
  #last = -1;

  /** Returns the extended number for `sequenceNumber`, and remembers it when it is the newest so far. */
  unwrap(sequenceNumber: number): number {
    if (this.#last < 0) {
      this.#last = 0x10000 + sequenceNumber;
      return this.#last;
    }
    const extended = this.#last + distance16(this.#last & 0xffff, sequenceNumber);
    if (extended > this.#last) this.#last = extended;
    return extended;
  }

  /** Returns what `unwrap` would, but remembers nothing. */
  peek(sequenceNumber: number): number {
    if (this.#last < 0) return 0x10000 + sequenceNumber;
    return this.#last + distance16(this.#last & 0xffff, sequenceNumber);
  }

  /** The newest extended number so far, or -1. */
  get newest(): number {
    return this.#last;
  }
}
