import type { PooledPacket } from "../../base/packet_pool.ts";
import type { Path } from "../../transport/path.ts";
import type { AddressWords } from "./socket_address.ts";

/** Datagrams among which those of one destination are found: about what one step of the endpoint brings about. */
const WINDOW = 1_024;

/** What the kernel takes as one message to be cut: 64 packets, less than 64 KB with all headers. */
const MAX_SEGMENTS = 64;
const MAX_SEGMENTED_BYTES = 65_000;

/** Stands for "no other packet". */
export const NONE = -1;

/**
 * A destination that was looked at.
 *
 * The address for the kernel is in its own fields: with a thousand receivers an array of its own means two more misses of
 * the caches per packet.
 */
export class Destination implements AddressWords {
  readonly path: Path;
  /** Whether it can be reached from this socket; else the words mean nothing. */
  readonly reachable: boolean;
  /** Whether runs of packets may go to it as one message: until it has refused one. */
  segments = true;
  /** Place of its latest packet in the window; only meant when that place holds a packet to it. */
  latest = 0;
  readonly word0: number;
  readonly word1: number;
  readonly word2: number;
  readonly word3: number;
  readonly word4: number;
  readonly word5: number;
  readonly word6: number;

  /** Describes a destination that has refused nothing yet; without `words` it cannot be reached. */
  constructor(path: Path, words: Uint32Array | undefined) {
    this.path = path;
    this.reachable = words !== undefined;
    // Signed, as the engine keeps small integers: unsigned ones above 2^31 would be objects.
    const word = (i: number) => (words?.[i] ?? 0) | 0;
    this.word0 = word(0);
    this.word1 = word(1);
    this.word2 = word(2);
    this.word3 = word(3);
    this.word4 = word(4);
    this.word5 = word(5);
    this.word6 = word(6);
  }
}

/**
 * The datagrams of a turn, chained by destination.
 *
 * Finding the one before takes no map: the destination remembers a place, and the place says whether that still holds.
 */
export class SendWindow {
  /** How many there are. */
  count = 0;
  readonly #packets: (PooledPacket | undefined)[] = new Array(WINDOW).fill(undefined);
  readonly #destinations: (Destination | undefined)[] = new Array(WINDOW).fill(undefined);
  readonly #next: Int16Array = new Int16Array(WINDOW);
  readonly #chained: Uint8Array = new Uint8Array(WINDOW);

  /** Appends one, `chain` behind the one before it to the same destination; says whether that was the last place. */
  add(packet: PooledPacket, destination: Destination, chain: boolean): boolean {
    const at = this.count++;
    const { latest } = destination;
    // The last condition only matters to a path that two senders use in turn.
    const follows = chain && latest < at && this.#destinations[latest] === destination && this.#next[latest] === NONE;
    if (follows) this.#next[latest] = at;
    this.#chained[at] = follows ? 1 : 0;
    this.#next[at] = NONE;
    destination.latest = at;
    this.#packets[at] = packet;
    this.#destinations[at] = destination;
    return this.count === WINDOW;
  }

  /** Says whether a chain begins there. */
  begins(at: number): boolean {
    return this.#chained[at] === 0;
  }

  /** The packet there. */
  packet(at: number): PooledPacket {
    return this.#packets[at]!;
  }

  /** Where the packet there goes. */
  destination(at: number): Destination {
    return this.#destinations[at]!;
  }

  /** The place of the next one in the chain, or `NONE`. */
  next(at: number): number {
    return this.#next[at]!;
  }

  /** How many of the chain from there on make one message: of equal length, the last may be shorter; empty ones would get lost. */
  runFrom(first: number): number {
    if (this.#next[first] === NONE || !this.#destinations[first]!.segments) return 1;
    const size = this.#packets[first]!.length;
    let total = size;
    let count = 1;
    for (let at = this.#next[first]!; at !== NONE && count < MAX_SEGMENTS; at = this.#next[at]!) {
      const { length } = this.#packets[at]!;
      total += length;
      if (length === 0 || length > size || total > MAX_SEGMENTED_BYTES) break;
      count++;
      if (length < size) break;
    }
    return count;
  }

  /** Forgets all. */
  clear(): void {
    this.#packets.fill(undefined, 0, this.count);
    this.#destinations.fill(undefined, 0, this.count);
    this.count = 0;
  }
}
