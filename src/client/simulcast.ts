import type { LineDemand } from "../signaling/quality_messages.ts";
import type { SenderLike } from "./ports.ts";
import type { VideoConfig } from "./types.ts";
import { cameraLimits, type EncoderLimits } from "./video_limits.ts";

/** One of several encodings of a camera. */
interface Layer {
  readonly rid: string;
  /** Its picture is so much smaller in each direction. */
  readonly scale: number;
  /** Share of the best encoding's bitrate. */
  readonly share: number;
}

/** Names of the encodings, worst first, as the server takes their order. */
const RIDS = ["q", "h", "f"] as const;

/**
 * What the encodings are, by how many there are. A quarter of the pixels needs more than a quarter of the bits; the
 * worst of two is what a bad path gets, so it has less.
 */
const PLANS: readonly (readonly Layer[])[] = [
  [{ rid: "q", scale: 1, share: 1 }],
  [{ rid: "q", scale: 2, share: 0.2 }, { rid: "h", scale: 1, share: 1 }],
  [{ rid: "q", scale: 4, share: 0.12 }, { rid: "h", scale: 2, share: 0.35 }, { rid: "f", scale: 1, share: 1 }],
];

/**
 * Chromium encodes smaller pictures than this at most twice, or once, and then leaves out the best encodings, so that
 * nobody gets the whole picture. (`kSimulcastFormats` of libwebrtc.)
 */
const THREE_FROM_PIXELS = 960 * 540;
const TWO_FROM_PIXELS = 480 * 270;

/** Below this a picture is of no use. */
const MIN_LAYER_BPS = 60_000;

/**
 * Three spatial and three temporal layers in one stream. Each layer is predicted from the one below, which its viewers
 * are sent anyway.
 */
const SCALABILITY_MODE = "L3T3";

/** An encoding with spatial layers (WebRTC-SVC), which TypeScript's library does not know yet. */
interface ScalableEncoding extends RTCRtpEncodingParameters {
  scalabilityMode?: string;
}

/** What the server has said about the use of a camera; `undefined` before it does: everything. */
export interface CameraUse {
  /** Identifiers of the encodings somebody uses, of several. */
  readonly active?: readonly string[] | undefined;
  /** How much somebody uses of the only one. */
  readonly demand?: LineDemand | undefined;
}

/**
 * The encodings of a camera for `addTransceiver`: one of VP9 or AV1, with layers inside; several of VP8.
 *
 * There are always three of these, since their number can never change; a small picture leaves the last ones unused.
 *
 * @param track What is sent, if that is known: browsers do not always give the size they were asked for.
 */
export function cameraEncodings(
  config: VideoConfig,
  track: MediaStreamTrack | null,
  simulcast: boolean,
  isScalable: boolean,
): ScalableEncoding[] {
  if (isScalable) return [{ ...cameraLimits(config, Infinity), scalabilityMode: SCALABILITY_MODE }];
  if (!simulcast) return [{ ...cameraLimits(config, Infinity) }];
  const plan = planOf(config, track);
  return RIDS.map((rid) => {
    const { scale, share } = plan.find((layer) => layer.rid === rid) ?? { scale: 1, share: 1 };
    return { rid, scaleResolutionDownBy: scale, ...limitsOf(share, config) };
  });
}

/**
 * Puts limits into force on a camera's sender, and switches off what nobody uses.
 *
 * A server that takes one encoding only leaves one: that is then the whole picture. Browsers refuse in the middle of a
 * negotiation, or of another change.
 *
 * @returns `false` when the browser has refused.
 */
export async function applyCameraLimits(
  sender: SenderLike,
  config: VideoConfig,
  capBps: number,
  { active, demand }: CameraUse,
): Promise<boolean> {
  const parameters = sender.getParameters();
  const { encodings } = parameters;
  const before = JSON.stringify(encodings);
  if (encodings.length === 1) {
    limitOnly(encodings[0]!, cameraLimits(config, capBps), demand);
  } else {
    const plan = planOf(config, sender.track);
    for (const encoding of encodings) {
      const layer = plan.find(({ rid }) => rid === encoding.rid);
      encoding.active = layer !== undefined && (active?.includes(layer.rid) ?? true);
      if (layer === undefined) continue;
      Object.assign(encoding, { scaleResolutionDownBy: layer.scale, ...limitsOf(layer.share, config) });
    }
  }
  if (JSON.stringify(encodings) === before) return true;
  parameters.degradationPreference = encodings.length === 1 ? "maintain-resolution" : "balanced";
  try {
    await sender.setParameters(parameters);
    return true;
  } catch {
    return false;
  }
}

/** The only encoding: switched off where nobody watches, and with spatial layers no higher than somebody can use. */
function limitOnly(encoding: ScalableEncoding, limits: EncoderLimits, demand: LineDemand | undefined): void {
  const { layers, of } = demand ?? { layers: 1, of: 1 };
  encoding.active = layers > 0;
  // What is off stays as it is: a change would only cost time when it comes back.
  if (layers === 0) return;
  Object.assign(encoding, limits);
  const left = of > PLANS.length ? 0 : Math.max(0, of - layers);
  const isScalable = encoding.scalabilityMode !== undefined;
  if (isScalable || encoding.scaleResolutionDownBy !== undefined) encoding.scaleResolutionDownBy = 1;
  if (!isScalable) return;
  encoding.scalabilityMode = left === 0 ? SCALABILITY_MODE : `L${layers}T3`;
  if (left === 0) return;
  // The browser would make the fewer layers out of the whole picture.
  encoding.scaleResolutionDownBy = 2 ** left;
  const share = PLANS[of - 1]!.slice(0, layers).reduce((sum, layer) => sum + layer.share, 0);
  encoding.maxBitrate = Math.max(MIN_LAYER_BPS, Math.round(limits.maxBitrate * Math.min(1, share)));
}

function planOf(config: VideoConfig, track: MediaStreamTrack | null): readonly Layer[] {
  const { width = config.width, height = config.height } = track?.getSettings() ?? {};
  const pixels = width * height;
  return PLANS[pixels >= THREE_FROM_PIXELS ? 2 : pixels >= TWO_FROM_PIXELS ? 1 : 0]!;
}

function limitsOf(share: number, config: VideoConfig): EncoderLimits {
  const { maxBitrate, maxFramerate } = cameraLimits(config, Infinity);
  return { maxBitrate: Math.max(MIN_LAYER_BPS, Math.round(maxBitrate * share)), maxFramerate };
}
