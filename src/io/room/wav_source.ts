import { SeaMeetError } from "../../base/errors.ts";
import type { AudioSource } from "./media_source.ts";

/** How a WAV file is played. */
export interface WavSourceOptions {
  /** Begin again after the end (default: silence follows). */
  readonly loop?: boolean;
}

/** `wFormatTag` of whole numbers, of floating point numbers, and of "see the first two bytes of the sub-format". */
const PCM = 1;
const FLOAT = 3;
const EXTENSIBLE = 0xfffe;

/** Where the sub-format lies behind the start of an extensible `fmt ` chunk. */
const SUB_FORMAT_AT = 24;
/** Bytes of a `fmt ` chunk at least. */
const MIN_FORMAT_BYTES = 16;

/** Reads one sample at a byte, as a number between −1 and 1. */
type ReadSample = (view: DataView, at: number) => number;

/** By format and bits; 8 bits are the only ones without a sign. */
const READERS: Readonly<Record<string, ReadSample>> = {
  [`${PCM}/8`]: (view, at) => (view.getUint8(at) - 128) / 0x80,
  [`${PCM}/16`]: (view, at) => view.getInt16(at, true) / 0x8000,
  [`${PCM}/24`]: (view, at) => (view.getInt16(at + 1, true) * 256 + view.getUint8(at)) / 0x800000,
  [`${PCM}/32`]: (view, at) => view.getInt32(at, true) / 0x80000000,
  [`${FLOAT}/32`]: (view, at) => Math.max(-1, Math.min(1, view.getFloat32(at, true) || 0)), // NaN too is silence
};

/**
 * Sound for `publishAudio` out of a WAV file: 8, 16, 24 or 32 bits or 32-bit floating point, any sample rate, mono or stereo.
 *
 * A file that was cut off is played as far as it goes.
 *
 * @throws {SeaMeetError} `config` when it is no WAV file, or holds something else
 *
 * @example
 * ```ts
 * import { wavSource } from "@seameet/cli";
 * import { assertEquals } from "@std/assert";
 *
 * const header = "52494646 28000000 57415645 666d7420 10000000 0100 0100 803e0000 007d0000 0200 1000 64617461 04000000";
 * const source = wavSource(Uint8Array.fromHex(`${header.replaceAll(" ", "")}004000c0`));
 * const samples = new Float32Array(2);
 * assertEquals([source.sampleRate, source.channels, source.read(samples)], [16_000, 1, 2]);
 * assertEquals([...samples], [0.5, -0.5]);
 * ```
 */
export function wavSource(file: Uint8Array, options: WavSourceOptions = {}): AudioSource {
  const { loop = false } = options;
  const chunks = readChunks(file);
  const [format, data] = [chunks.get("fmt "), chunks.get("data")];
  if (format === undefined || format.byteLength < MIN_FORMAT_BYTES || data === undefined) {
    throw new SeaMeetError("config", "This is no WAV file");
  }
  const channels = format.getUint16(2, true);
  const sampleRate = format.getUint32(4, true);
  const bits = format.getUint16(14, true);
  const readSample = READERS[`${formatTag(format)}/${bits}`];
  if (readSample === undefined || sampleRate === 0 || channels < 1 || channels > 2) {
    const found = `format ${formatTag(format)}, ${bits} bits, ${channels} channels, ${sampleRate} Hz`;
    throw new SeaMeetError("config", `This WAV file cannot be played: ${found}`);
  }
  const bytes = bits / 8;
  // Whole instants only, so that left stays left.
  const count = Math.floor(data.byteLength / bytes / channels) * channels;
  let next = 0;
  return {
    sampleRate,
    channels,
    read(into) {
      let filled = 0;
      while (filled < into.length) {
        if (next === count && loop) next = 0;
        if (next === count) break;
        into[filled++] = readSample(data, bytes * next++);
      }
      return filled;
    },
  };
}

function formatTag(format: DataView): number {
  const tag = format.getUint16(0, true);
  const extended = tag === EXTENSIBLE && format.byteLength >= SUB_FORMAT_AT + 2;
  return extended ? format.getUint16(SUB_FORMAT_AT, true) : tag;
}

/** The two chunks that matter of a RIFF file by name, the first of each; their length is followed by a byte more where it is odd. */
function readChunks(file: Uint8Array): Map<string, DataView> {
  const chunks = new Map<string, DataView>();
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const nameAt = (at: number) => String.fromCharCode(...file.subarray(at, at + 4));
  if (file.length < 12 || nameAt(0) !== "RIFF" || nameAt(8) !== "WAVE") return chunks;
  for (let at = 12; at + 8 <= file.length;) {
    const length = view.getUint32(at + 4, true);
    const content = file.subarray(at + 8, at + 8 + length);
    const name = nameAt(at);
    // Nothing else is kept, whatever the file is full of.
    if ((name === "fmt " || name === "data") && !chunks.has(name)) {
      chunks.set(name, new DataView(content.buffer, content.byteOffset, content.byteLength));
    }
    at += 8 + length + (length & 1);
  }
  return chunks;
}
