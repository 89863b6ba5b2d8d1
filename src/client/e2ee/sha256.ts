/** Bytes of a SHA-256 digest. */
export const DIGEST_BYTES = 32;

/** Bytes that are hashed in one step. */
const BLOCK_BYTES = 64;

/** Where the length stands in the last block: its last eight bytes. */
const LENGTH_BYTES = 8;

/** First 32 bits of the fractions of the cube roots of the first 64 primes (FIPS 180-4 section 4.2.2). */
const ROUND_CONSTANTS = fractions(64, (prime) => Math.cbrt(prime));

/** First 32 bits of the fractions of the square roots of the first 8 primes (FIPS 180-4 section 5.3.3). */
const INITIAL_STATE = fractions(8, (prime) => Math.sqrt(prime));

/** Scratch space, kept because a chain takes 180,000 blocks for one late frame; nothing of it outlives a call. */
const schedule = new Uint32Array(64);
const block = new Uint8Array(BLOCK_BYTES);
const blockView = new DataView(block.buffer);

/**
 * HMAC with SHA-256 (RFC 2104, FIPS 180-4), at once instead of by a promise.
 *
 * A receiver that comes late steps a key chain thousands of times for one frame. WebCrypto takes two promises for each
 * step, which is seconds; this takes a fraction of one. The blocks of the key are hashed once, so a key used often is cheap.
 */
export class HmacSha256 {
  #inner: Uint32Array;
  #outer: Uint32Array;

  /** Takes a key of at most 64 bytes. */
  constructor(key: Uint8Array) {
    if (key.length > BLOCK_BYTES) throw new RangeError("Cannot use an HMAC key longer than a block");
    this.#inner = padded(key, 0x36);
    this.#outer = padded(key, 0x5c);
  }

  /** The 32 bytes of the code of `data`. */
  sign(data: Uint8Array): Uint8Array<ArrayBuffer> {
    return finish(this.#outer, finish(this.#inner, data, BLOCK_BYTES), BLOCK_BYTES);
  }
}

/** The 32 bytes of the digest of `data`. */
export function sha256(data: Uint8Array): Uint8Array<ArrayBuffer> {
  return finish(INITIAL_STATE, data, 0);
}

function padded(key: Uint8Array, pad: number): Uint32Array {
  block.fill(pad);
  for (let i = 0; i < key.length; i++) block[i] = pad ^ key[i]!;
  const state = INITIAL_STATE.slice();
  compress(state);
  return state;
}

/** Hashes `data` onto `start`, which has taken `before` bytes already. */
function finish(start: Uint32Array, data: Uint8Array, before: number): Uint8Array<ArrayBuffer> {
  const state = start.slice();
  let at = 0;
  for (; at + BLOCK_BYTES <= data.length; at += BLOCK_BYTES) {
    block.set(data.subarray(at, at + BLOCK_BYTES));
    compress(state);
  }
  const rest = data.length - at;
  block.fill(0);
  for (let i = 0; i < rest; i++) block[i] = data[at + i]!;
  block[rest] = 0x80;
  if (rest + 1 + LENGTH_BYTES > BLOCK_BYTES) {
    compress(state);
    block.fill(0);
  }
  // What is hashed here stays far below the 2^29 bytes whose length in bits would need the upper half too.
  blockView.setUint32(BLOCK_BYTES - 4, 8 * (before + data.length));
  compress(state);
  const digest = new Uint8Array(DIGEST_BYTES);
  for (let i = 0; i < DIGEST_BYTES; i++) digest[i] = state[i >>> 2]! >>> (24 - 8 * (i & 3));
  return digest;
}

/** Takes the scratch block into `state` (FIPS 180-4 section 6.2.2). */
function compress(state: Uint32Array): void {
  const w = schedule;
  for (let i = 0; i < 16; i++) w[i] = blockView.getUint32(4 * i);
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15]!;
    const y = w[i - 2]!;
    const s0 = (x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3;
    const s1 = (y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10;
    w[i] = (w[i - 16]! + s0 | 0) + (w[i - 7]! + s1 | 0) | 0;
  }
  let a = state[0]! | 0, b = state[1]! | 0, c = state[2]! | 0, d = state[3]! | 0;
  let e = state[4]! | 0, f = state[5]! | 0, g = state[6]! | 0, h = state[7]! | 0;
  for (let i = 0; i < 64; i++) {
    const s1 = (e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7);
    const t1 = (h + s1 | 0) + ((e & f ^ ~e & g) + ROUND_CONSTANTS[i]! | 0) + w[i]! | 0;
    const s0 = (a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10);
    const t2 = s0 + (a & b ^ a & c ^ b & c) | 0;
    h = g;
    g = f;
    f = e;
    e = d + t1 | 0;
    d = c;
    c = b;
    b = a;
    a = t1 + t2 | 0;
  }
  state[0] = state[0]! + a;
  state[1] = state[1]! + b;
  state[2] = state[2]! + c;
  state[3] = state[3]! + d;
  state[4] = state[4]! + e;
  state[5] = state[5]! + f;
  state[6] = state[6]! + g;
  state[7] = state[7]! + h;
}

function fractions(count: number, root: (prime: number) => number): Uint32Array {
  const found = new Uint32Array(count);
  for (let candidate = 2, n = 0; n < count; candidate++) {
    let isPrime = true;
    for (let d = 2; d * d <= candidate; d++) if (candidate % d === 0) isPrime = false;
    if (!isPrime) continue;
    const value = root(candidate);
    found[n++] = Math.floor((value - Math.floor(value)) * 2 ** 32);
  }
  return found;
}
