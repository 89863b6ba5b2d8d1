import { type Millis, NEVER } from "../base/time.ts";

/**
 * A missing packet is asked for once this many newer ones lie behind it: paths reorder neighbours now and then,
 * and a request for a packet that is on its way costs its bytes twice.
 */
const REORDER_PACKETS = 2;

/** … or once it has been missing this long, so that the last packet of a frame does not wait for the next frame. */
const REORDER_MS = 10;

/** How often one packet is asked for; in a second of age there is hardly time for more. */
const MAX_REQUESTS = 7;

/** A packet missing longer is given up: the receivers' jitter buffers have gone past it and want a keyframe. */
const MAX_AGE_MS = 1_000;

/**
 * Missing packets that are remembered. About a second of 2.5 Mbit/s video: whoever has lost more than that is
 * served sooner by a keyframe than by as many retransmissions.
 */
const MAX_OUTSTANDING = 256;

/** Round-trip time assumed before one is measured; typical within a continent. */
const INITIAL_RTT_MS = 100;

/** Requests for one packet are never closer: a sender answers in batches. */
const MIN_RETRY_MS = 20;

/** … and never further apart, or the packet is too old at the second request. */
const MAX_RETRY_MS = 300;

/**
 * Requests that one received packet pays for, how many can be saved up, and how many there are at the start. At half of
 * what comes in, requests and their answers never take more than half as much again; the start covers a first keyframe.
 */
const REQUESTS_PER_PACKET = 0.5;
const MAX_BUDGET = 256;
const FIRST_BUDGET = 64;

/** Weight of a new round trip that was taken from the answer to a request. */
const RTT_WEIGHT = 0.2;

const NOTHING: readonly number[] = [];

/**
 * Decides which missing packets of one incoming stream to ask for, when, and how often (RFC 4585 section 6.2.1).
 *
 * A packet that arrives in order while nothing is missing costs one comparison. All state is in arrays of fixed
 * size, ordered by sequence number.
 */
export class NackGenerator {
  #newest = -1;
  #retryMs = INITIAL_RTT_MS;
  /** Smoothed round trip by our own requests, for senders whose reports give none. */
  #answerMs: Millis | undefined;
  #isReported = false;
  #budget = FIRST_BUDGET;
  #saved = 0;
  #keyframeNeeded = false;
  #givenUp = 0;
  // What is missing: the first #count places, oldest number first.
  readonly #sequences = new Float64Array(MAX_OUTSTANDING);
  readonly #missingSince = new Float64Array(MAX_OUTSTANDING);
  readonly #nextAt = new Float64Array(MAX_OUTSTANDING);
  readonly #askedAt = new Float64Array(MAX_OUTSTANDING);
  readonly #requests = new Uint8Array(MAX_OUTSTANDING);
  #count = 0;

  /** How many packets are missing and still wanted. */
  get outstanding(): number {
    return this.#count;
  }

  /** How many packets have been given up so far. */
  get givenUp(): number {
    return this.#givenUp;
  }

  /** Says, once, how many requests were not made because their budget was used up. */
  takeSaved(): number {
    const saved = this.#saved;
    this.#saved = 0;
    return saved;
  }

  /** Sets the round-trip time to the sender, by reports; requests for the same packet are that far apart. */
  setRtt(rttMs: Millis): void {
    this.#isReported = true;
    this.#space(rttMs);
  }

  #space(rttMs: Millis): void {
    this.#retryMs = Math.min(MAX_RETRY_MS, Math.max(MIN_RETRY_MS, rttMs));
  }

  /** Takes note of a packet that has arrived, by itself or as a retransmission. */
  received(sequence: number, now: Millis): void {
    if (this.#budget < MAX_BUDGET) this.#budget += REQUESTS_PER_PACKET;
    if (sequence === this.#newest + 1 || this.#newest < 0) {
      this.#newest = sequence;
    } else if (sequence > this.#newest) {
      this.#addGap(this.#newest + 1, sequence, now);
      this.#newest = sequence;
    } else if (this.#count > 0) {
      this.#remove(sequence, now);
    }
  }

  /** Stops asking for packets older than `sequence`, because a keyframe starts there. */
  clearBefore(sequence: number): void {
    let kept = 0;
    while (kept < this.#count && this.#sequences[kept]! < sequence) kept++;
    this.#removeRange(0, kept);
  }

  /** Forgets everything: the stream has started again, or is paused. */
  reset(): void {
    this.#newest = -1;
    this.#count = 0;
    this.#keyframeNeeded = false;
  }

  /**
   * Says, once, whether packets were lost for good, so that only a keyframe helps.
   *
   * The case after a jump larger than can be repaired, and when a packet has been given up.
   */
  takeKeyframeNeeded(): boolean {
    const needed = this.#keyframeNeeded;
    this.#keyframeNeeded = false;
    return needed;
  }

  /** Returns the 16-bit numbers to ask for now, oldest first, and counts them as asked for. */
  due(now: Millis): readonly number[] {
    if (this.#count === 0) return NOTHING;
    let found: number[] | undefined;
    let kept = 0;
    for (let i = 0; i < this.#count; i++) {
      const wanted = this.#isDue(i, now);
      if (this.#isTooOld(i, now) || (wanted && this.#requests[i]! >= MAX_REQUESTS)) {
        this.#giveUp();
        continue;
      }
      if (wanted && this.#budget < 1) {
        this.#saved++;
        // It counts as asked for once, or it would be due again at once.
        this.#requests[i] = Math.max(1, this.#requests[i]!);
        this.#askedAt[i] = -Infinity;
        this.#nextAt[i] = now + this.#retryMs;
      } else if (wanted) {
        this.#budget--;
        this.#askedAt[i] = now;
        found ??= [];
        found.push(this.#sequences[i]! % 0x10000);
        this.#requests[i] = this.#requests[i]! + 1;
        this.#nextAt[i] = now + this.#retryMs;
      }
      if (kept !== i) this.#move(i, kept);
      kept++;
    }
    this.#count = kept;
    return found ?? NOTHING;
  }

  /** When `due` will have something to say; NEVER when nothing is missing. */
  nextTimeout(): Millis {
    let earliest = NEVER;
    for (let i = 0; i < this.#count; i++) {
      const at = this.#isOvertaken(i) ? this.#missingSince[i]! : this.#nextAt[i]!;
      if (at < earliest) earliest = at;
    }
    return earliest;
  }

  #addGap(from: number, to: number, now: Millis): void {
    if (this.#count + to - from > MAX_OUTSTANDING) {
      this.#givenUp += this.#count + to - from;
      this.#count = 0;
      this.#keyframeNeeded = true;
      return;
    }
    for (let sequence = from; sequence < to; sequence++) {
      const i = this.#count++;
      this.#sequences[i] = sequence;
      this.#missingSince[i] = now;
      this.#nextAt[i] = now + REORDER_MS;
      this.#requests[i] = 0;
    }
  }

  #isDue(i: number, now: Millis): boolean {
    return now >= this.#nextAt[i]! || this.#isOvertaken(i);
  }

  /** Whether a packet never asked for is so far behind that it must be lost and not just late. */
  #isOvertaken(i: number): boolean {
    return this.#requests[i] === 0 && this.#newest - this.#sequences[i]! > REORDER_PACKETS;
  }

  #isTooOld(i: number, now: Millis): boolean {
    return now - this.#missingSince[i]! >= MAX_AGE_MS;
  }

  #giveUp(): void {
    this.#givenUp++;
    this.#keyframeNeeded = true;
  }

  /** Learns the round trip from the answer to a packet's only request; of several it is not known which was answered. */
  #learnRtt(i: number, now: Millis): void {
    if (this.#isReported || this.#requests[i] !== 1 || this.#askedAt[i] === -Infinity) return;
    const sample = now - this.#askedAt[i]!;
    this.#answerMs = this.#answerMs === undefined ? sample : this.#answerMs + RTT_WEIGHT * (sample - this.#answerMs);
    this.#space(this.#answerMs);
  }

  #remove(sequence: number, now: Millis): void {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#sequences[middle]! < sequence) low = middle + 1;
      else high = middle;
    }
    if (low >= this.#count || this.#sequences[low] !== sequence) return;
    this.#learnRtt(low, now);
    this.#removeRange(low, low + 1);
  }

  #removeRange(from: number, to: number): void {
    if (from === to) return;
    this.#sequences.copyWithin(from, to, this.#count);
    this.#missingSince.copyWithin(from, to, this.#count);
    this.#nextAt.copyWithin(from, to, this.#count);
    this.#askedAt.copyWithin(from, to, this.#count);
    this.#requests.copyWithin(from, to, this.#count);
    this.#count -= to - from;
  }

  #move(from: number, to: number): void {
    this.#sequences[to] = this.#sequences[from]!;
    this.#missingSince[to] = this.#missingSince[from]!;
    this.#nextAt[to] = this.#nextAt[from]!;
    this.#askedAt[to] = this.#askedAt[from]!;
    this.#requests[to] = this.#requests[from]!;
  }
}
