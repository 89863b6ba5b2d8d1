import { SeaMeetError } from "../../base/errors.ts";

/** Which libvpx does the work. */
export type Vp8Backend = "native" | "wasm";

/** How to encode. */
export interface Vp8EncoderOptions {
  /** Expected width in pixels, 1 … 16,383; default 640. A picture of another size is encoded as it is, as a keyframe. */
  readonly width?: number;
  /** Expected height in pixels, 1 … 16,383; default 480. */
  readonly height?: number;
  /** The target in kilobits per second, 1 … 100,000; default 1,000. */
  readonly bitrateKbps?: number;
  /** Pictures from one keyframe to the next at most, 1 … 100,000; default 60. */
  readonly keyframeInterval?: number;
  /** Expected pictures a second, 1 … 120; default 30. What counts is the `ptsMs` of the pictures. */
  readonly fps?: number;
  /** `auto` (default) takes the library of the system where `--allow-ffi` allows it, else `npm:libav.js`. */
  readonly backend?: "auto" | Vp8Backend;
}

/** How to decode. */
export interface Vp8DecoderOptions {
  /**
   * `auto` (default) takes the library of the system where `--allow-ffi` allows it, else `npm:libav.js`. `wasm` contains
   * what a hostile picture could do (docs/security.md).
   */
  readonly backend?: "auto" | Vp8Backend;
  /** Pixels of the largest picture that is decoded; default 8,294,400 (3840 × 2160). */
  readonly maxPixels?: number;
}

/** The options of an encoder, all of them, checked. */
export type Vp8EncoderSettings = Required<Vp8EncoderOptions>;

/** The options of a decoder, all of them, checked. */
export type Vp8DecoderSettings = Required<Vp8DecoderOptions>;

/** A side has 14 bits (RFC 6386 section 9.1). */
export const MAX_SIDE = 16_383;

/** A side in the format may be long, a picture of two such sides would take 400 MB. */
export const MAX_PIXELS = 3_840 * 2_160;

/** More than any meeting sends; libvpx counts in 32 bits. */
const MAX_BITRATE_KBPS = 100_000;
const MAX_INTERVAL = 100_000;
const MAX_FPS = 120;

/** Defaults put in and values checked. @throws {SeaMeetError} with code `config` */
export function encoderSettings(options: Vp8EncoderOptions): Vp8EncoderSettings {
  const settings: Vp8EncoderSettings = {
    width: options.width ?? 640,
    height: options.height ?? 480,
    bitrateKbps: options.bitrateKbps ?? 1_000,
    keyframeInterval: options.keyframeInterval ?? 60,
    fps: options.fps ?? 30,
    backend: options.backend ?? "auto",
  };
  checkWhole("width", settings.width, MAX_SIDE);
  checkWhole("height", settings.height, MAX_SIDE);
  if (settings.width * settings.height > MAX_PIXELS) {
    throw new SeaMeetError("config", `VP8 cannot take pictures of more than ${MAX_PIXELS} pixels`);
  }
  checkBitrate(settings.bitrateKbps);
  checkWhole("keyframeInterval", settings.keyframeInterval, MAX_INTERVAL);
  checkRange("fps", settings.fps, 1, MAX_FPS);
  checkBackend(settings.backend);
  return settings;
}

/** Defaults put in and values checked. @throws {SeaMeetError} with code `config` */
export function decoderSettings(options: Vp8DecoderOptions): Vp8DecoderSettings {
  const { backend = "auto", maxPixels = MAX_PIXELS } = options;
  checkBackend(backend);
  checkWhole("maxPixels", maxPixels, MAX_SIDE * MAX_SIDE);
  return { backend, maxPixels };
}

/** @throws {SeaMeetError} with code `config` when it is out of range */
export function checkBitrate(bitrateKbps: number): void {
  checkRange("bitrateKbps", bitrateKbps, 1, MAX_BITRATE_KBPS);
}

function checkBackend(backend: string): void {
  if (["auto", "native", "wasm"].includes(backend)) return;
  throw new SeaMeetError("config", `VP8 cannot take backend ${backend} (allowed: auto, native, wasm)`);
}

function checkWhole(name: string, value: number, most: number): void {
  checkRange(name, Number.isInteger(value) ? value : NaN, 1, most);
}

function checkRange(name: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  throw new SeaMeetError("config", `VP8 cannot take ${name} ${value} (allowed: ${least} … ${most})`);
}
