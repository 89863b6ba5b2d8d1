import { distance16 } from "../base/sequence.ts";

/**
 * Keeps the first outgoing number in the lower half: a receiver that misses the first packets just before a wrap
 * would count one rollover less than we do and never authenticate anything again (RFC 3711 section 3.3.1).
 */
const UPPER_HALF = 0x8000;

/** Marks an original number that was left out on purpose. */
const DROPPED = -1;

/** Half of what 16 bits tell apart, with room for what comes late (RFC 3711 section 3.3.1). */
const MAX_GAP = 0x7800;

/** Original numbers are kept as they are once their outgoing number has been used, and as this minus them before. */
const UNUSED = -2;

/**
 * Maps the sequence numbers of a source to those of one outgoing stream and back.
 *
 * Outgoing = original + offset, so gaps and reordering of the source survive and the receiver can ask for what
 * is missing. The offset changes only where we leave a packet out on purpose (the gap is closed) and where
 * another source takes the stream over (numbering goes on). No outgoing number is ever given to two packets,
 * nor twice to the same: with AES-GCM a second packet under the same number would give the key stream away.
 *
 * A gap that 16 bits cannot tell is closed as well, and what came before it is too late: after one of 2¹⁶ the numbers on
 * the wire would be those of packets that went out just before, and SRTP knows no more than those 16 bits. It is counted
 * from the newest number used: what was reserved or left out in between is no help to a receiver.
 *
 * All numbers are unwrapped except where 16 bits are said. Both directions are rings over the last `capacity`
 * numbers; what is older is refused.
 */
export class SequenceMap {
  /** How many numbers are remembered. */
  readonly capacity: number;
  readonly #mask: number;
  /**
   * At `2 * original`: the outgoing number given to it, or DROPPED; filled without holes up to `#newestIn`. At
   * `2 * outgoing + 1`: the original number it belongs to, used or not; filled without holes up to the newest given.
   * One array, because with a thousand receivers each one more is one more miss of the caches per packet.
   */
  readonly #numbers: Float64Array;
  #firstIn = -1;
  #newestIn = -1;
  #firstOut = -1;
  /** The newest that was used: all that SRTP and the receiver know. What is only reserved may lie behind it. */
  #newestOut = -1;
  #offset = 0;

  /** Creates a map that remembers `capacity` numbers, a power of two from 2 to 32768. */
  constructor(capacity: number) {
    if (!(capacity >= 2 && capacity <= 0x8000) || (capacity & (capacity - 1)) !== 0) {
      throw new RangeError(`Cannot create a sequence map: capacity ${capacity} is not a power of two up to 32768`);
    }
    this.capacity = capacity;
    this.#mask = capacity - 1;
    this.#numbers = new Float64Array(2 * capacity).fill(UNUSED);
  }

  /** The newest outgoing number used so far, or -1. */
  get newest(): number {
    return this.#newestOut;
  }

  /**
   * Returns the outgoing number for a packet that is sent now, or -1 when it must not be sent.
   *
   * Refused are packets left out before, sent before, older than the window, and older than the first packet
   * of the current source.
   */
  next(sequence: number): number {
    if (this.#firstIn < 0) return this.#start(sequence);
    if (sequence > this.#newestIn) {
      const out = sequence + this.#offset;
      if (out - this.#newestOut > MAX_GAP) return this.#start(sequence);
      this.#reserve(sequence);
      this.#assign(sequence, out, sequence);
      this.#newestIn = sequence;
      this.#newestOut = out;
      return out;
    }
    if (!this.#inWindow(sequence)) return -1;
    const out = this.#numbers[2 * (sequence & this.#mask)]!;
    if (out === DROPPED || this.#isUsed(out)) return -1;
    this.#numbers[2 * (out & this.#mask) + 1] = sequence;
    if (out > this.#newestOut) this.#newestOut = out;
    return out;
  }

  /**
   * Leaves a packet out on purpose, so that the receiver sees no gap where it was.
   *
   * With `closeGap`, packets missing between the one left out before and this one count as left out too: while
   * a source is muted nothing of it may be sent, and the receiver should not ask for what it will never get.
   * A late packet has its number already; it leaves a gap.
   */
  drop(sequence: number, closeGap = false): void {
    if (this.#firstIn < 0) return;
    if (sequence <= this.#newestIn) {
      if (!this.#inWindow(sequence)) return;
      const out = this.#numbers[2 * (sequence & this.#mask)]!;
      if (out !== DROPPED && !this.#isUsed(out)) this.#leaveOut(sequence);
      return;
    }
    if (sequence + this.#offset - this.#newestOut > MAX_GAP) {
      this.#offset = this.#newestOut - sequence;
      this.#firstIn = sequence;
    } else if (closeGap && this.#numbers[2 * (this.#newestIn & this.#mask)] === DROPPED) {
      const from = Math.max(this.#newestIn + 1, sequence - this.capacity + 1);
      for (let i = from; i < sequence; i++) this.#leaveOut(i);
      this.#offset -= sequence - this.#newestIn;
    } else {
      this.#reserve(sequence);
      this.#offset -= 1;
    }
    this.#leaveOut(sequence);
    this.#newestIn = sequence;
  }

  /**
   * Makes the next packet the first one of another source; its number follows the newest one.
   *
   * Numbers of the source before are no longer understood by `next` and `toOriginal`. Also the answer to a
   * source that starts again at another number.
   */
  switchSource(): void {
    this.#firstIn = -1;
    this.#firstOut = this.#newestOut + 1;
  }

  /** Returns the current source's number of the packet that went out as the 16-bit `sequenceNumber`, or -1. */
  toOriginal(sequenceNumber: number): number {
    const out = this.outgoing(sequenceNumber);
    return out < this.#firstOut ? -1 : this.#originalOf(out);
  }

  /** Like `toOriginal`, for packets of earlier sources too: the caller must know whose number it is. */
  toOriginalOfAnySource(sequenceNumber: number): number {
    return this.#originalOf(this.outgoing(sequenceNumber));
  }

  /** Unwraps an outgoing number that a receiver speaks about. */
  outgoing(sequenceNumber: number): number {
    return this.#newestOut < 0 ? -1 : this.#newestOut + distance16(this.#newestOut, sequenceNumber);
  }

  #start(sequence: number): number {
    const out = this.#newestOut < 0 ? sequence - (sequence & UPPER_HALF) : this.#newestOut + 1;
    this.#offset = out - sequence;
    this.#firstIn = sequence;
    this.#newestIn = sequence;
    this.#firstOut = out;
    this.#newestOut = out;
    this.#assign(sequence, out, sequence);
    return out;
  }

  /** Gives numbers to the missing packets before `sequence`; they may still come. */
  #reserve(sequence: number): void {
    // One more than the window of `sequence` itself: if it is left out, outgoing numbers lag one behind.
    const from = Math.max(this.#newestIn + 1, sequence - this.capacity);
    for (let i = from; i < sequence; i++) this.#assign(i, i + this.#offset, UNUSED - i);
  }

  /** `original` is `sequence`, or what stands for it before the number is used. */
  #assign(sequence: number, out: number, original: number): void {
    const numbers = this.#numbers;
    numbers[2 * (sequence & this.#mask)] = out;
    numbers[2 * (out & this.#mask) + 1] = original;
  }

  #leaveOut(sequence: number): void {
    this.#numbers[2 * (sequence & this.#mask)] = DROPPED;
  }

  #isUsed(out: number): boolean {
    return this.#numbers[2 * (out & this.#mask) + 1]! >= 0;
  }

  #inWindow(sequence: number): boolean {
    return sequence >= this.#firstIn && sequence > this.#newestIn - this.capacity;
  }

  /** Only numbers in use are known: one that is merely reserved may belong to a packet nobody may have. */
  #originalOf(out: number): number {
    if (out < 0 || out > this.#newestOut || out <= this.#newestOut - this.capacity) return -1;
    const original = this.#numbers[2 * (out & this.#mask) + 1]!;
    return original >= 0 ? original : -1;
  }
}
