import { InvariantError, SeaMeetError } from "../../../base/errors.ts";
import { half, pictureBytes } from "../picture.ts";
import {
  type EncodedPicture,
  type EncoderShape,
  type PictureEncoder,
  type PictureOrder,
  type RawPicture,
  TICKS_PER_SECOND,
} from "../picture_codec.ts";
import { checkResult, configBlock, contextBlock, type Libvpx, NativeBlock, viewAt } from "./libvpx.ts";

/** Offsets in `vpx_codec_enc_cfg`. */
const CONFIG = {
  threads: 4,
  width: 12,
  height: 16,
  timebaseNum: 28,
  timebaseDen: 32,
  pass: 40,
  lagInFrames: 44,
  endUsage: 72,
  targetBitrate: 112,
  minQuantizer: 116,
  maxQuantizer: 120,
  bufferSize: 132,
  bufferInitial: 136,
  bufferOptimal: 140,
  keyframeMode: 160,
  keyframeMaxDistance: 168,
} as const;

/** Offsets in `vpx_image`, which has 136 bytes. */
const IMAGE = { planes: 48, strides: 80 } as const;
const IMAGE_BYTES = 256;
const FORMAT_I420 = 0x102;

/** Offsets in `vpx_codec_cx_pkt`. */
const PACKET = { kind: 0, buffer: 8, size: 16, flags: 40 } as const;
const KIND_FRAME = 0;
const FLAG_KEYFRAME = 1;

const END_USAGE_CBR = 1;
const KEYFRAME_AUTO = 1;
/** `VP8E_SET_CPUUSED`: the fastest that still looks well; slower ones are for files. */
const CONTROL_CPU_USED = 13;
const CPU_USED = -8;
const FORCE_KEYFRAME = 1n;
const DEADLINE_REALTIME = 1n;

/** Milliseconds of sending that the rate control evens out; what browsers use. */
const BUFFER_MS = 1_000;
const BUFFER_INITIAL_MS = 500;
const BUFFER_OPTIMAL_MS = 600;

/** Between best and still recognisable (0 … 63). */
const MIN_QUANTIZER = 2;
const MAX_QUANTIZER = 56;

/** The system's VP8 encoder for pictures of one size. */
export class NativeEncoder implements PictureEncoder {
  readonly #library: Libvpx;
  readonly #shape: EncoderShape;
  readonly #context = contextBlock();
  readonly #config = configBlock();
  readonly #image = new NativeBlock(IMAGE_BYTES);
  /** The picture that the image points to. */
  readonly #picture: NativeBlock;
  readonly #iterator = new NativeBlock(8);
  #bitrateKbps: number;
  #open = false;

  constructor(library: Libvpx, shape: EncoderShape) {
    this.#library = library;
    this.#shape = shape;
    this.#bitrateKbps = shape.bitrateKbps;
    this.#picture = new NativeBlock(pictureBytes("I420", shape.width, shape.height));
    this.#configure();
    this.#wrapPicture();
    const { functions, encoderAbi } = library;
    const iface = functions.vpx_codec_vp8_cx();
    const context = this.#context.address;
    checkResult(
      library,
      "make an encoder",
      functions.vpx_codec_enc_init_ver(context, iface, this.#config.address, 0n, encoderAbi),
    );
    this.#open = true;
    functions.vpx_codec_control_(context, CONTROL_CPU_USED, CPU_USED);
  }

  /** @inheritdoc */
  encode(picture: RawPicture, order: PictureOrder): EncodedPicture | undefined {
    if (!this.#open) throw new InvariantError("The encoder is closed");
    if (picture.data.length !== this.#picture.bytes.length) throw new InvariantError("A picture of another size");
    const { functions } = this.#library;
    if (order.bitrateKbps !== this.#bitrateKbps) this.#setBitrate(order.bitrateKbps);
    this.#picture.bytes.set(picture.data);
    const duration = BigInt(Math.round(TICKS_PER_SECOND / this.#shape.fps));
    const flags = order.forceKeyframe ? FORCE_KEYFRAME : 0n;
    checkResult(
      this.#library,
      "encode",
      functions.vpx_codec_encode(
        this.#context.address,
        this.#image.address,
        BigInt(order.pts),
        duration,
        flags,
        DEADLINE_REALTIME,
      ),
    );
    return this.#takePacket();
  }

  /** @inheritdoc */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#library.functions.vpx_codec_destroy(this.#context.address);
  }

  #configure(): void {
    const { functions } = this.#library;
    const iface = functions.vpx_codec_vp8_cx();
    checkResult(this.#library, "be set up", functions.vpx_codec_enc_config_default(iface, this.#config.address, 0));
    const set = (offset: number, value: number) => this.#config.view.setUint32(offset, value, true);
    set(CONFIG.threads, 1);
    set(CONFIG.width, this.#shape.width);
    set(CONFIG.height, this.#shape.height);
    set(CONFIG.timebaseNum, 1);
    set(CONFIG.timebaseDen, TICKS_PER_SECOND);
    set(CONFIG.pass, 0);
    set(CONFIG.lagInFrames, 0);
    set(CONFIG.endUsage, END_USAGE_CBR);
    set(CONFIG.targetBitrate, Math.round(this.#bitrateKbps));
    set(CONFIG.minQuantizer, MIN_QUANTIZER);
    set(CONFIG.maxQuantizer, MAX_QUANTIZER);
    set(CONFIG.bufferSize, BUFFER_MS);
    set(CONFIG.bufferInitial, BUFFER_INITIAL_MS);
    set(CONFIG.bufferOptimal, BUFFER_OPTIMAL_MS);
    set(CONFIG.keyframeMode, KEYFRAME_AUTO);
    set(CONFIG.keyframeMaxDistance, this.#shape.keyframeInterval);
  }

  /** Lets the image describe our own planes, which have no gaps (libvpx would round an odd width up). */
  #wrapPicture(): void {
    const { width, height } = this.#shape;
    const { address } = this.#picture;
    const made = this.#library.functions.vpx_img_wrap(this.#image.address, FORMAT_I420, width, height, 1, address);
    if (made === 0n) throw new SeaMeetError("codec", `libvpx cannot take pictures of ${width} × ${height}`);
    const { view } = this.#image;
    const luma = width * height;
    const offsets = [0, luma, luma + half(width) * half(height)];
    const strides = [width, half(width), half(width)];
    for (const [plane, offset] of offsets.entries()) {
      view.setBigUint64(IMAGE.planes + 8 * plane, address + BigInt(offset), true);
      view.setInt32(IMAGE.strides + 4 * plane, strides[plane]!, true);
    }
  }

  #setBitrate(bitrateKbps: number): void {
    this.#config.view.setUint32(CONFIG.targetBitrate, Math.round(bitrateKbps), true);
    const { functions } = this.#library;
    const result = functions.vpx_codec_enc_config_set(this.#context.address, this.#config.address);
    checkResult(this.#library, "change its rate", result);
    this.#bitrateKbps = bitrateKbps;
  }

  /** Copies the packet of this picture; its memory belongs to libvpx and is used again. */
  #takePacket(): EncodedPicture | undefined {
    const { functions } = this.#library;
    this.#iterator.bytes.fill(0);
    let found: EncodedPicture | undefined;
    for (;;) {
      const address = functions.vpx_codec_get_cx_data(this.#context.address, this.#iterator.address);
      if (address === 0n) return found;
      const packet = viewAt(address);
      if (packet.getInt32(PACKET.kind) !== KIND_FRAME) continue;
      const data = new Uint8Array(Number(packet.getBigUint64(PACKET.size)));
      viewAt(packet.getBigUint64(PACKET.buffer)).copyInto(data);
      found = { data, isKeyframe: (packet.getUint32(PACKET.flags) & FLAG_KEYFRAME) !== 0 };
    }
  }
}
