import type { Millis } from "../../base/time.ts";
import type { PcmFrame } from "../../processing/frames.ts";
import { OutboundAudioPipeline } from "../../processing/outbound_audio.ts";
import { dbovOf } from "../../processing/speech_detector.ts";
import { Alarm } from "./alarm.ts";
import type { AudioEncoderSettings, RoomCodecs } from "./codec_set.ts";
import type { PacketOutlet } from "./packet_ports.ts";

/** What an `AudioOutlet` is made with. */
export interface AudioOutletOptions {
  readonly outlet: PacketOutlet;
  readonly codecs: Required<RoomCodecs>;
  readonly encoder: AudioEncoderSettings;
  readonly onError: (error: unknown) => void;
}

/** Sound that waits to be sent at most: processed speech must not fall behind. */
const MAX_BUFFER_MS = 400;

/** Encodes sound and sends it as one participant's track, at an even pace. */
export class AudioOutlet {
  readonly #outlet: PacketOutlet;
  readonly #pipeline: OutboundAudioPipeline;
  readonly #alarm: Alarm;
  /** Of the newest sound put in; it leaves a moment later. */
  #dbov = -127;
  #delayMs: Millis = 0;
  #closed = false;

  private constructor(options: AudioOutletOptions, pipeline: (sink: AudioSink) => OutboundAudioPipeline) {
    this.#outlet = options.outlet;
    this.#pipeline = pipeline((packet, now) => {
      const audioLevel = Math.round(-this.#dbov);
      this.#outlet.send({ ...packet, audioLevel, capturedAt: now - this.#delayMs });
    });
    this.#alarm = new Alarm(() => this.#pipeline.nextTimeout(), (now) => this.#pipeline.poll(now));
  }

  /** Makes the encoder; the outlet is closed when that fails. @throws {SeaMeetError} `codec` */
  static async open(options: AudioOutletOptions): Promise<AudioOutlet> {
    try {
      const encoder = await options.codecs.opusEncoder(options.encoder);
      const { channels, frameMs } = options.encoder;
      return new AudioOutlet(options, (sink) =>
        new OutboundAudioPipeline({
          encoder,
          channels,
          frameMs,
          maxBufferMs: MAX_BUFFER_MS,
          sink,
          onError: options.onError,
        }));
    } catch (error) {
      options.outlet.close();
      throw error;
    }
  }

  /** Its participant has gone, or it was closed. */
  get closed(): boolean {
    return this.#closed || this.#outlet.closed;
  }

  /** Milliseconds of sound that wait; a source that can wait should do so above three frames. */
  get bufferedMs(): Millis {
    return this.#pipeline.bufferedMs;
  }

  /** Takes sound that was captured `delayMs` ago. */
  push(frame: PcmFrame, delayMs: Millis = 0): void {
    if (this.#closed) return;
    this.#dbov = dbovOf(frame.samples);
    this.#delayMs = delayMs;
    this.#pipeline.push(frame, performance.now());
    this.#pipeline.poll(performance.now());
    this.#alarm.arm();
  }

  /** Ends the track. Any number of times. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#alarm.close();
    this.#pipeline.close();
    this.#outlet.close();
  }
}

type AudioSink = ConstructorParameters<typeof OutboundAudioPipeline>[0]["sink"];
