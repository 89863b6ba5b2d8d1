/** What a backend offers inside the worker. */

/** One encoded picture. */
export interface EncodedPicture {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly isKeyframe: boolean;
}

/** One raw picture, I420 without gaps. */
export interface RawPicture {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
}

/** How one picture is to be encoded. */
export interface PictureOrder {
  /** Where it stands on the encoder's timeline, in 1/90,000 s; always later than the last one. */
  readonly pts: number;
  readonly forceKeyframe: boolean;
  /** The target from now on, in kilobits per second. */
  readonly bitrateKbps: number;
}

/** What an encoder is made for. */
export interface EncoderShape {
  readonly width: number;
  readonly height: number;
  readonly bitrateKbps: number;
  readonly keyframeInterval: number;
  readonly fps: number;
}

/** Encodes pictures of one size. */
export interface PictureEncoder {
  /** `undefined` when the encoder left the picture out. @throws when it fails; the encoder is then closed and made anew */
  encode(picture: RawPicture, order: PictureOrder): EncodedPicture | undefined;
  /** Gives the memory back. */
  close(): void;
}

/** Decodes pictures of any size. */
export interface PictureDecoder {
  /** `undefined` when there is nothing to show. @throws when the picture is damaged; the next keyframe works */
  decode(data: Uint8Array<ArrayBuffer>): RawPicture | undefined;
  /** Gives the memory back. */
  close(): void;
}

/** A libvpx. */
export interface CodecBackend {
  readonly name: "native" | "wasm";
  /** Makes an encoder for one size. */
  encoder(shape: EncoderShape): PictureEncoder | Promise<PictureEncoder>;
  /** Makes a decoder. */
  decoder(): PictureDecoder | Promise<PictureDecoder>;
}

/** Ticks of the encoder's timeline a second. */
export const TICKS_PER_SECOND = 90_000;
