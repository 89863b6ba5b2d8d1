// @ts-types="@types/sdp-transform"
import sdpTransform, { type MediaDescription as TransformedMedia } from "sdp-transform";
import { type Direction, type SectionLines, splitSections } from "./description_lines.ts";

export type { Direction };

/** Most feedback entries kept of one payload: browsers send five, and an entry for all payloads would multiply. */
const MAX_FEEDBACK = 32;

/** Hash of a DTLS certificate, as announced. */
export interface Fingerprint {
  /** Lower-case name of the hash: `sha-256`, `sha-384` or `sha-512`. */
  algorithm: string;
  /** Upper-case hexadecimal bytes with colons between them. */
  value: string;
}

/** What the session and each m-line may say about ICE, DTLS and direction; nothing of it is checked yet. */
export interface Section {
  /** `a=ice-ufrag`. */
  ufrag?: string;
  /** `a=ice-pwd`. */
  pwd?: string;
  /** `a=setup`. */
  setup?: string;
  /** All of `a=fingerprint`, as written. */
  fingerprints: string[];
  /** The direction attribute. */
  direction?: Direction;
  /** Attributes without a value: `rtcp-mux`, `bundle-only`, `ice-lite`, `extmap-allow-mixed`. */
  flags: ReadonlySet<string>;
}

/** One payload number of an m-line. */
export interface DescribedPayload {
  /** The number. */
  payloadType: number;
  /** Codec name as written. */
  name: string;
  /** Clock rate in hertz. */
  clockRateHz: number;
  /** Channels, for audio codecs that say it. */
  channels?: number;
  /** All of `a=fmtp` for it. */
  fmtp: string;
  /** All of `a=rtcp-fb` for it, `*` included. */
  feedback: string[];
}

/** One m-line and what belongs to it. */
export interface DescribedMedia extends Section {
  /** `audio`, `video`, `application`, … */
  kind: string;
  /** The port; 0 means rejected unless there is `bundle-only`. */
  port: number;
  /** Such as `UDP/TLS/RTP/SAVPF`. */
  protocol: string;
  /** Payload numbers, or for non-RTP m-lines whatever stands there. */
  formats: string[];
  /** `a=mid`. */
  mid?: string;
  /** Payloads of the m-line that have an `a=rtpmap`, in the m-line's order. */
  payloads: DescribedPayload[];
  /** `a=extmap` lines. */
  extensions: { id: number; uri: string; direction: string }[];
  /** Distinct numbers of `a=ssrc` lines. */
  ssrcs: number[];
  /** `a=ssrc-group` lines. */
  ssrcGroups: { semantics: string; ssrcs: number[] }[];
  /** What the writer sends as simulcast: ids in order, empty when it does not. */
  rids: string[];
  /** `a=msid` as written: stream, blank, track. */
  msid?: string;
  /** `a=candidate` lines without `a=`. */
  candidates: string[];
}

/** A description as plain objects. */
export interface SessionDescription extends Section {
  /** The mids of each `a=group:BUNDLE`. */
  bundles: string[][];
  /** The m-lines. */
  media: DescribedMedia[];
}

/** Why a description cannot be used; the message is a sentence for people. */
export interface DescriptionError {
  /** The stable word for programs. */
  reason: "bad_sdp";
  /** What is wrong with it. */
  message: string;
}

/** Makes the error for a description that cannot be used. */
export function descriptionError(detail: string): DescriptionError {
  return { reason: "bad_sdp", message: `Cannot use session description: ${detail}` };
}

/**
 * Reads a session description (RFC 8866) into plain objects.
 *
 * Size, number and length of lines are bounded before anything is parsed, and only attributes that we know go
 * to the parser. Numbers may still be out of range: `parseOffer` checks what it uses.
 */
export function parseSessionDescription(text: string): SessionDescription | DescriptionError {
  const sections = splitSections(text);
  if (typeof sections === "string") return descriptionError(sections);
  const [session, ...rest] = sections;
  try {
    const parsed = sdpTransform.parse(sections.flatMap((section) => section.transformed).join("\r\n"));
    if (session === undefined || parsed.media.length !== rest.length) {
      return descriptionError("it has a malformed m-line");
    }
    const bundles = (parsed.groups ?? []).filter((group) => group.type === "BUNDLE").map((group) => words(group.mids));
    return {
      ...common(session),
      bundles,
      media: rest.map((lines, i) => describeMedia(lines, parsed.media[i]!)),
    };
  } catch {
    return descriptionError("it is malformed");
  }
}

/** What session and m-lines have in common, from the lines that are read here and not by sdp-transform. */
function common(lines: SectionLines): Section {
  const ufrag = lines.values.get("ice-ufrag");
  const pwd = lines.values.get("ice-pwd");
  const setup = lines.values.get("setup");
  return {
    ...(ufrag === undefined ? {} : { ufrag }),
    ...(pwd === undefined ? {} : { pwd }),
    ...(setup === undefined ? {} : { setup }),
    ...(lines.direction === undefined ? {} : { direction: lines.direction }),
    fingerprints: lines.fingerprints,
    flags: lines.flags,
  };
}

function describeMedia(lines: SectionLines, parsed: TransformedMedia): DescribedMedia {
  const formats = words(parsed.payloads);
  const mid = lines.values.get("mid");
  const msid = lines.values.get("msid");
  return {
    ...common(lines),
    kind: String(parsed.type ?? ""),
    port: Number(parsed.port),
    protocol: String(parsed.protocol ?? ""),
    formats,
    ...(mid === undefined ? {} : { mid }),
    payloads: describePayloads(formats, parsed),
    extensions: (parsed.ext ?? []).filter((entry) => entry["encrypt-uri"] === undefined).map((entry) => ({
      id: Number(entry.value),
      uri: String(entry.uri),
      direction: String(entry.direction ?? "sendrecv"),
    })),
    ssrcs: [...new Set((parsed.ssrcs ?? []).map((entry) => wholeNumber(entry.id)))],
    ssrcGroups: (parsed.ssrcGroups ?? []).map((group) => ({
      semantics: String(group.semantics),
      ssrcs: words(group.ssrcs).map(wholeNumber),
    })),
    rids: sentRids(parsed),
    ...(msid === undefined ? {} : { msid }),
    candidates: lines.candidates,
  };
}

function describePayloads(formats: readonly string[], parsed: TransformedMedia): DescribedPayload[] {
  const found = new Map<string, DescribedPayload>();
  for (const map of parsed.rtp) {
    const channels = map.encoding === undefined ? undefined : wholeNumber(map.encoding);
    found.set(String(map.payload), {
      payloadType: wholeNumber(map.payload),
      name: String(map.codec),
      clockRateHz: wholeNumber(map.rate ?? 0),
      ...(channels === undefined ? {} : { channels }),
      fmtp: "",
      feedback: [],
    });
  }
  for (const entry of parsed.fmtp) {
    const payload = found.get(String(entry.payload));
    if (payload !== undefined) {
      payload.fmtp = payload.fmtp === "" ? `${entry.config}` : `${payload.fmtp};${entry.config}`;
    }
  }
  for (const entry of parsed.rtcpFb ?? []) {
    const text = entry.subtype === undefined ? String(entry.type) : `${entry.type} ${entry.subtype}`;
    const all = String(entry.payload) === "*";
    for (const payload of all ? found.values() : [found.get(String(entry.payload))]) {
      if (payload !== undefined && payload.feedback.length < MAX_FEEDBACK) payload.feedback.push(text);
    }
  }
  return formats.flatMap((format) => found.get(format) ?? []);
}

function sentRids(parsed: TransformedMedia): string[] {
  const { simulcast } = parsed;
  if (simulcast === undefined) return [];
  const list = simulcast.dir1 === "send" ? simulcast.list1 : simulcast.dir2 === "send" ? simulcast.list2 : undefined;
  const sent = new Set((parsed.rids ?? []).filter((rid) => rid.direction === "send").map((rid) => String(rid.id)));
  return String(list ?? "").split(/[;,]/).map((id) => id.replace(/^~/, "")).filter((id) => sent.has(id));
}

/** Numbers arrive as numbers or, when they are not written as such, as text; those become NaN and fail every range check. */
function wholeNumber(value: string | number): number {
  const number = Number(value);
  return value !== "" && Number.isSafeInteger(number) ? number : NaN;
}

function words(text: string | number | undefined): string[] {
  return text === undefined ? [] : String(text).split(" ").filter((word) => word !== "");
}
