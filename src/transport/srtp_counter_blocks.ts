import { writeU32 } from "../base/bytes.ts";
import { InvariantError } from "../base/errors.ts";
import { PACKET_CAPACITY } from "../base/packet_pool.ts";
import { CM_BLOCK_LENGTH, writeCmBlock } from "./srtp_nonce.ts";

/**
 * The AES-CM counter blocks of one packet, laid out one after the other (RFC 3711 section 4.1.1).
 *
 * Encrypting them all in one call gives the keystream; one call is what costs, not the blocks.
 */
export class CounterBlocks {
  readonly #first = new Uint8Array(CM_BLOCK_LENGTH);
  readonly #firstWords = new Uint32Array(this.#first.buffer);
  readonly #words = new Uint32Array(4 * Math.ceil(PACKET_CAPACITY / CM_BLOCK_LENGTH));
  readonly #bytes = new Uint8Array(this.#words.buffer);
  /** For each block the word that adds its number to the last two bytes, in the byte order of this machine. */
  readonly #numbers = new Uint32Array(this.#words.length / 4);

  constructor() {
    const bytes = new Uint8Array(this.#numbers.buffer);
    for (let i = 0; i < this.#numbers.length; i++) writeU32(bytes, 4 * i, i);
  }

  /**
   * The blocks for `length` bytes of keystream; the array is used again for the next packet.
   *
   * @throws {InvariantError} when `length` is more than a packet can have: a short keystream would leave plain bytes
   */
  fill(salt: Uint8Array, ssrc: number, index: number, length: number): Uint8Array<ArrayBuffer> {
    const count = Math.ceil(length / CM_BLOCK_LENGTH);
    const numbers = this.#numbers;
    if (count > numbers.length) throw new InvariantError(`Cannot make a keystream of ${length} bytes`);
    writeCmBlock(this.#first, salt, ssrc, index);
    const words = this.#words;
    const a = this.#firstWords[0]!;
    const b = this.#firstWords[1]!;
    const c = this.#firstWords[2]!;
    const d = this.#firstWords[3]!;
    for (let i = 0, word = 0; i < count; i++) {
      words[word++] = a;
      words[word++] = b;
      words[word++] = c;
      words[word++] = d | numbers[i]!;
    }
    return this.#bytes.subarray(0, count * CM_BLOCK_LENGTH);
  }
}
