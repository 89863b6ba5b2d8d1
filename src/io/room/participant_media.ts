import type { Millis } from "../../base/time.ts";
import type { PcmFrame, RawVideoFrame } from "../../processing/frames.ts";
import { passthrough, type Processor } from "../../processing/processor.ts";
import { processesAudio, processesVideo } from "../../processing/processor_chain.ts";
import { kindOf, TRACK_SOURCES, type TrackSource } from "../../room/track_source.ts";
import { audioIntake } from "./audio_intake.ts";
import type { Intake } from "./intake.ts";
import { AudioOutlet } from "./audio_outlet.ts";
import type { RoomCodecs } from "./codec_set.ts";
import type { PacketOrigin, PacketTarget } from "./packet_ports.ts";
import { videoIntake } from "./video_intake.ts";
import { VideoOutlet } from "./video_outlet.ts";

/** Where the media of one participant comes from, and where the processed form of it goes. */
export interface MediaPorts extends PacketOrigin, PacketTarget {
  /** Keeps a source from the others, who get what is published in its place; or ends that. */
  divert(source: TrackSource, diverted: boolean): void;
}

/** What a participant's media is decoded and encoded with. */
export interface ParticipantMediaOptions {
  readonly ports: MediaPorts;
  readonly codecs: Required<RoomCodecs>;
  readonly channels: 1 | 2;
  readonly frameMs: 10 | 20 | 40 | 60;
  readonly fps: number;
  readonly audioBitrate: number;
  readonly videoBitrateKbps: number;
  readonly onEvent: (event: unknown) => void;
  readonly onError: (error: unknown) => void;
}

/** What processing one source needs until it ends. */
interface Processing {
  outlet: AudioOutlet | VideoOutlet | undefined;
  ended: boolean;
}

/**
 * All media of one participant as this process reads and changes it.
 *
 * Nothing is decoded for nobody: each source has an intake once it is asked for. A source that a processor works on is
 * diverted: decoded, processed, encoded again, and that is what the others get.
 */
export class ParticipantMedia {
  readonly #options: ParticipantMediaOptions;
  readonly #sounds: Map<TrackSource, Intake<PcmFrame>> = new Map();
  readonly #pictures: Map<TrackSource, Intake<RawVideoFrame>> = new Map();
  readonly #processing: Map<TrackSource, Processing> = new Map();
  /** Sources that come now. */
  readonly #published: Set<TrackSource> = new Set();
  #processor: Processor = passthrough;

  constructor(options: ParticipantMediaOptions) {
    this.#options = options;
  }

  /** What is done to the media now. */
  get processor(): Processor {
    return this.#processor;
  }

  /** Changes what is done to the media, from the next frame on. */
  process(processor: Processor): void {
    this.#processor = processor;
    this.#divertAll();
  }

  /** Decoded sound from now on. */
  sound(source: TrackSource): ReadableStream<PcmFrame> {
    return this.#sound(source).open();
  }

  /** Decoded pictures from now on. */
  pictures(source: TrackSource): ReadableStream<RawVideoFrame> {
    return this.#picture(source).open();
  }

  /** The participant is there again, perhaps with another processor: what is wanted is taken up. */
  attach(processor: Processor = this.#processor): void {
    this.#processor = processor;
    this.#published.clear();
    for (const source of [...this.#processing.keys()]) this.#endProcessing(source);
    this.#divertAll();
    for (const intake of [...this.#sounds.values(), ...this.#pictures.values()]) intake.update();
  }

  /** A source has begun to come. */
  trackPublished(source: TrackSource): void {
    this.#published.add(source);
    if (this.#processes(source)) this.#beginProcessing(source);
  }

  /** A source has ended. */
  trackEnded(source: TrackSource): void {
    this.#published.delete(source);
    this.#endProcessing(source);
  }

  /** The participant has gone: all streams end. */
  close(error?: Error): void {
    for (const source of [...this.#processing.keys()]) this.#endProcessing(source);
    for (const intake of [...this.#sounds.values(), ...this.#pictures.values()]) intake.close(error);
    this.#sounds.clear();
    this.#pictures.clear();
  }

  #processes(source: TrackSource): boolean {
    return kindOf(source) === "audio" ? processesAudio(this.#processor) : processesVideo(this.#processor);
  }

  /** Diverts before anything comes, so that nothing unprocessed ever reaches the others. */
  #divertAll(): void {
    for (const source of TRACK_SOURCES) {
      const processes = this.#processes(source);
      if (processes) {
        this.#options.ports.divert(source, true);
        if (this.#published.has(source)) this.#beginProcessing(source);
      } else {
        this.#endProcessing(source);
        this.#options.ports.divert(source, false);
      }
    }
  }

  #beginProcessing(source: TrackSource): void {
    if (this.#processing.has(source)) return;
    const processing: Processing = { outlet: undefined, ended: false };
    this.#processing.set(source, processing);
    if (kindOf(source) === "audio") {
      this.#openAudio(source, processing).catch(this.#options.onError);
    } else this.#openVideo(source, processing);
  }

  async #openAudio(source: TrackSource, processing: Processing): Promise<void> {
    const { ports, codecs, channels, frameMs, audioBitrate: bitrate, onError } = this.#options;
    const outlet = ports.publish(source, "opus");
    if (outlet === undefined) return;
    const audio = await AudioOutlet.open({ outlet, codecs, encoder: { channels, frameMs, bitrate }, onError });
    processing.outlet = audio;
    if (processing.ended) return audio.close();
    this.#sound(source).onProcessed = (frame, delayMs) => audio.push(frame, delayMs);
  }

  #openVideo(source: TrackSource, processing: Processing): void {
    const { ports, codecs, fps, videoBitrateKbps: bitrateKbps, onError } = this.#options;
    const outlet = ports.publish(source, "VP8");
    if (outlet === undefined) return;
    const video = new VideoOutlet({ outlet, codecs, fps, bitrateKbps, onError });
    processing.outlet = video;
    this.#picture(source).onProcessed = (frame: RawVideoFrame, delayMs: Millis) => video.push(frame, delayMs);
  }

  #endProcessing(source: TrackSource): void {
    const processing = this.#processing.get(source);
    if (processing === undefined) return;
    this.#processing.delete(source);
    processing.ended = true;
    processing.outlet?.close();
    const intake = this.#sounds.get(source) ?? this.#pictures.get(source);
    if (intake !== undefined) intake.onProcessed = undefined;
  }

  #intakeOptions() {
    const { ports: origin, codecs, onEvent, onError } = this.#options;
    return { origin, codecs, onEvent, onError, processor: () => this.#processor };
  }

  #sound(source: TrackSource): Intake<PcmFrame> {
    let intake = this.#sounds.get(source);
    if (intake === undefined) {
      intake = audioIntake(source, { ...this.#intakeOptions(), channels: this.#options.channels });
      this.#sounds.set(source, intake);
    }
    return intake;
  }

  #picture(source: TrackSource): Intake<RawVideoFrame> {
    let intake = this.#pictures.get(source);
    if (intake === undefined) this.#pictures.set(source, intake = videoIntake(source, this.#intakeOptions()));
    return intake;
  }
}
