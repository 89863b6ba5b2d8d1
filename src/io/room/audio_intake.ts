import type { Millis } from "../../base/time.ts";
import type { InboundPacket } from "../../processing/depacketizer.ts";
import type { PcmFrame } from "../../processing/frames.ts";
import { InboundAudioPipeline } from "../../processing/inbound_pipeline.ts";
import { OPUS_CLOCK_HZ } from "../../processing/opus_payload.ts";
import type { Processor } from "../../processing/processor.ts";
import type { TrackSource } from "../../room/track_source.ts";
import type { RoomCodecs } from "./codec_set.ts";
import { FRAME_BUFFER } from "./frame_streams.ts";
import { type Decoding, Intake, type IntakeSink } from "./intake.ts";
import type { IntakeOptions } from "./intake_options.ts";

/** What decoding sound needs. */
export interface AudioIntakeOptions extends IntakeOptions {
  readonly codecs: Required<RoomCodecs>;
  readonly channels: 1 | 2;
}

/** One participant's sound, decoded as long as somebody wants it. */
export function audioIntake(source: TrackSource, options: AudioIntakeOptions): Intake<PcmFrame> {
  const { codecs, channels, processor, onEvent, onError, onLoss } = options;
  return new Intake<PcmFrame>(source, {
    codec: "opus",
    clockHz: OPUS_CLOCK_HZ,
    buffer: FRAME_BUFFER.audio,
    copy: ({ samples, sampleRate, channels }) => ({ samples: samples.slice(), sampleRate, channels }),
    start: async (sink) => {
      const decoder = await codecs.opusDecoder(channels);
      const pipeline = new InboundAudioPipeline({ decoder, processor: onlySound(processor), onEvent, onError });
      return new AudioDecoding(pipeline, sink, onLoss);
    },
  }, options);
}

class AudioDecoding implements Decoding {
  readonly #pipeline: InboundAudioPipeline;
  readonly #sink: IntakeSink<PcmFrame>;
  readonly #onLoss: (() => void) | undefined;
  #closed = false;

  constructor(pipeline: InboundAudioPipeline, sink: IntakeSink<PcmFrame>, onLoss: (() => void) | undefined) {
    this.#pipeline = pipeline;
    this.#sink = sink;
    this.#onLoss = onLoss;
  }

  push(packet: InboundPacket, now: Millis): void {
    this.#pipeline.push(packet, now);
  }

  nextTimeout(): Millis {
    return this.#pipeline.nextTimeout();
  }

  work(now: Millis): void {
    const pipeline = this.#pipeline;
    for (let played = pipeline.poll(now); played !== undefined; played = pipeline.poll(now)) {
      this.#sink.show(played.frame, played.timestamp);
      if (this.#closed) return;
    }
    if (pipeline.takeEvents().length > 0) this.#onLoss?.();
  }

  close(): void {
    this.#closed = true;
    this.#pipeline.close();
  }
}

/** A processor without a method for sound is asked nothing; it may get one later. */
function onlySound(processor: () => Processor): Processor {
  return { processAudio: (frame) => processor().processAudio?.(frame) ?? "forward" };
}
