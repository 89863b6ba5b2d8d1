import { browserCodecs, type CodecCapability, type VideoCodec } from "./codec_preferences.ts";
import type { ScreenStream } from "./ports.ts";
import { DEFAULT_VIDEO_CONFIG } from "./video_limits.ts";
import type { ConnectOptions } from "./options.ts";
import type { VideoConfig } from "./types.ts";

/** What a stream shows and plays. @throws {TypeError} when it has no picture. */
export function screenOf(stream: ScreenStream): ScreenShare {
  const [video] = stream.getVideoTracks();
  if (video === undefined) throw new TypeError("Cannot share a stream without a video track");
  return { video, audio: stream.getAudioTracks()[0] };
}

/** What a client can start with. */
export type StartingMedia = Pick<
  ConnectOptions,
  | "audioTrack"
  | "videoTrack"
  | "muted"
  | "videoConfig"
  | "simulcast"
  | "videoCodec"
  | "redundantAudio"
  | "e2ee"
  | "environment"
>;

/** A running screen share of ours. */
export interface ScreenShare {
  /** The picture. */
  readonly video: MediaStreamTrack;
  /** The sound of the shared tab or system, where the browser gave it. */
  readonly audio: MediaStreamTrack | undefined;
}

/**
 * What we want to send.
 *
 * It outlives connections: whenever a new one begins, it is set up from here.
 */
export class OwnMedia {
  /** The microphone, `null` without one. */
  microphone: MediaStreamTrack | null = null;
  /** The camera, `null` while it is off. */
  camera: MediaStreamTrack | null = null;
  /** The screen, `undefined` while none is shared. */
  screen: ScreenShare | undefined;
  /** Says that the microphone is muted; without a microphone we count as muted too. */
  muted = false;
  /** The camera's settings. */
  videoConfig: VideoConfig = DEFAULT_VIDEO_CONFIG;
  /** The camera is sent in several encodings, so that each viewer gets what it can use. */
  readonly simulcast: boolean;
  /** Sound is sent with redundancy. */
  readonly redundantAudio: boolean;
  /** The camera's codec. */
  readonly videoCodec: VideoCodec;
  /** The codecs that can be sent. */
  readonly codecs: (kind: "audio" | "video") => readonly CodecCapability[];
  /** What the server says the path takes, in bits per second and video track. */
  bitrateCap = Infinity;

  /** Takes what a client starts with. @throws {TypeError} when AV1 is to be encrypted from end to end. */
  constructor(options: StartingMedia = {}) {
    const { audioTrack = null, videoTrack = null, muted = false, videoConfig, simulcast = true } = options;
    this.simulcast = simulcast;
    this.videoCodec = options.videoCodec ?? "vp8";
    if (this.videoCodec === "av1" && options.e2ee?.mode === "on") {
      throw new TypeError("Cannot encrypt AV1 from end to end: choose vp8 or vp9");
    }
    this.redundantAudio = (options.redundantAudio ?? true) && options.e2ee?.mode !== "on";
    this.codecs = options.environment?.codecs ?? browserCodecs;
    this.microphone = audioTrack;
    this.camera = videoTrack;
    this.setMuted(muted);
    if (videoConfig !== undefined) this.videoConfig = videoConfig;
  }

  /** Mutes or unmutes the microphone there is, and those that come. */
  setMuted(muted: boolean): void {
    this.muted = muted;
    if (this.microphone !== null) this.microphone.enabled = !muted;
  }

  /** Says whether the others are told that our microphone is muted. */
  get audioMuted(): boolean {
    return this.muted || this.microphone === null;
  }

  /** Says whether the others are told that our camera is off. */
  get videoMuted(): boolean {
    return this.camera === null;
  }
}
