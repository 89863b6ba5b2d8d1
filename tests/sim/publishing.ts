/** What a simulated browser sends: its lines, and how streams begin. */
import { type RandomSource, randomU32 } from "../../src/base/random.ts";
import type { TrackSource } from "../../src/room/track_source.ts";
import type { ClientOptions } from "./client_options.ts";
import { type SenderEncoding, type SenderStart, VIDEO_INTERVAL_MS } from "./media_sender.ts";
import type { ClientLine } from "./offer_text.ts";

/** Names of simulcast encodings, worst first. */
const RIDS = ["q", "h", "f"];

/** Where a stream's numbers begin: anywhere, unless the test says where. */
export function senderStart(random: RandomSource, options: ClientOptions): SenderStart {
  const start = {
    sequence: randomU32(random) & 0x7fff,
    timestamp: randomU32(random),
    pictureId: randomU32(random) & 0x7fff,
  };
  return { ...start, ...options.start };
}

/** The encodings of a line, as the answer has it: those of `rids`, or only the best. */
export function senderEncodings(
  random: RandomSource,
  options: ClientOptions,
  line: ClientLine,
  rids: readonly string[],
): SenderEncoding[] {
  const { encodings, fps = 1_000 / VIDEO_INTERVAL_MS } = options;
  const intervalMs = 1_000 / fps;
  if (line.source === "screen" && options.screen !== undefined) {
    const { screen: { bps, fps, keyframeBytes } } = options;
    const { ssrc, rtxSsrc } = line;
    return [{ rid: "", layer: 1, ssrc, rtxSsrc, bps, intervalMs: 1_000 / fps, temporal: false, keyframeBytes }];
  }
  if (encodings === undefined || line.source !== "camera") return [];
  if (rids.length === 0) {
    const { ssrc, rtxSsrc } = line;
    return [{ rid: "", layer: 2, ssrc, rtxSsrc, bps: encodings.at(-1)!, intervalMs, temporal: false }];
  }
  return rids.map((rid) => {
    const layer = RIDS.indexOf(rid);
    const ssrcs = { ssrc: randomU32(random), rtxSsrc: randomU32(random) };
    const encode = options.encoders?.[layer];
    return { rid, layer, ...ssrcs, bps: encodings[layer]!, intervalMs, temporal: true, encode };
  });
}

/** An m-line to offer, with numbers of its own. */
export function makeLine(
  random: RandomSource,
  options: ClientOptions,
  mid: string,
  kind: ClientLine["kind"],
  direction: ClientLine["direction"],
  source: TrackSource | undefined,
  msidStream: string,
): ClientLine {
  const rtxSsrc = kind === "video" ? randomU32(random) : 0;
  const isSimulcast = source === "camera" && (options.encodings?.length ?? 0) > 1;
  const rids = isSimulcast ? RIDS.slice(0, options.encodings!.length) : [];
  return { mid, kind, direction, source, msidStream, ssrc: randomU32(random), rtxSsrc, rids };
}
