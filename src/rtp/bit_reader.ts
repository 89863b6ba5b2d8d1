/** Reads numbers of any count of bits, the highest bit first; beyond the end it gives zeros and says so. */
export class BitReader {
  /** Something was read beyond the end. */
  failed = false;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;

  /** Begins at the first bit of `bytes[offset]`. */
  start(bytes: Uint8Array, offset: number, length: number): void {
    this.#bytes = bytes;
    this.#at = 8 * offset;
    this.#end = 8 * Math.min(offset + length, bytes.length);
    this.failed = false;
  }

  /** A number of 0 to 16 bits. */
  read(bits: number): number {
    if (this.#at + bits > this.#end) {
      this.failed = true;
      return 0;
    }
    let value = 0;
    for (let left = bits; left > 0; left--, this.#at++) {
      value = (value << 1) | ((this.#bytes[this.#at >> 3]! >> (7 - (this.#at & 7))) & 1);
    }
    return value;
  }

  /** A number below `limit`, in as few bits as it takes (AV1 specification, section 4.10.7). */
  readNonSymmetric(limit: number): number {
    const bits = 32 - Math.clz32(limit);
    const short = (1 << bits) - limit;
    const value = this.read(bits - 1);
    return value < short ? value : (value << 1) - short + this.read(1);
  }
}
