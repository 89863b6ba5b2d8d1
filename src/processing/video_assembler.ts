import type { Millis } from "../base/time.ts";
import type { AssembledPicture, Depacketizer, InboundPacket } from "./depacketizer.ts";
import { JitterBuffer, type JitterBufferStats } from "./jitter_buffer.ts";
import { Vp8Depacketizer } from "./vp8_depacketizer.ts";

/** How a `VideoAssembler` is made. */
export interface VideoAssemblerOptions {
  /** What puts the pictures together (default: VP8). */
  readonly depacketizer?: Depacketizer;
  /** How long a missing packet is waited for, in milliseconds (default 300). */
  readonly maxLateMs?: Millis;
}

/** A second of 5 Mbit/s. */
const CAPACITY = 512;
/** Time for a request, its answer and a second try on a slow path; a picture later than that is a freeze anyway. */
const DEFAULT_MAX_LATE_MS = 300;

/**
 * From RTP packets of a video track to whole encoded pictures: order, waiting for packets sent again, putting
 * together, and knowing when only a keyframe helps.
 */
export class VideoAssembler {
  readonly #depacketizer: Depacketizer;
  readonly #buffer: JitterBuffer<InboundPacket>;

  constructor(options: VideoAssemblerOptions = {}) {
    this.#depacketizer = options.depacketizer ?? new Vp8Depacketizer();
    this.#buffer = new JitterBuffer<InboundPacket>({
      capacity: CAPACITY,
      maxLateMs: options.maxLateMs ?? DEFAULT_MAX_LATE_MS,
      // Packets that are sent again come a round trip late; jitter says nothing about that.
      adaptive: false,
      clockRateHz: 90_000,
    });
  }

  /** Takes a packet; its payload is kept, so it must not be a view of a pooled buffer. */
  push(packet: InboundPacket, now: Millis): void {
    this.#buffer.push(packet, now);
  }

  /** The next whole, decodable picture, or `undefined` until more packets or time have come. */
  poll(now: Millis): AssembledPicture | undefined {
    for (;;) {
      const packet = this.#buffer.poll(now);
      if (packet === undefined) return undefined;
      const picture = this.#depacketizer.push(packet);
      if (picture !== undefined) return picture;
    }
  }

  /** When `poll` should be called next. */
  nextTimeout(): Millis {
    return this.#buffer.nextTimeout();
  }

  /** The sender should be asked for a keyframe; stays true until one has come. */
  get keyframeWanted(): boolean {
    return this.#depacketizer.keyframeWanted;
  }

  /** Pictures given up. */
  get droppedPictures(): number {
    return this.#depacketizer.dropped;
  }

  /** Counts of packets. */
  get stats(): JitterBufferStats {
    return this.#buffer.stats;
  }
}
