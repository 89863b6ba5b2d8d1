import type { Millis } from "../../base/time.ts";
import type { RawVideoFrame, VideoEncoder } from "../../processing/frames.ts";
import { OutboundVideoPipeline } from "../../processing/outbound_video.ts";
import { codecError, type RoomCodecs } from "./codec_set.ts";
import type { PacketOutlet } from "./packet_ports.ts";

/** What a `VideoOutlet` is made with. */
export interface VideoOutletOptions {
  readonly outlet: PacketOutlet;
  readonly codecs: Required<RoomCodecs>;
  /** Pictures per second at most. */
  readonly fps: number;
  /** Kilobits per second. */
  readonly bitrateKbps: number;
  readonly onError: (error: unknown) => void;
}

/** Encodes pictures (in a worker) and sends them as one participant's track. While nobody gets it, nothing is encoded. */
export class VideoOutlet {
  readonly #options: VideoOutletOptions;
  readonly #outlet: PacketOutlet;
  readonly #pipeline: OutboundVideoPipeline;
  #encoder: Promise<VideoEncoder> | undefined;
  #busy = false;
  /** The newest picture that came while another was being encoded; older ones are left out. */
  #next: { frame: RawVideoFrame; delayMs: Millis } | undefined;
  #keyframeWanted = true;
  #delayMs: Millis = 0;
  #closed = false;

  constructor(options: VideoOutletOptions) {
    this.#options = options;
    this.#outlet = options.outlet;
    this.#outlet.onKeyframeWanted = () => this.#keyframeWanted = true;
    this.#pipeline = new OutboundVideoPipeline({
      fps: options.fps,
      sink: (packet, now) => this.#outlet.send({ ...packet, capturedAt: now - this.#delayMs }),
    });
  }

  /** Its participant has gone, or it was closed. */
  get closed(): boolean {
    return this.#closed || this.#outlet.closed;
  }

  /** Takes a picture that was captured `delayMs` ago; it must not be changed afterwards. */
  push(frame: RawVideoFrame, delayMs: Millis = 0): void {
    if (this.#closed) return;
    this.#next = { frame, delayMs };
    if (!this.#busy) void this.#encodeAll();
  }

  /** Ends the track. Any number of times. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#next = undefined;
    this.#outlet.close();
    this.#encoder?.then((encoder) => encoder.close(), () => {});
  }

  async #encodeAll(): Promise<void> {
    this.#busy = true;
    for (let next = this.#next; next !== undefined && !this.#closed; next = this.#next) {
      this.#next = undefined;
      // Nobody sees it: the first picture after that must be whole.
      if (!this.#outlet.wanted) this.#keyframeWanted = true;
      else if (this.#pipeline.accept(next.frame, performance.now())) await this.#encode(next.frame, next.delayMs);
    }
    this.#busy = false;
  }

  async #encode(frame: RawVideoFrame, delayMs: Millis): Promise<void> {
    try {
      const encoder = await (this.#encoder ??= this.#createEncoder(frame));
      if (this.#keyframeWanted) encoder.requestKeyframe();
      this.#keyframeWanted = false;
      const encoded = await encoder.encode(frame);
      if (encoded === undefined || this.#closed) return;
      this.#delayMs = delayMs;
      this.#pipeline.send(encoded, performance.now());
    } catch (error) {
      if (this.#closed) return;
      this.#keyframeWanted = true;
      this.#options.onError(codecError(error));
    }
  }

  #createEncoder({ width, height }: RawVideoFrame): Promise<VideoEncoder> {
    const { codecs, fps, bitrateKbps } = this.#options;
    return codecs.vp8Encoder({ width, height, fps, bitrateKbps });
  }
}
