import type { Millis } from "../../base/time.ts";
import type { Depacketizer, InboundPacket } from "../../processing/depacketizer.ts";
import { JitterBuffer } from "../../processing/jitter_buffer.ts";
import { OPUS_CLOCK_HZ, opusDurationMs } from "../../processing/opus_payload.ts";
import { Vp8Depacketizer } from "../../processing/vp8_depacketizer.ts";
import { Vp9Depacketizer } from "../../processing/vp9_depacketizer.ts";
import { VIDEO_CLOCK_HZ } from "../../processing/vp8_packetizer.ts";
import type { PublisherClock } from "../../room/publisher_clock.ts";
import { CaptureTimeline, type ReportedTime } from "./capture_timeline.ts";

/** The codecs that are recorded. */
export type RecordedCodec = "opus" | "VP8" | "VP9";

/** A recording can wait for packets that are sent again longer than a listener can. */
const MAX_LATE_MS = 1_000;
/** Packets in disorder: a second of 8 Mbit/s. */
const CAPACITY = 1_024;
/** So long is waited for the first sender report; browsers send one for sound every five seconds or so. */
const MAX_HOLD_MS = 8_000;
/** Bytes of one track held meanwhile; above that the times of arrival must do. */
const MAX_HOLD_BYTES = 4 * 1024 * 1024;

/** What claims to have been captured longer ago (held for a report, and waited for) or later than this is left out. */
const MAX_AGE_MS = 20_000;
const MAX_AHEAD_MS = 2_000;

/** Something to be written: an Opus packet or a picture. */
export interface RecordedUnit {
  readonly data: Uint8Array;
  /** When it was captured, on our clock. */
  readonly timeMs: Millis;
  /** Of sound; 0 for pictures. */
  readonly durationMs: Millis;
  readonly isKeyframe: boolean;
  /** Pixels; 0 for sound. */
  readonly width: number;
  readonly height: number;
}

/** One track on its way into a file: order, whole pictures, and times from sender reports. */
export class TrackIntake {
  readonly codec: RecordedCodec;
  readonly #timeline: CaptureTimeline;
  readonly #buffer: JitterBuffer<InboundPacket>;
  readonly #depacketizer: Depacketizer | undefined;
  #held: (Omit<RecordedUnit, "timeMs"> & { readonly timestamp: number })[] = [];
  #heldBytes = 0;
  #implausible = 0;
  #firstAt: Millis | undefined;
  #lastAt: Millis = -Infinity;

  constructor(codec: RecordedCodec, clock: PublisherClock) {
    this.codec = codec;
    const clockRateHz = codec === "opus" ? OPUS_CLOCK_HZ : VIDEO_CLOCK_HZ;
    this.#timeline = new CaptureTimeline(clock, clockRateHz);
    this.#buffer = new JitterBuffer({ capacity: CAPACITY, maxLateMs: MAX_LATE_MS, adaptive: false, clockRateHz });
    if (codec !== "opus") this.#depacketizer = codec === "VP8" ? new Vp8Depacketizer() : new Vp9Depacketizer();
  }

  /** Takes a packet; the payload is copied. */
  push(packet: InboundPacket, now: Millis): void {
    this.#firstAt ??= now;
    this.#lastAt = now;
    const { sequenceNumber, timestamp, marker, payload } = packet;
    this.#timeline.arrived(timestamp, now);
    this.#buffer.push(
      { sequenceNumber: sequenceNumber & 0xffff, timestamp, marker, payload: payload.slice() },
      now,
    );
  }

  /** Takes a sender report. */
  report(report: ReportedTime, now: Millis): void {
    this.#timeline.reported(report, now);
  }

  /** Pictures cannot be written until a keyframe comes. */
  get keyframeWanted(): boolean {
    return this.#firstAt !== undefined && (this.#depacketizer?.keyframeWanted ?? false);
  }

  /** When the last packet came. */
  get lastAt(): Millis {
    return this.#lastAt;
  }

  /** What came is still held back, for the sender report that says when it was captured. */
  holding(now: Millis): boolean {
    if (this.#timeline.isReported || this.#firstAt === undefined) return false;
    return this.#heldBytes <= MAX_HOLD_BYTES && now - this.#firstAt <= MAX_HOLD_MS;
  }

  /** Packets that were given up. */
  get lost(): number {
    return this.#buffer.stats.lost;
  }

  /** Packets and pictures left out because of the time they claim. */
  get implausible(): number {
    return this.#implausible;
  }

  /** What is ready to be written, in order. `flush` waits for nothing any more: the track ends. */
  poll(now: Millis, flush = false): RecordedUnit[] {
    this.#assemble(flush ? Infinity : now);
    if (this.#held.length === 0 || (!flush && this.holding(now))) return [];
    const units = this.#held
      .map(({ timestamp, ...unit }) => ({ ...unit, timeMs: this.#timeline.timeOf(timestamp) }))
      .filter(({ timeMs }) => timeMs >= now - MAX_AGE_MS && timeMs <= now + MAX_AHEAD_MS);
    this.#implausible += this.#held.length - units.length;
    this.#held = [];
    this.#heldBytes = 0;
    return units;
  }

  #assemble(now: Millis): void {
    for (let packet = this.#buffer.poll(now); packet !== undefined; packet = this.#buffer.poll(now)) {
      if (this.#depacketizer === undefined) this.#holdAudio(packet);
      else {
        const picture = this.#depacketizer.push(packet);
        if (picture !== undefined) this.#hold({ ...picture, durationMs: 0 });
      }
    }
  }

  #holdAudio({ payload, timestamp }: InboundPacket): void {
    const durationMs = opusDurationMs(payload);
    if (durationMs === 0) return;
    this.#hold({ data: payload, timestamp, durationMs, isKeyframe: true, width: 0, height: 0 });
  }

  #hold(unit: Omit<RecordedUnit, "timeMs"> & { readonly timestamp: number }): void {
    this.#held.push(unit);
    this.#heldBytes += unit.data.length;
  }
}
