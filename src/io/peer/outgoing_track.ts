import { writeU16, writeU24 } from "../../base/bytes.ts";
import type { PacketPool, PooledPacket } from "../../base/packet_pool.ts";
import { type RandomSource, randomU32 } from "../../base/random.ts";
import { distance16 } from "../../base/sequence.ts";
import { type Millis, ntpFromUnix } from "../../base/time.ts";
import { absSendTime, EXTENSION_URI } from "../../rtp/header_extension.ts";
import type { SenderReport } from "../../rtp/rtcp.ts";
import { RtpView } from "../../rtp/rtp_view.ts";
import { RtpWriter } from "../../rtp/rtp_writer.ts";
import { RTX_HEADER_LENGTH, writeRtxPayload } from "../../rtp/rtx.ts";
import type { AnsweredLine } from "../../sdp/offer_builder.ts";
import { PacketCache, VIDEO_CACHE_CAPACITY } from "../../stream/packet_cache.ts";
import { SendStats } from "../../stream/send_stats.ts";

/** The longest payload: a packet with all our extensions, an RTX header and a tag fits an Ethernet frame (1,500) over IPv6. */
export const MAX_PAYLOAD_LENGTH = 1_200;

/** Which way a level says that it is speech (RFC 6464 section 3). */
const VOICE = 0x80;

/** Scratch space: one packet is written at a time. */
const writer = new RtpWriter();
const view = new RtpView();

/** What a track needs of its peer. */
export interface OutgoingPort {
  readonly pool: PacketPool;
  /** Numbers packets over all tracks of the peer. */
  nextTransportSequence(): number;
  /** Encrypts and sends, and owns the packet. */
  sendRtp(packet: PooledPacket): boolean;
}

/** Numbers of one line's header extensions; 0: not negotiated. */
interface ExtensionIds {
  readonly level: number;
  readonly time: number;
  readonly transport: number;
  readonly mid: number;
}

/** What we send on one m-line: numbers, extensions, statistics, and the packets that may be asked for again. */
export class OutgoingTrack {
  readonly stats: SendStats;
  /** Packets sent again. */
  retransmitted = 0;
  readonly #port: OutgoingPort;
  readonly #mid: Uint8Array;
  readonly #kind: "audio" | "video";
  readonly #ssrc: number;
  readonly #rtxSsrc: number;
  readonly #cache: PacketCache | undefined;
  #extensions: ExtensionIds = { level: 0, time: 0, transport: 0, mid: 0 };
  #payloadType = -1;
  #rtxPayloadType = -1;
  #clockRateHz = 1;
  #sequence: number;
  #rtxSequence: number;
  #lastTimestamp = 0;
  #lastAt: Millis | undefined;

  constructor(
    port: OutgoingPort,
    line: { readonly mid: string; readonly kind: "audio" | "video"; readonly ssrc: number; readonly rtxSsrc: number },
    random: RandomSource,
  ) {
    this.#port = port;
    this.#mid = new TextEncoder().encode(line.mid);
    this.#kind = line.kind;
    this.#ssrc = line.ssrc;
    this.#rtxSsrc = line.rtxSsrc;
    this.stats = new SendStats(line.ssrc);
    this.#cache = line.kind === "video" ? new PacketCache(VIDEO_CACHE_CAPACITY) : undefined;
    // Below 2^15, so that it does not wrap within the first packets (RFC 3711 appendix A would lose count).
    this.#sequence = randomU32(random) & 0x7fff;
    this.#rtxSequence = randomU32(random) & 0x7fff;
  }

  /** Takes what was negotiated. */
  negotiated(answer: AnsweredLine): void {
    const [codec] = answer.codecs;
    if (codec === undefined || !answer.weSend) {
      this.#payloadType = -1;
      return;
    }
    const id = (uri: string) => answer.extensions.get(uri) ?? 0;
    this.#payloadType = codec.payloadType;
    this.#rtxPayloadType = codec.rtxPayloadType ?? -1;
    this.#clockRateHz = codec.clockRateHz;
    this.#extensions = {
      level: this.#kind === "audio" ? id(EXTENSION_URI.audioLevel) : 0,
      time: id(EXTENSION_URI.absSendTime),
      transport: id(EXTENSION_URI.transportSequence),
      mid: id(EXTENSION_URI.mid),
    };
  }

  /** Sends a packet; `false` when the line does not send now, or the payload is too long. */
  send(payload: Uint8Array, timestamp: number, marker: boolean, audioLevel: number, now: Millis): boolean {
    if (this.#payloadType < 0 || payload.length === 0 || payload.length > MAX_PAYLOAD_LENGTH) return false;
    const packet = this.#port.pool.acquire();
    const sequence = this.#sequence++;
    const at = this.#writeHeader(packet.bytes, marker, this.#payloadType, sequence, timestamp, this.#ssrc, {
      audioLevel,
      now,
    });
    packet.bytes.set(payload, at);
    packet.length = at + payload.length;
    this.#keep(packet, sequence, now);
    this.#lastTimestamp = timestamp;
    this.#lastAt = now;
    if (!this.#port.sendRtp(packet)) return false;
    this.stats.add(payload.length);
    return true;
  }

  /** Sends packets again that the other side misses. */
  retransmit(sequenceNumbers: readonly number[], now: Millis): void {
    if (this.#cache === undefined || this.#rtxPayloadType < 0) return;
    const newest = this.#sequence - 1;
    for (const number of sequenceNumbers) {
      const kept = this.#cache.get(newest + distance16(newest & 0xffff, number));
      if (kept === undefined) continue;
      const packet = this.#port.pool.acquire();
      const { marker, timestamp } = kept;
      const header = { audioLevel: -1, now };
      const type = this.#rtxPayloadType;
      const at = this.#writeHeader(packet.bytes, marker, type, this.#rtxSequence++, timestamp, this.#rtxSsrc, header);
      const { bytes } = kept.packet;
      packet.length = writeRtxPayload(packet.bytes, at, number, bytes, kept.payloadOffset, kept.payloadLength);
      if (packet.length < at + RTX_HEADER_LENGTH) packet.release();
      else if (this.#port.sendRtp(packet)) this.retransmitted++;
    }
  }

  /** A sender report, once something was sent. */
  senderReport(unixMs: number, now: Millis): SenderReport | undefined {
    if (this.#lastAt === undefined) return undefined;
    const elapsed = Math.round((now - this.#lastAt) * this.#clockRateHz / 1000);
    return this.stats.senderReport(ntpFromUnix(unixMs), this.#lastTimestamp + elapsed, now);
  }

  /** Gives old packets back. */
  expire(now: Millis): void {
    this.#cache?.expire(now);
  }

  /** Gives all packets back. */
  close(): void {
    this.#payloadType = -1;
    this.#cache?.clear();
  }

  /** Encryption works in place, so what may be asked for again is a copy. */
  #keep(packet: PooledPacket, sequence: number, now: Millis): void {
    if (this.#cache === undefined || this.#rtxPayloadType < 0) return;
    const copy = this.#port.pool.acquire();
    copy.bytes.set(packet.bytes.subarray(0, packet.length));
    copy.length = packet.length;
    if (view.parse(copy.bytes, copy.length)) this.#cache.put(sequence, copy, view, false, now);
    copy.release();
  }

  #writeHeader(
    bytes: Uint8Array,
    marker: boolean,
    payloadType: number,
    sequence: number,
    timestamp: number,
    ssrc: number,
    { audioLevel, now }: { readonly audioLevel: number; readonly now: Millis },
  ): number {
    const { level, time, transport, mid } = this.#extensions;
    writer.start(bytes, marker, payloadType, sequence & 0xffff, timestamp >>> 0, ssrc, false);
    if (mid > 0) bytes.set(this.#mid, writer.extension(mid, this.#mid.length));
    if (transport > 0) writeU16(bytes, writer.extension(transport, 2), this.#port.nextTransportSequence());
    if (time > 0) writeU24(bytes, writer.extension(time, 3), absSendTime(now));
    if (level > 0 && audioLevel >= 0) {
      bytes[writer.extension(level, 1)] = (audioLevel & 0x7f) | (audioLevel < 127 ? VOICE : 0);
    }
    return writer.finish();
  }
}
