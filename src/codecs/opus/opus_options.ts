import { SeaMeetError } from "../../base/errors.ts";

/** Sampling rates that Opus knows, in Hz (RFC 6716 section 2). */
export type OpusSampleRate = 8_000 | 12_000 | 16_000 | 24_000 | 48_000;

/** How much sound one packet holds, in milliseconds. */
export type OpusFrameMs = 2.5 | 5 | 10 | 20 | 40 | 60;

/** How to encode. */
export interface OpusEncoderOptions {
  /** Of the sound put in, in Hz; default 48,000. RTP timestamps count 48,000 a second all the same (RFC 7587). */
  readonly sampleRate?: OpusSampleRate;
  /** 1 (default) or 2. */
  readonly channels?: 1 | 2;
  /** The target in bits per second, 6,000 … 510,000; default 64,000. */
  readonly bitrate?: number;
  /** The length of every frame put in, in milliseconds; default 20. */
  readonly frameMs?: OpusFrameMs;
  /** `audio` (default) keeps the waveform and costs least; `voip` is for speech, also through losses. */
  readonly application?: "audio" | "voip";
  /**
   * Computing for quality, 0 … 10; default 5. With `voip`, 9 costs half as much again and gains little.
   */
  readonly complexity?: number;
  /** In silence, most packets shrink to two bytes or less and need not be sent; default off. */
  readonly dtx?: boolean;
  /** Puts redundancy for the packet before into each packet when losses are told; default off. For `voip`. */
  readonly fec?: boolean;
  /** Packets lost on the way, in percent; default 0, and redundancy needs more than that. */
  readonly expectedLossPercent?: number;
}

/** What to decode into. */
export interface OpusDecoderOptions {
  /** Of the sound given out, in Hz, whatever was put into the encoder; default 48,000. */
  readonly sampleRate?: OpusSampleRate;
  /** 1 (default; stereo is mixed down) or 2. */
  readonly channels?: 1 | 2;
}

/** The options of an encoder, all of them, checked. */
export type OpusEncoderSettings = Required<OpusEncoderOptions>;

/** The options of a decoder, all of them, checked. */
export type OpusDecoderSettings = Required<OpusDecoderOptions>;

const SAMPLE_RATES: readonly number[] = [8_000, 12_000, 16_000, 24_000, 48_000];
const FRAME_LENGTHS: readonly number[] = [2.5, 5, 10, 20, 40, 60];

/** What libopus can do: RFC 6716 section 2.1.1. */
const MIN_BITRATE = 6_000;
const MAX_BITRATE = 510_000;
const MAX_COMPLEXITY = 10;

/** Defaults put in and values checked. @throws {SeaMeetError} with code `config` */
export function encoderSettings(options: OpusEncoderOptions): OpusEncoderSettings {
  const settings: OpusEncoderSettings = {
    ...decoderSettings(options),
    bitrate: options.bitrate ?? 64_000,
    frameMs: options.frameMs ?? 20,
    application: options.application ?? "audio",
    complexity: options.complexity ?? 5,
    dtx: options.dtx ?? false,
    fec: options.fec ?? false,
    expectedLossPercent: options.expectedLossPercent ?? 0,
  };
  checkBitrate(settings.bitrate);
  check(FRAME_LENGTHS.includes(settings.frameMs), "frameMs", FRAME_LENGTHS.join(", "), settings.frameMs);
  check(["audio", "voip"].includes(settings.application), "application", "audio, voip", settings.application);
  checkRange("complexity", settings.complexity, 0, MAX_COMPLEXITY);
  checkPacketLoss(settings.expectedLossPercent);
  return settings;
}

/** Defaults put in and values checked. @throws {SeaMeetError} with code `config` */
export function decoderSettings(options: OpusDecoderOptions): OpusDecoderSettings {
  const { sampleRate = 48_000, channels = 1 } = options;
  check(SAMPLE_RATES.includes(sampleRate), "sampleRate", SAMPLE_RATES.join(", "), sampleRate);
  check(channels === 1 || channels === 2, "channels", "1, 2", channels);
  return { sampleRate, channels };
}

/** @throws {SeaMeetError} with code `config` when libopus cannot do it */
export function checkBitrate(bitrate: number): void {
  checkRange("bitrate", bitrate, MIN_BITRATE, MAX_BITRATE);
}

/** @throws {SeaMeetError} with code `config` when it is no percentage */
export function checkPacketLoss(percent: number): void {
  checkRange("expectedLossPercent", percent, 0, 100);
}

function checkRange(name: string, value: number, least: number, most: number): void {
  check(value >= least && value <= most, name, `${least} … ${most}`, value);
}

function check(valid: boolean, name: string, allowed: string, value: unknown): void {
  if (!valid) throw new SeaMeetError("config", `Opus cannot take ${name} ${value} (allowed: ${allowed})`);
}
