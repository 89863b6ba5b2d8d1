import { EXTENSION_URI } from "../../src/rtp/header_extension.ts";
import type { MediaKind, TrackSource } from "../../src/room/track_source.ts";

/** The numbers that one make of browser uses in its offers. */
export interface Dialect {
  readonly opus: number;
  readonly red: number;
  readonly vp8: number;
  readonly rtx: number;
  readonly extensions: {
    readonly audioLevel: number;
    readonly mid: number;
    readonly transportSequence: number;
    readonly rid: number;
    readonly repairedRid: number;
  };
}

/** Two makes whose numbers differ in everything, so that nothing can be hard-coded. */
export const DIALECTS: readonly Dialect[] = [
  {
    opus: 111,
    red: 63,
    vp8: 96,
    rtx: 97,
    extensions: { audioLevel: 1, mid: 4, transportSequence: 3, rid: 10, repairedRid: 11 },
  },
  {
    opus: 109,
    red: 115,
    vp8: 120,
    rtx: 124,
    extensions: { audioLevel: 2, mid: 3, transportSequence: 7, rid: 5, repairedRid: 6 },
  },
];

/** One transceiver of a simulated client. */
export interface ClientLine {
  readonly mid: string;
  readonly kind: MediaKind;
  direction: "sendrecv" | "sendonly" | "recvonly" | "inactive";
  /** What is sent on it; lines without a track are offered all the same. */
  source: TrackSource | undefined;
  /** `-` for lines that were made without a stream. */
  readonly msidStream: string;
  readonly ssrc: number;
  readonly rtxSsrc: number;
  /** Simulcast encodings on offer, worst first. */
  readonly rids: readonly string[];
}

/** Our side of an offer. */
export interface OfferIdentity {
  readonly ufrag: string;
  readonly pwd: string;
  readonly fingerprint: string;
  /** SSRCs are named in the offer; without them the first packet has to tell by its mid. */
  readonly namesSsrcs: boolean;
  /** Redundant sound is offered, as what is sent. */
  readonly red: boolean;
}

/** Writes an offer as browsers do. */
export function writeOffer(lines: readonly ClientLine[], dialect: Dialect, identity: OfferIdentity): string {
  const text = [
    "v=0",
    "o=- 4611731400430051336 2 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    `a=group:BUNDLE ${lines.map((line) => line.mid).join(" ")}`,
    "a=extmap-allow-mixed",
    "a=msid-semantic: WMS",
  ];
  for (const line of lines) text.push(...writeLine(line, dialect, identity));
  return text.join("\r\n") + "\r\n";
}

function writeLine(line: ClientLine, dialect: Dialect, identity: OfferIdentity): string[] {
  const isAudio = line.kind === "audio";
  const { extensions } = dialect;
  const formats = isAudio
    ? `${identity.red ? `${dialect.red} ` : ""}${dialect.opus} 0`
    : `${dialect.vp8} ${dialect.rtx}`;
  return [
    `m=${line.kind} 9 UDP/TLS/RTP/SAVPF ${formats}`,
    "c=IN IP4 0.0.0.0",
    `a=ice-ufrag:${identity.ufrag}`,
    `a=ice-pwd:${identity.pwd}`,
    "a=ice-options:trickle",
    `a=fingerprint:sha-256 ${identity.fingerprint}`,
    "a=setup:actpass",
    `a=mid:${line.mid}`,
    ...(isAudio ? [`a=extmap:${extensions.audioLevel} ${EXTENSION_URI.audioLevel}`] : []),
    `a=extmap:${extensions.transportSequence} ${EXTENSION_URI.transportSequence}`,
    `a=extmap:${extensions.mid} ${EXTENSION_URI.mid}`,
    ...(isAudio ? [] : [
      `a=extmap:${extensions.rid} ${EXTENSION_URI.rid}`,
      `a=extmap:${extensions.repairedRid} ${EXTENSION_URI.repairedRid}`,
    ]),
    `a=${line.direction}`,
    `a=msid:${line.msidStream} track${line.mid}`,
    "a=rtcp-mux",
    "a=rtcp-rsize",
    ...(isAudio ? audioCodecs(dialect, identity.red) : videoCodecs(dialect)),
    ...(identity.namesSsrcs && line.direction.startsWith("send") && line.rids.length === 0 ? ssrcs(line) : []),
    ...line.rids.map((rid) => `a=rid:${rid} send`),
    ...(line.rids.length === 0 ? [] : [`a=simulcast:send ${line.rids.join(";")}`]),
  ];
}

function audioCodecs({ opus, red }: Dialect, offersRed: boolean): string[] {
  return [
    ...(offersRed ? [`a=rtpmap:${red} red/48000/2`, `a=fmtp:${red} ${opus}/${opus}`] : []),
    `a=rtpmap:${opus} opus/48000/2`,
    `a=rtcp-fb:${opus} transport-cc`,
    `a=fmtp:${opus} minptime=10;useinbandfec=1`,
    "a=rtpmap:0 PCMU/8000",
  ];
}

function videoCodecs({ vp8, rtx }: Dialect): string[] {
  return [
    `a=rtpmap:${vp8} VP8/90000`,
    ...["goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"].map((word) => `a=rtcp-fb:${vp8} ${word}`),
    `a=rtpmap:${rtx} rtx/90000`,
    `a=fmtp:${rtx} apt=${vp8}`,
  ];
}

function ssrcs(line: ClientLine): string[] {
  if (line.kind === "audio") return [`a=ssrc:${line.ssrc} cname:sim`];
  return [
    `a=ssrc-group:FID ${line.ssrc} ${line.rtxSsrc}`,
    `a=ssrc:${line.ssrc} cname:sim`,
    `a=ssrc:${line.rtxSsrc} cname:sim`,
  ];
}
