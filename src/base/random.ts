/** Where random bytes come from: the operating system outside, a seeded generator in tests. */
export interface RandomSource {
  /** Fills the array. */
  fill(bytes: Uint8Array<ArrayBuffer>): void;
}

/** A random unsigned 32-bit number. */
export function randomU32(random: RandomSource): number {
  const bytes = new Uint8Array(4);
  random.fill(bytes);
  return new DataView(bytes.buffer).getUint32(0);
}

/** The characters ICE allows in ufrag and password (RFC 8839 section 5.4); 64 of them, so a byte maps without bias. */
const ICE_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** A random string of `length` ICE characters, six bits each; safe in SDP, JSON and URLs' fragments. */
export function randomIceString(random: RandomSource, length: number): string {
  const bytes = new Uint8Array(length);
  random.fill(bytes);
  let text = "";
  for (const byte of bytes) text += ICE_CHARACTERS[byte & 63];
  return text;
}

/** A repeatable source for tests: the same seed gives the same bytes (mulberry32). */
export function seededRandom(seed: number): RandomSource & { next(): number } {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  };
  return {
    next,
    fill(bytes) {
      for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(next() * 256);
    },
  };
}
