import { SequenceUnwrapper } from "../base/sequence.ts";
import { type Millis, NEVER } from "../base/time.ts";
import type { TransportWideFeedback } from "../rtp/rtcp.ts";

/**
 * Time between the first unreported packet and the feedback about it. Browsers' estimators are made for
 * 50–250 ms; at 100 ms feedback costs some 10 kbit/s.
 */
export const TWCC_FEEDBACK_INTERVAL_MS = 100;

/** Arrivals remembered, a power of two: a second of 20 Mbit/s. */
const WINDOW = 2_048;

/** Statuses in one feedback packet: with two bytes for each delta it still fits the smallest path MTU. */
const MAX_STATUSES = 400;

/** Missing packets told in front of the first received one; a longer gap says nothing new about the path. */
const MAX_LEADING_GAP = 200;

/** Deltas count 250 µs, the reference time 64 ms (draft section 3.1). */
const TICKS_PER_MS = 4;
const REFERENCE_MS = 64;
const MIN_DELTA = -0x8000;
const MAX_DELTA = 0x7fff;

/** Marks a number that has not arrived. */
const MISSING = NaN;

/**
 * Records when the packets of one peer arrive and tells the sender, which estimates its bandwidth from it
 * (draft-holmer-rmcat-transport-wide-cc-extensions-01).
 *
 * A packet that comes after later ones were reported makes the next feedback begin with it again, so that the
 * sender takes it for late and not for lost.
 */
export class TwccRecorder {
  readonly #arrivals = new Float64Array(WINDOW).fill(MISSING);
  #unwrapper = new SequenceUnwrapper();
  #newest = -1;
  /** The first number of the next feedback. */
  #begin = -1;
  #dueAt: Millis = NEVER;
  #feedbackCount = 0;

  /** Takes note of an arrival; repetitions count once. */
  record(transportSequence: number, now: Millis): void {
    let sequence = this.#unwrapper.unwrap(transportSequence);
    if (this.#newest >= 0 && Math.abs(sequence - this.#newest) >= WINDOW) sequence = this.#restart(transportSequence);
    if (this.#newest < 0) {
      this.#begin = sequence;
      this.#newest = sequence;
    } else if (sequence > this.#newest) {
      for (let i = this.#newest + 1; i < sequence; i++) this.#arrivals[i % WINDOW] = MISSING;
      this.#newest = sequence;
    } else {
      if (!Number.isNaN(this.#arrivals[sequence % WINDOW]!)) return;
      if (sequence < this.#begin) this.#begin = sequence;
    }
    this.#arrivals[sequence % WINDOW] = now;
    if (this.#dueAt === NEVER) this.#dueAt = now + TWCC_FEEDBACK_INTERVAL_MS;
  }

  /**
   * Builds the next feedback packet.
   *
   * To be called when `nextTimeout` has passed, until it returns `undefined`: what does not fit into one packet,
   * by number or by time between arrivals, needs several.
   */
  feedback(senderSsrc: number, mediaSsrc: number): TransportWideFeedback | undefined {
    if (this.#dueAt === NEVER) return undefined;
    // Unless somebody forgot to ask for feedback, the window starts long before #begin.
    const start = Math.max(this.#begin, this.#newest - WINDOW + 1);
    const first = this.#firstReceived(start);
    const base = Math.max(start, first - MAX_LEADING_GAP);
    const referenceTime = Math.floor(this.#arrivals[first % WINDOW]! / REFERENCE_MS);
    const packets: (number | null)[] = [];
    let previous = referenceTime * REFERENCE_MS * TICKS_PER_MS;
    let end = base;
    for (let i = base; i <= this.#newest && packets.length < MAX_STATUSES; i++) {
      const arrival = this.#arrivals[i % WINDOW]!;
      if (Number.isNaN(arrival)) {
        packets.push(null);
        continue;
      }
      // Against the sum of the rounded deltas, not against the arrival before: errors must not add up.
      const delta = Math.round(arrival * TICKS_PER_MS) - previous;
      if (delta < MIN_DELTA || delta > MAX_DELTA) break;
      packets.push(delta);
      previous += delta;
      end = i + 1;
    }
    // The missing ones behind the last received may still come.
    packets.length = end - base;
    this.#begin = end;
    if (this.#begin > this.#newest) this.#dueAt = NEVER;
    const feedbackCount = this.#feedbackCount;
    this.#feedbackCount = (feedbackCount + 1) & 0xff;
    return {
      kind: "twcc",
      senderSsrc,
      mediaSsrc,
      baseSequence: base & 0xffff,
      referenceTime: referenceTime & 0xffffff,
      feedbackCount,
      packets,
    };
  }

  /** When feedback is due; NEVER when there is nothing to tell. */
  nextTimeout(): Millis {
    return this.#dueAt;
  }

  /** While feedback is due, the newest number is unreported and received. */
  #firstReceived(start: number): number {
    let first = start;
    while (first < this.#newest && Number.isNaN(this.#arrivals[first % WINDOW]!)) first++;
    return first;
  }

  /** The sender counts from somewhere else: what is not reported yet has lost its meaning. */
  #restart(transportSequence: number): number {
    this.#arrivals.fill(MISSING);
    this.#unwrapper = new SequenceUnwrapper();
    this.#newest = -1;
    this.#dueAt = NEVER;
    return this.#unwrapper.unwrap(transportSequence);
  }
}
