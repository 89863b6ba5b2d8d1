import type { Millis } from "../base/time.ts";
import type { DirectionQuality } from "../signaling/quality_messages.ts";
import { type Core, send } from "./core.ts";
import type { Peer } from "./peer.ts";

/** Scores are compared this often, and told anyway this often. */
const INTERVAL_MS = 2_000;
const REPEAT_MS = 20_000;

/** A score of this or less is an event for the application. */
const DEGRADED = 2;

/** Queues and round trips from here on are felt in a conversation. */
const FELT_QUEUE_MS = 120;
const FELT_RTT_MS = 400;

/** Loss that repair hides, that is seen now and then, and that is seen all the time. */
const LITTLE_LOSS = 0.02;
const SOME_LOSS = 0.05;
const MUCH_LOSS = 0.15;

/** Says now and then how good one member's path is, to the member, and to the application when it has become bad. */
export class ConnectionQuality {
  readonly #core: Core;
  readonly #peer: Peer;
  #checkedAt: Millis = -Infinity;
  #toldAt: Millis = -Infinity;
  #down = 5;
  #up = 5;
  #received = 0;

  constructor(core: Core, peer: Peer) {
    this.#core = core;
    this.#peer = peer;
  }

  /** Measures and tells, if it is time for that. */
  update(now: Millis): void {
    const elapsed = now - this.#checkedAt;
    if (elapsed < INTERVAL_MS) return;
    this.#checkedAt = now;
    const { member } = this.#peer;
    const down = this.#measureDown();
    const up = this.#measureUp(elapsed);
    const rttMs = this.#peer.outgoing.estimate?.rttMs ?? 0;
    this.#degraded("down", this.#down, down);
    this.#degraded("up", this.#up, up);
    const isNew = down.score !== this.#down || up.score !== this.#up || now - this.#toldAt >= REPEAT_MS;
    this.#down = down.score;
    this.#up = up.score;
    if (!isNew || !member.usesTrackMap) return;
    this.#toldAt = now;
    const room_id = member.room.id;
    send(this.#core, member, { type: "connection_quality", room_id, down, up, rtt_ms: Math.round(rttMs) });
  }

  #measureDown(): DirectionQuality {
    const { estimate } = this.#peer.outgoing;
    if (estimate === undefined || !estimate.informed) return { score: 5, reason: "unknown", loss: 0, bitrate_bps: 0 };
    const loss = estimate.lossFraction;
    const bitrate_bps = Math.round(estimate.bps);
    const { satisfaction } = this.#peer.viewer;
    const limited = estimate.limited;
    const byRate = !limited || satisfaction > 0.9
      ? 5
      : satisfaction > 0.6
      ? 4
      : satisfaction > 0.3
      ? 3
      : satisfaction > 0.1
      ? 2
      : 1;
    const byDelay = estimate.queueMs > FELT_QUEUE_MS || estimate.rttMs > FELT_RTT_MS ? 3 : 5;
    return { ...worst(byRate, scoreOfLoss(loss), byDelay), loss, bitrate_bps };
  }

  #measureUp(elapsed: Millis): DirectionQuality {
    let loss = 0;
    let bytes = 0;
    for (const encoding of this.#peer.encodings()) {
      loss = Math.max(loss, encoding.stats.intervalLoss);
      bytes += encoding.bytes;
    }
    const bitrate_bps = elapsed === Infinity ? 0 : Math.round((Math.max(0, bytes - this.#received) * 8_000) / elapsed);
    this.#received = bytes;
    return { ...worst(5, scoreOfLoss(loss), 5), loss, bitrate_bps };
  }

  #degraded(direction: "down" | "up", before: number, { score, reason }: DirectionQuality): void {
    if (score > DEGRADED || before <= DEGRADED) return;
    const { room, id } = this.#peer.member;
    const event = {
      type: "qualityDegraded",
      roomId: room.id,
      participant: id,
      direction,
      score,
      reason,
    } as const;
    this.#core.outbox.push({ kind: "event", event });
  }
}

function scoreOfLoss(loss: number): number {
  return loss < LITTLE_LOSS ? 5 : loss < SOME_LOSS ? 4 : loss < MUCH_LOSS ? 3 : 2;
}

function worst(byRate: number, byLoss: number, byDelay: number): Pick<DirectionQuality, "score" | "reason"> {
  const score = Math.min(byRate, byLoss, byDelay);
  if (score === 5) return { score, reason: "ok" };
  return { score, reason: score === byRate ? "bandwidth" : score === byLoss ? "loss" : "delay" };
}
