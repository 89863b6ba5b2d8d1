import { type RandomSource, randomU32 } from "../base/random.ts";
import type { Millis } from "../base/time.ts";
import { type ExtensionIds, PASSED_EXTENSIONS, type TrackCodec } from "../room/media_packet.ts";
import type { LineFormat } from "../room/line_format.ts";
import { Subscription } from "../room/subscription.ts";
import type { TrackSource } from "../room/track_source.ts";
import { EXTENSION_URI } from "../rtp/header_extension.ts";
import type { MediaSection, ParsedOffer } from "../sdp/negotiate.ts";
import type { Core } from "./core.ts";
import type { Member } from "./member.ts";
import type { Peer } from "./peer.ts";
import type { OwnTrack, SlotSection } from "./slots.ts";

/**
 * Lines that one media path may come to have, those that were replaced included: state of an SSRC is never dropped, so each
 * costs some 35 kB to its end, and with two SSRCs each more would not fit `MAX_LOCAL_SSRCS`. An offer has 256 at most.
 */
export const MAX_LINES_PER_PEER = 500;

/** Says whether there is room for the lines that an offer adds. */
export function hasRoomFor(peer: Peer, offer: ParsedOffer): boolean {
  const added = offer.sections.filter((section) => isSent(section) && !peer.lines.has(section.mid)).length;
  return peer.lines.size + added <= MAX_LINES_PER_PEER;
}

/** The audio and video sections of an offer as slots see them. */
export function slotSections(offer: ParsedOffer): SlotSection[] {
  const sections: SlotSection[] = [];
  for (const { mid, kind, clientSends, clientReceives, msidStream, rejected } of offer.sections) {
    if (kind === "application" || rejected) continue;
    sections.push({ mid, kind, clientSends, clientReceives, msidStream });
  }
  return sections;
}

/** Brings the lines on which we send to a member in line with its offer. */
export function updateLines(core: Core, peer: Peer, offer: ParsedOffer, now: Millis): void {
  const { member } = peer;
  const active = new Set<string>();
  for (const section of offer.sections) {
    if (!isSent(section)) continue;
    active.add(section.mid);
    const line = peer.lines.get(section.mid);
    if (line === undefined) {
      const created = createLine(core, peer, section, offer.extmapAllowMixed);
      member.subscriptions.set(section.mid, created);
    } else {
      const { ssrc, rtxSsrc } = line.format;
      line.renegotiate(lineFormat(section, offer.extmapAllowMixed, ssrc, rtxSsrc));
      member.subscriptions.set(section.mid, line);
    }
  }
  for (const [mid, line] of member.subscriptions) {
    if (active.has(mid)) continue;
    line.attach(undefined, now);
    member.subscriptions.delete(mid);
  }
}

/** Publishes what the member says it sends, as far as it may, and ends what it no longer sends. */
export function updatePublished(peer: Peer, offer: ParsedOffer, own: readonly OwnTrack[], now: Millis): void {
  const { member, incoming } = peer;
  const allowed = own.filter(({ source }) => mayPublish(member, source));
  for (const mid of incoming.mids()) {
    if (!allowed.some((track) => track.mid === mid)) incoming.removeLine(mid, now);
  }
  for (const { mid, source } of allowed) {
    const section = offer.sections.find((candidate) => candidate.mid === mid);
    if (section === undefined || section.codecs.length === 0) continue;
    // With several encodings the packets tell which is which.
    const ssrc = section.rids.length > 0 ? undefined : section.ssrcs[0];
    const rtxSsrc = ssrc === undefined ? undefined : section.rtxSsrcs.get(ssrc);
    const extensions = extensionIds(section);
    const { rids } = section;
    incoming.setLine({ mid, source, ssrc, rtxSsrc, rids, codecs: section.codecs.map(toTrackCodec), extensions }, now);
  }
}

/** Says whether the gate lets a member send this. */
export function mayPublish(member: Member, source: TrackSource): boolean {
  return member.may(isScreen(source) ? "screen" : "publish");
}

/** Ends one source of a member, as far as there is one. */
export function unpublish(member: Member, source: TrackSource, now: Millis): void {
  const track = member.tracks.get(source);
  if (track !== undefined) member.peer?.incoming.removeLine(track.mid, now);
}

/** We may send on it. */
function isSent({ kind, rejected, clientReceives, codecs }: MediaSection): boolean {
  return kind !== "application" && !rejected && clientReceives && codecs.length > 0;
}

function isScreen(source: TrackSource): boolean {
  return source === "screen" || source === "screen_audio";
}

function createLine(core: Core, peer: Peer, section: MediaSection, mixedExtensions: boolean): Subscription {
  const { random, pool } = core.options;
  const ssrc = freshSsrc(peer, random);
  const hasRtx = section.codecs.some((codec) => codec.rtxPayloadType !== undefined);
  const rtxSsrc = hasRtx ? freshSsrc(peer, random, ssrc) : undefined;
  const line = new Subscription(lineFormat(section, mixedExtensions, ssrc, rtxSsrc), peer, pool, random);
  peer.lines.set(section.mid, line);
  peer.linesBySsrc.set(ssrc, line);
  if (rtxSsrc !== undefined) peer.linesBySsrc.set(rtxSsrc, line);
  return line;
}

/** An SSRC that nothing in this session uses; 0 and the like are left out, some receivers take them for "none". */
function freshSsrc(peer: Peer, random: RandomSource, other?: number): number {
  for (;;) {
    const ssrc = randomU32(random);
    if (ssrc > 0xffff && ssrc !== other && ssrc !== peer.rtcpSsrc && !peer.linesBySsrc.has(ssrc)) return ssrc;
  }
}

function lineFormat(
  section: MediaSection,
  mixedExtensions: boolean,
  ssrc: number,
  rtxSsrc: number | undefined,
): LineFormat {
  const kind = section.kind === "audio" ? "audio" : "video";
  const codecs = section.codecs.map(toTrackCodec);
  return { mid: section.mid, kind, ssrc, rtxSsrc, codecs, extensions: extensionIds(section), mixedExtensions };
}

function toTrackCodec(codec: MediaSection["codecs"][number]): TrackCodec {
  const { name, payloadType, rtxPayloadType, clockRateHz } = codec;
  // Audio parameters are the receiver's wishes and its own numbers, AV1's how large a picture may be (only its main
  // profile is taken); for other video they say which decoder it takes.
  const parameters = name === "opus" || name === "red" || name === "AV1" ? "" : codec.fmtp;
  const { encloses } = codec;
  return { name, payloadType, rtxPayloadType, clockRateHz, key: `${name}/${clockRateHz}/${parameters}`, encloses };
}

function extensionIds(section: MediaSection): ExtensionIds {
  const id = (uri: string) => section.extensions.get(uri) ?? 0;
  return {
    mid: id(EXTENSION_URI.mid),
    audioLevel: id(EXTENSION_URI.audioLevel),
    transportSequence: id(EXTENSION_URI.transportSequence),
    rid: id(EXTENSION_URI.rid),
    repairedRid: id(EXTENSION_URI.repairedRid),
    dependencies: id(EXTENSION_URI.dependencyDescriptor),
    passed: PASSED_EXTENSIONS.map(id),
  };
}
