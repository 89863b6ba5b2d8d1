import { SeaMeetError } from "../../base/errors.ts";
import type { TrackSource } from "../../room/track_source.ts";
import type { LocalCodec } from "../../sfu/local_track.ts";
import { AudioOutlet } from "./audio_outlet.ts";
import type { RoomCodecs } from "./codec_set.ts";
import { type AudioInput, pacedPictures, pause, soundFrames, type VideoInput } from "./media_source.ts";
import type { PacketOutlet, PacketTarget } from "./packet_ports.ts";
import { TrackHandle } from "./track_handle.ts";
import { VideoOutlet } from "./video_outlet.ts";

/** How sound is sent. */
export interface PublishAudioOptions {
  /** What the others take it for (default `microphone`). */
  readonly source?: "microphone" | "screen_audio";
  /** 1 (default) or 2. */
  readonly channels?: 1 | 2;
  /** Bits per second (default 48,000). */
  readonly bitrate?: number;
}

/** How pictures are sent. */
export interface PublishVideoOptions {
  /** What the others take it for (default `camera`). */
  readonly source?: "camera" | "screen";
  /** Pictures per second at most (default: the room's `videoFps`). */
  readonly fps?: number;
  /** Kilobits per second (default 1,000). */
  readonly bitrateKbps?: number;
}

/** What publishing needs of its room. */
export interface PublicationOptions {
  readonly target: PacketTarget;
  readonly codecs: Required<RoomCodecs>;
  readonly frameMs: 10 | 20 | 40 | 60;
  readonly fps: number;
  readonly onError: (error: unknown) => void;
  /** Told when a track is muted or goes on. */
  readonly onMute?: (source: TrackSource, muted: boolean) => void;
}

const DEFAULT_AUDIO_BITRATE = 48_000;
const DEFAULT_VIDEO_KBPS = 1_000;

/** Sound that may wait in front of the encoder; a source that is faster is waited with. */
const AHEAD_MS = 60;

let nextTrackId = 1;

/** The tracks that one participant sends from here, one of each source at most. */
export class Publications {
  readonly #options: PublicationOptions;
  readonly #handles: Map<TrackSource, TrackHandle> = new Map();

  constructor(options: PublicationOptions) {
    this.#options = options;
  }

  /** Sends sound until its input or the handle ends; a track of the same source ends. @throws {SeaMeetError} */
  async audio(input: AudioInput, options: PublishAudioOptions = {}): Promise<TrackHandle> {
    const { source = "microphone", channels = 1, bitrate = DEFAULT_AUDIO_BITRATE } = options;
    const { codecs, frameMs, onError } = this.#options;
    const outlet = this.#publish(source, "opus");
    const audio = await AudioOutlet.open({ outlet, codecs, encoder: { channels, frameMs, bitrate }, onError });
    const stop = new AbortController();
    const handle = this.#handle(source, stop, () => audio.close());
    const pump = async () => {
      for await (const frame of soundFrames(input, frameMs, stop.signal)) {
        if (audio.closed) break;
        if (!handle.muted) audio.push(frame);
        else await pause((frame.samples.length * 1000) / frame.channels / frame.sampleRate, stop.signal);
        while (audio.bufferedMs > AHEAD_MS && !stop.signal.aborted) await pause(frameMs, stop.signal);
      }
      while (audio.bufferedMs >= frameMs && !stop.signal.aborted) await pause(frameMs, stop.signal);
    };
    void pump().catch(onError).finally(() => handle.close());
    return handle;
  }

  /** Sends pictures until their input or the handle ends; a track of the same source ends. @throws {SeaMeetError} */
  video(input: VideoInput, options: PublishVideoOptions = {}): TrackHandle {
    const { source = "camera", fps = this.#options.fps, bitrateKbps = DEFAULT_VIDEO_KBPS } = options;
    const { codecs, onError } = this.#options;
    const video = new VideoOutlet({ outlet: this.#publish(source, "VP8"), codecs, fps, bitrateKbps, onError });
    const stop = new AbortController();
    const handle = this.#handle(source, stop, () => video.close());
    const pump = async () => {
      for await (const frame of pacedPictures(input, fps, stop.signal)) {
        if (video.closed) break;
        if (!handle.muted) video.push(frame);
      }
    };
    void pump().catch(onError).finally(() => handle.close());
    return handle;
  }

  /** Ends all of them. */
  close(): void {
    for (const handle of [...this.#handles.values()]) handle.close();
  }

  #publish(source: TrackSource, codec: LocalCodec): PacketOutlet {
    this.#handles.get(source)?.close();
    const outlet = this.#options.target.publish(source, codec);
    if (outlet === undefined) throw new SeaMeetError("closed", "This participant has left the room");
    return outlet;
  }

  #handle(source: TrackSource, stop: AbortController, close: () => void): TrackHandle {
    const handle: TrackHandle = new TrackHandle(nextTrackId++, source, {
      mute: (muted) => this.#options.onMute?.(source, muted),
      close: () => {
        stop.abort();
        close();
        if (this.#handles.get(source) === handle) this.#handles.delete(source);
      },
    });
    this.#handles.set(source, handle);
    return handle;
  }
}
