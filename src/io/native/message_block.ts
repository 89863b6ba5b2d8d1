import { InvariantError } from "../../base/errors.ts";
import type { PooledPacket } from "../../base/packet_pool.ts";
import { addressOf, movedBy, NativeBlock } from "./memory.ts";
import { addressLength, type AddressWords, AF_INET } from "./socket_address.ts";

/** Layout of Linux on 64-bit machines (sys/socket.h): `mmsghdr`, `iovec`, room for a socket address, `cmsghdr` with a `u16`, in bytes. */
const HEADER_SIZE = 64;
const VECTOR_SIZE = 16;
const NAME_SIZE = 32;
const CONTROL_SIZE = 24;

/** Fields of an `mmsghdr`, as index of 64-bit words, except where 32-bit words are named. */
const NAME_POINTER = 0;
const NAME_LENGTH_WORD = 2;
const VECTOR_POINTER = 2;
const VECTOR_COUNT = 3;
const VECTOR_COUNT_WORD = 6;
const CONTROL_POINTER = 4;
const CONTROL_LENGTH_WORD = 10;
const MESSAGE_LENGTH_WORD = 14;

const HEADER_LONGS = HEADER_SIZE / 8;
const HEADER_WORDS = HEADER_SIZE / 4;

/** Control message that says how long the segments are (linux/udp.h): its length, `SOL_UDP`, `UDP_SEGMENT`; the size follows. */
const CONTROL_LENGTH = 18;
const SOL_UDP = 17;
const UDP_SEGMENT = 103;

/**
 * The structs of one `sendmmsg` or `recvmmsg`: headers, then vectors, addresses and control messages, in one piece of memory that is laid out once.
 *
 * A turn only fills in buffers, lengths and addresses. The block holds the packets that its vectors point to, so that
 * neither they nor the block can be collected while the kernel uses them.
 */
export class MessageBlock {
  /** How many messages it has. */
  readonly capacity: number;
  readonly #packets: (PooledPacket | undefined)[];
  readonly #memory: NativeBlock;
  readonly #family: number;
  readonly #vectors: number;
  readonly #names: number;
  readonly #controls: number;
  /** First packet and number of packets of each message, as the header has them now. */
  readonly #firsts: Uint16Array;
  /** Where the vector of each place lies. */
  readonly #vectorAddresses: BigUint64Array;
  readonly #counts: Uint16Array;

  /** Lays out `capacity` messages for a socket of that family; 1,024 is the most the kernel takes. */
  constructor(capacity: number, family: number) {
    this.capacity = capacity;
    this.#family = family;
    this.#packets = new Array(capacity).fill(undefined);
    const vectors = HEADER_SIZE * capacity;
    const names = vectors + VECTOR_SIZE * capacity;
    const controls = names + NAME_SIZE * capacity;
    const memory = this.#memory = new NativeBlock(controls + CONTROL_SIZE * capacity);
    this.#vectors = vectors / 8;
    this.#names = names / 4;
    this.#controls = controls / 4;
    this.#firsts = Uint16Array.from({ length: capacity }, (_, i) => i);
    this.#counts = new Uint16Array(capacity).fill(1);
    this.#vectorAddresses = new BigUint64Array(capacity);
    for (let i = 0; i < capacity; i++) {
      const long = i * HEADER_LONGS;
      memory.longs[long + NAME_POINTER] = memory.address + BigInt(names + NAME_SIZE * i);
      memory.longs[long + VECTOR_POINTER] = this.#vectorAddresses[i] = memory.address +
        BigInt(vectors + VECTOR_SIZE * i);
      memory.longs[long + VECTOR_COUNT] = 1n;
      memory.longs[long + CONTROL_POINTER] = memory.address + BigInt(controls + CONTROL_SIZE * i);
      memory.words[i * HEADER_WORDS + NAME_LENGTH_WORD] = addressLength(family);
      memory.words.set([CONTROL_LENGTH, 0, SOL_UDP, UDP_SEGMENT], this.#control(i));
    }
  }

  /** Where the header of message `i` lies, for the kernel. */
  headerAddress(i: number): bigint {
    return movedBy(this.#memory.address, HEADER_SIZE * i);
  }

  /** The packet at place `i`: that of message `i`, unless `setRun` has said otherwise. */
  packet(i: number): PooledPacket | undefined {
    return this.#packets[i];
  }

  /**
   * Points place `i` to the first `length` bytes of a packet, and holds the packet.
   *
   * @throws {InvariantError} when the buffer has not that many: the kernel would read or write past it
   */
  setPacket(i: number, packet: PooledPacket, length: number): void {
    const { bytes } = packet;
    if (!(length >= 0 && length <= bytes.length && i < this.capacity)) {
      throw new InvariantError(`Cannot hand ${length} of ${bytes.length} bytes to the kernel`);
    }
    const long = this.#vectors + 2 * i;
    this.#memory.longs[long] = addressOf(bytes);
    this.#memory.longs[long + 1] = BigInt(length);
    this.#packets[i] = packet;
  }

  /**
   * Makes message `i` consist of `count` packets from place `first` on; each message begins with the one at its own place.
   *
   * @param segmentSize bytes of each packet but the last, which may be shorter: the kernel cuts the message there
   * @throws {InvariantError} when there are not that many places
   */
  setRun(i: number, first: number, count: number, segmentSize: number): void {
    // As it was, mostly: one packet per message.
    if (count === 1 && this.#counts[i] === 1 && this.#firsts[i] === first) return;
    if (!(i >= 0 && i < this.capacity && first >= 0 && count >= 1 && first + count <= this.capacity)) {
      throw new InvariantError(`Cannot make a message of packets ${first} to ${first + count}`);
    }
    this.#firsts[i] = first;
    this.#counts[i] = count;
    const { longs, words } = this.#memory;
    longs[i * HEADER_LONGS + VECTOR_POINTER] = this.#vectorAddresses[first]!;
    words[i * HEADER_WORDS + VECTOR_COUNT_WORD] = count;
    words[i * HEADER_WORDS + CONTROL_LENGTH_WORD] = count > 1 ? CONTROL_SIZE : 0;
    words[this.#control(i) + 4] = segmentSize;
  }

  /** Place of the first packet of message `i`. */
  runStart(i: number): number {
    return this.#firsts[i]!;
  }

  /** Packets of message `i`. */
  runLength(i: number): number {
    return this.#counts[i]!;
  }

  /** Lets go of the packet at place `i`, which must be pointed elsewhere before the next call. */
  clear(i: number): void {
    this.#packets[i] = undefined;
  }

  /** Sets where message `i` goes. */
  setAddress(i: number, address: AddressWords): void {
    const at = this.#names + (NAME_SIZE / 4) * i;
    const { words } = this.#memory;
    words[at] = address.word0;
    words[at + 1] = address.word1;
    if (this.#family === AF_INET) return;
    words[at + 2] = address.word2;
    words[at + 3] = address.word3;
    words[at + 4] = address.word4;
    words[at + 5] = address.word5;
    words[at + 6] = address.word6;
  }

  /** All words of the block; an address begins at `addressWord`. */
  get words(): Uint32Array {
    return this.#memory.words;
  }

  /** Where in `words` the address of message `i` begins. */
  addressWord(i: number): number {
    return this.#names + (NAME_SIZE / 4) * i;
  }

  /** Bytes that the kernel says it has moved for message `i`. */
  movedBytes(i: number): number {
    return this.#memory.words[i * HEADER_WORDS + MESSAGE_LENGTH_WORD]!;
  }

  /** Where in the words the control message of message `i` begins. */
  #control(i: number): number {
    return this.#controls + (CONTROL_SIZE / 4) * i;
  }
}
