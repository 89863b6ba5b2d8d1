import { SeaMeetError } from "../../base/errors.ts";
import type { AudioDecoder, AudioEncoder, VideoDecoder, VideoEncoder } from "../../processing/frames.ts";

/** What an audio encoder is made for. */
export interface AudioEncoderSettings {
  /** 1 or 2. */
  readonly channels: 1 | 2;
  /** Milliseconds in one packet. */
  readonly frameMs: 10 | 20 | 40 | 60;
  /** Bits per second. */
  readonly bitrate: number;
}

/** What a video encoder is made for; pictures of another size are encoded as they are. */
export interface VideoEncoderSettings {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** Kilobits per second. */
  readonly bitrateKbps: number;
  /** Pictures per second. */
  readonly fps: number;
}

/**
 * Where a room gets its codecs from: those of this package when left out, loaded when the first one is needed.
 *
 * Audio works at 48 kHz. Each codec made here is closed by the room.
 */
export interface RoomCodecs {
  /** Opus to samples. */
  readonly opusDecoder?: (channels: 1 | 2) => Promise<AudioDecoder>;
  /** Samples to Opus. */
  readonly opusEncoder?: (settings: AudioEncoderSettings) => Promise<AudioEncoder>;
  /** VP8 to pictures. */
  readonly vp8Decoder?: () => Promise<VideoDecoder>;
  /** Pictures to VP8. */
  readonly vp8Encoder?: (settings: VideoEncoderSettings) => Promise<VideoEncoder>;
}

/** The codecs of this package, each imported with the first use; importing a room loads none of them. */
export function codecSet(own: RoomCodecs = {}): Required<RoomCodecs> {
  return {
    opusDecoder: own.opusDecoder ?? (async (channels) => {
      const { createOpusDecoder } = await import("../../codecs/opus/mod.ts");
      return createOpusDecoder({ channels });
    }),
    opusEncoder: own.opusEncoder ?? (async ({ channels, frameMs, bitrate }) => {
      const { createOpusEncoder } = await import("../../codecs/opus/mod.ts");
      return createOpusEncoder({ channels, frameMs, bitrate });
    }),
    vp8Decoder: own.vp8Decoder ?? (async () => {
      const { createVp8Decoder } = await import("../../codecs/vp8/mod.ts");
      return createVp8Decoder();
    }),
    vp8Encoder: own.vp8Encoder ?? (async (settings) => {
      const { createVp8Encoder } = await import("../../codecs/vp8/mod.ts");
      return createVp8Encoder(settings);
    }),
  };
}

/** Says that a track comes in a codec that nothing here can decode. */
export function unknownCodec(codec: string): SeaMeetError {
  const text =
    `Cannot decode ${codec}: rooms decode Opus and VP8; let clients prefer VP8, or read the track with recordRoom`;
  return new SeaMeetError("codec", text);
}

/** Any failure as one of ours. */
export function codecError(error: unknown): SeaMeetError {
  if (error instanceof SeaMeetError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new SeaMeetError("codec", `A codec has failed: ${detail}`, { cause: error });
}
