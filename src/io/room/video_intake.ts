import type { Millis } from "../../base/time.ts";
import type { InboundPacket } from "../../processing/depacketizer.ts";
import type { RawVideoFrame, VideoDecoder } from "../../processing/frames.ts";
import { InboundVideoPipeline, type TimedPicture } from "../../processing/inbound_pipeline.ts";
import type { Processor } from "../../processing/processor.ts";
import { VIDEO_CLOCK_HZ } from "../../processing/vp8_packetizer.ts";
import type { TrackSource } from "../../room/track_source.ts";
import type { RoomCodecs } from "./codec_set.ts";
import { FRAME_BUFFER } from "./frame_streams.ts";
import { type Decoding, Intake, type IntakeSink } from "./intake.ts";
import type { IntakeOptions } from "./intake_options.ts";

/** Encoded pictures that wait for the decoder; more means that it cannot follow, and only a keyframe helps. */
const MAX_WAITING = 12;

/** While a keyframe is wanted, how often it is asked for: the core bounds what reaches the sender. */
const KEYFRAME_REPEAT_MS = 200;

/** What decoding pictures needs. */
export interface VideoIntakeOptions extends IntakeOptions {
  readonly codecs: Required<RoomCodecs>;
}

/** One participant's pictures, decoded (in a worker) as long as somebody wants them. */
export function videoIntake(source: TrackSource, options: VideoIntakeOptions): Intake<RawVideoFrame> {
  const { codecs, processor, onEvent, onError } = options;
  return new Intake<RawVideoFrame>(source, {
    codec: "VP8",
    clockHz: VIDEO_CLOCK_HZ,
    buffer: FRAME_BUFFER.video,
    copy: (frame) => ({ ...frame, data: frame.data.slice() }),
    start: async (sink) => {
      const decoder = await codecs.vp8Decoder();
      const pipeline = new InboundVideoPipeline({ processor: onlyPictures(processor), onEvent, onError });
      return new VideoDecoding(decoder, pipeline, sink, onError);
    },
  }, options);
}

class VideoDecoding implements Decoding {
  readonly #decoder: VideoDecoder;
  readonly #pipeline: InboundVideoPipeline;
  readonly #sink: IntakeSink<RawVideoFrame>;
  readonly #onError: (error: unknown) => void;
  readonly #waiting: TimedPicture[] = [];
  #decoding = false;
  #askedAt: Millis = -Infinity;
  #closed = false;

  constructor(
    decoder: VideoDecoder,
    pipeline: InboundVideoPipeline,
    sink: IntakeSink<RawVideoFrame>,
    onError: (error: unknown) => void,
  ) {
    this.#decoder = decoder;
    this.#pipeline = pipeline;
    this.#sink = sink;
    this.#onError = onError;
  }

  push(packet: InboundPacket, now: Millis): void {
    this.#pipeline.push(packet, now);
  }

  nextTimeout(): Millis {
    return this.#pipeline.nextTimeout();
  }

  work(now: Millis): void {
    const pipeline = this.#pipeline;
    for (let picture = pipeline.poll(now); picture !== undefined; picture = pipeline.poll(now)) {
      if (this.#waiting.length >= MAX_WAITING) {
        this.#waiting.length = 0;
        pipeline.decodeFailed();
        break;
      }
      this.#waiting.push(picture);
    }
    if (pipeline.keyframeWanted && now - this.#askedAt >= KEYFRAME_REPEAT_MS) {
      this.#askedAt = now;
      this.#sink.requestKeyframe();
    }
    if (!this.#decoding) void this.#decodeAll();
  }

  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
    this.#decoder.close();
  }

  /** Decodes what waits, one picture after the other. */
  async #decodeAll(): Promise<void> {
    this.#decoding = true;
    for (let picture = this.#waiting.shift(); picture !== undefined; picture = this.#waiting.shift()) {
      try {
        const frame = await this.#decoder.decode(picture);
        if (frame !== undefined && !this.#closed) this.#show(picture, frame);
      } catch (error) {
        if (this.#closed) break;
        this.#onError(error);
        this.#waiting.length = 0;
        this.#pipeline.decodeFailed();
        this.#sink.requestKeyframe();
      }
    }
    this.#decoding = false;
  }

  #show(picture: TimedPicture, frame: RawVideoFrame): void {
    frame.ptsMs = picture.ptsMs;
    if (this.#pipeline.process(frame)) this.#sink.show(frame, picture.timestamp);
  }
}

/** A processor without a method for pictures is asked nothing; it may get one later. */
function onlyPictures(processor: () => Processor): Processor {
  return { processVideo: (frame) => processor().processVideo?.(frame) ?? "forward" };
}
