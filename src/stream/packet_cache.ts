import { InvariantError } from "../base/errors.ts";
import type { PooledPacket } from "../base/packet_pool.ts";
import type { Millis } from "../base/time.ts";
import type { RtpView } from "../rtp/rtp_view.ts";

/**
 * Packets of a video stream that are kept: three seconds at some 3 Mbit/s, far more than a receiver's jitter
 * buffer waits. 1.7 MB of packet buffers per stream at most.
 */
export const VIDEO_CACHE_CAPACITY = 1_024;

/** Packets of an audio stream that are kept: one second of 20 ms frames; audio that is later is not played. */
export const AUDIO_CACHE_CAPACITY = 64;

/**
 * Bytes of packets that one cache holds. Three seconds at 3 Mbit/s, or what a faster stream sends in the second that a
 * receiver's jitter buffer waits at most; more would be held for nobody, times all that publish.
 */
export const CACHE_MAX_BYTES = 1_000_000;

/** Older packets are given back by `expire`: no receiver waits that long, and a muted stream must not hold memory. */
export const CACHE_MAX_AGE_MS = 3_000;

/** A cached packet: the plain bytes as they came in, and what the header parser found in them. */
export interface CachedPacket {
  /** The plain packet; owned by the cache, so whoever keeps it longer than this turn retains it. */
  readonly packet: PooledPacket;
  /** The source's unwrapped sequence number. */
  readonly sequence: number;
  /** The source's timestamp. */
  readonly timestamp: number;
  /** The marker bit. */
  readonly marker: boolean;
  /** The source's payload type. */
  readonly payloadType: number;
  /** Where the payload starts in the packet's bytes. */
  readonly payloadOffset: number;
  /** Bytes of payload, without padding. */
  readonly payloadLength: number;
  /** Whether a keyframe starts with this packet. */
  readonly startsKeyframe: boolean;
  /** When the packet was put in. */
  readonly storedAt: Millis;
}

/** A place of the ring; made once. */
class Slot implements CachedPacket {
  held: PooledPacket | undefined;
  sequence = -1;
  timestamp = 0;
  marker = false;
  payloadType = 0;
  payloadOffset = 0;
  payloadLength = 0;
  startsKeyframe = false;
  storedAt: Millis = 0;

  get packet(): PooledPacket {
    if (this.held === undefined) throw new InvariantError("A cached packet was used after it had left the cache");
    return this.held;
  }
}

/**
 * Keeps the newest packets of one encoding for retransmission, each once for all subscribers.
 *
 * A ring by sequence number: a packet stays until one that is `capacity` newer takes its place, until newer ones need its
 * share of `maxBytes`, or until `expire` finds it too old. The cache is an owner of every packet in it.
 */
export class PacketCache {
  /** How many packets there is room for. */
  readonly capacity: number;
  /** How many bytes of packets there is room for. */
  readonly maxBytes: number;
  readonly #slots: Slot[];
  #newest = -1;
  /** Nothing older than this is held. */
  #oldest = 0;
  #size = 0;
  #bytes = 0;

  /** Creates an empty cache with room for `capacity` packets and `maxBytes` bytes. */
  constructor(capacity: number, maxBytes: number = CACHE_MAX_BYTES) {
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new RangeError(`Cannot create a packet cache: capacity ${capacity} is not a positive integer`);
    }
    this.capacity = capacity;
    this.maxBytes = maxBytes;
    this.#slots = Array.from({ length: capacity }, () => new Slot());
  }

  /** How many packets are held now. */
  get size(): number {
    return this.#size;
  }

  /** How many bytes of packets are held now. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Stores a packet and becomes one of its owners.
   *
   * @param sequence The unwrapped sequence number.
   * @param packet The plain packet; it must not change any more.
   * @param view What was parsed from it; only numbers are copied.
   * @returns `false` when nothing was stored: the packet is there already or too old.
   */
  put(sequence: number, packet: PooledPacket, view: RtpView, startsKeyframe: boolean, now: Millis): boolean {
    if (sequence <= this.#newest - this.capacity) return false;
    const slot = this.#slots[sequence % this.capacity]!;
    if (slot.sequence >= sequence) return false;
    if (sequence > this.#newest) this.#leaveBehind(sequence);
    this.#empty(slot);
    this.#size++;
    this.#bytes += packet.length;
    slot.held = packet.retain();
    slot.sequence = sequence;
    slot.timestamp = view.timestamp;
    slot.marker = view.marker;
    slot.payloadType = view.payloadType;
    slot.payloadOffset = view.payloadOffset;
    slot.payloadLength = view.payloadLength;
    slot.startsKeyframe = startsKeyframe;
    slot.storedAt = now;
    if (sequence < this.#oldest || this.#size === 1) this.#oldest = sequence;
    if (this.#bytes > this.maxBytes) this.#makeRoom();
    return true;
  }

  /** Finds a packet by its unwrapped number; the answer is valid until the cache changes. */
  get(sequence: number): CachedPacket | undefined {
    if (sequence < 0) return undefined;
    const slot = this.#slots[sequence % this.capacity]!;
    return slot.sequence === sequence ? slot : undefined;
  }

  /** Gives packets back that are older than `CACHE_MAX_AGE_MS`; looks at every place, so call it once a second. */
  expire(now: Millis): void {
    if (this.#size === 0) return;
    for (const slot of this.#slots) {
      if (slot.held === undefined || now - slot.storedAt <= CACHE_MAX_AGE_MS) continue;
      this.#empty(slot);
    }
  }

  /** Gives all packets back and forgets their numbers. */
  clear(): void {
    for (const slot of this.#slots) this.#empty(slot);
    this.#newest = -1;
    this.#oldest = 0;
  }

  /** Gives back what stands where missing packets belong: it is too old, and its bytes would cost newer ones their place. */
  #leaveBehind(sequence: number): void {
    const from = Math.max(this.#newest + 1, sequence - this.capacity + 1);
    for (let missing = from; missing < sequence; missing++) this.#empty(this.#slots[missing % this.capacity]!);
    this.#newest = sequence;
  }

  /** Gives the oldest packets back until the bytes fit; each number is passed once. The newest packet always stays. */
  #makeRoom(): void {
    this.#oldest = Math.max(this.#oldest, this.#newest - this.capacity + 1);
    while (this.#bytes > this.maxBytes && this.#oldest < this.#newest) {
      const slot = this.#slots[this.#oldest % this.capacity]!;
      if (slot.sequence === this.#oldest) this.#empty(slot);
      this.#oldest++;
    }
  }

  #empty(slot: Slot): void {
    if (slot.held === undefined) return;
    this.#size--;
    this.#bytes -= slot.held.length;
    slot.held.release();
    slot.held = undefined;
    slot.sequence = -1;
  }
}
