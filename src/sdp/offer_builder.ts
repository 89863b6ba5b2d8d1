import { EXTENSION_URI } from "../rtp/header_extension.ts";
import { parseCandidate, type RemoteCandidate } from "./candidate.ts";
import { readTransport } from "./offer_transport.ts";
import {
  type DescribedMedia,
  type DescriptionError,
  descriptionError,
  type Direction,
  type Fingerprint,
  parseSessionDescription,
} from "./session_description.ts";

/** Numbers of our payloads; any others from 96 to 127 would do (RFC 3551 section 6). */
const OPUS = 111;
const VP8 = 96;
const VP8_RTX = 97;

/** Ids of our header extensions: below 15, so that one byte holds id and length (RFC 8285 section 4.2). */
const EXTENSION_IDS: readonly [string, number][] = [
  [EXTENSION_URI.audioLevel, 1],
  [EXTENSION_URI.absSendTime, 2],
  [EXTENSION_URI.transportSequence, 3],
  [EXTENSION_URI.mid, 4],
];

/** Candidates of an answer that are looked at; a server has one per address. */
const MAX_CANDIDATES = 32;

/** One m-line of an offer of ours. */
export interface OfferedLine {
  /** Its kind: opus, or VP8 with retransmissions. */
  readonly kind: "audio" | "video";
  /** A token of at most 16 characters, different for each line. */
  readonly mid: string;
  /** What we want to do on it; `inactive` lines stay where they are. */
  readonly direction: Direction;
  /** Stream and track, when something is sent. */
  readonly msid?: string | undefined;
  /** What we send with. */
  readonly ssrc: number;
  /** What we retransmit with; video only. */
  readonly rtxSsrc: number;
}

/** Our side of an offer. */
export interface OfferParameters {
  /** Our ICE credentials. */
  readonly ufrag: string;
  readonly pwd: string;
  /** SHA-256 of our certificate: upper-case hexadecimal bytes with colons between them. */
  readonly fingerprint: string;
  /** A number as text, the same for all offers of a connection. */
  readonly sessionId: string;
  /** Counts the offers of a connection. */
  readonly sessionVersion: number;
  /** Binds our streams together in RTCP. */
  readonly cname: string;
  /** In order; later offers append only. */
  readonly lines: readonly OfferedLine[];
}

/** One codec of an answered line. */
export interface AnsweredCodec {
  readonly name: string;
  readonly payloadType: number;
  readonly rtxPayloadType: number | undefined;
  readonly clockRateHz: number;
}

/** What an answer says about one m-line. */
export interface AnsweredLine {
  readonly kind: "audio" | "video";
  readonly mid: string;
  /** We may send on it. */
  readonly weSend: boolean;
  /** We may get something on it. */
  readonly weReceive: boolean;
  /** Common codecs, the one to use first. */
  readonly codecs: readonly AnsweredCodec[];
  /** Ids of header extensions by URI. */
  readonly extensions: ReadonlyMap<string, number>;
  /** What the other side sends with, when it says so. */
  readonly ssrc: number | undefined;
  readonly rtxSsrc: number | undefined;
}

/** An answer to an offer of ours, checked. */
export interface ParsedAnswer {
  readonly ufrag: string;
  readonly pwd: string;
  /** Hashes of the certificate that the other side will show. */
  readonly fingerprints: readonly Fingerprint[];
  /** The other side answers checks only. */
  readonly isLite: boolean;
  /** UDP candidates, best first. */
  readonly candidates: readonly RemoteCandidate[];
  /** In the order of the offer. */
  readonly lines: readonly AnsweredLine[];
}

/**
 * Writes an offer: opus and VP8, all lines in one BUNDLE group.
 *
 * We want to be the DTLS client (`setup:active`): the server of this protocol is always passive.
 */
export function writeOffer(parameters: OfferParameters): string {
  const { lines, sessionId, sessionVersion } = parameters;
  const text = [
    "v=0",
    `o=- ${sessionId} ${sessionVersion} IN IP4 0.0.0.0`,
    "s=-",
    "t=0 0",
    `a=group:BUNDLE ${lines.map(({ mid }) => mid).join(" ")}`,
    "a=extmap-allow-mixed",
    "a=msid-semantic: WMS *",
  ];
  for (const line of lines) text.push(...writeLine(line, parameters));
  return text.join("\r\n") + "\r\n";
}

/**
 * Reads the answer to an offer and checks that it fits.
 *
 * Never throws. We can only be the DTLS client, and everything must share one path.
 */
export function parseAnswer(sdp: string, offered: readonly OfferedLine[]): ParsedAnswer | DescriptionError {
  const session = parseSessionDescription(sdp);
  if ("reason" in session) return session;
  if (session.media.length !== offered.length) return descriptionError("it answers another number of m-lines");
  const wrong = session.media.findIndex((media, i) =>
    media.kind !== offered[i]!.kind || (media.mid !== undefined && media.mid !== offered[i]!.mid)
  );
  if (wrong >= 0) return descriptionError(`m-line ${wrong} has another kind or mid than offered`);
  const accepted = session.media.filter(({ port }) => port !== 0);
  if (accepted.length === 0) return descriptionError("it rejects every m-line");
  const transport = readTransport(session, accepted);
  if (typeof transport === "string") return descriptionError(transport);
  if (transport.setup !== "passive") {
    return descriptionError('we are the DTLS client, so it must have "a=setup:passive"');
  }
  return {
    ufrag: transport.ufrag,
    pwd: transport.pwd,
    fingerprints: transport.fingerprints,
    isLite: session.flags.has("ice-lite"),
    candidates: readCandidates(accepted),
    lines: session.media.map((media, i) => readLine(media, offered[i]!, session.direction)),
  };
}

function writeLine(line: OfferedLine, parameters: OfferParameters): string[] {
  const isAudio = line.kind === "audio";
  const sends = line.direction === "sendrecv" || line.direction === "sendonly";
  return [
    `m=${line.kind} 9 UDP/TLS/RTP/SAVPF ${isAudio ? OPUS : `${VP8} ${VP8_RTX}`}`,
    "c=IN IP4 0.0.0.0",
    `a=ice-ufrag:${parameters.ufrag}`,
    `a=ice-pwd:${parameters.pwd}`,
    "a=ice-options:trickle",
    `a=fingerprint:sha-256 ${parameters.fingerprint}`,
    "a=setup:active",
    `a=mid:${line.mid}`,
    ...EXTENSION_IDS.filter(([uri]) => isAudio || uri !== EXTENSION_URI.audioLevel).map(([uri, id]) =>
      `a=extmap:${id} ${uri}`
    ),
    `a=${line.direction}`,
    ...(sends && line.msid !== undefined ? [`a=msid:${line.msid}`] : []),
    "a=rtcp-mux",
    "a=rtcp-rsize",
    ...(isAudio ? AUDIO_CODECS : VIDEO_CODECS),
    ...(sends ? writeSsrcs(line, parameters.cname) : []),
  ];
}

const AUDIO_CODECS: readonly string[] = [
  `a=rtpmap:${OPUS} opus/48000/2`,
  `a=rtcp-fb:${OPUS} transport-cc`,
  `a=fmtp:${OPUS} minptime=10;useinbandfec=1`,
];

const VIDEO_CODECS: readonly string[] = [
  `a=rtpmap:${VP8} VP8/90000`,
  ...["transport-cc", "ccm fir", "nack", "nack pli"].map((feedback) => `a=rtcp-fb:${VP8} ${feedback}`),
  `a=rtpmap:${VP8_RTX} rtx/90000`,
  `a=fmtp:${VP8_RTX} apt=${VP8}`,
];

function writeSsrcs({ kind, ssrc, rtxSsrc }: OfferedLine, cname: string): string[] {
  if (kind === "audio") return [`a=ssrc:${ssrc} cname:${cname}`];
  return [
    `a=ssrc-group:FID ${ssrc} ${rtxSsrc}`,
    `a=ssrc:${ssrc} cname:${cname}`,
    `a=ssrc:${rtxSsrc} cname:${cname}`,
  ];
}

/** Component 1 over UDP, with an address and a port to send to; names (mDNS) are not looked up. */
function readCandidates(accepted: readonly DescribedMedia[]): RemoteCandidate[] {
  const found: { candidate: RemoteCandidate; priority: number }[] = [];
  for (const line of accepted.flatMap(({ candidates }) => candidates).slice(0, MAX_CANDIDATES)) {
    const candidate = parseCandidate(line);
    const [, component, , priority] = line.split(" ");
    if (candidate === undefined || component !== "1" || candidate.transport !== "udp" || candidate.port === 0) continue;
    if (/[^0-9A-Fa-f.:]/.test(candidate.address)) continue;
    found.push({ candidate, priority: Number(priority) });
  }
  return found.sort((a, b) => b.priority - a.priority).map(({ candidate }) => candidate);
}

function readLine(media: DescribedMedia, offered: OfferedLine, inherited: Direction | undefined): AnsweredLine {
  const direction = media.port === 0 ? "inactive" : media.direction ?? inherited ?? "sendrecv";
  const codecs = readCodecs(media);
  const usable = codecs.length > 0;
  const weOffer = (...directions: Direction[]) => directions.includes(offered.direction);
  const [ssrc, rtxSsrc] = media.ssrcGroups.find(({ semantics }) => semantics === "FID")?.ssrcs ?? media.ssrcs;
  const isSsrc = (value: number | undefined) => value !== undefined && value >= 1 && value <= 0xffffffff;
  return {
    kind: offered.kind,
    mid: offered.mid,
    weSend: usable && weOffer("sendrecv", "sendonly") && (direction === "sendrecv" || direction === "recvonly"),
    weReceive: usable && weOffer("sendrecv", "recvonly") && (direction === "sendrecv" || direction === "sendonly"),
    codecs,
    extensions: new Map(
      media.extensions.filter(({ id, uri }) => EXTENSION_IDS.some(([ours, number]) => ours === uri && number === id))
        .map(({ uri, id }) => [uri, id]),
    ),
    ssrc: isSsrc(ssrc) ? ssrc : undefined,
    rtxSsrc: offered.kind === "video" && isSsrc(rtxSsrc) ? rtxSsrc : undefined,
  };
}

/** Those of our own codecs that the answer has kept, in its order. */
function readCodecs(media: DescribedMedia): AnsweredCodec[] {
  const wanted = media.kind === "audio" ? OPUS : VP8;
  const hasRtx = media.payloads.some(({ payloadType, name, fmtp }) =>
    payloadType === VP8_RTX && name.toLowerCase() === "rtx" && fmtp.includes(`apt=${VP8}`)
  );
  return media.payloads.filter(({ payloadType }) => payloadType === wanted).map((
    { name, payloadType, clockRateHz },
  ) => ({
    name,
    payloadType,
    rtxPayloadType: hasRtx ? VP8_RTX : undefined,
    clockRateHz,
  }));
}
