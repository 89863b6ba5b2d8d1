import { type Millis, NEVER } from "../base/time.ts";

/** How long a probe lasts: some packets at a useful rate, yet only a small queue where the path has less. */
const DURATION_MS = 60;

/** Padding goes out in portions this far apart. */
const STEP_MS = 5;

/** Fewer packets give no rate. */
const MIN_PACKETS = 6;

/** This share must have arrived. */
const MIN_SHARE = 0.8;

/** Answers are awaited this long: round trip, feedback interval, queue. */
const PATIENCE_MS = 1_500;

/** Arriving much faster than sent means compressed on the way, so nothing is learnt. */
const MAX_COMPRESSION = 2;

/** Arriving slower than this share of the sending rate, the path was full; a little less than its rate is then used. */
const SATURATED_BELOW = 0.9;
const SATURATED_SHARE = 0.95;

/** How a probe ended. */
export interface ProbeResult {
  /** Bits per second that got through, 0 when too little arrived to tell. */
  readonly bps: number;
  /** The rate that was tried. */
  readonly triedBps: number;
}

/**
 * One short burst at a higher rate, and what became of it: the quick way to learn that a path has room.
 *
 * Media that leaves meanwhile counts; padding fills up the rest.
 */
export class Probe {
  /** Number that its packets are marked with; 0 while no probe runs. */
  mark = 0;
  #id = 0;
  #rateBps = 0;
  #startedAt: Millis = 0;
  #sending = false;
  #running = false;
  #sentPackets = 0;
  #sentBytes = 0;
  #lastSentBytes = 0;
  #lastSentAt: Millis = 0;
  #arrivedPackets = 0;
  #arrivedBytes = 0;
  #firstArrival = Infinity;
  #firstArrivalBytes = 0;
  #lastArrival = -Infinity;

  /** A probe is under way: sending, or waiting for what becomes of it. */
  get running(): boolean {
    return this.#running;
  }

  /** Begins a burst at `rateBps`. */
  start(rateBps: number, now: Millis): void {
    this.#id = (this.#id % 255) + 1;
    this.mark = this.#id;
    this.#rateBps = rateBps;
    this.#startedAt = now;
    this.#sending = this.#running = true;
    this.#sentPackets =
      this.#sentBytes =
      this.#arrivedPackets =
      this.#arrivedBytes =
        0;
    this.#firstArrival = Infinity;
    this.#lastArrival = -Infinity;
  }

  /** Ends it without a result. */
  cancel(): void {
    this.mark = 0;
    this.#sending = this.#running = false;
  }

  /** Counts a packet that left while the burst lasts. */
  sent(bytes: number, now: Millis): void {
    if (!this.#sending) return;
    this.#sentPackets++;
    this.#sentBytes += bytes;
    this.#lastSentBytes = bytes;
    this.#lastSentAt = now;
  }

  /** Counts a packet of this probe that arrived. */
  arrived(mark: number, bytes: number, at: Millis): void {
    if (!this.#running || mark !== this.#id) return;
    this.#arrivedPackets++;
    this.#arrivedBytes += bytes;
    if (at < this.#firstArrival) {
      this.#firstArrival = at;
      this.#firstArrivalBytes = bytes;
    }
    this.#lastArrival = Math.max(this.#lastArrival, at);
  }

  /** Bytes of padding to send now; the burst ends when it has been long enough. */
  paddingDue(now: Millis): number {
    if (!this.#sending) return 0;
    const elapsed = now - this.#startedAt;
    if (elapsed >= DURATION_MS && this.#sentPackets >= MIN_PACKETS) {
      this.#sending = false;
      this.mark = 0;
      return 0;
    }
    const planned = (this.#rateBps * Math.min(elapsed + STEP_MS, DURATION_MS)) / 8_000;
    const bytes = Math.max(0, planned - this.#sentBytes);
    // At low rates the plan ends before there are enough packets for a rate.
    return bytes > 0 || elapsed < DURATION_MS ? bytes : 1;
  }

  /** When `paddingDue` or `result` has something to say. */
  nextTimeout(now: Millis): Millis {
    if (this.#sending) return now + STEP_MS;
    return this.#running ? this.#startedAt + PATIENCE_MS : NEVER;
  }

  /** What became of it; `undefined` until that is known. */
  result(now: Millis): ProbeResult | undefined {
    if (!this.#running || this.#sending) return undefined;
    const complete = this.#arrivedPackets >= this.#sentPackets;
    if (!complete && now - this.#startedAt < PATIENCE_MS) {
      // Most of it is there, and so is something that was sent later: the rest is lost.
      if (this.#arrivedPackets < this.#sentPackets * MIN_SHARE || now - this.#lastSentAt < PATIENCE_MS / 3) {
        return undefined;
      }
    }
    this.#running = false;
    return { bps: this.#measured(), triedBps: this.#rateBps };
  }

  #measured(): number {
    if (this.#arrivedPackets < Math.max(MIN_PACKETS - 1, this.#sentPackets * MIN_SHARE)) return 0;
    const sendMs = this.#lastSentAt - this.#startedAt;
    const arriveMs = this.#lastArrival - this.#firstArrival;
    if (sendMs <= 0 || arriveMs <= 0) return 0;
    const sendBps = ((this.#sentBytes - this.#lastSentBytes) * 8_000) / sendMs;
    const arriveBps = ((this.#arrivedBytes - this.#firstArrivalBytes) * 8_000) / arriveMs;
    if (arriveBps > MAX_COMPRESSION * sendBps) return 0;
    return arriveBps < SATURATED_BELOW * sendBps ? SATURATED_SHARE * arriveBps : Math.min(sendBps, arriveBps);
  }
}
