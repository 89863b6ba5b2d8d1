import type { Millis } from "../base/time.ts";

/** Of what is sent newly so much may be sent again: loss that needs more than half is not repaired by more packets. */
const SHARE = 0.5;

/** What may be sent again before anything was earned: a keyframe right at the start. */
const FIRST_BYTES = 30_000;

/** What may be saved up: the loss of half a second at some 2.5 Mbit/s at once. */
const MAX_BYTES = 160_000;

/**
 * An answer takes one round trip; who asks again sooner has not seen it yet. A little less, since what was measured is
 * smoothed.
 */
const ROUND_TRIP_SHARE = 0.8;

/** Assumed before a round trip is measured: short, because asking twice costs little where the budget holds. */
const UNKNOWN_RTT_MS = 50;

/** Why a packet is not sent again, for the counters; `ok` where it is. */
export type RepairVerdict = "ok" | "repair_old" | "repair_repeated" | "repair_budget";

/**
 * Bounds what one outgoing stream sends again, so that requests cannot multiply its traffic: half as much again as it
 * sends anyway, and each packet once per round trip.
 */
export class RepairGuard {
  /** When each packet was sent again last, by the low bits of its number; made with the first request. */
  #sentAgainAt: Float64Array | undefined;
  readonly #mask: number;
  #bytes = FIRST_BYTES;
  #octetsSeen = 0;
  /** Number of the newest keyframe's first packet, -1 before there is one; and its timestamp. */
  #keyframeNumber = -1;
  #keyframeTimestamp = 0;

  /** `capacity`: how many packets are remembered, a power of two. */
  constructor(capacity: number) {
    this.#mask = capacity - 1;
  }

  /** Takes note of how many bytes the stream has sent newly so far. */
  earn(octets: number): void {
    this.#bytes = Math.min(MAX_BYTES, this.#bytes + SHARE * (octets - this.#octetsSeen));
    this.#octetsSeen = octets;
  }

  /** Takes note that a keyframe begins with this packet, by its unwrapped number; others of the same picture change nothing. */
  keyframe(outgoing: number, timestamp: number): void {
    if (this.#keyframeNumber >= 0 && timestamp === this.#keyframeTimestamp) return;
    this.#keyframeNumber = outgoing;
    this.#keyframeTimestamp = timestamp;
  }

  /**
   * Says whether a packet of `bytes`, by its unwrapped number, may be sent again now, and if so counts it. On a limited path nothing from before the
   * newest keyframe is: who has that goes on without it.
   */
  allows(
    outgoing: number,
    bytes: number,
    isLimited: boolean,
    rttMs: Millis | undefined,
    now: Millis,
  ): RepairVerdict {
    if (isLimited && outgoing < this.#keyframeNumber) return "repair_old";
    const times = this.#sentAgainAt ??= new Float64Array(this.#mask + 1).fill(-Infinity);
    const slot = outgoing & this.#mask;
    if (now - times[slot]! < ROUND_TRIP_SHARE * (rttMs ?? UNKNOWN_RTT_MS)) return "repair_repeated";
    if (this.#bytes < bytes) return "repair_budget";
    this.#bytes -= bytes;
    times[slot] = now;
    return "ok";
  }
}
