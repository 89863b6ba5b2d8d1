import type { Millis } from "../base/time.ts";
import { type ExtensionIndex, readExtensionText } from "../rtp/header_extension.ts";
import type { RtpView } from "../rtp/rtp_view.ts";
import type { ExtensionIds, TrackCodec } from "../room/media_packet.ts";
import type { Encoding } from "../room/encoding.ts";
import { PublishedTrack } from "../room/published_track.ts";
import type { TrackSource } from "../room/track_source.ts";
import type { Peer } from "./peer.ts";

/** What one SSRC of a member carries. */
export interface IncomingStream {
  readonly encoding: Encoding;
  /** It repeats lost packets of the encoding (RFC 4588). */
  readonly isRtx: boolean;
}

/** A line on which the member may send, as negotiated. */
export interface IncomingLine {
  readonly mid: string;
  readonly source: TrackSource;
  /** SSRC named in the offer; `undefined` when the first packet has to tell. */
  readonly ssrc: number | undefined;
  readonly rtxSsrc: number | undefined;
  /** Identifiers of the simulcast encodings agreed on, worst first; the packets name theirs. Empty without simulcast. */
  readonly rids: readonly string[];
  readonly codecs: readonly TrackCodec[];
  readonly extensions: ExtensionIds;
}

/**
 * How often a member may come with an SSRC that no offer named: senders restart, but each time costs a packet cache,
 * and only the member itself can make us pay it.
 */
const MAX_LEARNT_STREAMS = 32;

/** Finds the track that an incoming packet belongs to, by SSRC, or by mid for an SSRC heard for the first time. */
export class IncomingStreams {
  readonly #peer: Peer;
  readonly #bySsrc: Map<number, IncomingStream> = new Map();
  readonly #lines: Map<string, IncomingLine> = new Map();
  #learnt = 0;
  #onTrackChange: ((track: PublishedTrack, now: Millis) => void) | undefined;

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  /** Who is told when a packet brought a new track. */
  set onTrackChange(listener: (track: PublishedTrack, now: Millis) => void) {
    this.#onTrackChange = listener;
  }

  /** Takes a negotiated line; its track is there at once when the offer named the SSRC. */
  setLine(line: IncomingLine, now: Millis): void {
    const before = this.#lines.get(line.mid);
    // The line carries something else now, so what it carried has ended.
    if (before !== undefined && before.source !== line.source) this.removeLine(line.mid, now);
    this.#lines.set(line.mid, line);
    const { tracks } = this.#peer.member;
    const current = tracks.get(line.source);
    if (line.ssrc === undefined) {
      if (current !== undefined && current.mid !== line.mid) this.removeTrack(current, now);
      return;
    }
    if (current?.mid !== line.mid || current.ssrc !== line.ssrc || !sameCodecs(current.codecs, line.codecs)) {
      this.#open(line, line.ssrc, now);
    }
    const [encoding] = tracks.get(line.source)!.encodings;
    if (line.rtxSsrc !== undefined) this.#repairOn(line.rtxSsrc, encoding!);
  }

  /** An encoding is repaired on the SSRC that was named last, and on no other: each offer could name one more. */
  #repairOn(rtxSsrc: number, encoding: Encoding): void {
    for (const [ssrc, stream] of this.#bySsrc) {
      if (stream.isRtx && stream.encoding === encoding) this.#bySsrc.delete(ssrc);
    }
    this.#bySsrc.set(rtxSsrc, { encoding, isRtx: true });
  }

  /** Forgets a line and ends its track. */
  removeLine(mid: string, now: Millis): void {
    const line = this.#lines.get(mid);
    if (line === undefined) return;
    this.#lines.delete(mid);
    const track = this.#peer.member.tracks.get(line.source);
    if (track?.mid === mid) this.removeTrack(track, now);
  }

  /** Mids of all lines. */
  mids(): string[] {
    return [...this.#lines.keys()];
  }

  /** Ends a track; packets on its SSRCs are dropped from here on. */
  removeTrack(track: PublishedTrack, now: Millis): void {
    for (const [ssrc, stream] of this.#bySsrc) {
      if (stream.encoding.track === track) this.#bySsrc.delete(ssrc);
    }
    const { tracks } = this.#peer.member;
    if (tracks.get(track.source) === track) tracks.delete(track.source);
    track.close(now);
  }

  /** The stream of a packet; for an unknown SSRC its mid decides, if it has one. */
  find(view: RtpView, extensions: ExtensionIndex, now: Millis): IncomingStream | undefined {
    return this.#bySsrc.get(view.ssrc) ?? this.#learn(view, extensions, now);
  }

  #learn(view: RtpView, extensions: ExtensionIndex, now: Millis): IncomingStream | undefined {
    const line = this.#lineOf(view, extensions);
    if (line === undefined || this.#learnt >= MAX_LEARNT_STREAMS) return undefined;
    const isRtx = line.codecs.some((codec) => codec.rtxPayloadType === view.payloadType);
    if (!isRtx && !line.codecs.some((codec) => codec.payloadType === view.payloadType)) return undefined;
    const { rid, repairedRid } = line.extensions;
    const name = line.rids.length === 0 ? "" : textOf(view, extensions, (isRtx ? repairedRid : rid) ?? 0);
    if (name === undefined || (line.rids.length > 0 && !line.rids.includes(name))) return undefined;
    const current = this.#peer.member.tracks.get(line.source);
    const encoding = isRtx
      ? current?.encodings.find((candidate) => candidate.rid === name)
      : this.#addEncoding(line, name, view.ssrc, now);
    if (encoding === undefined) return undefined;
    this.#learnt++;
    const stream = { encoding, isRtx };
    this.#bySsrc.set(view.ssrc, stream);
    if (!isRtx) this.#onTrackChange?.(encoding.track, now);
    return stream;
  }

  /** The encoding of a packet with a new SSRC: of the track there is, or of a new one. */
  #addEncoding(line: IncomingLine, rid: string, ssrc: number, now: Millis): Encoding {
    const current = this.#peer.member.tracks.get(line.source);
    if (rid === "" || current?.mid !== line.mid || current.rids.join() !== line.rids.join()) {
      return this.#open(line, ssrc, now, rid).encodings[0]!;
    }
    for (const [old, { encoding }] of this.#bySsrc) {
      if (encoding.track === current && encoding.rid === rid) this.#bySsrc.delete(old);
    }
    return current.addEncoding(rid, ssrc);
  }

  #lineOf(view: RtpView, extensions: ExtensionIndex): IncomingLine | undefined {
    for (const line of this.#lines.values()) {
      if (textOf(view, extensions, line.extensions.mid) === line.mid) return line;
    }
    return undefined;
  }

  #open(line: IncomingLine, ssrc: number, now: Millis, rid = ""): PublishedTrack {
    const { member } = this.#peer;
    const old = member.tracks.get(line.source);
    if (old !== undefined) this.removeTrack(old, now);
    const { source, mid, codecs, extensions, rids } = line;
    const track = new PublishedTrack({ publisher: this.#peer, source, mid, ssrc, codecs, extensions, rids, rid });
    member.tracks.set(source, track);
    this.#bySsrc.set(ssrc, { encoding: track.encodings[0]!, isRtx: false });
    member.applyMutes(now);
    return track;
  }
}

function sameCodecs(a: readonly TrackCodec[], b: readonly TrackCodec[]): boolean {
  return a.length === b.length &&
    b.every((codec) => a.some((own) => own.payloadType === codec.payloadType && own.key === codec.key));
}

/** The text of an element, where there is one. */
function textOf(view: RtpView, extensions: ExtensionIndex, id: number): string | undefined {
  const at = id === 0 ? -1 : extensions.offsetOf(id);
  return at < 0 ? undefined : readExtensionText(view.bytes, at, extensions.lengthOf(id));
}
