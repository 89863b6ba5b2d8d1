import { InvariantError, SeaMeetError } from "../../../base/errors.ts";
import { packI420, paddedBytes } from "../picture.ts";
import type { PictureDecoder, RawPicture } from "../picture_codec.ts";
import { giveBackLibav, isTrap, type Libav, libavError } from "./libav.ts";

/** libvpx in WebAssembly, decoding. */
export class WasmDecoder implements PictureDecoder {
  readonly #libav: Libav;
  /** Context, packet and frame; `undefined` when it is closed or has trapped. */
  #handles: [number, number, number] | undefined;

  constructor(libav: Libav) {
    this.#libav = libav;
    const [, ...handles] = libav.ff_init_decoder_sync("libvpx");
    this.#handles = handles;
  }

  /** @inheritdoc */
  decode(data: Uint8Array<ArrayBuffer>): RawPicture | undefined {
    if (this.#handles === undefined) throw new InvariantError("The decoder is closed");
    const [context, packet, frame] = this.#handles;
    try {
      const frames = this.#libav.ff_decode_multi_sync(context, packet, frame, [{ data }], { copyoutFrame: "ptr" });
      const last = frames.at(-1);
      const picture = last === undefined ? undefined : this.#copyPicture(last);
      for (const pointer of frames) this.#libav.av_frame_free_js_sync(pointer);
      return picture;
    } catch (cause) {
      if (isTrap(cause)) this.#handles = undefined;
      throw cause instanceof SeaMeetError ? cause : libavError("decode a picture", cause);
    }
  }

  /** @inheritdoc */
  close(): void {
    if (this.#handles === undefined) return;
    this.#libav.ff_free_decoder_sync(...this.#handles);
    this.#handles = undefined;
    giveBackLibav(this.#libav);
  }

  /** Copies a picture; the package's own function for it leaves the last chroma line of an odd height out. */
  #copyPicture(frame: number): RawPicture {
    const libav = this.#libav;
    const [width, height] = [libav.AVFrame_width_sync(frame), libav.AVFrame_height_sync(frame)];
    if (libav.AVFrame_format_sync(frame) !== libav.AV_PIX_FMT_YUV420P) {
      throw new SeaMeetError("codec", "libvpx in WebAssembly gave a picture of an unknown kind");
    }
    const planes = [0, 1, 2].map((plane) => {
      const stride = libav.AVFrame_linesize_a_sync(frame, plane);
      const length = paddedBytes(plane, stride, width, height);
      return { bytes: libav.copyout_u8_sync(libav.AVFrame_data_a_sync(frame, plane), length), stride };
    });
    return { data: packI420(planes, width, height), width, height };
  }
}
