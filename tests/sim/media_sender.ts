import { writeU16 } from "../../src/base/bytes.ts";
import { type Millis, ntpFromUnix } from "../../src/base/time.ts";
import type { ReportBlock, SenderReport } from "../../src/rtp/rtcp.ts";
import { RtpWriter } from "../../src/rtp/rtp_writer.ts";
import { writeRtxPayload } from "../../src/rtp/rtx.ts";
import type { TrackSource } from "../../src/room/track_source.ts";
import type { ClientLine, Dialect } from "./offer_text.ts";
import {
  AUDIO_PAYLOAD_LENGTH,
  type Content,
  PIECE_OFFSET,
  writeAudioPayload,
  writePiece,
  writeRed,
  writeVideoPayload,
} from "./payloads.ts";

/** 25 frames, unless an encoding says otherwise, and 50 sound packets a second. */
export const VIDEO_INTERVAL_MS = 40;
export const AUDIO_INTERVAL_MS = 20;

/** With a rate of its own: bytes of a packet, and how much more a keyframe has than another frame. */
const MAX_PAYLOAD = 1_100;
const MIN_PAYLOAD = 60;
const KEYFRAME_FACTOR = 5;

const KEYFRAME_PACKETS = 6;
const KEYFRAME_PAYLOAD = 900;
const DELTA_PACKETS = 3;
const DELTA_PAYLOAD = 200;
/** Sent packets that can be sent again. */
const HISTORY = 512;

/** What a sender needs of its client. */
export interface SenderPort {
  /** Number of the client, written into each packet. */
  readonly owner: number;
  readonly dialect: Dialect;
  /** Each sound packet repeats the one before. */
  readonly red: boolean;
  now(): Millis;
  nextTransportSequence(): number;
  /** Encrypts and sends what `write` puts into a buffer; it returns the length. */
  sendRtp(write: (bytes: Uint8Array) => number): void;
}

/** One simulcast encoding, or the only one with a rate of its own. */
export interface SenderEncoding {
  /** Empty for the only one. */
  readonly rid: string;
  readonly layer: number;
  readonly ssrc: number;
  readonly rtxSsrc: number;
  readonly bps: number;
  /** From one picture to the next. */
  readonly intervalMs: Millis;
  /** Three temporal layers instead of one. */
  readonly temporal: boolean;
  /** Size of a keyframe, where it is not some times that of the other pictures. */
  readonly keyframeBytes?: number;
  /** Makes real pictures, in place of a number of bytes. */
  readonly encode?: PictureEncoder | undefined;
}

/** Encodes a picture; `temporal` is its layer, in the order 0, 2, 1, 2 from a keyframe on. */
export type PictureEncoder = (frame: number, isKeyframe: boolean, temporal: number, sync: boolean) => Uint8Array;

/** Where a sender's counters start. */
export interface SenderStart {
  readonly sequence: number;
  readonly timestamp: number;
  readonly pictureId: number;
}

interface SentPacket {
  readonly payload: Uint8Array;
  readonly timestamp: number;
  readonly marker: boolean;
}

/** One track that a simulated client publishes. */
export class MediaSender {
  readonly source: TrackSource;
  readonly line: ClientLine;
  /** When keyframe requests arrived. */
  readonly plis: Millis[] = [];
  frames = 0;
  keyframes = 0;
  packets = 0;
  retransmitted = 0;
  /** Numbers that the server asked for again. */
  nacked = 0;
  /** The server's latest report about this stream. */
  report: ReportBlock | undefined;
  /** RFC 6464: 0 loudest … 127 silence. */
  audioLevel = 30;
  /** The camera delivers nothing. */
  paused = false;
  /** The encoder of this encoding is switched on. */
  active = true;
  /** What the server said it may use; only a sender with one encoding and a rate of its own heeds it. */
  maxBps = Infinity;
  /** How it was set up; the single small stream of most scenarios without it. */
  readonly encoding: SenderEncoding | undefined;
  readonly #port: SenderPort;
  readonly #startedAt: Millis;
  readonly #start: SenderStart;
  readonly #writer = new RtpWriter();
  readonly #history = new Map<number, SentPacket>();
  #sequence: number;
  #rtxSequence = 100;
  #pictures = 0;
  #octets = 0;
  #keyframeWanted = true;
  #keyframeAt = 0;
  #baseFrames = 0;
  #lastSound: Uint8Array | undefined;

  constructor(
    port: SenderPort,
    line: ClientLine,
    source: TrackSource,
    start: SenderStart,
    encoding?: SenderEncoding,
  ) {
    this.encoding = encoding;
    this.#port = port;
    this.line = line;
    this.source = source;
    this.#start = start;
    this.#sequence = start.sequence;
    this.#startedAt = port.now();
  }

  get ssrc(): number {
    return this.encoding?.ssrc ?? this.line.ssrc;
  }

  get isVideo(): boolean {
    return this.line.kind === "video";
  }

  /** From one frame to the next. */
  get intervalMs(): Millis {
    return this.isVideo ? this.encoding?.intervalMs ?? VIDEO_INTERVAL_MS : AUDIO_INTERVAL_MS;
  }

  /** Sends the next frame. */
  produce(): void {
    if (this.paused) return;
    if (!this.active) {
      this.frames++;
      this.#keyframeWanted = true;
      return;
    }
    const { now, owner } = { now: this.#port.now(), owner: this.#port.owner };
    const isKeyframe = this.isVideo && this.#keyframeWanted;
    if (isKeyframe) this.#keyframeAt = this.frames;
    const temporal = this.#temporalLayer();
    const isSync = temporal > 0 && (this.frames - this.#keyframeAt) % 4 !== 3;
    const encoded = this.encoding?.encode?.(this.frames, isKeyframe, temporal, isSync);
    const { count, length } = encoded === undefined ? this.#sizes(isKeyframe) : pieces(encoded);
    const reference = isKeyframe || !this.isVideo ? -1 : this.#reference(temporal);
    const timestamp = this.#timestampAt(now);
    for (let index = 0; index < count; index++) {
      const content: Content = {
        owner,
        source: this.source,
        frame: this.frames,
        index,
        count,
        isKeyframe,
        layer: this.encoding?.layer ?? 1,
        temporal,
        reference,
        isSync,
        capturedAt: now,
      };
      const payload = new Uint8Array(length);
      const picture = this.#start.pictureId + this.#pictures;
      if (this.isVideo) writeVideoPayload(payload, 0, length, content, picture, this.#baseFrames & 0xff);
      else writeAudioPayload(payload, 0, content);
      if (encoded !== undefined) {
        const piece = length - PIECE_OFFSET;
        writePiece(payload, encoded, index * piece, (index + 1) * piece);
      }
      const marker = this.isVideo && index === count - 1;
      this.#send({ payload: this.isVideo ? payload : this.#withRedundancy(payload), timestamp, marker });
    }
    this.frames++;
    if (!this.isVideo) return;
    this.#pictures++;
    if (temporal === 0) this.#baseFrames++;
    if (!isKeyframe) return;
    this.keyframes++;
    this.#keyframeWanted = false;
  }

  #withRedundancy(payload: Uint8Array): Uint8Array {
    const { red, dialect } = this.#port;
    if (!red) return payload;
    const before = this.#lastSound;
    this.#lastSound = payload;
    // The first one is alone: one header byte.
    return before === undefined
      ? Uint8Array.from([dialect.opus, ...payload])
      : writeRed(before, payload, dialect.opus, 48 * AUDIO_INTERVAL_MS);
  }

  /** A keyframe request has come: the next frame is one. */
  requestKeyframe(): void {
    this.plis.push(this.#port.now());
    this.#keyframeWanted = true;
  }

  /** Sends packets again. */
  handleNack(sequenceNumbers: readonly number[]): void {
    this.nacked += sequenceNumbers.length;
    const rtxSsrc = this.encoding?.rtxSsrc ?? this.line.rtxSsrc;
    if (rtxSsrc === 0) return;
    for (const sequenceNumber of sequenceNumbers) {
      const sent = this.#history.get(sequenceNumber);
      if (sent === undefined) continue;
      this.retransmitted++;
      const { dialect } = this.#port;
      this.#port.sendRtp((bytes) => {
        const at = this.#writeHeader(bytes, sent, dialect.rtx, this.#rtxSequence++ & 0xffff, rtxSsrc);
        return writeRtxPayload(bytes, at, sequenceNumber, sent.payload, 0, sent.payload.length);
      });
    }
  }

  /** The sender report for this moment, which the client's own wall clock calls `unixMs`. */
  senderReport(unixMs: number): SenderReport {
    return {
      kind: "sr",
      ssrc: this.ssrc,
      ntp: ntpFromUnix(unixMs),
      rtpTimestamp: this.#timestampAt(this.#port.now()),
      packetCount: this.packets,
      octetCount: this.#octets,
      reports: [],
    };
  }

  #sizes(isKeyframe: boolean): { count: number; length: number } {
    const { encoding } = this;
    if (!this.isVideo) return { count: 1, length: AUDIO_PAYLOAD_LENGTH };
    if (encoding === undefined) {
      return isKeyframe
        ? { count: KEYFRAME_PACKETS, length: KEYFRAME_PAYLOAD }
        : { count: DELTA_PACKETS, length: DELTA_PAYLOAD };
    }
    const bps = encoding.rid === "" ? Math.min(encoding.bps, this.maxBps) : encoding.bps;
    const usual = (bps / 8_000) * encoding.intervalMs;
    const frame = isKeyframe ? encoding.keyframeBytes ?? usual * KEYFRAME_FACTOR : usual;
    const count = Math.ceil(frame / MAX_PAYLOAD);
    return { count, length: Math.max(MIN_PAYLOAD, Math.round(frame / count)) };
  }

  /** 0, 2, 1, 2 from each keyframe on, where there are temporal layers. */
  #temporalLayer(): number {
    return this.encoding?.temporal === true ? [0, 2, 1, 2][(this.frames - this.#keyframeAt) % 4]! : 0;
  }

  #reference(temporal: number): number {
    if (this.encoding?.temporal !== true) return this.frames - 1;
    return temporal === 0 ? this.frames - 4 : temporal === 1 ? this.frames - 2 : this.frames - 1;
  }

  #timestampAt(now: Millis): number {
    const ticksPerMs = this.isVideo ? 90 : 48;
    return (this.#start.timestamp + Math.round((now - this.#startedAt) * ticksPerMs)) >>> 0;
  }

  #send(packet: SentPacket): void {
    const sequenceNumber = this.#sequence++ & 0xffff;
    this.#history.set(sequenceNumber, packet);
    this.#history.delete((sequenceNumber - HISTORY) & 0xffff);
    this.packets++;
    this.#octets += packet.payload.length;
    const { dialect } = this.#port;
    const payloadType = this.isVideo ? dialect.vp8 : this.#port.red ? dialect.red : dialect.opus;
    this.#port.sendRtp((bytes) => {
      const at = this.#writeHeader(bytes, packet, payloadType, sequenceNumber, this.ssrc);
      bytes.set(packet.payload, at);
      return at + packet.payload.length;
    });
  }

  #writeHeader(bytes: Uint8Array, packet: SentPacket, type: number, sequenceNumber: number, ssrc: number): number {
    const { extensions } = this.#port.dialect;
    const writer = this.#writer;
    writer.start(bytes, packet.marker, type, sequenceNumber, packet.timestamp, ssrc, false);
    writeU16(bytes, writer.extension(extensions.transportSequence, 2), this.#port.nextTransportSequence());
    const mid = new TextEncoder().encode(this.line.mid);
    bytes.set(mid, writer.extension(extensions.mid, mid.length));
    if (this.encoding !== undefined && this.encoding.rid !== "") {
      const rid = new TextEncoder().encode(this.encoding.rid);
      const id = ssrc === this.ssrc ? extensions.rid : extensions.repairedRid;
      bytes.set(rid, writer.extension(id, rid.length));
    }
    if (!this.isVideo) bytes[writer.extension(extensions.audioLevel, 1)] = 0x80 | this.audioLevel;
    return writer.finish();
  }
}

/** Into how many payloads of which length a picture is cut. A decoder does not mind the zeros that fill the last one. */
function pieces(picture: Uint8Array): { count: number; length: number } {
  const count = Math.ceil(picture.length / MAX_PAYLOAD);
  return { count, length: PIECE_OFFSET + Math.ceil(picture.length / count) };
}
