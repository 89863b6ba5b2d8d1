/** Socket addresses as the kernel has them, `sockaddr_in` and `sockaddr_in6`, as 32-bit words in memory order. */
import { MAPPED_PREFIX, parseIpAddress } from "../../base/parse_ip.ts";

/** `AF_INET` and `AF_INET6` of Linux. */
export const AF_INET = 2;
export const AF_INET6 = 10;

/** Words of a `sockaddr_in6`, the longer of the two. */
export const MAX_ADDRESS_WORDS = 7;

/** Sources whose text is remembered: the participants of a busy server; a flood from other addresses only makes text again. A power of two. */
const REMEMBERED_SOURCES = 1_024;

/** A socket address as an object whose fields are its words, signed; a `sockaddr_in` has the first four. */
export interface AddressWords {
  readonly word0: number;
  readonly word1: number;
  readonly word2: number;
  readonly word3: number;
  readonly word4: number;
  readonly word5: number;
  readonly word6: number;
}

/** Bytes of a socket address of that family. */
export function addressLength(family: number): number {
  return family === AF_INET ? 16 : 28;
}

/**
 * A destination as a socket of that family takes it.
 *
 * @returns `undefined` when `address` is no IP address or a socket of the family cannot reach it
 */
export function writeSocketAddress(address: string, port: number, family: number): Uint32Array | undefined {
  const ip = parseIpAddress(address);
  if (ip === undefined || !(port >= 0 && port <= 0xffff)) return undefined;
  const bytes = new Uint8Array(4 * MAX_ADDRESS_WORDS);
  // The family is in the byte order of the machine, port and address in that of the network.
  bytes.set([family, 0, port >>> 8, port & 0xff]);
  if (family === AF_INET) {
    if (ip.length !== 4) return undefined;
    bytes.set(ip, 4);
  } else bytes.set(ip.length === 4 ? [...MAPPED_PREFIX, ...ip] : ip, 8);
  return new Uint32Array(bytes.buffer);
}

/** Reads the port of a socket address that begins at `word`. */
export function portOf(words: Uint32Array, word: number): number {
  const first = words[word]!;
  return ((first >>> 8) & 0xff00) | (first >>> 24);
}

/** Reads the family of a socket address that begins at `word`. */
export function familyOf(words: Uint32Array, word: number): number {
  return words[word]! & 0xffff;
}

/**
 * The text of source addresses, the same as Deno reports it.
 *
 * The text names a peer in maps, so each packet needs it and making it each time would cost more than receiving
 * the packet. Each address has one place in a table of fixed size, so strangers cannot make it grow.
 */
export class SourceTexts {
  readonly #family: number;
  readonly #words = new Uint32Array(4 * REMEMBERED_SOURCES);
  readonly #texts: (string | undefined)[] = new Array(REMEMBERED_SOURCES).fill(undefined);

  /** Sets the table up for a socket of one family. */
  constructor(family: number) {
    this.#family = family;
  }

  /** The address, without port, of a socket address of the family that begins at `word`. */
  text(words: Uint32Array, word: number): string {
    const v4 = this.#family === AF_INET;
    const a = words[word + (v4 ? 1 : 2)]!;
    const b = v4 ? 0 : words[word + 3]!;
    const c = v4 ? 0 : words[word + 4]!;
    const d = v4 ? 0 : words[word + 5]!;
    const place = hash(a, b, c, d) & (REMEMBERED_SOURCES - 1);
    const at = 4 * place;
    const known = this.#words;
    const found = this.#texts[place];
    if (
      found !== undefined && known[at] === a && known[at + 1] === b && known[at + 2] === c && known[at + 3] === d
    ) return found;
    known[at] = a;
    known[at + 1] = b;
    known[at + 2] = c;
    known[at + 3] = d;
    return this.#texts[place] = addressText(words, word);
  }
}

/** The text of a socket address that begins at `word`, as Deno writes it. */
export function addressText(words: Uint32Array, word: number): string {
  return familyOf(words, word) === AF_INET ? ipv4Text(words[word + 1]!) : ipv6Text(words, word + 2);
}

/** Spreads neighbours over the table; four odd constants and a shift towards the low bits. */
function hash(a: number, b: number, c: number, d: number): number {
  const mixed = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35) ^
    Math.imul(d, 0x27d4eb2f);
  return (mixed >>> 22) ^ mixed >>> 7;
}

function ipv4Text(word: number): string {
  return `${word & 0xff}.${(word >>> 8) & 0xff}.${(word >>> 16) & 0xff}.${word >>> 24}`;
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups left out, mapped IPv4 dotted. */
function ipv6Text(words: Uint32Array, word: number): string {
  const groups: number[] = [];
  for (let i = 0; i < 4; i++) {
    const value = words[word + i]!;
    groups.push(((value & 0xff) << 8) | ((value >>> 8) & 0xff), ((value >>> 8) & 0xff00) | (value >>> 24));
  }
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `::ffff:${ipv4Text(words[word + 3]!)}`;
  }
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > length) {
      start = i;
      length = end - i;
    }
  }
  const hex = (part: number[]) => part.map((group) => group.toString(16)).join(":");
  return start < 0 ? hex(groups) : `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}
