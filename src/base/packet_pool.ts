/**
 * Bytes one pooled buffer holds: an Ethernet frame's payload (1,500) plus room for an SRTP tag, an RTX
 * header and our own header extensions. Datagrams that do not fit are dropped and counted.
 */
export const PACKET_CAPACITY = 1_664;

/** How many unused buffers a pool keeps; beyond it they are left to the garbage collector (27 MB at most). */
const MAX_FREE = 16_384;

/**
 * A reusable packet buffer with a count of owners.
 *
 * Whoever gets one owns it and must `release()` it once; `retain()` adds an owner. The last release puts it
 * back into its pool, so bytes must not be touched after that.
 *
 * @example
 * ```ts
 * import { PacketPool } from "@seameet/cli/sfu";
 * import { assertEquals } from "@std/assert";
 *
 * const pool = new PacketPool();
 * const packet = pool.acquire().retain();
 * packet.bytes.set([1, 2, 3]);
 * packet.length = 3;
 * packet.release();
 * assertEquals(pool.inUse, 1); // the other owner still has it
 * packet.release();
 * assertEquals(pool.inUse, 0);
 * ```
 */
export class PooledPacket {
  /** The whole buffer; only the first `length` bytes are the packet. */
  readonly bytes: Uint8Array<ArrayBuffer> = new Uint8Array(PACKET_CAPACITY);
  /** Bytes in use. */
  length = 0;
  /** Where something is written in at the moment of departure, 0 for nowhere. */
  stampAt = 0;
  /** Which packets go first when not all can leave at once: 0 before 1 before 2. */
  urgency = 0;
  #owners = 1;
  readonly #pool: PacketPool;

  /** Made by a pool. */
  constructor(pool: PacketPool) {
    this.#pool = pool;
  }

  /** Adds an owner. */
  retain(): this {
    this.#owners++;
    return this;
  }

  /** Gives up one ownership. */
  release(): void {
    if (--this.#owners === 0) this.#pool.recycle(this);
  }

  /** Makes the packet a fresh one with a single owner; only the pool calls this. */
  reset(): this {
    this.#owners = 1;
    this.length = 0;
    this.stampAt = 0;
    this.urgency = 0;
    return this;
  }
}

/**
 * Hands out packet buffers and takes them back, so that forwarding allocates nothing.
 *
 * @example
 * ```ts
 * import { PacketPool } from "@seameet/cli/sfu";
 * import { assertEquals } from "@std/assert";
 *
 * const pool = new PacketPool();
 * const packet = pool.acquire();
 * assertEquals(pool.inUse, 1);
 * packet.release();
 * assertEquals(pool.inUse, 0);
 * ```
 */
export class PacketPool {
  readonly #free: PooledPacket[] = [];
  #created = 0;
  #freeCount = 0;

  /** A buffer with one owner; its content is whatever was in it before. */
  acquire(): PooledPacket {
    if (this.#freeCount > 0) {
      return this.#free[--this.#freeCount]!.reset();
    }
    this.#created++;
    return new PooledPacket(this);
  }

  /** Takes a packet back that nobody owns any more; called by `PooledPacket.release`. */
  recycle(packet: PooledPacket): void {
    if (this.#freeCount < MAX_FREE) this.#free[this.#freeCount++] = packet;
    else this.#created--;
  }

  /** Buffers that somebody owns now; a leak shows as a number that only grows. */
  get inUse(): number {
    return this.#created - this.#freeCount;
  }
}
