import { writeU16 } from "../base/bytes.ts";
import { PacketPool, type PooledPacket } from "../base/packet_pool.ts";
import { seededRandom } from "../base/random.ts";
import type { Millis } from "../base/time.ts";
import { ExtensionIndex } from "../rtp/header_extension.ts";
import { RtpView } from "../rtp/rtp_view.ts";
import { RtpWriter } from "../rtp/rtp_writer.ts";
import { type ExtensionIds, MediaPacket, PASSED_EXTENSIONS } from "./media_packet.ts";
import { PublishedTrack } from "./published_track.ts";
import type { RtpSink } from "./rtp_sink.ts";
import { PublisherClock } from "./publisher_clock.ts";
import { Subscription } from "./subscription.ts";

const NO_EXTENSIONS: ExtensionIds = {
  mid: 0,
  audioLevel: 0,
  transportSequence: 0,
  passed: PASSED_EXTENSIONS.map(() => 0),
};

const TEMPORAL_PATTERN = [0, 2, 1, 2];
const TICKS_PER_PICTURE = 3_000;
const PACKETS_PER_LAYER = 2;
const SOURCE_TYPE = 98;

/** What a receiver got. */
export interface Received {
  readonly sequence: number;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly isRtx: boolean;
  /** The number it had when it was sent first, of a retransmission. */
  readonly repeats: number;
  readonly picture: number;
  readonly spatial: number;
  readonly temporal: number;
}

/** One packet of a publisher of VP9 with three spatial and three temporal layers. */
export interface SourcePacket {
  readonly sequence: number;
  readonly picture: number;
  readonly spatial: number;
  readonly bytes: Uint8Array;
}

/** A publisher of scalable VP9 and one receiver, without networks in between. */
export class ScalableBench {
  readonly received: Received[] = [];
  readonly pool: PacketPool = new PacketPool();
  readonly track: PublishedTrack;
  readonly line: Subscription;
  /** How often the publisher was asked for a keyframe. */
  keyframesWanted = 0;
  now: Millis = 1_000;
  readonly #writer = new RtpWriter();
  readonly #view = new RtpView();
  readonly #extensions = new ExtensionIndex();
  readonly #media = new MediaPacket();
  #sequence = 65_000;
  #picture = 0;
  #sinceKey = 0;

  constructor() {
    const codec = { name: "VP9", payloadType: SOURCE_TYPE, rtxPayloadType: 99, clockRateHz: 90_000, key: "VP9" };
    this.track = new PublishedTrack({
      publisher: {
        participant: "publisher",
        clock: new PublisherClock(),
        keyframeWanted: () => this.keyframesWanted++,
      },
      source: "camera",
      mid: "1",
      ssrc: 1,
      codecs: [codec],
      extensions: NO_EXTENSIONS,
    });
    const own = { ...codec, payloadType: 35, rtxPayloadType: 36 };
    const sink: RtpSink = {
      canSend: true,
      backlog: 0,
      screenBacklog: 0,
      sendRtp: (packet: PooledPacket) => this.#take(packet),
      discard() {},
      leftOut() {},
    };
    this.line = new Subscription(
      {
        mid: "0",
        kind: "video",
        ssrc: 2,
        rtxSsrc: 3,
        codecs: [own],
        extensions: NO_EXTENSIONS,
        mixedExtensions: false,
      },
      sink,
      this.pool,
      seededRandom(1),
    );
    this.line.attach(this.track, this.now);
  }

  /** The packets of the next picture, in order. */
  picture(isKey: boolean): SourcePacket[] {
    if (isKey) this.#sinceKey = 0;
    const temporal = TEMPORAL_PATTERN[this.#sinceKey++ % TEMPORAL_PATTERN.length]!;
    const picture = this.#picture++;
    const packets: SourcePacket[] = [];
    for (let spatial = 0; spatial < 3; spatial++) {
      for (let index = 0; index < PACKETS_PER_LAYER; index++) {
        const last = index === PACKETS_PER_LAYER - 1;
        const sequence = this.#sequence++ & 0xffff;
        const bytes = new Uint8Array(100);
        const marker = last && spatial === 2;
        this.#writer.start(bytes, marker, SOURCE_TYPE, sequence, (picture * TICKS_PER_PICTURE) >>> 0, 1, false);
        const at = this.#writer.finish();
        const hasSizes = isKey && spatial === 0 && index === 0;
        bytes[at] = 0xa0 | (isKey ? 0 : 0x40) | (index === 0 ? 0x08 : 0) | (last ? 0x04 : 0) | (hasSizes ? 0x02 : 0);
        writeU16(bytes, at + 1, 0x8000 | (picture & 0x7fff));
        bytes[at + 3] = (temporal << 5) | (temporal === 0 ? 0x10 : 0) | (spatial << 1) | (spatial > 0 ? 1 : 0);
        bytes[at + 4] = picture >> 2;
        let end = at + 5;
        if (hasSizes) {
          bytes[end++] = 0x50;
          for (const size of [160, 90, 320, 180, 640, 360]) {
            writeU16(bytes, end, size);
            end += 2;
          }
        }
        bytes[end++] = 0xff;
        packets.push({ sequence, picture, spatial, bytes: bytes.slice(0, end) });
      }
    }
    return packets;
  }

  /** Hands a packet to the server. */
  arrive({ bytes }: SourcePacket, repaired = false): void {
    const packet = this.pool.acquire();
    packet.bytes.set(bytes);
    packet.length = bytes.length;
    if (this.#view.parse(packet.bytes, packet.length) && this.#extensions.parse(this.#view)) {
      this.track.receive(packet, this.#view, this.#extensions, this.#media, repaired, this.now);
    }
    packet.release();
  }

  /** Asks for a packet again; returns how many came. */
  repair(sequence: number): number {
    return this.line.retransmit([sequence], this.now, { paces: false, mayRepair: () => true, refused() {} });
  }

  /** Sends pictures, the first of which may be a key picture. */
  play(pictures: number, isKey = false): void {
    for (let i = 0; i < pictures; i++) {
      for (const packet of this.picture(isKey && i === 0)) this.arrive(packet);
      this.now += 33;
    }
  }

  #take(packet: PooledPacket): void {
    const view = new RtpView();
    if (!view.parse(packet.bytes, packet.length)) throw new Error("a malformed packet was sent");
    const isRtx = view.ssrc === 3;
    const { bytes } = view;
    const at = view.payloadOffset + (isRtx ? 2 : 0);
    this.received.push({
      sequence: view.sequenceNumber,
      timestamp: view.timestamp,
      marker: view.marker,
      isRtx,
      repeats: isRtx ? (bytes[at - 2]! << 8) | bytes[at - 1]! : -1,
      picture: ((bytes[at + 1]! & 0x7f) << 8) | bytes[at + 2]!,
      spatial: (bytes[at + 3]! >> 1) & 7,
      temporal: bytes[at + 3]! >> 5,
    });
    packet.release();
  }
}
