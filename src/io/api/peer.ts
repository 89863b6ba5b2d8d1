import { type Logger, silentLogger } from "../../base/log.ts";
import type { PcmFrame, RawVideoFrame } from "../../processing/frames.ts";
import { passthrough, type Processor } from "../../processing/processor.ts";
import { audioIntake } from "../room/audio_intake.ts";
import type { Intake } from "../room/intake.ts";
import { codecError, codecSet, type RoomCodecs } from "../room/codec_set.ts";
import type { AudioInput, VideoInput } from "../room/media_source.ts";
import { Publications, type PublishAudioOptions, type PublishVideoOptions } from "../room/publications.ts";
import type { TrackHandle } from "../room/track_handle.ts";
import { videoIntake } from "../room/video_intake.ts";
import type { PeerConnection } from "./peer_connection.ts";
import { PeerPorts } from "./peer_ports.ts";

/** How a `Peer` reads and writes media. */
export interface PeerOptions {
  /** What is done to the sound and pictures that come (default: nothing). */
  readonly processor?: Processor;
  /** Gets what the processor emits. */
  readonly onEvent?: (event: unknown) => void;
  /** Channels of decoded sound (default 1). */
  readonly audioChannels?: 1 | 2;
  /** Milliseconds of sound in one packet (default 20). */
  readonly audioFrameMs?: 10 | 20 | 40 | 60;
  /** Pictures per second, at most (default 30). */
  readonly videoFps?: number;
  /** Codecs of the application's own; those of this package otherwise, loaded when first needed. */
  readonly codecs?: RoomCodecs;
  /** Where log lines go; nowhere by default. */
  readonly logger?: Logger;
}

/**
 * Decoded sound and pictures over one `PeerConnection`, both ways: what a room does for each participant, without a
 * room.
 *
 * Make it before the connection is negotiated. Nothing is decoded while no stream is open.
 *
 * @example
 * ```ts
 * import { Peer, PeerConnection } from "@seameet/cli";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = new PeerConnection({ mediaAddresses: ["127.0.0.1"] });
 * await using client = new PeerConnection();
 * using listener = new Peer(server);
 * using speaker = new Peer(client);
 * await client.addLine("audio", "sendonly");
 * await client.setAnswer(await server.acceptOffer(await client.createOffer()));
 * const tone = { sampleRate: 48_000, channels: 1, read: (into: Float32Array) => into.fill(0.25).length };
 * await speaker.publishAudio(tone);
 * for await (const frame of listener.audio()) {
 *   assertEquals([frame.sampleRate, frame.channels], [48_000, 1]);
 *   break;
 * }
 * ```
 */
export class Peer implements Disposable {
  /** Carries the packets; it is its owner's to close. */
  readonly connection: PeerConnection;
  /** What is done to the media now. */
  processor: Processor;
  readonly #sound: Intake<PcmFrame>;
  readonly #picture: Intake<RawVideoFrame>;
  readonly #publications: Publications;

  /** Reads and writes over `connection`. */
  constructor(connection: PeerConnection, options: PeerOptions = {}) {
    this.connection = connection;
    this.processor = options.processor ?? passthrough;
    const ports = new PeerPorts(connection);
    const codecs = codecSet(options.codecs);
    const logger = options.logger ?? silentLogger;
    const onError = (error: unknown) =>
      logger.log("warn", "peer", "Media failed", { detail: codecError(error).message });
    const intake = {
      origin: ports,
      codecs,
      processor: () => this.processor,
      onEvent: options.onEvent ?? (() => {}),
      onError,
    };
    this.#sound = audioIntake("microphone", { ...intake, channels: options.audioChannels ?? 1 });
    this.#picture = videoIntake("camera", intake);
    this.#publications = new Publications({
      target: ports,
      codecs,
      frameMs: options.audioFrameMs ?? 20,
      fps: options.videoFps ?? 30,
      onError,
    });
  }

  /** The sound that comes, after the processor: 48 kHz, 20 ms a frame as a rule. */
  audio(): ReadableStream<PcmFrame> {
    return this.#sound.open();
  }

  /** The pictures that come, after the processor, as I420. */
  video(): ReadableStream<RawVideoFrame> {
    return this.#picture.open();
  }

  /** Sends sound until the input or the track ends. @throws {SeaMeetError} `codec` when Opus cannot be loaded */
  publishAudio(input: AudioInput, options?: PublishAudioOptions): Promise<TrackHandle> {
    return this.#publications.audio(input, options);
  }

  /** Sends pictures until the input or the track ends. */
  publishVideo(input: VideoInput, options?: PublishVideoOptions): TrackHandle {
    return this.#publications.video(input, options);
  }

  /** Ends all streams and tracks, and frees the codecs; the connection stays. Any number of times. */
  close(): void {
    this.#publications.close();
    this.#sound.close();
    this.#picture.close();
  }

  /** The same as `close`. */
  [Symbol.dispose](): void {
    this.close();
  }
}
