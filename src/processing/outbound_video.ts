import type { Millis } from "../base/time.ts";
import type { SenderReport } from "../rtp/rtcp.ts";
import type { EncodedVideo, RawVideoFrame } from "./frames.ts";
import { MediaClock } from "./media_clock.ts";
import type { PacketizerStart } from "./opus_packetizer.ts";
import type { OutboundPacket } from "./outbound_packet.ts";
import { passthrough, type Processor } from "./processor.ts";
import { type ProcessorOutput, runOnVideo } from "./run_processor.ts";
import { VIDEO_CLOCK_HZ, Vp8Packetizer } from "./vp8_packetizer.ts";

/** How an `OutboundVideoPipeline` is made. */
export interface OutboundVideoOptions<Event = unknown> extends ProcessorOutput<Event> {
  /** What is done to the pictures before encoding (default: nothing). */
  readonly processor?: Processor<Event>;
  /** Pictures per second at most (default 30); those above are left out. */
  readonly fps?: number;
  /** Where numbers begin; random ones in a session (RFC 3550 section 5.1). */
  readonly start?: PacketizerStart & { readonly pictureId?: number };
  /** Gets the packets of each picture, all at once. */
  readonly sink: (packet: OutboundPacket, now: Millis) => void;
}

/** Half a frame of tolerance at 30/s, so that a source with exactly that rate loses nothing to a shaky timer. */
const RATE_TOLERANCE = 0.5;
/** Media time and wall clock this far apart: the source paused or jumped, and a new relation begins. */
const MAX_SKEW_MS = 250;

/**
 * From raw pictures to VP8 in RTP. Encoding takes time and happens elsewhere, so there are two halves: `accept` says
 * whether a picture goes to the encoder, `send` takes what came out of it.
 *
 * Timestamps follow `ptsMs`; where that jumps, or stands while time goes on, they follow the clock instead.
 *
 * @example
 * ```ts
 * import { OutboundVideoPipeline } from "@seameet/cli/pipeline";
 * import { assertEquals } from "@std/assert";
 *
 * let packets = 0;
 * const pipeline = new OutboundVideoPipeline({ fps: 30, sink: () => packets++ });
 * const raw = { data: new Uint8Array(16 * 16 * 3 / 2), width: 16, height: 16, format: "I420", ptsMs: 0 } as const;
 * assertEquals(pipeline.accept({ ...raw }, 0), true); // now for an encoder, and then
 * pipeline.send({ data: new Uint8Array(3_000), isKeyframe: true, ptsMs: 0 }, 10);
 * assertEquals(packets, 3);
 * ```
 */
export class OutboundVideoPipeline<Event = unknown> {
  readonly #options: OutboundVideoOptions<Event>;
  readonly #processor: Processor<Event>;
  readonly #packetizer: Vp8Packetizer;
  readonly #clock = new MediaClock(VIDEO_CLOCK_HZ);
  readonly #intervalMs: number;
  readonly #firstTimestamp: number;
  #lastPtsMs: Millis | undefined;
  /** Wall clock minus presentation time, and timestamp units minus presentation time. */
  #offsetMs: Millis = 0;
  #tickOffset = 0;

  /** Creates a pipeline that waits for pictures. */
  constructor(options: OutboundVideoOptions<Event>) {
    this.#options = options;
    this.#processor = options.processor ?? passthrough;
    this.#packetizer = new Vp8Packetizer(options.start);
    this.#intervalMs = 1000 / (options.fps ?? 30);
    this.#firstTimestamp = options.start?.timestamp ?? 0;
  }

  /** Runs the processors; `true` when this picture is to be encoded. It may be changed in place. */
  accept(frame: RawVideoFrame, now: Millis): boolean {
    const last = this.#lastPtsMs;
    const sinceLast = last === undefined ? Infinity : frame.ptsMs - last;
    if (sinceLast >= 0 && sinceLast < this.#intervalMs * RATE_TOLERANCE) return false;
    if (!runOnVideo(this.#processor, frame, this.#options)) return false;
    this.#anchor(frame.ptsMs, now);
    this.#lastPtsMs = frame.ptsMs;
    return true;
  }

  /** Sends an encoded picture, whose `ptsMs` is that of the accepted one. */
  send(encoded: EncodedVideo, now: Millis): void {
    const timestamp = (this.#tickOffset + Math.round((encoded.ptsMs * VIDEO_CLOCK_HZ) / 1000)) >>> 0;
    this.#clock.mark(timestamp, encoded.ptsMs + this.#offsetMs);
    for (const packet of this.#packetizer.packetize(encoded, timestamp)) {
      this.#clock.sent(packet.payload.length);
      this.#options.sink(packet, now);
    }
  }

  /** A sender report; `undefined` before anything was sent. */
  senderReport(ssrc: number, now: Millis, unixMs: Millis): SenderReport | undefined {
    return this.#clock.report(ssrc, now, unixMs);
  }

  /** Keeps the relation of presentation time, timestamps and clock, or makes a new one after a jump. */
  #anchor(ptsMs: Millis, now: Millis): void {
    const isFirst = this.#lastPtsMs === undefined;
    if (!isFirst && Math.abs(now - (ptsMs + this.#offsetMs)) <= MAX_SKEW_MS) return;
    const elapsedTicks = isFirst ? 0 : Math.max(
      VIDEO_CLOCK_HZ / 1000,
      Math.round(((now - (this.#lastPtsMs! + this.#offsetMs)) * VIDEO_CLOCK_HZ) / 1000),
    );
    const before = isFirst
      ? this.#firstTimestamp
      : this.#tickOffset + Math.round((this.#lastPtsMs! * VIDEO_CLOCK_HZ) / 1000);
    this.#tickOffset = before + elapsedTicks - Math.round((ptsMs * VIDEO_CLOCK_HZ) / 1000);
    this.#offsetMs = now - ptsMs;
  }
}
