import { readU32, writeU16 } from "../base/bytes.ts";
import type { PooledPacket } from "../base/packet_pool.ts";
import { type Millis, NEVER } from "../base/time.ts";
import { Backlog, backlogOf } from "../stream/backlog.ts";
import { Pacer, WIRE_OVERHEAD_BYTES } from "../bandwidth/pacer.ts";
import { SendEstimate } from "../bandwidth/send_estimate.ts";
import type { RepairPath } from "../room/rtp_sink.ts";
import type { ReceiverEstimate, TransportWideFeedback } from "../rtp/rtcp.ts";
import type { Core } from "./core.ts";
import type { Peer } from "./peer.ts";

/** Where an estimate starts unless the server is told otherwise: a camera picture of good quality and sound. */
export const DEFAULT_INITIAL_BPS = 1_000_000;

/**
 * Packets leave this much faster than the estimate: encoders go above their rate now and then, and the estimate is a
 * little below what the path carries. More would make the queue that pacing is there to avoid.
 */
const PACE_FACTOR = 1.25;

/** While a queue of this length stands on the path, packets leave no faster than it drains. */
const STANDING_QUEUE_MS = 80;
const STANDING_FACTOR = 1;
const LONG_QUEUE_MS = 200;
const LONG_FACTOR = 0.75;

/** Of a limited path so much may be repairs; the rest is for what has not been seen yet. */
const REPAIR_SHARE = 0.5;

/** What of that may be used at once: most of a keyframe. */
const REPAIR_BURST_MS = 500;

/** Where an RTP packet has its SSRC. */
const SSRC_AT = 8;

/** The estimate of one member's path, the probes that it asks for, and the pacer where the path is limited. */
export class OutgoingRate implements RepairPath {
  /** There once something was sent that its feedback can be about, or it has told its own estimate. */
  estimate: SendEstimate | undefined;
  /** Packets have to ask `holds` whether they may leave. */
  paces = false;
  #pacer: Pacer | undefined;
  #repairBytes = 0;
  #repairsAt: Millis = 0;
  readonly #peer: Peer;
  readonly #core: Core;

  constructor(peer: Peer, core: Core) {
    this.#peer = peer;
    this.#core = core;
  }

  /** Writes the transport-wide number into a packet that leaves now. */
  stamp(packet: PooledPacket, now: Millis): void {
    const estimate = this.estimate ??= this.#create();
    writeU16(packet.bytes, packet.stampAt, estimate.packetSent(packet.length + WIRE_OVERHEAD_BYTES, now));
  }

  /** Takes a packet over when it must wait; else it is to leave now. */
  holds(packet: PooledPacket, now: Millis): boolean {
    const pacer = this.#pacer;
    if (pacer === undefined) return false;
    // Sound never waits; what it takes is missing to the others.
    if (packet.urgency === 0 || pacer.isFree(now)) {
      pacer.passed(packet, now);
      return false;
    }
    if (!pacer.add(packet, now)) this.#refuse(packet, now);
    this.#measure();
    this.#core.timers.wakeBy(this.#peer, pacer.nextTimeout(now));
    return true;
  }

  /** Gives back what waits of a line whose track has changed. */
  discard(ssrc: number, rtxSsrc: number | undefined): void {
    const discarded = this.#pacer?.discard(ssrc, rtxSsrc) ?? 0;
    if (discarded === 0) return;
    this.#core.drops.add("pacer_line_changed", discarded);
    this.#measure();
  }

  /** Takes feedback about packets that were stamped. */
  handleFeedback(feedback: TransportWideFeedback, now: Millis): void {
    if (this.estimate === undefined) return;
    this.estimate.handleFeedback(feedback, now);
    this.#estimated(now);
  }

  /** Takes the receiver's own estimate of what its path carries. */
  handleRemb(remb: ReceiverEstimate, now: Millis): void {
    const estimate = this.estimate ??= this.#create();
    estimate.handleRemb(remb.bitrateBps, now);
    this.#estimated(now);
  }

  /** The path has changed: what was learnt about the old one does not hold. */
  pathChanged(now: Millis): void {
    this.estimate?.reset(now);
    this.#regulate(now);
  }

  /** Lets leave what is due, and sends the padding of a probe. */
  handleTimeout(now: Millis): void {
    const { estimate } = this;
    if (estimate === undefined) return;
    if (this.paces) this.#release(now);
    for (let bytes = estimate.paddingDue(now); bytes > 0;) {
      const sent = this.#sendWaiting(now) || this.#sendPadding(now);
      if (sent === 0) break;
      bytes -= sent + WIRE_OVERHEAD_BYTES;
    }
  }

  /** When the next packet, probe or padding is due. */
  nextTimeout(now: Millis): Millis {
    const probeAt = this.estimate?.nextTimeout(now) ?? NEVER;
    return this.#pacer === undefined ? probeAt : Math.min(probeAt, this.#pacer.nextTimeout(now));
  }

  /** Says whether a limited path has room for a repair, and counts it; without a limit each stream has its own. */
  mayRepair(bytes: number, now: Millis): boolean {
    if (!this.paces || this.estimate === undefined) return true;
    const bytesPerMs = (REPAIR_SHARE * this.estimate.bps) / 8_000;
    const earned = this.#repairBytes + (now - this.#repairsAt) * bytesPerMs;
    this.#repairBytes = Math.min(earned, REPAIR_BURST_MS * bytesPerMs);
    this.#repairsAt = now;
    if (this.#repairBytes < bytes) return false;
    this.#repairBytes -= bytes;
    return true;
  }

  /** Counts what is not sent again. */
  refused(reason: string): void {
    this.#core.drops.add(reason);
  }

  /** Gives everything back. Any number of times. */
  close(): void {
    this.paces = false;
    this.#pacer?.clear();
    this.#pacer = undefined;
  }

  #estimated(now: Millis): void {
    this.#peer.viewer.informed(now);
    this.#regulate(now);
    this.#core.timers.wakeBy(this.#peer, this.nextTimeout(now));
  }

  /** Only a limited path is paced: elsewhere packets of one turn leave together, which costs the least. */
  #regulate(now: Millis): void {
    const { estimate } = this;
    if (estimate === undefined) return;
    const isLimited = estimate.informed && (estimate.limited || estimate.queueMs > STANDING_QUEUE_MS);
    this.paces = isLimited || (this.#pacer?.waiting ?? 0) > 0;
    if (this.paces) {
      this.#pacer ??= new Pacer();
      const factor = estimate.queueMs > LONG_QUEUE_MS
        ? LONG_FACTOR
        : estimate.queueMs > STANDING_QUEUE_MS
        ? STANDING_FACTOR
        : PACE_FACTOR;
      this.#pacer.setRate(factor * estimate.bps, now);
    }
    this.#measure();
  }

  #measure(): void {
    const pacer = this.#pacer;
    const pathMs = this.estimate?.queueMs ?? 0;
    const isPaced = this.paces && pacer !== undefined;
    this.#peer.backlog = isPaced ? backlogOf(pacer.pictureWaitMs, pathMs) : Backlog.none;
    this.#peer.screenBacklog = isPaced ? backlogOf(pacer.waitMs, pathMs) : Backlog.none;
  }

  #release(now: Millis): void {
    const pacer = this.#pacer!;
    for (let packet = pacer.take(now); packet !== undefined; packet = pacer.take(now)) this.#peer.depart(packet, now);
    this.#measure();
  }

  /** What waits serves a probe as well as padding does. */
  #sendWaiting(now: Millis): number {
    const packet = this.#pacer?.takeEarly();
    if (packet === undefined) return 0;
    const { length } = packet;
    this.#peer.depart(packet, now);
    return length;
  }

  /** There is no room: the picture is broken, so the line goes on with a keyframe. */
  #refuse(packet: PooledPacket, now: Millis): void {
    this.#core.drops.add("pacer_full");
    this.#peer.linesBySsrc.get(readU32(packet.bytes, SSRC_AT))?.interrupt(packet.urgency, now);
    packet.release();
  }

  #sendPadding(now: Millis): number {
    for (const line of this.#peer.lines.values()) {
      const sent = line.sendPadding(now);
      if (sent > 0) return sent;
    }
    return 0;
  }

  #create(): SendEstimate {
    return new SendEstimate(this.#core.options.initialBitrateBps ?? DEFAULT_INITIAL_BPS);
  }
}
