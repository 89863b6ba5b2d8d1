import { type Capabilities, DEFAULT_CAPABILITIES, EXTENSIONS } from "./capabilities.ts";
import { EXTENSION_URI } from "../rtp/header_extension.ts";
import type { MediaSection, SdpCodec } from "./media_section.ts";
import { type OfferTransport, readTransport } from "./offer_transport.ts";
import { selectCodecs } from "./select_codecs.ts";
import {
  type DescribedMedia,
  type DescriptionError,
  descriptionError,
  type Direction,
  parseSessionDescription,
  type SessionDescription,
} from "./session_description.ts";

export { type AnswerParameters, writeAnswer } from "./answer.ts";
export type { MediaSection, SdpCodec } from "./media_section.ts";
export type { DescriptionError as OfferError } from "./session_description.ts";

/** Longest `mid`: it must fit the one-byte header extension that carries it (RFC 8285 section 4.2). */
const MAX_MID_LENGTH = 16;

/** Characters of a token (RFC 8866 section 9). */
const TOKEN = /^[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+$/;

/** Most ssrcs of one m-line: three simulcast encodings and their retransmissions have six. */
const MAX_SSRCS = 16;

/** Most simulcast encodings of one m-line. */
const MAX_RIDS = 8;

/** As many of them are taken; browsers send three. */
const TAKEN_RIDS = 4;

/** What only clients write; browsers may offer it for that way alone (Firefox does). */
const CLIENT_EXTENSIONS: ReadonlySet<string> = new Set([EXTENSION_URI.rid, EXTENSION_URI.repairedRid]);

/** Identifiers of encodings (RFC 8851 section 10), of a length that fits a one-byte header extension. */
const RID = /^[\w-]{1,16}$/;

/** Ids above it need two-byte header extensions, id 15 is reserved (RFC 8285 sections 4.2 and 4.3). */
const MAX_ONE_BYTE_ID = 14;

/** Stream and track (RFC 8830 section 2); longer ones than any browser makes are not echoed. */
const MSID = /^\S{1,64}(?: \S{1,64})?$/;

const RTP_PROTOCOLS: ReadonlySet<string> = new Set(["UDP/TLS/RTP/SAVPF", "TCP/TLS/RTP/SAVPF", "RTP/SAVPF"]);

/** What we answer to a direction: the same seen from the other side. */
const MIRROR: Readonly<Record<Direction, Direction>> = {
  sendrecv: "sendrecv",
  sendonly: "recvonly",
  recvonly: "sendonly",
  inactive: "inactive",
};

/** An offer that can be answered, with everything the rest of the server needs to know of it. */
export interface ParsedOffer extends OfferTransport {
  /** All m-lines, in order. */
  sections: MediaSection[];
  /** The `a=candidate` lines inside it, without `a=`; not checked. */
  candidates: string[];
  /** Both header extension forms may be mixed in one stream (RFC 8285 section 6). */
  extmapAllowMixed: boolean;
  /** Mids of the BUNDLE group of the answer: all m-lines that are not rejected. */
  bundle: string[];
}

/**
 * Reads a client's offer and negotiates each m-line.
 *
 * Never throws. An offer is refused as a whole when something in it could be understood in two ways; what we
 * merely do not know is left out of the answer.
 */
export function parseOffer(
  sdp: string,
  capabilities: Capabilities = DEFAULT_CAPABILITIES,
): ParsedOffer | DescriptionError {
  const session = parseSessionDescription(sdp);
  if ("reason" in session) return session;
  if (session.flags.has("ice-lite")) return descriptionError("we are ice-lite, so the client cannot be");
  const accepted = session.media.filter((media) => !isRejected(media));
  if (accepted.length === 0) return descriptionError("it has no audio or video m-line");
  const problem = checkMids(session.media, accepted) ?? accepted.map(checkMedia).find((text) => text !== undefined) ??
    checkSsrcs(accepted);
  if (problem !== undefined) return descriptionError(problem);
  const transport = readTransport(session, accepted);
  if (typeof transport === "string") return descriptionError(transport);
  const mixed = session.flags.has("extmap-allow-mixed") ||
    accepted.every((media) => media.flags.has("extmap-allow-mixed"));
  return {
    ...transport,
    sections: session.media.map((media, index) => negotiate(media, index, session, mixed, capabilities)),
    candidates: accepted.flatMap((media) => media.candidates),
    extmapAllowMixed: mixed,
    bundle: accepted.map((media) => media.mid ?? ""),
  };
}

/**
 * Checks that a later offer continues an earlier one (RFC 3264 section 8, RFC 8829 section 5.2.2).
 *
 * M-lines stay in place, only a rejected one may be used again under another mid; in an m-line that goes on,
 * payload numbers and extension ids keep their meaning, since packets with them are still under way.
 *
 * @returns `undefined` when it does.
 */
export function checkRenegotiation(previous: ParsedOffer, next: ParsedOffer): DescriptionError | undefined {
  if (next.sections.length < previous.sections.length) return descriptionError("it has fewer m-lines than before");
  for (const before of previous.sections) {
    const after = next.sections[before.index];
    if (after === undefined || before.rejected || after.rejected) continue;
    const where = `m-line ${before.index} has`;
    if (after.mid !== before.mid) return descriptionError(`${where} another mid than before`);
    if (after.kind !== before.kind) return descriptionError(`${where} another kind than before`);
    for (const codec of before.codecs) {
      const same = after.codecs.find((other) => other.payloadType === codec.payloadType);
      if (same !== undefined && (same.name !== codec.name || same.fmtp !== codec.fmtp)) {
        return descriptionError(`${where} another codec than before for payload ${codec.payloadType}`);
      }
    }
    for (const [uri, id] of before.extensions) {
      if ((after.extensions.get(uri) ?? id) !== id) {
        return descriptionError(`${where} another id than before for ${uri}`);
      }
    }
  }
  return undefined;
}

/** Port 0 rejects an m-line unless it is bundle-only (RFC 8843 section 6); what is no audio or video we reject. */
function isRejected(media: DescribedMedia): boolean {
  if (media.kind !== "audio" && media.kind !== "video") return true;
  return media.port === 0 && !media.flags.has("bundle-only");
}

function checkMids(all: readonly DescribedMedia[], accepted: readonly DescribedMedia[]): string | undefined {
  const mids = new Set<string>();
  for (const media of all) {
    if (media.kind === "" || !Number.isInteger(media.port) || media.port > 65_535) return "it has a malformed m-line";
    if (media.mid === undefined) continue;
    if (media.mid.length > MAX_MID_LENGTH || !TOKEN.test(media.mid)) {
      return `"a=mid" must be a token of at most ${MAX_MID_LENGTH} characters`;
    }
    if (mids.has(media.mid)) return `mid "${media.mid}" comes twice`;
    mids.add(media.mid);
  }
  return accepted.some((media) => media.mid === undefined) ? "an m-line has no mid" : undefined;
}

function checkMedia(media: DescribedMedia): string | undefined {
  const where = `m-line with mid "${media.mid}"`;
  if (!RTP_PROTOCOLS.has(media.protocol)) return `${where} is not UDP/TLS/RTP/SAVPF`;
  if (!media.flags.has("rtcp-mux")) return `${where} has no "a=rtcp-mux"`;
  if (media.formats.length === 0) return `${where} lists no payload`;
  const payloads = new Set(media.formats);
  if (
    payloads.size !== media.formats.length ||
    media.formats.some((format) => !/^(?:\d\d?|1[01]\d|12[0-7])$/.test(format))
  ) {
    return `${where} lists payloads that are not different numbers from 0 to 127`;
  }
  const ids = new Set<number>();
  for (const { id } of media.extensions) {
    if (!Number.isInteger(id) || id < 1 || id > 255) return `${where} has an extension id outside 1 to 255`;
    if (ids.has(id)) return `${where} uses extension id ${id} twice`;
    ids.add(id);
  }
  if (media.rids.length > MAX_RIDS) return `${where} has more than ${MAX_RIDS} simulcast encodings`;
  return undefined;
}

function checkSsrcs(accepted: readonly DescribedMedia[]): string | undefined {
  const owners = new Set<number>();
  for (const media of accepted) {
    if (media.ssrcs.length > MAX_SSRCS) return `m-line with mid "${media.mid}" has more than ${MAX_SSRCS} ssrcs`;
    for (const ssrc of media.ssrcs) {
      if (!(ssrc >= 1 && ssrc <= 0xffffffff)) return "an ssrc is not a number from 1 to 4294967295";
      if (owners.has(ssrc)) return `ssrc ${ssrc} is in two m-lines`;
      owners.add(ssrc);
    }
    for (const group of media.ssrcGroups) {
      if (group.ssrcs.some((ssrc) => !media.ssrcs.includes(ssrc))) return "an ssrc-group names an unknown ssrc";
    }
  }
  return undefined;
}

function negotiate(
  media: DescribedMedia,
  index: number,
  session: SessionDescription,
  mixed: boolean,
  capabilities: Capabilities,
): MediaSection {
  const kind = media.kind === "audio" || media.kind === "video" ? media.kind : "application";
  const rejected = isRejected(media);
  const codecs = kind === "application" || rejected ? [] : selectCodecs(media, kind, capabilities);
  const offered = rejected ? "inactive" : media.direction ?? session.direction ?? "sendrecv";
  const answered = codecs.length === 0 ? "inactive" : MIRROR[offered];
  const rtxSsrcs = rejected ? new Map<number, number>() : retransmissionSsrcs(media);
  const repairs = new Set(rtxSsrcs.values());
  const extensions = selectExtensions(media, kind, mixed, takesDependencies(offered, codecs));
  const msid = media.msid !== undefined && MSID.test(media.msid) ? media.msid : undefined;
  return {
    index,
    mid: media.mid ?? "",
    kind,
    offered,
    answered,
    clientSends: answered === "sendrecv" || answered === "recvonly",
    clientReceives: answered === "sendrecv" || answered === "sendonly",
    rejected,
    codecs,
    extensions,
    sentExtensions: new Set(
      media.extensions.filter(({ uri, id, direction }) => extensions.get(uri) === id && direction === "sendonly")
        .map(({ uri }) => uri),
    ),
    ssrcs: rejected ? [] : media.ssrcs.filter((ssrc) => !repairs.has(ssrc)),
    rtxSsrcs,
    rids: kind === "video" && codecs.length > 0 ? simulcastRids(media, offered, extensions) : [],
    ...(msid === undefined ? {} : { msid, msidStream: msid.replace(/ .*/, "") }),
    media: media.kind,
    protocol: media.protocol,
    ...fallbackFormat(media),
  };
}

/**
 * The encodings that are taken; packets must be able to name theirs. The ssrcs of a line that declares them as well
 * (Firefox) do not tell: nothing says which is which.
 */
function simulcastRids(media: DescribedMedia, offered: Direction, extensions: ReadonlyMap<string, number>): string[] {
  if (offered === "recvonly" || offered === "inactive") return [];
  const canTell = extensions.has(EXTENSION_URI.mid) && extensions.has(EXTENSION_URI.rid);
  const rids = media.rids.filter((rid) => RID.test(rid)).slice(0, TAKEN_RIDS);
  return canTell && rids.length > 1 ? rids : [];
}

/** What an m-line without a common codec lists: the client's first payload, since it must list something. */
function fallbackFormat(media: DescribedMedia): { fallbackFormat: string; fallbackMap?: string } {
  const payload = media.payloads[0];
  if (payload === undefined) return { fallbackFormat: media.formats[0] ?? "0" };
  const channels = payload.channels === undefined ? "" : `/${payload.channels}`;
  return {
    fallbackFormat: String(payload.payloadType),
    fallbackMap: `${payload.name}/${payload.clockRateHz}${channels}`,
  };
}

/**
 * Whether the dependency descriptor is taken up: nothing else tells the layers of AV1. From clients it is only where AV1
 * is what they will send, since with it Chromium leaves the counters out of VP8's own descriptor.
 */
function takesDependencies(offered: Direction, codecs: readonly SdpCodec[]): boolean {
  if (offered === "recvonly") return codecs.some(({ name }) => name === "AV1");
  return codecs[0]?.name === "AV1";
}

/** Extensions both directions may use, and those that clients only send; what else has one direction is left alone. */
function selectExtensions(
  media: DescribedMedia,
  kind: MediaSection["kind"],
  mixed: boolean,
  withDependencies: boolean,
): Map<string, number> {
  const extensions = new Map<string, number>();
  if (kind === "application") return extensions;
  for (const { id, uri, direction } of media.extensions) {
    const isUsable = id <= MAX_ONE_BYTE_ID || (mixed && id > MAX_ONE_BYTE_ID + 1);
    const isKnown = EXTENSIONS[kind].has(uri) || (uri === EXTENSION_URI.dependencyDescriptor && withDependencies);
    const isOurWay = direction === "sendrecv" || (direction === "sendonly" && CLIENT_EXTENSIONS.has(uri));
    if (isUsable && isKnown && isOurWay && !extensions.has(uri)) extensions.set(uri, id);
  }
  return extensions;
}

/** Pairs of the FID groups (RFC 5576 section 4.2, RFC 4588 section 8.8): media first, its retransmissions second. */
function retransmissionSsrcs(media: DescribedMedia): Map<number, number> {
  const pairs = new Map<number, number>();
  for (const { semantics, ssrcs } of media.ssrcGroups) {
    const [primary, rtx] = ssrcs;
    if (semantics === "FID" && ssrcs.length === 2 && primary !== undefined && rtx !== undefined && primary !== rtx) {
      pairs.set(primary, rtx);
    }
  }
  return pairs;
}
