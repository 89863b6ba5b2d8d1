/**
 * VP8 for the pictures of a room: libvpx in a thread of its own.
 *
 * The library of the system is taken where Deno may call it (`--allow-ffi`, Linux), else `npm:libav.js`, which is 85 MB and
 * loaded only then. Nothing is loaded before the first codec is made.
 *
 * @example A picture through the codec
 * ```ts
 * import { createVp8Decoder, createVp8Encoder } from "@seameet/cli/codecs/vp8";
 * import { assertEquals } from "@std/assert";
 *
 * const [encoder, decoder] = [await createVp8Encoder({ width: 64, height: 48 }), await createVp8Decoder()];
 * const data = new Uint8Array(64 * 48 * 3 / 2).fill(128);
 * const encoded = await encoder.encode({ data, width: 64, height: 48, format: "I420", ptsMs: 0 });
 * assertEquals(encoded?.isKeyframe, true);
 * const picture = await decoder.decode(encoded!);
 * assertEquals([picture?.width, picture?.height], [64, 48]);
 * encoder.close();
 * decoder.close();
 * ```
 *
 * @module
 */
import { codecWorkers } from "./codec_worker.ts";
import { CheckedVp8Decoder, type Vp8Decoder } from "./vp8_decoder.ts";
import { QueuedVp8Encoder, type Vp8Encoder } from "./vp8_encoder.ts";
import { decoderSettings, encoderSettings, type Vp8DecoderOptions, type Vp8EncoderOptions } from "./vp8_options.ts";
import { WorkerLink } from "./worker_link.ts";

export type {
  Decoder,
  EncodedVideo,
  Encoder,
  PixelFormat,
  RawVideoFrame,
  VideoDecoder,
  VideoEncoder,
} from "../../processing/frames.ts";
export { i420ToRgb24, rgb24ToI420 } from "./picture.ts";
export type { Vp8Decoder } from "./vp8_decoder.ts";
export type { Vp8Encoder } from "./vp8_encoder.ts";
export type { Vp8Backend, Vp8DecoderOptions, Vp8EncoderOptions } from "./vp8_options.ts";

/**
 * Makes a VP8 encoder.
 *
 * `encode` copies the picture and answers when it is encoded. While one is at work one more may wait; a newer one takes its
 * place, and the call of the older gives `undefined` (`dropped` counts them). A picture of another size begins with a
 * keyframe. The WebAssembly backend changes its rate with a keyframe: at once for more than a quarter, else with the next.
 * Call `close()` when done: an open codec keeps its thread, and so the program, alive.
 *
 * @throws {SeaMeetError} with code `codec` when there is no libvpx, `config` when an option is out of range
 *
 * @example
 * ```ts
 * import { createVp8Encoder } from "@seameet/cli/codecs/vp8";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const encoder = await createVp8Encoder({ bitrateKbps: 300 });
 * const data = new Uint8Array(640 * 480 * 3).fill(255);
 * const white = await encoder.encode({ data, width: 640, height: 480, format: "RGB24", ptsMs: 0 });
 * assert(white !== undefined && white.isKeyframe);
 * encoder.requestKeyframe();
 * const again = await encoder.encode({ data, width: 640, height: 480, format: "RGB24", ptsMs: 33 });
 * assertEquals(again?.isKeyframe, true);
 * encoder.close();
 * await encoder.closed;
 * ```
 */
export async function createVp8Encoder(options: Vp8EncoderOptions = {}): Promise<Vp8Encoder> {
  const settings = encoderSettings(options);
  return new QueuedVp8Encoder(await WorkerLink.open(codecWorkers, { op: "openEncoder", settings }), settings);
}

/**
 * Makes a VP8 decoder.
 *
 * Pictures come out as I420. A damaged one rejects with an error of code `codec`; those after it do too until the next
 * keyframe, so ask the sender for one. Call `close()` when done: an open codec keeps its thread, and so the program, alive.
 *
 * @throws {SeaMeetError} with code `codec` when there is no libvpx, `config` when an option is out of range
 *
 * @example
 * ```ts
 * import { createVp8Decoder } from "@seameet/cli/codecs/vp8";
 * import { assertEquals } from "@std/assert";
 *
 * const decoder = await createVp8Decoder();
 * const noise = { data: Uint8Array.of(1, 2, 3), isKeyframe: false, ptsMs: 0 };
 * const error = await decoder.decode(noise).catch((error: unknown) => error);
 * assertEquals(error instanceof Error, true);
 * decoder.close();
 * await decoder.closed;
 * ```
 */
export async function createVp8Decoder(options: Vp8DecoderOptions = {}): Promise<Vp8Decoder> {
  const settings = decoderSettings(options);
  return new CheckedVp8Decoder(await WorkerLink.open(codecWorkers, { op: "openDecoder", settings }), settings);
}
