import { isMid, ownValue } from "./fields.ts";
import type { TrackSource } from "./messages.ts";
import type { ActiveEncodings, DirectionQuality, LineDemand, QualityReason, TrackQuality } from "./quality_messages.ts";

/** Longest list that is read; browsers send three encodings. */
const MAX_ENCODINGS = 16;

const SOURCES: ReadonlySet<unknown> = new Set<TrackSource>(["microphone", "camera", "screen", "screen_audio"]);
const REASONS: ReadonlySet<unknown> = new Set<QualityReason>(
  ["ok", "bandwidth", "requested", "hidden", "publisher_limit", "codec", "server_load", "paused", "starting"],
);
const DIRECTION_REASONS = ["ok", "bandwidth", "loss", "delay"] as const;

/** Reads one line of `encodings`; `undefined` when it is malformed. */
export function readActiveEncodings(value: unknown): ActiveEncodings | undefined {
  const mid = ownValue(value, "mid");
  const active = ownValue(value, "active");
  if (typeof mid !== "string" || !isMid(mid) || !Array.isArray(active) || active.length > MAX_ENCODINGS) {
    return undefined;
  }
  return { mid, active: active.filter((rid) => typeof rid === "string") };
}

/** Reads one line of `video_demand`; `undefined` when it is malformed. */
export function readLineDemand(value: unknown): LineDemand | undefined {
  const mid = ownValue(value, "mid");
  const layers = ownValue(value, "layers");
  // Nothing is stopped because of a number that is none.
  if (typeof mid !== "string" || !isMid(mid) || typeof layers !== "number") return undefined;
  return { mid, layers: countOf(value, "layers"), of: Math.max(1, countOf(value, "of")) };
}

/** Reads one track of `track_quality`; `undefined` when it is malformed. */
export function readTrackQuality(value: unknown): TrackQuality | undefined {
  const mid = ownValue(value, "mid");
  const participant = ownValue(value, "participant");
  const source = ownValue(value, "source");
  const reason = ownValue(value, "reason");
  if (typeof mid !== "string" || typeof participant !== "string" || !isSource(source) || !isReason(reason)) {
    return undefined;
  }
  return {
    mid,
    participant,
    source,
    layer: ownValue(value, "layer") === -1 ? -1 : countOf(value, "layer"),
    layers: countOf(value, "layers"),
    temporal: countOf(value, "temporal"),
    width: countOf(value, "width"),
    height: countOf(value, "height"),
    reason,
    bitrate_bps: countOf(value, "bitrate_bps"),
    best_bps: countOf(value, "best_bps"),
    available_bps: countOf(value, "available_bps"),
  };
}

/** Reads one direction of `connection_quality`; what is missing is unknown. */
export function readDirection(value: unknown): DirectionQuality {
  const reason = ownValue(value, "reason");
  return {
    score: Math.min(5, countOf(value, "score")),
    reason: DIRECTION_REASONS.find((word) => word === reason) ?? "unknown",
    loss: Math.min(1, countOf(value, "loss")),
    bitrate_bps: countOf(value, "bitrate_bps"),
  };
}

function isSource(value: unknown): value is TrackSource {
  return SOURCES.has(value);
}

function isReason(value: unknown): value is QualityReason {
  return REASONS.has(value);
}

function countOf(value: unknown, name: string): number {
  const number = ownValue(value, name);
  return typeof number === "number" && Number.isFinite(number) && number >= 0 ? number : 0;
}
