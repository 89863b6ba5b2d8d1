import type { SenderLike } from "./ports.ts";
import type { VideoConfig } from "./types.ts";

/**
 * What a client starts with.
 *
 * @example
 * ```ts
 * import { DEFAULT_VIDEO_CONFIG } from "@seameet/cli/client";
 * import { assertEquals } from "@std/assert";
 *
 * // What a client asks the camera for until it is told otherwise.
 * const { width, height, fps } = DEFAULT_VIDEO_CONFIG;
 * assertEquals({ video: { width, height, frameRate: fps } }, { video: { width: 640, height: 480, frameRate: 24 } });
 * ```
 */
export const DEFAULT_VIDEO_CONFIG: VideoConfig = { width: 640, height: 480, fps: 24 };

/** Bits per second that look good at a picture height, at up to 30 pictures per second. */
const BITRATE_BY_HEIGHT: ReadonlyMap<number, number> = new Map([
  [360, 500_000],
  [480, 800_000],
  [720, 1_500_000],
  [1080, 3_000_000],
]);

/** For heights that are none of the presets. */
const OTHER_BITRATE_BPS = 800_000;

/** Above this rate the bitrate is raised; motion between pictures shrinks, so it need not double with the rate. */
const HIGH_RATE_FPS = 30;
const HIGH_RATE_FACTOR = 1.6;

/** Screens: text must be readable, so sharp pictures come before many. */
const SCREEN_BITRATE_BPS = 2_500_000;
const SCREEN_FPS = 30;

/** Below this a picture is of no use, whatever the server's estimate. */
const MIN_BITRATE_BPS = 100_000;

/** Limits of a video encoder. */
export interface EncoderLimits {
  /** Bits per second. */
  readonly maxBitrate: number;
  /** Pictures per second. */
  readonly maxFramerate: number;
}

/** Limits for the camera at the given settings; `capBps` is what the server says the path takes, `Infinity` before it does. */
export function cameraLimits(config: VideoConfig, capBps: number): EncoderLimits {
  const base = BITRATE_BY_HEIGHT.get(config.height) ?? OTHER_BITRATE_BPS;
  const bitrate = config.fps > HIGH_RATE_FPS ? base * HIGH_RATE_FACTOR : base;
  return { maxBitrate: capped(bitrate, capBps), maxFramerate: config.fps };
}

/** Limits for a shared screen. */
export function screenLimits(capBps: number): EncoderLimits {
  return { maxBitrate: capped(SCREEN_BITRATE_BPS, capBps), maxFramerate: SCREEN_FPS };
}

/**
 * Puts limits into force on one sender, and switches it off while nobody watches.
 *
 * Browsers refuse while the sender is between offer and answer, in the middle of another change, or already stopped.
 *
 * @returns `false` when the browser has refused.
 */
export async function applyLimits(sender: SenderLike, limits: EncoderLimits, active: boolean): Promise<boolean> {
  const parameters = sender.getParameters();
  const encoding = parameters.encodings[0];
  if (encoding === undefined) return true;
  const isSame = encoding.maxBitrate === limits.maxBitrate && encoding.maxFramerate === limits.maxFramerate;
  if (isSame && (encoding.active ?? true) === active) return true;
  encoding.active = active;
  encoding.maxBitrate = limits.maxBitrate;
  encoding.maxFramerate = limits.maxFramerate;
  parameters.degradationPreference = "maintain-resolution";
  try {
    await sender.setParameters(parameters);
    return true;
  } catch {
    return false;
  }
}

function capped(bitrate: number, capBps: number): number {
  return Math.min(Math.max(capBps, MIN_BITRATE_BPS), bitrate);
}
