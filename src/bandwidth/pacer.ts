import { readU32 } from "../base/bytes.ts";
import type { PooledPacket } from "../base/packet_pool.ts";
import { type Millis, NEVER } from "../base/time.ts";

/** Bytes on the wire that the plain packet does not have: SRTP tag, UDP and IPv4 headers. */
export const WIRE_OVERHEAD_BYTES: number = 16 + 8 + 20;

/** How much may leave in one go: timers of the process are no finer, and small packets need not be told apart. */
const BURST_MS = 5;

/** Packets that have left out of turn (sound) delay the others by this at most, or much sound would leave no room. */
const MAX_DEBT_MS = 40;

/**
 * What waits at a moment would leave within this at the rate of that moment: with a large keyframe on a small path the rate is
 * raised, since a picture that is given up half way costs as much and shows nothing. As less waits the rate falls again, so
 * that the last of it leaves after two or three times as long.
 */
const MAX_WAIT_MS = 1_000;

/** Packets that wait in each ring, a power of two: more than a second of the largest keyframes of screens. */
const MAX_PACKETS = 512;

/** Bytes that wait, for the same reason; with it one receiver holds at most 850 kB of packet buffers. */
const MAX_BYTES = 400_000;

/** Places of a ring when it is made; most never need more. */
const FIRST_PACKETS = 32;

/** Where `readU32` finds the SSRC of an RTP packet. */
const SSRC_AT = 8;

/** Which packets leave first: what is less urgent than sound waits. */
const REPAIR_URGENCY = 1;

/** And what is less urgent than other pictures waits for those: screens, whose keyframes are as large as seconds of a camera. */
const PICTURE_URGENCY = 2;

/** Packets in order of their coming; the places are used again and again. */
class PacketRing {
  count = 0;
  #places: (PooledPacket | undefined)[] = new Array(FIRST_PACKETS).fill(undefined);
  #first = 0;

  push(packet: PooledPacket): boolean {
    if (this.count === MAX_PACKETS) return false;
    if (this.count === this.#places.length) this.#grow();
    this.#places[(this.#first + this.count++) & (this.#places.length - 1)] = packet;
    return true;
  }

  shift(): PooledPacket | undefined {
    if (this.count === 0) return undefined;
    const packet = this.#places[this.#first];
    this.#places[this.#first] = undefined;
    this.#first = (this.#first + 1) & (this.#places.length - 1);
    this.count--;
    return packet;
  }

  #grow(): void {
    const old = this.#places;
    this.#places = new Array(2 * old.length).fill(undefined);
    for (let i = 0; i < old.length; i++) this.#places[i] = old[(this.#first + i) & (old.length - 1)];
    this.#first = 0;
  }
}

/**
 * Spreads what one receiver is sent over time, so that a burst waits here, where sound can pass it, and not in the queue
 * of the path: repairs first, then cameras, then screens; each stream stays in order.
 *
 * It owns what waits in it. A packet is stamped and encrypted by whoever takes it out, at its departure.
 */
export class Pacer {
  readonly #repairs = new PacketRing();
  readonly #pictures = new PacketRing();
  readonly #screens = new PacketRing();
  #bps = 0;
  #bytes = 0;
  /** Those of screens among them. */
  #screenBytes = 0;
  /** Bytes that have left and that the rate has not made up for yet. */
  #debt = 0;
  #settledAt: Millis = 0;

  /** How many packets wait. */
  get waiting(): number {
    return this.#repairs.count + this.#pictures.count + this.#screens.count;
  }

  /** How long what waits now will take to leave, screens left out. */
  get pictureWaitMs(): Millis {
    return this.#bytes === this.#screenBytes ? 0 : (this.#bytes - this.#screenBytes) / this.#bytesPerMs;
  }

  /** How long what waits now will take to leave. */
  get waitMs(): Millis {
    return this.#bytes === 0 ? 0 : this.#bytes / this.#bytesPerMs;
  }

  /** Sets the rate in bits per second, more than 0. */
  setRate(bps: number, now: Millis): void {
    this.#settle(now);
    this.#bps = bps;
  }

  /** Says whether a packet that comes now need not wait. */
  isFree(now: Millis): boolean {
    if (this.waiting > 0) return false;
    this.#settle(now);
    return this.#debt <= this.#bytesPerMs * BURST_MS;
  }

  /** Counts a packet that leaves now without having waited. */
  passed(packet: PooledPacket, now: Millis): void {
    this.#settle(now);
    this.#charge(packet.length + WIRE_OVERHEAD_BYTES);
  }

  /** Takes a packet over to let it wait; `false` when there is no room, and it stays the caller's. */
  add(packet: PooledPacket, now: Millis): boolean {
    this.#settle(now);
    const bytes = packet.length + WIRE_OVERHEAD_BYTES;
    if (this.#bytes + bytes > MAX_BYTES) return false;
    if (!this.#ringOf(packet.urgency).push(packet)) return false;
    this.#bytes += bytes;
    if (packet.urgency > PICTURE_URGENCY) this.#screenBytes += bytes;
    return true;
  }

  /** The next packet whose time has come, which is the caller's from then on. */
  take(now: Millis): PooledPacket | undefined {
    this.#settle(now);
    return this.#debt > this.#bytesPerMs * BURST_MS ? undefined : this.takeEarly();
  }

  /** The next packet whether its time has come or not. */
  takeEarly(): PooledPacket | undefined {
    const packet = this.#repairs.shift() ?? this.#pictures.shift() ?? this.#screens.shift();
    if (packet === undefined) return undefined;
    this.#charge(packet.length + WIRE_OVERHEAD_BYTES);
    this.#uncount(packet);
    return packet;
  }

  /** When `take` has something to give; `NEVER` while nothing waits. */
  nextTimeout(now: Millis): Millis {
    if (this.waiting === 0) return NEVER;
    this.#settle(now);
    return now + Math.max(1, this.#debt / this.#bytesPerMs - BURST_MS);
  }

  /** Gives back what waits of one or two streams; returns how many packets. */
  discard(ssrc: number, rtxSsrc: number | undefined): number {
    return this.#discardFrom(this.#repairs, ssrc, rtxSsrc) + this.#discardFrom(this.#pictures, ssrc, rtxSsrc) +
      this.#discardFrom(this.#screens, ssrc, rtxSsrc);
  }

  /** Gives everything back that waits. */
  clear(): void {
    for (const ring of [this.#repairs, this.#pictures, this.#screens]) {
      for (let packet = ring.shift(); packet !== undefined; packet = ring.shift()) packet.release();
    }
    this.#bytes = this.#screenBytes = this.#debt = 0;
  }

  get #bytesPerMs(): number {
    return Math.max(this.#bps / 8_000, this.#bytes / MAX_WAIT_MS);
  }

  #ringOf(urgency: number): PacketRing {
    if (urgency <= REPAIR_URGENCY) return this.#repairs;
    return urgency <= PICTURE_URGENCY ? this.#pictures : this.#screens;
  }

  #uncount({ length, urgency }: PooledPacket): void {
    this.#bytes -= length + WIRE_OVERHEAD_BYTES;
    if (urgency > PICTURE_URGENCY) this.#screenBytes -= length + WIRE_OVERHEAD_BYTES;
  }

  #charge(bytes: number): void {
    // The limit is on what is added: one packet may be more than it.
    this.#debt = Math.min(this.#debt, this.#bytesPerMs * MAX_DEBT_MS) + bytes;
  }

  #settle(now: Millis): void {
    const elapsed = now - this.#settledAt;
    if (elapsed <= 0) return;
    this.#settledAt = now;
    this.#debt = Math.max(0, this.#debt - elapsed * this.#bytesPerMs);
  }

  #discardFrom(ring: PacketRing, ssrc: number, rtxSsrc: number | undefined): number {
    let discarded = 0;
    for (let left = ring.count; left > 0; left--) {
      const packet = ring.shift()!;
      const own = readU32(packet.bytes, SSRC_AT);
      if (own !== ssrc && own !== rtxSsrc) {
        ring.push(packet);
        continue;
      }
      this.#uncount(packet);
      packet.release();
      discarded++;
    }
    return discarded;
  }
}
