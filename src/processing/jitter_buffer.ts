import { distance16, SequenceUnwrapper } from "../base/sequence.ts";
import { type Millis, NEVER } from "../base/time.ts";
import { DelayEstimator } from "./delay_estimator.ts";

/** What the buffer must know of a packet. */
export interface SequencedPacket {
  /** The 16 bits of the RTP header. */
  readonly sequenceNumber: number;
  /** The 32 bits of the RTP header, in units of the codec's clock. */
  readonly timestamp: number;
}

/** How a `JitterBuffer` is made. */
export interface JitterBufferOptions {
  /** Packets it holds at most (default 128); one more pushes out the oldest. */
  readonly capacity?: number;
  /** How long a gap is waited for at most, in milliseconds (default 150). */
  readonly maxLateMs?: Millis;
  /** Wait only as long as nearly all packets of this stream have needed (default true); else always `maxLateMs`. */
  readonly adaptive?: boolean;
  /** The codec's clock (default 48,000 Hz), by which jitter is measured. */
  readonly clockRateHz?: number;
}

/** What the buffer counted since it was made. */
export interface JitterBufferStats {
  /** Packets taken in, late ones included, duplicates not. */
  readonly received: number;
  /** Packets that were given up. */
  readonly lost: number;
  /** Packets that came after one with a higher number. */
  readonly reordered: number;
  /** Packets that came after they had been given up or passed. */
  readonly late: number;
  /** Packets that were there already. */
  readonly duplicates: number;
}

/** What happened in the buffer. */
export interface JitterBufferEvent {
  /** A packet was given up. */
  readonly type: "packetLost";
  /** The 16 bits it would have had. */
  readonly sequenceNumber: number;
}

/** A sound buffer of 2.5 s in packets of 20 ms. */
const DEFAULT_CAPACITY = 128;
/** What a call bears before people talk into each other's words (ITU-T G.114). */
const DEFAULT_MAX_LATE_MS = 150;
/** Even on a quiet network reordering takes a few milliseconds, and timers are not exact. */
const MIN_WAIT_MS = 10;
/** A number further ahead than this is no loss but a new numbering (RFC 3550 appendix A.1). */
const MAX_DROPOUT = 3_000;
/** A number further back than this is not late but a new numbering (RFC 3550 appendix A.1). */
const MAX_MISORDER = 100;
/** Events kept for a reader that does not come. */
const MAX_EVENTS = 256;

/**
 * Brings RTP packets back into order and waits for missing ones.
 *
 * Packets in order come out at once. At a gap `poll` waits, from when the first packet behind the gap came, up to
 * `maxLateMs`; then the missing ones are given up, each with an event. A sender that begins its numbering anew is
 * recognised by two packets in a row with the new numbers.
 *
 * @example
 * ```ts
 * import { JitterBuffer } from "@seameet/cli/pipeline";
 * import { assertEquals } from "@std/assert";
 *
 * const buffer = new JitterBuffer({ maxLateMs: 100, adaptive: false });
 * buffer.push({ sequenceNumber: 1, timestamp: 0 }, 0);
 * buffer.push({ sequenceNumber: 3, timestamp: 1920 }, 40);
 * assertEquals(buffer.poll(40)?.sequenceNumber, 1);
 * assertEquals(buffer.poll(139), undefined); // 2 may still come
 * assertEquals(buffer.poll(140)?.sequenceNumber, 3);
 * assertEquals(buffer.takeEvents(), [{ type: "packetLost", sequenceNumber: 2 }]);
 * ```
 */
export class JitterBuffer<Packet extends SequencedPacket = SequencedPacket> {
  readonly #capacity: number;
  readonly #maxLateMs: Millis;
  readonly #adaptive: boolean;
  readonly #delay: DelayEstimator;
  /** By extended number; with when it came. */
  readonly #held = new Map<number, { packet: Packet; at: Millis }>();
  #unwrapper = new SequenceUnwrapper();
  /** The extended number that comes out next, or -1 before the first packet. */
  #next = -1;
  /** Something has come out or was given up. */
  #begun = false;
  /** The lowest number held, or -1. */
  #head = -1;
  /** A packet far away, and maybe the first of a new numbering. */
  #stranger: { packet: Packet; at: Millis } | undefined;
  #events: JitterBufferEvent[] = [];
  #received = 0;
  #lost = 0;
  #reordered = 0;
  #late = 0;
  #duplicates = 0;

  /** Creates an empty buffer. */
  constructor(options: JitterBufferOptions = {}) {
    this.#capacity = Math.max(1, options.capacity ?? DEFAULT_CAPACITY);
    this.#maxLateMs = options.maxLateMs ?? DEFAULT_MAX_LATE_MS;
    this.#adaptive = options.adaptive ?? true;
    this.#delay = new DelayEstimator(options.clockRateHz ?? 48_000);
  }

  /** Takes a packet that has just arrived; it is kept, so it must not be changed afterwards. */
  push(packet: Packet, now: Millis): void {
    if (this.#isStrange(packet)) {
      if (!this.#opensNumbering(packet)) {
        this.#stranger = { packet, at: now };
        return;
      }
      const first = this.#stranger!;
      this.#restart();
      this.#accept(first.packet, first.at);
    }
    this.#stranger = undefined;
    this.#accept(packet, now);
  }

  /** The next packet in order, if it is there or the wait for those before it is over. */
  poll(now: Millis): Packet | undefined {
    if (this.#head < 0) return undefined;
    if (this.#head > this.#next) {
      if (now < this.#gapDeadline()) return undefined;
      this.giveUp();
    }
    return this.take();
  }

  /** When `poll` should be called: a moment gone by when a packet is ready, the end of the wait at a gap, or never. */
  nextTimeout(): Millis {
    if (this.#head < 0) return NEVER;
    return this.#head === this.#next ? 0 : this.#gapDeadline();
  }

  /** The earliest packet held, whatever is missing before it. */
  get head(): Packet | undefined {
    return this.#held.get(this.#head)?.packet;
  }

  /** How many packets are missing before `head`. */
  get missing(): number {
    return this.#head < 0 ? 0 : this.#head - this.#next;
  }

  /** Gives up the missing packets before `head`: at most `count` of them. */
  giveUp(count: number = this.missing): void {
    this.#begun = true;
    const until = this.#next + Math.min(count, this.missing);
    for (; this.#next < until; this.#next++) {
      this.#lost++;
      if (this.#events.length >= MAX_EVENTS) this.#events.shift();
      this.#events.push({ type: "packetLost", sequenceNumber: this.#next & 0xffff });
    }
  }

  /** Takes out `head`, giving up what is missing before it. */
  take(): Packet | undefined {
    const held = this.#held.get(this.#head);
    if (held === undefined) return undefined;
    this.giveUp();
    this.#begun = true;
    this.#held.delete(this.#head);
    this.#next = this.#head + 1;
    this.#findHead();
    return held.packet;
  }

  /** Takes out `head` because its time is over, and counts it as late. */
  discardLate(): void {
    if (this.take() !== undefined) this.#late++;
  }

  /** Packets held. */
  get size(): number {
    return this.#held.size;
  }

  /** How long is waited at a gap now, and how far behind the fastest packet playing should be. */
  get targetDelayMs(): Millis {
    if (!this.#adaptive) return this.#maxLateMs;
    return Math.min(this.#maxLateMs, Math.max(MIN_WAIT_MS, this.#delay.spreadMs));
  }

  /** When the fastest way would have brought the packet with this timestamp; `undefined` before any packet. */
  arrivalOf(timestamp: number): Millis | undefined {
    return this.#delay.arrivalOf(timestamp);
  }

  /** Begins to measure delay anew: the sender paused, and its clock may have stood still meanwhile. */
  forgetDelay(): void {
    this.#delay.reset();
  }

  /** What happened since the last call; the oldest are lost when nobody asks for long. */
  takeEvents(): JitterBufferEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** The counts. */
  get stats(): JitterBufferStats {
    return {
      received: this.#received,
      lost: this.#lost,
      reordered: this.#reordered,
      late: this.#late,
      duplicates: this.#duplicates,
    };
  }

  #accept(packet: Packet, now: Millis): void {
    const newest = this.#unwrapper.newest;
    const number = this.#unwrapper.unwrap(packet.sequenceNumber);
    if (this.#held.has(number)) {
      this.#duplicates++;
      return;
    }
    this.#received++;
    if (number < newest) this.#reordered++;
    this.#delay.sample(packet.timestamp, now);
    // Before anything has come out, an earlier packet may still become the first.
    if (this.#next < 0 || (!this.#begun && number < this.#next)) this.#next = number;
    if (number < this.#next) {
      this.#late++;
      return;
    }
    this.#held.set(number, { packet, at: now });
    if (this.#head < 0 || number < this.#head) this.#head = number;
    while (this.#held.size > this.#capacity) this.take();
  }

  #isStrange(packet: Packet): boolean {
    if (this.#next < 0) return false;
    const distance = distance16(this.#unwrapper.newest & 0xffff, packet.sequenceNumber);
    return distance > MAX_DROPOUT || distance < -Math.max(MAX_MISORDER, this.#capacity);
  }

  #opensNumbering(packet: Packet): boolean {
    return this.#stranger !== undefined &&
      packet.sequenceNumber === ((this.#stranger.packet.sequenceNumber + 1) & 0xffff);
  }

  #restart(): void {
    this.#held.clear();
    this.#unwrapper = new SequenceUnwrapper();
    this.#delay.reset();
    this.#next = -1;
    this.#begun = false;
    this.#head = -1;
  }

  #gapDeadline(): Millis {
    // A map keeps the order of arrival, and all that is held lies behind the gap: the first entry opened it.
    for (const { at } of this.#held.values()) return at + this.targetDelayMs;
    return NEVER;
  }

  /** Looks for the lowest number left: the next one as a rule, so a look at all of them is rare. */
  #findHead(): void {
    this.#head = -1;
    if (this.#held.has(this.#next)) {
      this.#head = this.#next;
      return;
    }
    for (const number of this.#held.keys()) {
      if (this.#head < 0 || number < this.#head) this.#head = number;
    }
  }
}
