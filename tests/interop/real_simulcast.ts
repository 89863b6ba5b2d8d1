/** Real VP8 in several sizes with temporal layers, painted so that every picture says which one it is. */
import { assertEquals } from "@std/assert";
import { openLibvpx } from "../../src/codecs/vp8/native/libvpx.ts";
import { NativeEncoder } from "../../src/codecs/vp8/native/native_encoder.ts";
import { pictureBytes } from "../../src/codecs/vp8/picture.ts";
import { TICKS_PER_SECOND } from "../../src/codecs/vp8/picture_codec.ts";
import { writeIvf } from "../../src/codecs/vp8/testing_pictures.ts";

/** Width and height. */
export type Size = readonly [number, number];

/** A picture as it came out of an encoder or a server. */
export interface Coded {
  readonly data: Uint8Array;
  readonly isKeyframe: boolean;
}

/** The counter painted along the upper edge has so many bits, black or white. */
const COUNTER_BITS = 12;
const COUNTER_SHARE = 6;
const [BLACK, WHITE] = [40, 215];

/** Flags of `vpx_codec_encode` (vp8cx.h). */
const NO_REF_GOLDEN = 1n << 17n;
const NO_UPDATE_LAST = 1n << 18n;
const NO_UPDATE_ENTROPY = 1n << 20n;
const NO_REF_ALTERNATE = 1n << 21n;
const NO_UPDATE_GOLDEN = 1n << 22n;
const NO_UPDATE_ALTERNATE = 1n << 23n;

/** What a picture may refer to and what it leaves behind, as browsers do it: the last picture is the base layer, the golden one layer 1. */
function flagsOf(temporal: number, isSync: boolean): bigint {
  const referred = NO_REF_ALTERNATE | (temporal === 0 || isSync ? NO_REF_GOLDEN : 0n);
  if (temporal === 0) return referred | NO_UPDATE_GOLDEN | NO_UPDATE_ALTERNATE;
  const kept = NO_UPDATE_LAST | NO_UPDATE_ALTERNATE | NO_UPDATE_ENTROPY;
  return referred | kept | (temporal === 1 ? 0n : NO_UPDATE_GOLDEN);
}

/** Picture `index` in a size: stripes that move, and the number in black and white fields. */
export function paint(index: number, [width, height]: Size): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(pictureBytes("I420", width, height));
  const edge = Math.floor(height / COUNTER_SHARE);
  const line = Uint8Array.from(
    { length: width },
    (_, x) => (index >> Math.floor(x * COUNTER_BITS / width)) & 1 ? WHITE : BLACK,
  );
  const across = Float64Array.from({ length: width }, (_, x) => 80 * Math.sin(20 * x / width + index / 5));
  for (let y = 0; y < edge; y++) data.set(line, y * width);
  for (let y = edge; y < height; y++) {
    const down = Math.cos(14 * y / height + index / 9);
    for (let x = 0; x < width; x++) data[y * width + x] = 128 + across[x]! * down;
  }
  data.fill(128, width * height);
  return data;
}

/** Reads the number back. */
export function readCounter(picture: Uint8Array, [width, height]: Size): number {
  const y = Math.floor(height / COUNTER_SHARE / 2);
  let index = 0;
  for (let bit = 0; bit < COUNTER_BITS; bit++) {
    const x = Math.floor((bit + 0.5) * width / COUNTER_BITS);
    if (picture[y * width + x]! > (BLACK + WHITE) / 2) index |= 1 << bit;
  }
  return index;
}

/** Peak signal to noise ratio of the luma plane in decibels. */
export function psnr(a: Uint8Array, b: Uint8Array, [width, height]: Size): number {
  let sum = 0;
  for (let i = 0; i < width * height; i++) sum += (a[i]! - b[i]!) ** 2;
  return 10 * Math.log10(255 ** 2 * width * height / sum);
}

/** One encoding of the film: encodes a picture when it is asked to, and remembers all of them. */
export class FilmEncoder implements Disposable {
  readonly size: Size;
  /** Everything encoded, by number of the picture. */
  readonly pictures = new Map<number, Coded>();
  readonly #encoder: NativeEncoder;
  readonly #bitrateKbps: number;
  #flags = 0n;

  constructor(size: Size, bitrateKbps: number, fps: number) {
    const library = openLibvpx();
    const { functions } = library;
    // The encoder of our library has no temporal layers; they are made by flags alone.
    const encode: typeof functions.vpx_codec_encode = (context, image, pts, duration, flags, deadline) =>
      functions.vpx_codec_encode(context, image, pts, duration, BigInt(flags) | this.#flags, deadline);
    const [width, height] = size;
    this.size = size;
    this.#bitrateKbps = bitrateKbps;
    const shape = { width, height, bitrateKbps, fps, keyframeInterval: 100_000 };
    this.#encoder = new NativeEncoder({ ...library, functions: { ...functions, vpx_codec_encode: encode } }, shape);
  }

  /** Encodes picture `index`. */
  encode(index: number, isKeyframe: boolean, temporal: number, isSync: boolean): Uint8Array {
    const [width, height] = this.size;
    this.#flags = isKeyframe ? 0n : flagsOf(temporal, isSync);
    const pts = index * TICKS_PER_SECOND / 25;
    const order = { pts, forceKeyframe: isKeyframe, bitrateKbps: this.#bitrateKbps };
    const picture = this.#encoder.encode({ data: paint(index, this.size), width, height }, order);
    if (picture === undefined) throw new Error(`libvpx has left out picture ${index}`);
    assertEquals(picture.isKeyframe, isKeyframe, `picture ${index} of ${width}x${height}`);
    this.pictures.set(index, picture);
    return picture.data;
  }

  [Symbol.dispose](): void {
    this.#encoder.close();
  }
}

/**
 * Decodes pictures with ffmpeg, frame by frame, whatever size each has.
 *
 * @param sizes Of the pictures that must come out, in order.
 * @throws when ffmpeg reports any error, or other pictures come out
 */
export async function decodeWithFfmpeg(pictures: readonly Coded[], sizes: readonly Size[]): Promise<Uint8Array[]> {
  const folder = await Deno.makeTempDir({ prefix: "seameet-ivf-" });
  try {
    const [width, height] = sizes[0]!;
    const film = pictures.map(({ data, isKeyframe }) => ({ data: Uint8Array.from(data), isKeyframe, ptsMs: 0 }));
    await Deno.writeFile(`${folder}/in.ivf`, writeIvf(film, width, height));
    const args = ["-v", "warning", "-xerror", "-err_detect", "explode", "-c:v", "vp8", "-i", `${folder}/in.ivf`];
    // Without `-autoscale 0` every picture would be made as large as the first.
    args.push("-autoscale", "0", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "yuv420p", `${folder}/out`);
    const { success, stderr } = await new Deno.Command("ffmpeg", { args }).output();
    assertEquals([success, new TextDecoder().decode(stderr)], [true, ""], "what ffmpeg says about the stream");
    const raw = await Deno.readFile(`${folder}/out`);
    const decoded: Uint8Array[] = [];
    let at = 0;
    for (const [width, height] of sizes) {
      const length = pictureBytes("I420", width, height);
      decoded.push(raw.subarray(at, at + length));
      at += length;
    }
    assertEquals(raw.length, at, "bytes of all pictures that ffmpeg decoded");
    return decoded;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
