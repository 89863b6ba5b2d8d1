/**
 * Opus for the sound of a room: libopus as WebAssembly, in this thread.
 *
 * Nothing is loaded before the first codec is made. It needs no permission but to read its own file (`--allow-read` in a
 * clone, `--allow-net=jsr.io` from the registry).
 *
 * @example A tone through the codec
 * ```ts
 * import { createOpusDecoder, createOpusEncoder } from "@seameet/cli/codecs/opus";
 * import { assertEquals } from "@std/assert";
 *
 * const encoder = await createOpusEncoder({ bitrate: 32_000 });
 * const decoder = await createOpusDecoder();
 * const samples = Float32Array.from({ length: 960 }, (_, i) => 0.5 * Math.sin(2 * Math.PI * 440 * i / 48_000));
 * const packet = encoder.encode({ samples, sampleRate: 48_000, channels: 1 });
 * assertEquals(decoder.decode(packet).samples.length, 960);
 * encoder.close();
 * decoder.close();
 * ```
 *
 * @module
 */
import type { AudioDecoder, AudioEncoder } from "../../processing/frames.ts";
import { instantiate, LibopusPool } from "./libopus.ts";
import { readLibopus } from "./libopus_file.ts";
import { OpusDecoder } from "./opus_decoder.ts";
import { OpusEncoder } from "./opus_encoder.ts";
import { decoderSettings, encoderSettings, type OpusDecoderOptions, type OpusEncoderOptions } from "./opus_options.ts";

export type { AudioDecoder, AudioEncoder, Decoder, EncodedAudio, Encoder, PcmFrame } from "../../processing/frames.ts";
export type { OpusDecoderOptions, OpusEncoderOptions, OpusFrameMs, OpusSampleRate } from "./opus_options.ts";
export { MAX_OPUS_PACKET_BYTES } from "./libopus.ts";

/** The compiled library; a failed attempt is not kept, so that the next one can succeed. */
let compiled: Promise<WebAssembly.Module> | undefined;

let encoders: LibopusPool | undefined;
let decoders: LibopusPool | undefined;

/**
 * Makes an Opus encoder; encoding itself is synchronous, some 100 to 300 µs for a frame of 20 ms.
 *
 * Each frame must have exactly `frameMs` of sound at the rate and channels of the options. With `dtx`, a packet of two
 * bytes or less needs not be sent. Call `close()` when done: its memory is not given back otherwise.
 *
 * @throws {SeaMeetError} with code `codec` when libopus cannot be loaded, `config` when an option is out of range
 *
 * @example
 * ```ts
 * import { createOpusEncoder } from "@seameet/cli/codecs/opus";
 * import { assert } from "@std/assert";
 *
 * const encoder = await createOpusEncoder({ application: "voip", fec: true, expectedLossPercent: 10, bitrate: 32_000 });
 * const { data } = encoder.encode({ samples: new Float32Array(960), sampleRate: 48_000, channels: 1 });
 * assert(data.length > 0);
 * encoder.setPacketLoss(20);
 * encoder.close();
 * ```
 */
export async function createOpusEncoder(options: OpusEncoderOptions = {}): Promise<AudioEncoder> {
  const settings = encoderSettings(options);
  const module = await load();
  encoders ??= new LibopusPool(() => instantiate(module));
  return new OpusEncoder(encoders, settings);
}

/**
 * Makes an Opus decoder; decoding itself is synchronous, some 40 µs for a frame of 20 ms.
 *
 * A damaged packet makes `decode` throw a {@link https://jsr.io/@seameet/cli SeaMeetError} with code `codec`, and the
 * next call works; for a lost packet call `recover` with the packet after it, or `conceal`. An empty packet is concealed
 * too, for as long as the last one was. Call `close()` when done: its memory is not given back otherwise.
 *
 * @throws {SeaMeetError} with code `codec` when libopus cannot be loaded, `config` when an option is out of range
 *
 * @example
 * ```ts
 * import { createOpusDecoder } from "@seameet/cli/codecs/opus";
 * import { assertEquals } from "@std/assert";
 *
 * const decoder = await createOpusDecoder({ channels: 2 });
 * // The packet of one frame of silence.
 * const frame = decoder.decode({ data: Uint8Array.of(0xf8, 0xff, 0xfe) });
 * assertEquals(frame.samples.length, 2 * 960);
 * assertEquals(decoder.conceal(960).samples.length, 2 * 960);
 * decoder.close();
 * ```
 */
export async function createOpusDecoder(options: OpusDecoderOptions = {}): Promise<AudioDecoder> {
  const settings = decoderSettings(options);
  const module = await load();
  decoders ??= new LibopusPool(() => instantiate(module));
  return new OpusDecoder(decoders, settings);
}

async function load(): Promise<WebAssembly.Module> {
  compiled ??= readLibopus().then((bytes) => WebAssembly.compile(bytes));
  try {
    return await compiled;
  } catch (error) {
    compiled = undefined;
    throw error;
  }
}
