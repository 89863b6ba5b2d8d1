import type { Millis } from "../base/time.ts";
import { AudioPlayout, type PlayedFrame, type PlayoutStats } from "./audio_playout.ts";
import type { AssembledPicture, Depacketizer, InboundPacket } from "./depacketizer.ts";
import type { AudioDecoder, EncodedVideo, RawVideoFrame } from "./frames.ts";
import type { JitterBufferEvent, JitterBufferOptions, JitterBufferStats } from "./jitter_buffer.ts";
import { passthrough, type Processor } from "./processor.ts";
import { type ProcessorOutput, runOnAudio, runOnVideo } from "./run_processor.ts";
import { RtpTimeline } from "./rtp_timeline.ts";
import { VideoAssembler } from "./video_assembler.ts";
import { VIDEO_CLOCK_HZ } from "./vp8_packetizer.ts";

/** How an `InboundAudioPipeline` is made. */
export interface InboundAudioOptions<Event = unknown>
  extends ProcessorOutput<Event>, Pick<JitterBufferOptions, "capacity" | "maxLateMs" | "adaptive"> {
  /** Who decodes; it is closed with the pipeline. */
  readonly decoder: AudioDecoder;
  /** What is done to the sound (default: nothing). */
  readonly processor?: Processor<Event>;
}

/**
 * From RTP packets of an Opus track to decoded, processed sound at an even pace: jitter buffer, decoder with loss
 * concealment and FEC, processors.
 *
 * Pure: push packets, `poll` until `undefined`, come back at `nextTimeout()`.
 *
 * @example
 * ```ts
 * import { createOpusDecoder } from "@seameet/cli/codecs/opus";
 * import { InboundAudioPipeline } from "@seameet/cli/pipeline";
 * import { assertEquals } from "@std/assert";
 *
 * const pipeline = new InboundAudioPipeline({ decoder: await createOpusDecoder() });
 * const silence = Uint8Array.of(0xf8, 0xff, 0xfe);
 * pipeline.push({ sequenceNumber: 1, timestamp: 0, marker: true, payload: silence }, 0);
 * const played = pipeline.poll(pipeline.nextTimeout());
 * assertEquals([played?.frame.sampleRate, played?.frame.samples.length], [48_000, 960]);
 * pipeline.close();
 * ```
 */
export class InboundAudioPipeline<Event = unknown> {
  readonly #playout: AudioPlayout;
  readonly #decoder: AudioDecoder;
  readonly #processor: Processor<Event>;
  readonly #output: ProcessorOutput<Event>;

  /** Creates a pipeline that waits for packets. */
  constructor(options: InboundAudioOptions<Event>) {
    this.#playout = new AudioPlayout(options);
    this.#decoder = options.decoder;
    this.#processor = options.processor ?? passthrough;
    this.#output = options;
  }

  /** Takes a packet; the payload is copied, so that it may lie in a pooled buffer. */
  push(packet: InboundPacket, now: Millis): void {
    this.#playout.push(keep(packet), now);
  }

  /** The next processed frame that is due by now. */
  poll(now: Millis): PlayedFrame | undefined {
    for (;;) {
      const played = this.#playout.poll(now);
      if (played === undefined || runOnAudio(this.#processor, played.frame, this.#output)) return played;
    }
  }

  /** When `poll` should be called next. */
  nextTimeout(): Millis {
    return this.#playout.nextTimeout();
  }

  /** Counts of packets. */
  get packets(): JitterBufferStats {
    return this.#playout.packets;
  }

  /** Counts of frames. */
  get frames(): Readonly<PlayoutStats> {
    return this.#playout.stats;
  }

  /** Packets given up since the last call. */
  takeEvents(): JitterBufferEvent[] {
    return this.#playout.takeEvents();
  }

  /** Closes the decoder. */
  close(): void {
    this.#decoder.close();
  }
}

/** How an `InboundVideoPipeline` is made. */
export interface InboundVideoOptions<Event = unknown> extends ProcessorOutput<Event> {
  /** What is done to the pictures (default: nothing). */
  readonly processor?: Processor<Event>;
  /** How pictures are put together (default: VP8). */
  readonly depacketizer?: Depacketizer;
  /** How long a missing packet is waited for, in milliseconds (default 300). */
  readonly maxLateMs?: Millis;
}

/** An encoded picture that is ready to be decoded, and the RTP timestamp it came with. */
export interface TimedPicture extends EncodedVideo {
  /** The RTP timestamp. */
  readonly timestamp: number;
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
}

/**
 * From RTP packets of a video track to processed pictures. Decoding takes time and happens elsewhere, so there are two
 * halves: `poll` gives encoded pictures for the decoder, `process` takes decoded ones.
 *
 * @example
 * ```ts
 * import { InboundVideoPipeline, Vp8Packetizer } from "@seameet/cli/pipeline";
 * import { assertEquals } from "@std/assert";
 *
 * const pipeline = new InboundVideoPipeline();
 * assertEquals(pipeline.keyframeWanted, true);
 * const data = Uint8Array.of(0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 16, 0, 16, 0, 0);
 * for (const packet of new Vp8Packetizer().packetize({ data }, 90_000)) pipeline.push(packet, 0);
 * const picture = pipeline.poll(0);
 * assertEquals([picture?.isKeyframe, picture?.width], [true, 16]); // now for a decoder, and then for `process`
 * ```
 */
export class InboundVideoPipeline<Event = unknown> {
  readonly #assembler: VideoAssembler;
  readonly #processor: Processor<Event>;
  readonly #output: ProcessorOutput<Event>;
  readonly #timeline = new RtpTimeline(VIDEO_CLOCK_HZ);
  #afterError = false;

  /** Creates a pipeline that waits for packets. */
  constructor(options: InboundVideoOptions<Event> = {}) {
    this.#assembler = new VideoAssembler(options);
    this.#processor = options.processor ?? passthrough;
    this.#output = options;
  }

  /** Takes a packet; the payload is copied, so that it may lie in a pooled buffer. */
  push(packet: InboundPacket, now: Millis): void {
    this.#assembler.push(keep(packet), now);
  }

  /** The next picture to decode. */
  poll(now: Millis): TimedPicture | undefined {
    for (;;) {
      const picture = this.#assembler.poll(now);
      if (picture === undefined) return undefined;
      const timed = this.#timed(picture);
      if (this.#afterError && !picture.isKeyframe) continue;
      this.#afterError = false;
      return timed;
    }
  }

  /** Runs the processors on a decoded picture; `true` when it goes on. */
  process(frame: RawVideoFrame): boolean {
    return runOnVideo(this.#processor, frame, this.#output);
  }

  /** The decoder refused a picture, or one was left out: nothing can be decoded until the next keyframe. */
  decodeFailed(): void {
    this.#afterError = true;
  }

  /** The sender should be asked for a keyframe; stays true until one has come. */
  get keyframeWanted(): boolean {
    return this.#afterError || this.#assembler.keyframeWanted;
  }

  /** When `poll` should be called next. */
  nextTimeout(): Millis {
    return this.#assembler.nextTimeout();
  }

  /** Counts of packets. */
  get packets(): JitterBufferStats {
    return this.#assembler.stats;
  }

  /** Pictures given up because a packet was missing. */
  get droppedPictures(): number {
    return this.#assembler.droppedPictures;
  }

  #timed(picture: AssembledPicture): TimedPicture {
    return { ...picture, ptsMs: this.#timeline.msOf(picture.timestamp) };
  }
}

/** A packet that may be kept after its buffer went back to the pool. */
function keep(packet: InboundPacket): InboundPacket {
  const { sequenceNumber, timestamp, marker, payload } = packet;
  return { sequenceNumber: sequenceNumber & 0xffff, timestamp, marker, payload: payload.slice() };
}
