import type { Millis } from "../../src/base/time.ts";
import type { EventQueue } from "./event_queue.ts";

/** What one direction of a client's path does to datagrams; may be changed while the scenario runs. */
export interface LinkConditions {
  /** Share of datagrams lost, 0 … 1. */
  loss: number;
  /** How long each takes. */
  delayMs: Millis;
  /** Up to so much is added, per datagram: more than the gap between two of them reorders. */
  jitterMs: Millis;
  /** Share of datagrams that arrive twice. */
  duplicate: number;
  /** How much goes through; what would wait longer than `queueMs` is lost. */
  rateBps: number;
  /** The depth of the queue in front of the bottleneck. */
  queueMs: Millis;
  /** Mean length of a run of losses; 1 loses each datagram by itself. */
  burst: number;
  /** Nothing overtakes: jitter then only delays, as on a path that keeps order. */
  inOrder: boolean;
}

/** The queue of home routers, and losses that know nothing of each other. */
const ROUTER = { queueMs: 300, burst: 1, inOrder: false };

/** A quiet network: nothing lost, everything in order. Signaling takes as long, so that order holds across both. */
export const PERFECT_LINK: LinkConditions = {
  loss: 0,
  delayMs: 10,
  jitterMs: 0,
  duplicate: 0,
  rateBps: Infinity,
  ...ROUTER,
};

/** One direction of one client's path; several clients behind one bottleneck share one. */
export class Link {
  readonly conditions: LinkConditions;
  /** What has gone through. */
  carriedBytes = 0;
  readonly #events: EventQueue;
  readonly #random: { next(): number };
  #busyUntil: Millis = 0;
  #losing = false;
  #lastArrival: Millis = 0;

  constructor(events: EventQueue, random: { next(): number }, conditions: Partial<LinkConditions>) {
    this.#events = events;
    this.#random = random;
    this.conditions = { ...PERFECT_LINK, ...conditions };
  }

  /** How long a datagram that comes now waits in the queue. */
  get queuedMs(): Millis {
    return Math.max(0, this.#busyUntil - this.#events.now);
  }

  /** Carries a datagram of `length` bytes; `deliver` runs when (and as often as) it arrives. */
  carry(length: number, deliver: () => void): void {
    const { duplicate, rateBps, queueMs } = this.conditions;
    const { now } = this.#events;
    if (this.#isLost()) return;
    const start = Math.max(now, this.#busyUntil);
    if (start - now > queueMs) return;
    this.#busyUntil = start + (length * 8_000) / rateBps;
    this.carriedBytes += length;
    const copies = this.#random.next() < duplicate ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const at = this.#busyUntil + this.#delay();
      this.#lastArrival = this.conditions.inOrder ? Math.max(at, this.#lastArrival) : at;
      this.#events.at(this.#lastArrival, deliver);
    }
  }

  /** Two states after Gilbert: runs of losses of the wished mean length, with the wished share of losses in all. */
  #isLost(): boolean {
    const { loss, burst } = this.conditions;
    const drawn = this.#random.next();
    if (burst <= 1 || loss >= 1) return drawn < loss;
    const chance = this.#losing ? 1 - 1 / burst : loss / ((1 - loss) * burst);
    this.#losing = drawn < chance;
    return this.#losing;
  }

  #delay(): Millis {
    const { delayMs, jitterMs } = this.conditions;
    return jitterMs === 0 ? delayMs : delayMs + this.#random.next() * jitterMs;
  }
}
