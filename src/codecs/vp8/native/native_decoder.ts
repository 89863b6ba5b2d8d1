import { InvariantError, SeaMeetError } from "../../../base/errors.ts";
import { half, packI420, paddedBytes } from "../picture.ts";
import type { PictureDecoder, RawPicture } from "../picture_codec.ts";
import { MAX_SIDE } from "../vp8_options.ts";
import { checkResult, contextBlock, type Libvpx, NativeBlock, viewAt } from "./libvpx.ts";

/** Offsets in `vpx_image`. */
const IMAGE = { format: 0, width: 24, height: 28, planes: 48, strides: 80 } as const;
const FORMAT_I420 = 0x102;

/** Room for the first packet; it grows in doublings. */
const FIRST_INPUT_BYTES = 65_536;

/** The system's VP8 decoder. */
export class NativeDecoder implements PictureDecoder {
  readonly #library: Libvpx;
  readonly #context = contextBlock();
  readonly #iterator = new NativeBlock(8);
  #input = new NativeBlock(FIRST_INPUT_BYTES);
  #open = false;

  constructor(library: Libvpx) {
    this.#library = library;
    const { functions, decoderAbi } = library;
    const iface = functions.vpx_codec_vp8_dx();
    const result = functions.vpx_codec_dec_init_ver(this.#context.address, iface, 0n, 0n, decoderAbi);
    checkResult(library, "make a decoder", result);
    this.#open = true;
  }

  /** @inheritdoc */
  decode(data: Uint8Array<ArrayBuffer>): RawPicture | undefined {
    if (!this.#open) throw new InvariantError("The decoder is closed");
    const { functions } = this.#library;
    if (data.length > this.#input.bytes.length) this.#input = new NativeBlock(2 * data.length);
    this.#input.bytes.set(data);
    const result = functions.vpx_codec_decode(this.#context.address, this.#input.address, data.length, 0n, 0n);
    // Even after an error pictures have to be taken out, or they come with the next packet.
    const picture = this.#takePicture();
    checkResult(this.#library, "decode a picture", result);
    return picture;
  }

  /** @inheritdoc */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#library.functions.vpx_codec_destroy(this.#context.address);
  }

  #takePicture(): RawPicture | undefined {
    this.#iterator.bytes.fill(0);
    let picture: RawPicture | undefined;
    for (;;) {
      const address = this.#library.functions.vpx_codec_get_frame(this.#context.address, this.#iterator.address);
      if (address === 0n) return picture;
      picture = copyPicture(viewAt(address));
    }
  }
}

/** Copies a picture of libvpx, whose lines have gaps, into one without. */
function copyPicture(image: Deno.UnsafePointerView): RawPicture {
  const [width, height] = [image.getUint32(IMAGE.width), image.getUint32(IMAGE.height)];
  const known = image.getInt32(IMAGE.format) === FORMAT_I420 && width <= MAX_SIDE && height <= MAX_SIDE;
  if (!known) throw new SeaMeetError("codec", "libvpx gave a picture of an unknown kind");
  const planes = [0, 1, 2].map((plane) => {
    const stride = image.getInt32(IMAGE.strides + 4 * plane);
    if (stride < (plane === 0 ? width : half(width))) throw new InvariantError("A line of libvpx is too short");
    // One copy of the whole plane is faster than one call for each line.
    const bytes = new Uint8Array(paddedBytes(plane, stride, width, height));
    viewAt(image.getBigUint64(IMAGE.planes + 8 * plane)).copyInto(bytes);
    return { bytes, stride };
  });
  return { data: packI420(planes, width, height), width, height };
}
