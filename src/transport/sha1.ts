import { readU32, writeU32 } from "../base/bytes.ts";

/** Bytes of a SHA-1 digest. */
export const SHA1_LENGTH = 20;

const BLOCK_LENGTH = 64;

/** The message schedule; one for all, because hashing never waits in between. */
const schedule = new Int32Array(80);

/**
 * SHA-1 (RFC 3174), in TypeScript.
 *
 * STUN needs it in a place that must stay synchronous and free of platform APIs, a few times per second and peer;
 * everything that runs per media packet uses the platform's own hashes.
 */
export class Sha1 {
  readonly #state = new Int32Array(5);
  readonly #block = new Uint8Array(BLOCK_LENGTH);
  #length = 0;

  constructor() {
    this.reset();
  }

  /** Starts over. */
  reset(): void {
    this.#state[0] = 0x67452301;
    this.#state[1] = 0xefcdab89;
    this.#state[2] = 0x98badcfe;
    this.#state[3] = 0x10325476;
    this.#state[4] = 0xc3d2e1f0;
    this.#length = 0;
  }

  /** Continues from where `other` is. */
  copyFrom(other: Sha1): void {
    this.#state.set(other.#state);
    this.#block.set(other.#block);
    this.#length = other.#length;
  }

  /** Adds the bytes from `start` up to, not including, `end`. */
  update(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    for (let at = start; at < end;) {
      const used = this.#length % BLOCK_LENGTH;
      const take = Math.min(BLOCK_LENGTH - used, end - at);
      for (let i = 0; i < take; i++) this.#block[used + i] = bytes[at + i]!;
      this.#length += take;
      at += take;
      if (used + take === BLOCK_LENGTH) this.#compress();
    }
  }

  /** Ends the message and writes the digest to `into`; `reset()` comes before the next one. */
  digest(into: Uint8Array, offset = 0): void {
    const bits = this.#length * 8;
    let used = this.#length % BLOCK_LENGTH;
    this.#block[used++] = 0x80;
    if (used > BLOCK_LENGTH - 8) {
      this.#block.fill(0, used);
      this.#compress();
      used = 0;
    }
    this.#block.fill(0, used);
    writeU32(this.#block, 56, Math.floor(bits / 0x100000000));
    writeU32(this.#block, 60, bits >>> 0);
    this.#compress();
    for (let i = 0; i < 5; i++) writeU32(into, offset + 4 * i, this.#state[i]!);
  }

  #compress(): void {
    const w = schedule;
    for (let t = 0; t < 16; t++) w[t] = readU32(this.#block, 4 * t);
    for (let t = 16; t < 80; t++) {
      const mixed = w[t - 3]! ^ w[t - 8]! ^ w[t - 14]! ^ w[t - 16]!;
      w[t] = (mixed << 1) | (mixed >>> 31);
    }
    const state = this.#state;
    let a = state[0]!, b = state[1]!, c = state[2]!, d = state[3]!, e = state[4]!;
    for (let t = 0; t < 80; t++) {
      const next = (((a << 5) | (a >>> 27)) + roundFunction(t, b, c, d) + e + w[t]!) | 0;
      e = d;
      d = c;
      c = (b << 30) | (b >>> 2);
      b = a;
      a = next;
    }
    state[0] = state[0]! + a;
    state[1] = state[1]! + b;
    state[2] = state[2]! + c;
    state[3] = state[3]! + d;
    state[4] = state[4]! + e;
  }
}

/**
 * HMAC-SHA1 (RFC 2104) with one key.
 *
 * The two key blocks are hashed once, so that a message costs only its own blocks and two more.
 */
export class HmacSha1 {
  readonly #inner = new Sha1();
  readonly #outer = new Sha1();
  readonly #running = new Sha1();
  readonly #digest = new Uint8Array(SHA1_LENGTH);

  /** Hashes the key blocks. */
  constructor(key: Uint8Array) {
    const block = new Uint8Array(BLOCK_LENGTH);
    if (key.length > BLOCK_LENGTH) {
      this.#running.update(key);
      this.#running.digest(block);
    } else block.set(key);
    this.#inner.update(block.map((byte) => byte ^ 0x36));
    this.#outer.update(block.map((byte) => byte ^ 0x5c));
    this.start();
  }

  /** Begins a message. */
  start(): void {
    this.#running.copyFrom(this.#inner);
  }

  /** Adds the bytes from `start` up to, not including, `end`. */
  update(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    this.#running.update(bytes, start, end);
  }

  /** Ends the message and writes the 20 bytes to `into`. */
  digest(into: Uint8Array, offset = 0): void {
    this.#running.digest(this.#digest);
    this.#running.copyFrom(this.#outer);
    this.#running.update(this.#digest);
    this.#running.digest(into, offset);
  }
}

/** The round function and its constant of step `t` (RFC 3174 section 5). */
function roundFunction(t: number, b: number, c: number, d: number): number {
  if (t < 20) return ((b & c) | (~b & d)) + 0x5a827999;
  if (t < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (t < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}
