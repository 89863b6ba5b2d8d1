import { type Candidate, writeCandidate } from "./candidate.ts";
import type { MediaSection, SdpCodec } from "./media_section.ts";
import type { ParsedOffer } from "./negotiate.ts";

/** Session version of every answer; clients compare nothing with it, and a constant needs no state. */
const DEFAULT_VERSION = 2;

/** The ssrcs we send with on one m-line. */
export interface SendingSsrcs {
  /** For the media. */
  ssrc: number;
  /** For its retransmissions. */
  rtxSsrc?: number;
  /** Canonical name: the same for all that is to be played in step (RFC 3550 section 6.5.1). */
  cname: string;
}

/** Our side of an answer. */
export interface AnswerParameters {
  /** Our ICE user name fragment. */
  ufrag: string;
  /** Our ICE password. */
  pwd: string;
  /** SHA-256 of our certificate: upper-case hexadecimal bytes with colons between them. */
  fingerprint: string;
  /** Our addresses, best first. */
  candidates: readonly Candidate[];
  /** The ssrcs of an m-line on which the client receives; `undefined` announces none. */
  sending: (mid: string) => SendingSsrcs | undefined;
  /** A number as text, the same for all answers of a connection. */
  sessionId: string;
  /** Counts the answers of a connection, if somebody wants to. */
  sessionVersion?: number;
}

/**
 * Writes the answer to an offer.
 *
 * One m-line per offered m-line, same order and mids. What is audio or video keeps port 9 even if there is no
 * common codec (then it is `inactive`), so that later offers can use it; only what the client itself stopped and
 * what is neither gets port 0. We are ice-lite and the passive side of DTLS; all candidates are in the first
 * accepted m-line, since all others are bundled with it.
 */
export function writeAnswer(offer: ParsedOffer, parameters: AnswerParameters): string {
  const version = parameters.sessionVersion ?? DEFAULT_VERSION;
  const lines = [
    "v=0",
    `o=- ${parameters.sessionId} ${version} IN IP4 0.0.0.0`,
    "s=-",
    "t=0 0",
    `a=group:BUNDLE ${offer.bundle.join(" ")}`,
    ...(offer.extmapAllowMixed ? ["a=extmap-allow-mixed"] : []),
    "a=msid-semantic: WMS *",
    "a=ice-lite",
  ];
  const first = offer.sections.find((section) => !section.rejected);
  for (const section of offer.sections) {
    if (section.rejected) writeRejected(section, lines);
    else writeSection(section, parameters, section === first, lines);
  }
  return lines.join("\r\n") + "\r\n";
}

function writeRejected(section: MediaSection, lines: string[]): void {
  lines.push(`m=${section.media} 0 ${section.protocol} ${section.fallbackFormat}`, "c=IN IP4 0.0.0.0");
  if (section.mid !== "") lines.push(`a=mid:${section.mid}`);
  lines.push("a=inactive");
}

function writeSection(section: MediaSection, parameters: AnswerParameters, first: boolean, lines: string[]): void {
  const formats = section.codecs.flatMap((codec) =>
    codec.rtxPayloadType === undefined ? [codec.payloadType] : [codec.payloadType, codec.rtxPayloadType]
  );
  lines.push(
    `m=${section.media} 9 ${section.protocol} ${formats.length === 0 ? section.fallbackFormat : formats.join(" ")}`,
    "c=IN IP4 0.0.0.0",
  );
  if (first) { for (const candidate of parameters.candidates) lines.push(`a=${writeCandidate(candidate)}`); }
  lines.push(
    `a=ice-ufrag:${parameters.ufrag}`,
    `a=ice-pwd:${parameters.pwd}`,
    "a=ice-options:trickle",
    `a=fingerprint:sha-256 ${parameters.fingerprint}`,
    "a=setup:passive",
    `a=mid:${section.mid}`,
  );
  for (const [uri, id] of section.extensions) {
    // The other way would be refused (RFC 8285 section 7).
    lines.push(`a=extmap:${id}${section.sentExtensions.has(uri) ? "/recvonly" : ""} ${uri}`);
  }
  lines.push(`a=${section.answered}`);
  if (section.clientReceives && section.msid !== undefined) lines.push(`a=msid:${section.msid}`);
  lines.push("a=rtcp-mux");
  for (const codec of section.codecs) writeCodec(codec, lines);
  if (section.codecs.length === 0 && section.fallbackMap !== undefined) {
    lines.push(`a=rtpmap:${section.fallbackFormat} ${section.fallbackMap}`);
  }
  if (section.clientSends && section.rids.length > 0) {
    for (const rid of section.rids) lines.push(`a=rid:${rid} recv`);
    lines.push(`a=simulcast:recv ${section.rids.join(";")}`);
  }
  if (section.clientReceives) writeSsrcs(section, parameters.sending(section.mid), lines);
}

function writeCodec(codec: SdpCodec, lines: string[]): void {
  const channels = codec.channels === undefined ? "" : `/${codec.channels}`;
  lines.push(`a=rtpmap:${codec.payloadType} ${codec.name}/${codec.clockRateHz}${channels}`);
  for (const feedback of codec.feedback) lines.push(`a=rtcp-fb:${codec.payloadType} ${feedback}`);
  if (codec.fmtp !== "") lines.push(`a=fmtp:${codec.payloadType} ${codec.fmtp}`);
  if (codec.rtxPayloadType === undefined) return;
  lines.push(
    `a=rtpmap:${codec.rtxPayloadType} rtx/${codec.clockRateHz}`,
    `a=fmtp:${codec.rtxPayloadType} apt=${codec.payloadType}`,
  );
}

function writeSsrcs(section: MediaSection, sending: SendingSsrcs | undefined, lines: string[]): void {
  if (sending === undefined) return;
  const { ssrc, cname } = sending;
  const rtx = section.codecs.some((codec) => codec.rtxPayloadType !== undefined) ? sending.rtxSsrc : undefined;
  for (const id of rtx === undefined ? [ssrc] : [ssrc, rtx]) {
    lines.push(`a=ssrc:${id} cname:${cname}`);
    if (section.msid !== undefined) lines.push(`a=ssrc:${id} msid:${section.msid}`);
  }
  if (rtx !== undefined) lines.push(`a=ssrc-group:FID ${ssrc} ${rtx}`);
}
