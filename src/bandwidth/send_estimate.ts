import { RateWindow } from "../base/rate_window.ts";
import { type Millis, NEVER } from "../base/time.ts";
import type { TransportWideFeedback } from "../rtp/rtcp.ts";
import { DelayTrend } from "./delay_trend.ts";
import { LossBound } from "./loss_bound.ts";
import { Probe } from "./probe.ts";
import { QueueDelay } from "./queue_delay.ts";
import { RateControl } from "./rate_control.ts";
import { SentPackets } from "./sent_packets.ts";

/** Sound alone needs this much, so nothing is gained by a lower estimate. */
const MIN_BPS = 40_000;

/** More than any receiver of a room needs. */
const MAX_BPS = 100_000_000;

/** Window of the rate that gets through. */
const ACKED_WINDOW_MS = 500;
const ACKED_BUCKETS = 20;

/** A short one for the moment at which a queue grows: what arrives then is what the path carries, however little was sent before. */
const PEAK_WINDOW_MS = 200;
const PEAK_BUCKETS = 8;

/** Reference times count 64 ms in 24 bits, deltas 250 µs (draft section 3.1). */
const REFERENCE_MS = 64;
const REFERENCE_UNUSED_BITS = 8;
const TICKS_PER_MS = 4;

/** A shorter queue does nobody harm: jitter of the path and the bursts of frames look like it. */
const HARMLESS_QUEUE_MS = 25;

/** A queue of this length does not get longer when it is full, so its trend says nothing. */
const STANDING_QUEUE_MS = 120;
const LONG_QUEUE_MS = 220;

/** An estimate is far too high when less than this share of it arrives although a queue stands. */
const FAR_TOO_HIGH_SHARE = 0.5;

/** A short queue that overflows loses much instead of getting longer; of fewer packets nothing can be said. */
const OVERFLOW_LOSS = 0.3;
const MIN_OVERFLOW_PACKETS = 8;

/** What is used of the estimate until a standing queue has drained. */
const DRAIN_SHARE = 0.75;
const QUICK_DRAIN_SHARE = 0.3;

/** Wait after a probe that found room, after the first one that did not, and at most. */
const NEXT_PROBE_MS = 100;
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 5_000;

/** No probe so soon after the rate was lowered. */
const CALM_MS = 1_500;

/** A probe tries at most this much of the estimate, and a little more than is wanted. */
const PROBE_STEP = 2;
const PROBE_MARGIN = 1.1;

/** A probe that reached this share of what it tried has found no limit. */
const PROBE_SUCCESS = 0.8;

/** A receiver's own estimate holds for this long. */
const REMB_LIFE_MS = 5_000;

/** Weight of a new round trip. */
const RTT_WEIGHT = 0.2;

/**
 * Estimates how much one receiver's path carries, from its transport-wide feedback, by delay and by loss; where a
 * receiver sends no such feedback, by its own estimate (REMB).
 *
 * Nothing is allocated per packet. Padding for probes is the caller's to send.
 */
export class SendEstimate {
  /** Something came back from the receiver: before that the estimate is only a guess. */
  informed = false;
  /** The path has been full at least once since it was new: the estimate is a limit and not only what was proven. */
  limited = false;
  /** Smoothed time from a packet's departure to the feedback about it. */
  rttMs: Millis = 100;
  readonly #initialBps: number;
  readonly #sent = new SentPackets();
  readonly #trend = new DelayTrend();
  readonly #queue = new QueueDelay();
  readonly #loss = new LossBound();
  readonly #control: RateControl;
  readonly #probe = new Probe();
  #acked = new RateWindow(ACKED_WINDOW_MS, ACKED_BUCKETS);
  #peak = new RateWindow(PEAK_WINDOW_MS, PEAK_BUCKETS);
  #lastArrival: Millis = 0;
  #reference: number | undefined;
  #rembBps = Infinity;
  #rembAt: Millis = -Infinity;
  #wantedBps = 0;
  #nextProbeAt: Millis = 0;
  #retryMs = FIRST_RETRY_MS;

  /** Starts with a guess of `initialBps`. */
  constructor(initialBps: number) {
    this.#initialBps = initialBps;
    this.#control = new RateControl(initialBps, MIN_BPS, MAX_BPS);
  }

  /** Bits per second that the path is believed to carry. */
  get bps(): number {
    const own = Math.min(this.#control.bps, this.#loss.bps);
    return Math.max(MIN_BPS, Math.min(own, this.#rembBps));
  }

  /** What may be sent now: less than the estimate while a queue has to drain. */
  get budgetBps(): number {
    const { ms } = this.#queue;
    if (ms > LONG_QUEUE_MS) return this.bps * QUICK_DRAIN_SHARE;
    return ms > STANDING_QUEUE_MS ? this.bps * DRAIN_SHARE : this.bps;
  }

  /** How long packets wait in the path's queues. */
  get queueMs(): Millis {
    return this.#queue.ms;
  }

  /** Share of packets lost lately, 0 … 1. */
  get lossFraction(): number {
    return this.#loss.fraction;
  }

  /** Bits per second that arrived lately. */
  get ackedBps(): number {
    return this.#acked.bitsPerSecond(this.#lastArrival);
  }

  /** Notes a packet that leaves now; returns the number to write into it. */
  packetSent(bytes: number, now: Millis): number {
    const probe = this.#probe;
    if (probe.mark !== 0) probe.sent(bytes, now);
    return this.#sent.add(bytes, probe.mark, now);
  }

  /** Takes transport-wide feedback. */
  handleFeedback(feedback: TransportWideFeedback, now: Millis): void {
    let arrivedAt = this.#unwrapReference(feedback.referenceTime) * REFERENCE_MS;
    let received = 0;
    let late = 0;
    let lost = 0;
    let newest = -1;
    const { packets, baseSequence } = feedback;
    for (let i = 0; i < packets.length; i++) {
      const delta = packets[i]!;
      if (delta !== null) arrivedAt += delta / TICKS_PER_MS;
      const index = this.#sent.find((baseSequence + i) & 0xffff);
      if (index < 0) continue;
      if (delta === null) {
        if (this.#sent.missing(index) === "lost") lost++;
        continue;
      }
      const verdict = this.#sent.received(index);
      if (verdict === "nothing") continue;
      if (verdict === "late") late++;
      else received++;
      this.#arrived(index, arrivedAt);
      newest = index;
    }
    if (newest < 0 && lost === 0) return;
    this.informed = true;
    if (newest >= 0) this.rttMs += RTT_WEIGHT * (now - this.#sent.sentAt(newest) - this.rttMs);
    this.#loss.add(received, lost, late);
    this.#adjust(received + lost >= MIN_OVERFLOW_PACKETS ? lost / (received + lost) : 0, now);
    this.#takeProbe(now);
  }

  /** Takes the receiver's own estimate. */
  handleRemb(bps: number, now: Millis): void {
    this.#rembBps = bps;
    this.#rembAt = now;
    this.informed = true;
    if (bps < this.#wantedBps) this.limited = true;
    // Without other feedback it is all there is.
    if (this.#lastArrival === 0) this.#control.raiseTo(bps);
  }

  /** Says how much would be used if the path carried it; probes go no higher. */
  want(bps: number): void {
    this.#wantedBps = bps;
  }

  /** Bytes of padding to send now; starts probes when more is wanted than is known to fit. */
  paddingDue(now: Millis): number {
    this.#expire(now);
    this.#takeProbe(now);
    if (!this.#probe.running && this.#mayProbe(now)) {
      const rate = Math.min(PROBE_STEP * this.bps, Math.max(PROBE_MARGIN * this.#wantedBps, this.bps * PROBE_MARGIN));
      this.#probe.start(rate, now);
    }
    return this.#probe.paddingDue(now);
  }

  /** When `paddingDue` wants to be called. */
  nextTimeout(now: Millis): Millis {
    if (!this.informed) return NEVER;
    if (this.#probe.running) return this.#probe.nextTimeout(now);
    if (this.#wantedBps <= this.bps) return NEVER;
    return Math.max(now + 10, this.#nextProbeAt, this.#control.decreasedAt + CALM_MS);
  }

  /** Another path: what was learnt holds no more, but the rate is a better guess than the first one. */
  reset(now: Millis): void {
    const guess = Math.min(this.bps, this.#initialBps);
    this.#trend.reset();
    this.#queue.reset();
    this.#loss.reset();
    this.#probe.cancel();
    this.#control.reset(guess);
    this.#acked = new RateWindow(ACKED_WINDOW_MS, ACKED_BUCKETS);
    this.#peak = new RateWindow(PEAK_WINDOW_MS, PEAK_BUCKETS);
    this.#reference = undefined;
    this.#nextProbeAt = now + FIRST_RETRY_MS;
    this.#retryMs = FIRST_RETRY_MS;
    this.limited = false;
  }

  #arrived(index: number, arrivedAt: Millis): void {
    const sentAt = this.#sent.sentAt(index);
    const bytes = this.#sent.bytes(index);
    this.#acked.add(bytes, arrivedAt);
    this.#peak.add(bytes, arrivedAt);
    this.#lastArrival = Math.max(this.#lastArrival, arrivedAt);
    const mark = this.#sent.probe(index);
    // A probe makes a queue on purpose: that it does says nothing about the rate before it.
    if (mark !== 0) this.#probe.arrived(mark, bytes, arrivedAt);
    else {
      this.#queue.add(sentAt, arrivedAt);
      this.#trend.add(sentAt, arrivedAt);
    }
  }

  #adjust(lossNow: number, now: Millis): void {
    const { ackedBps } = this;
    const queued = this.#queue.ms;
    let { usage } = this.#trend;
    if (usage === "overuse" && queued < HARMLESS_QUEUE_MS) usage = "normal";
    const isFull = queued > STANDING_QUEUE_MS || (lossNow > OVERFLOW_LOSS && queued > HARMLESS_QUEUE_MS);
    if (queued > LONG_QUEUE_MS || (isFull && this.#isFarTooHigh())) usage = "overuse";
    else if (queued > STANDING_QUEUE_MS && usage === "normal") usage = "underuse";
    const throughput = usage === "overuse" ? this.#peak.bitsPerSecond(this.#lastArrival) : ackedBps;
    if (this.#control.update(usage, throughput, this.rttMs, now)) this.#wasFull();
    if (this.#loss.update(ackedBps, now)) {
      this.#control.lowerTo(this.#loss.bps, now);
      this.#wasFull();
    }
  }

  /** While a queue stands, what arrives is what the path carries: no trend is needed to see that it has fallen. */
  #isFarTooHigh(): boolean {
    return this.#peak.bitsPerSecond(this.#lastArrival) < FAR_TOO_HIGH_SHARE * this.bps;
  }

  #wasFull(): void {
    this.limited = true;
    this.#probe.cancel();
  }

  #mayProbe(now: Millis): boolean {
    return this.informed && this.#lastArrival > 0 && this.#wantedBps > this.bps && now >= this.#nextProbeAt &&
      now - this.#control.decreasedAt >= CALM_MS && this.#queue.ms < STANDING_QUEUE_MS / 2 &&
      this.#rembBps > this.#wantedBps;
  }

  #takeProbe(now: Millis): void {
    const result = this.#probe.result(now);
    if (result === undefined) return;
    const before = this.bps;
    if (result.bps > 0) {
      this.#control.raiseTo(result.bps);
      if (this.#loss.bps < result.bps) this.#loss.reset();
    }
    const succeeded = result.bps >= PROBE_SUCCESS * result.triedBps && result.bps > before;
    this.#retryMs = succeeded ? FIRST_RETRY_MS : Math.min(MAX_RETRY_MS, this.#retryMs * 1.5);
    this.#nextProbeAt = now + (succeeded ? NEXT_PROBE_MS : this.#retryMs);
    if (!succeeded && result.bps > 0) this.limited = true;
  }

  #expire(now: Millis): void {
    if (now - this.#rembAt > REMB_LIFE_MS && this.#lastArrival > 0) this.#rembBps = Infinity;
  }

  #unwrapReference(referenceTime: number): number {
    const last = this.#reference ?? referenceTime;
    const step = ((referenceTime - last) << REFERENCE_UNUSED_BITS) >> REFERENCE_UNUSED_BITS;
    this.#reference = last + step;
    return this.#reference;
  }
}
