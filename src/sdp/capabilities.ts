import { EXTENSION_URI } from "../rtp/header_extension.ts";

/** The codecs we can negotiate, by their names in `a=rtpmap`. */
export type CodecName = "opus" | "red" | "VP8" | "VP9" | "H264" | "AV1";

/** What a room accepts. */
export interface Capabilities {
  /** The codecs; which of them a sender uses is for its offer to say, by their order there. */
  codecs: readonly CodecName[];
}

/**
 * What every browser can decode, VP8 first, and redundant sound (RED), which is taken apart for who cannot.
 *
 * All members must be able to decode what one sends, since nothing is transcoded. Firefox has no H.264 of its
 * own, and H.264 must be asked for; AV1 is there for who prefers it, and not every browser can decode it.
 */
export const DEFAULT_CAPABILITIES: Capabilities = { codecs: ["opus", "red", "VP8", "VP9", "AV1"] };

/** Says whether the parameters of an offered payload will do. */
export type ParameterTest = (parameters: ReadonlyMap<string, string>) => boolean;

/** What we know about a codec. */
export interface CodecRule {
  /** The m-lines it may be in. */
  kind: "audio" | "video";
  /** Clock rate in hertz that its RTP payload format demands. */
  clockRateHz: number;
  /** Channels in `a=rtpmap`, where the format demands them. */
  channels?: number;
  /**
   * The variants we keep, in our order; one payload of each.
   *
   * A variant is a list of tests: the payload that passes the earliest of them is taken.
   */
  variants: readonly (readonly ParameterTest[])[];
  /** Writes the parameters for the answer. */
  answer(parameters: ReadonlyMap<string, string>): string;
}

const ANY: readonly (readonly ParameterTest[])[] = [[() => true]];

/** First four digits of `profile-level-id` for constrained baseline, which every H.264 decoder has (RFC 6184 section 8.1). */
const CONSTRAINED_BASELINE = /^42(?:e0|c0)/i;

/** How each codec is recognised and answered. */
export const CODEC_RULES: Readonly<Record<CodecName, CodecRule>> = {
  opus: {
    kind: "audio",
    clockRateHz: 48_000,
    channels: 2,
    variants: ANY,
    answer: () => "minptime=10;useinbandfec=1",
  },
  red: { kind: "audio", clockRateHz: 48_000, channels: 2, variants: ANY, answer: joinParameters },
  VP8: { kind: "video", clockRateHz: 90_000, variants: ANY, answer: () => "" },
  VP9: {
    kind: "video",
    clockRateHz: 90_000,
    // Profiles 1 and 3 are for chroma formats that browsers do not send.
    variants: [[(parameters) => vp9Profile(parameters) === "0"], [(parameters) => vp9Profile(parameters) === "2"]],
    answer: (parameters) => `profile-id=${vp9Profile(parameters)}`,
  },
  H264: {
    kind: "video",
    clockRateHz: 90_000,
    variants: [[
      (parameters) => isH264Mode1(parameters) && CONSTRAINED_BASELINE.test(parameters.get("profile-level-id") ?? ""),
      isH264Mode1,
    ]],
    answer: joinParameters,
  },
  AV1: {
    kind: "video",
    clockRateHz: 90_000,
    variants: [[(parameters) => (parameters.get("profile") ?? "0") === "0"]],
    answer: joinParameters,
  },
};

/** The RTCP feedback we act upon or answer, per kind of m-line, in the order we write it. */
export const FEEDBACK: Readonly<Record<"audio" | "video", readonly string[]>> = {
  audio: ["transport-cc"],
  video: ["transport-cc", "goog-remb", "ccm fir", "nack", "nack pli"],
};

/**
 * The header extensions we read, rewrite or pass on, per kind of m-line.
 *
 * The dependency descriptor is for AV1 only (`negotiate.ts`): with it Chromium leaves picture ids and temporal layers out
 * of VP8's own descriptor.
 */
export const EXTENSIONS: Readonly<Record<"audio" | "video", ReadonlySet<string>>> = {
  audio: new Set([
    EXTENSION_URI.audioLevel,
    EXTENSION_URI.absSendTime,
    EXTENSION_URI.transportSequence,
    EXTENSION_URI.mid,
  ]),
  video: new Set([
    EXTENSION_URI.absSendTime,
    EXTENSION_URI.transportSequence,
    EXTENSION_URI.mid,
    EXTENSION_URI.rid,
    EXTENSION_URI.repairedRid,
    EXTENSION_URI.videoOrientation,
    EXTENSION_URI.colorSpace,
    EXTENSION_URI.videoContentType,
    EXTENSION_URI.playoutDelay,
  ]),
};

/** Reads `a=fmtp` parameters: names in lower case, a parameter without a value as its own name. */
export function parseParameters(text: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const part of text.split(";")) {
    const entry = part.trim();
    if (entry === "") continue;
    const equals = entry.indexOf("=");
    if (equals < 0) parameters.set(entry, "");
    else parameters.set(entry.slice(0, equals).trim().toLowerCase(), entry.slice(equals + 1).trim());
  }
  return parameters;
}

function vp9Profile(parameters: ReadonlyMap<string, string>): string {
  return parameters.get("profile-id") ?? "0";
}

/** Without mode 1 a picture may not be cut into packets of a network's size (RFC 6184 section 6.3). */
function isH264Mode1(parameters: ReadonlyMap<string, string>): boolean {
  return parameters.get("packetization-mode") === "1";
}

function joinParameters(parameters: ReadonlyMap<string, string>): string {
  return [...parameters].map(([name, value]) => (value === "" ? name : `${name}=${value}`)).join(";");
}
