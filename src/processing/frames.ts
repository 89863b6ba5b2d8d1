/** Decoded and encoded media as processors, codecs and applications see it. */

/** A stretch of decoded audio: interleaved samples between -1 and 1. */
export interface PcmFrame {
  /** `channels` samples per instant, interleaved. */
  samples: Float32Array<ArrayBuffer>;
  /** Instants per second, for example 48,000. */
  sampleRate: number;
  /** 1 (mono) or 2 (stereo). */
  channels: number;
}

/** How the pixels of a raw picture lie in memory. */
export type PixelFormat = "I420" | "RGB24";

/**
 * A decoded picture.
 *
 * I420: the luma plane, then both chroma planes of half the width and height (rounded up), each without gaps between
 * lines. RGB24: three bytes per pixel, without gaps.
 */
export interface RawVideoFrame {
  /** The planes or pixels, as long as size and format say. */
  data: Uint8Array<ArrayBuffer>;
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
  /** How `data` is to be read. */
  format: PixelFormat;
  /** When it is shown, in milliseconds on the track's own timeline. */
  ptsMs: number;
}

/** One encoded audio frame: the payload of one RTP packet. */
export interface EncodedAudio {
  /** One Opus packet (RFC 6716); empty where a packet was lost. */
  data: Uint8Array<ArrayBuffer>;
}

/** One encoded picture. */
export interface EncodedVideo {
  /** The whole frame, without payload descriptors. */
  data: Uint8Array<ArrayBuffer>;
  /** Decodable without any picture before it. */
  isKeyframe: boolean;
  /** When it is shown, in milliseconds on the track's own timeline. */
  ptsMs: number;
}

/**
 * Turns raw media into encoded media and keeps state between calls.
 *
 * It may answer at once (audio) or later (video, which runs in a worker); calls are made one after another.
 */
export interface Encoder<Raw, Encoded> {
  /** Encodes the next input. @throws {SeaMeetError} with code `codec` when it cannot be encoded */
  encode(input: Raw): Encoded | Promise<Encoded>;
  /** Gives its memory back; any number of times. */
  close(): void;
}

/** Turns encoded media into raw media and keeps state between calls. */
export interface Decoder<Encoded, Raw> {
  /** Decodes the next input. @throws {SeaMeetError} with code `codec` when it is damaged; the next call works */
  decode(input: Encoded): Raw | Promise<Raw>;
  /** Gives its memory back; any number of times. */
  close(): void;
}

/** An audio decoder that can fill holes. */
export interface AudioDecoder extends Decoder<EncodedAudio, PcmFrame> {
  /** Of what it gives, in Hz. */
  readonly sampleRate: number;
  /** Of what it gives: 1 or 2. */
  readonly channels: number;
  /** Decodes at once: audio is never decoded in a worker. */
  decode(input: EncodedAudio): PcmFrame;
  /** Makes up `samplesPerChannel` for a lost packet, from what was heard before (loss concealment). */
  conceal(samplesPerChannel: number): PcmFrame;
  /** Restores the lost packet before `next` from the redundancy in it (in-band FEC), or conceals where there is none. */
  recover(next: EncodedAudio, samplesPerChannel: number): PcmFrame;
}

/** An audio encoder; it encodes at once. */
export interface AudioEncoder extends Encoder<PcmFrame, EncodedAudio> {
  /** Encodes at once; the frame has the rate, channels and length that the encoder was made for. */
  encode(input: PcmFrame): EncodedAudio;
  /** Changes the target, in bits per second. */
  setBitrate(bitrateBps: number): void;
  /** Tells how many percent (0 … 100) of the packets are lost on the way, so that redundancy is put in. */
  setPacketLoss(percent: number): void;
}

/** A video encoder whose next picture can be made a keyframe. `encode` gives `undefined` for a picture it left out. */
export interface VideoEncoder extends Encoder<RawVideoFrame, EncodedVideo | undefined> {
  /** Encodes a picture of any size; one of another size than the last begins with a keyframe. */
  encode(input: RawVideoFrame): Promise<EncodedVideo | undefined>;
  /** The next picture will be a keyframe. */
  requestKeyframe(): void;
  /** Changes the target, in bits per second. */
  setBitrate(bitrateBps: number): void;
}

/** A video decoder; `undefined` where a picture gives no output. */
export interface VideoDecoder extends Decoder<EncodedVideo, RawVideoFrame | undefined> {
  /** Decodes a picture; after an error pictures are refused until the next keyframe. */
  decode(input: EncodedVideo): Promise<RawVideoFrame | undefined>;
}
