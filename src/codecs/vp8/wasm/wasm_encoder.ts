import { InvariantError } from "../../../base/errors.ts";
import { half } from "../picture.ts";
import {
  type EncodedPicture,
  type EncoderShape,
  type PictureEncoder,
  type PictureOrder,
  type RawPicture,
  TICKS_PER_SECOND,
} from "../picture_codec.ts";
import { giveBackLibav, isTrap, type Libav, libavError, type LibavFrame } from "./libav.ts";

/** FFmpeg's number for a picture that stands alone. */
const PICTURE_TYPE_KEY = 1;

/** The same as in the native encoder. */
const MIN_QUANTIZER = 2;
const MAX_QUANTIZER = 56;

/** A target this much off is worth a keyframe at once; a smaller change waits for the next one. */
const URGENT_CHANGE = 1.25;

/** libvpx in WebAssembly, encoding pictures of one size. */
export class WasmEncoder implements PictureEncoder {
  readonly #libav: Libav;
  readonly #shape: EncoderShape;
  #bitrateKbps: number;
  /** Context, frame and packet; `undefined` when it is closed or has trapped. */
  #handles: [number, number, number] | undefined;

  constructor(libav: Libav, shape: EncoderShape) {
    this.#libav = libav;
    this.#shape = shape;
    this.#bitrateKbps = shape.bitrateKbps;
    this.#handles = this.#run("make an encoder", () => this.#create());
  }

  /** @inheritdoc */
  encode(picture: RawPicture, order: PictureOrder): EncodedPicture | undefined {
    // Through FFmpeg, a running encoder cannot be given another rate.
    const change = order.bitrateKbps / this.#bitrateKbps;
    if (change !== 1 && (order.forceKeyframe || change > URGENT_CHANGE || change < 1 / URGENT_CHANGE)) {
      this.#bitrateKbps = order.bitrateKbps;
      this.#run("change its rate", () => {
        this.#free();
        this.#handles = this.#create();
      });
    }
    const { width, height } = picture;
    const chroma = width * height;
    const frame: LibavFrame = {
      data: picture.data,
      format: this.#libav.AV_PIX_FMT_YUV420P,
      width,
      height,
      layout: [
        { offset: 0, stride: width },
        { offset: chroma, stride: half(width) },
        { offset: chroma + half(width) * half(height), stride: half(width) },
      ],
      pts: order.pts % 2 ** 32,
      ptshi: Math.floor(order.pts / 2 ** 32),
    };
    if (order.forceKeyframe) frame.pict_type = PICTURE_TYPE_KEY;
    const packets = this.#run("encode", () => {
      if (this.#handles === undefined) throw new InvariantError("The encoder is closed");
      const [context, frameHandle, packet] = this.#handles;
      if (height % 2 === 0) return this.#libav.ff_encode_multi_sync(context, frameHandle, packet, [frame]);
      // A frame given by its number is freed there: freeing it here too ruins the heap.
      return this.#libav.ff_encode_multi_sync(context, frameHandle, packet, [this.#copyOddPicture(frame, height)]);
    });
    const packet = packets.at(-1);
    if (packet === undefined) return undefined;
    const isKeyframe = ((packet.flags ?? 0) & this.#libav.AV_PKT_FLAG_KEY) !== 0;
    return { data: new Uint8Array(packet.data), isKeyframe };
  }

  /** @inheritdoc */
  close(): void {
    if (this.#handles === undefined) return;
    this.#free();
    giveBackLibav(this.#libav);
  }

  #create(): [number, number, number] {
    const { width, height, keyframeInterval, fps } = this.#shape;
    const rate = Math.round(this.#bitrateKbps * 1_000);
    const [, context, frame, packet] = this.#libav.ff_init_encoder_sync("libvpx", {
      ctx: {
        width,
        height,
        bit_rate: rate,
        rc_min_rate: rate,
        rc_max_rate: rate,
        pix_fmt: this.#libav.AV_PIX_FMT_YUV420P,
        framerate_num: Math.round(fps * 1_000),
        framerate_den: 1_000,
        gop_size: keyframeInterval,
        qmin: MIN_QUANTIZER,
        qmax: MAX_QUANTIZER,
      },
      time_base: [1, TICKS_PER_SECOND],
      options: { deadline: "realtime", "cpu-used": "-8", "lag-in-frames": "0" },
    });
    return [context, frame, packet];
  }

  /** Copies a picture in; the package's own function for it leaves the last chroma line of an odd height out. */
  #copyOddPicture(content: LibavFrame, height: number): number {
    const libav = this.#libav;
    const frame = libav.av_frame_alloc_sync();
    libav.ff_copyin_frame_sync(frame, content);
    const last = half(height) - 1;
    for (const [plane, { offset, stride }] of (content.layout ?? []).entries()) {
      if (plane === 0) continue;
      const line = content.data.subarray(offset + last * stride, offset + (last + 1) * stride);
      const target = libav.AVFrame_data_a_sync(frame, plane) + last * libav.AVFrame_linesize_a_sync(frame, plane);
      libav.copyin_u8_sync(target, line);
    }
    return frame;
  }

  #free(): void {
    const handles = this.#handles;
    this.#handles = undefined;
    if (handles !== undefined) this.#libav.ff_free_encoder_sync(...handles);
  }

  #run<Result>(what: string, use: () => Result): Result {
    try {
      return use();
    } catch (cause) {
      // Then nothing of the instance is called any more, and it is not given back.
      if (isTrap(cause)) this.#handles = undefined;
      throw libavError(what, cause);
    }
  }
}
