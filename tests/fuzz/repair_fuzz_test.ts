/** One receiver of simulcast through everything that may happen to it: numbers are used once, repairs repeat them. */

import { assert, assertEquals } from "@std/assert";
import { toHex, writeU16 } from "../../src/base/bytes.ts";
import { PacketPool, type PooledPacket } from "../../src/base/packet_pool.ts";
import { seededRandom } from "../../src/base/random.ts";
import type { Encoding } from "../../src/room/encoding.ts";
import { DEPENDENCIES_INDEX, type ExtensionIds, MediaPacket, PASSED_EXTENSIONS } from "../../src/room/media_packet.ts";
import { PublishedTrack } from "../../src/room/published_track.ts";
import { PublisherClock } from "../../src/room/publisher_clock.ts";
import { Subscription } from "../../src/room/subscription.ts";
import { ExtensionIndex } from "../../src/rtp/header_extension.ts";
import { RtpView } from "../../src/rtp/rtp_view.ts";
import { RtpWriter } from "../../src/rtp/rtp_writer.ts";
import { estimateIndex } from "../../src/transport/srtp_index.ts";
import { below, chance, fuzzOperations, mutate, OPERATIONS, type Rng } from "./harness.ts";

const RIDS = ["q", "h", "f"];
const SSRC = 2;
const RTX_SSRC = 3;
const DEPENDENCIES_ID = 9;
const CODEC = { name: "VP8", payloadType: 96, rtxPayloadType: 97, clockRateHz: 90_000, key: "VP8" };
const OWN_CODEC = { ...CODEC, payloadType: 35, rtxPayloadType: 36 };
const IDS: ExtensionIds = {
  mid: 0,
  audioLevel: 0,
  transportSequence: 0,
  dependencies: DEPENDENCIES_ID,
  passed: PASSED_EXTENSIONS.map((_, index) => (index === DEPENDENCIES_INDEX ? DEPENDENCIES_ID : 0)),
};
const PATH = { paces: false, mayRepair: () => true, refused() {} };

const writer = new RtpWriter();
const view = new RtpView();
/** The receiver's: packets leave while others are being taken in. */
const seen = new RtpView();
const extensions = new ExtensionIndex();
const media = new MediaPacket();

/** What sends one encoding: three temporal layers, numbers that begin anywhere. */
class Source {
  readonly late: Uint8Array[] = [];
  #sequence: number;
  #picture: number;
  #frame: number;
  #tl0: number;
  #timestamp: number;
  #sinceKey = 0;

  constructor(readonly rng: Rng, public encoding: Encoding) {
    this.#sequence = below(rng, 0x10000);
    this.#picture = below(rng, 0x8000);
    this.#frame = below(rng, 0x10000);
    this.#tl0 = below(rng, 256);
    this.#timestamp = below(rng, 2 ** 32);
  }

  /** Goes on elsewhere, a gap or a new numbering, but not so little back that it could be late packets. */
  jump(): void {
    this.#sequence += below(this.rng, chance(this.rng, 0.5) ? 3_000 : 0xf000);
  }

  picture(isKey: boolean): Uint8Array[] {
    if (isKey) this.#sinceKey = 0;
    const temporal = [0, 2, 1, 2][this.#sinceKey++ % 4]!;
    if (temporal === 0) this.#tl0++;
    const count = 1 + below(this.rng, 3);
    const packets = Array.from({ length: count }, (_, i) => this.#packet(isKey, temporal, i === 0, i === count - 1));
    this.#picture++;
    this.#frame++;
    this.#timestamp += 3_000;
    return packets;
  }

  #packet(isKey: boolean, temporal: number, isFirst: boolean, isLast: boolean): Uint8Array {
    const bytes = new Uint8Array(60);
    writer.start(bytes, isLast, CODEC.payloadType, this.#sequence++ & 0xffff, this.#timestamp >>> 0, 1, false);
    const dependencies = writer.extension(DEPENDENCIES_ID, 3);
    writeU16(bytes, dependencies + 1, this.#frame & 0xffff);
    const at = writer.finish();
    const id = this.#picture & 0x7fff;
    const sync = temporal << 6 | (temporal === 1 ? 0x20 : 0);
    bytes.set([isFirst ? 0x90 : 0x80, 0xe0, 0x80 | (id >> 8), id, this.#tl0, sync, isKey ? 0x10 : 0x11], at);
    for (let i = at + 7; i < at + 12; i++) bytes[i] = below(this.rng, 256);
    return bytes.slice(0, at + 12);
  }
}

/** Everything that goes to the receiver, judged as it leaves. */
class Receiver {
  backlog = 0;
  screenBacklog = 0;
  canSend = true;
  newest = -1;
  #newestRtx = -1;
  /** By SRTP index: what a retransmission has to say again. */
  readonly #sent = new Map<number, string>();

  discard(): void {}
  leftOut(): void {}

  sendRtp(packet: PooledPacket): void {
    assert(seen.parse(packet.bytes, packet.length), "malformed");
    if (seen.ssrc === SSRC) this.#take(packet);
    else this.#takeRepair(packet);
    packet.release();
  }

  #take({ bytes, length }: PooledPacket): void {
    const index = estimateIndex(this.newest, seen.sequenceNumber);
    assert(!this.#sent.has(index), `index ${index} twice`);
    assert(index > this.newest - 1_024, `index ${index} is too old for SRTP, the newest is ${this.newest}`);
    this.#sent.set(index, this.#words(bytes, seen.payloadOffset, length));
    this.newest = Math.max(this.newest, index);
  }

  #takeRepair({ bytes, length }: PooledPacket): void {
    assertEquals(seen.ssrc, RTX_SSRC);
    assert(this.#newestRtx < 0 || seen.sequenceNumber === ((this.#newestRtx + 1) & 0xffff), "RTX numbers have no gap");
    this.#newestRtx = seen.sequenceNumber;
    const repeated = (bytes[seen.payloadOffset]! << 8) | bytes[seen.payloadOffset + 1]!;
    const index = estimateIndex(this.newest, repeated);
    assertEquals(this.#words(bytes, seen.payloadOffset + 2, length), this.#sent.get(index), `repair of ${index}`);
  }

  /** All of a packet but SSRC, number and payload type. */
  #words(bytes: Uint8Array, payload: number, length: number): string {
    return `${seen.timestamp} ${seen.marker} ${toHex(bytes.subarray(12, seen.payloadOffset))} ${
      toHex(bytes.subarray(payload, length))
    }`;
  }
}

function trackOf(): PublishedTrack {
  const publisher = { participant: "publisher", clock: new PublisherClock(), keyframeWanted() {} };
  const options = { publisher, source: "camera", mid: "1", ssrc: 1, codecs: [CODEC], extensions: IDS } as const;
  const track = new PublishedTrack({ ...options, rids: RIDS, rid: "q" });
  for (const rid of ["h", "f"]) track.addEncoding(rid, 1);
  return track;
}

function arrive(pool: PacketPool, { encoding }: Source, bytes: Uint8Array, repaired: boolean, now: number): void {
  const packet = pool.acquire();
  packet.bytes.set(bytes);
  packet.length = bytes.length;
  if (view.parse(packet.bytes, packet.length) && extensions.parse(view)) {
    encoding.receive(packet, view, extensions, media, repaired, now);
  }
  packet.release();
}

/** What comes under a number stays the same: a publisher who says two things under one has both sent on. */
function damaged(bytes: Uint8Array, rng: Rng): Uint8Array {
  const result = mutate(bytes, rng);
  if (result.length >= 4) result.set(bytes.subarray(2, 4), 2);
  return result;
}

function publish(pool: PacketPool, source: Source, rng: Rng, now: number): void {
  for (const bytes of source.picture(chance(rng, 0.25))) {
    const fate = rng.next();
    if (fate < 0.08) source.late.push(bytes);
    else if (fate < 0.1) arrive(pool, source, damaged(bytes, rng), false, now);
    else if (fate > 0.13) arrive(pool, source, bytes, false, now);
    if (fate > 0.97) arrive(pool, source, bytes, true, now);
  }
  if (chance(rng, 0.7)) return;
  for (const bytes of source.late.splice(0)) arrive(pool, source, bytes, true, now);
}

fuzzOperations("what one receiver gets of simulcast", (rng) => {
  const pool = new PacketPool();
  const receiver = new Receiver();
  const tracks = [trackOf(), trackOf()];
  const sources = tracks.map((track) => track.encodings.map((encoding) => new Source(rng, encoding)));
  const format = {
    mid: "0",
    kind: "video",
    ssrc: SSRC,
    rtxSsrc: RTX_SSRC,
    codecs: [OWN_CODEC],
    extensions: IDS,
  } as const;
  const line = new Subscription({ ...format, mixedExtensions: false }, receiver, pool, seededRandom(1));
  let now = 1_000;
  let on = 0;
  line.attach(tracks[on], now);
  for (let i = 0; i < OPERATIONS; i++) {
    now += below(rng, 40);
    const track = tracks[on]!;
    if (chance(rng, 0.2)) {
      // What stops everything does not last, or little would be tried.
      receiver.canSend = true;
      receiver.backlog = 0;
      track.setMuted(false, now);
    }
    const kind = rng.next();
    if (kind < 0.6) { for (const source of sources[on]!) if (chance(rng, 0.8)) publish(pool, source, rng, now); }
    else if (kind < 0.63) line.select(track.layers[below(rng, 3)], below(rng, 3), now);
    else if (kind < 0.635) line.select(undefined, 0, now);
    else if (kind < 0.65) receiver.backlog = below(rng, 4);
    else if (kind < 0.655) receiver.canSend = false;
    else if (kind < 0.66) track.setMuted(true, now);
    else if (kind < 0.664) line.attach(tracks[on = 1 - on], now);
    else if (kind < 0.672) sources[on]![below(rng, 3)]!.jump();
    else if (kind < 0.676) {
      const source = sources[on]![below(rng, 3)]!;
      source.encoding = track.addEncoding(source.encoding.rid, 1);
    } else if (kind < 0.68) {
      for (const encoding of track.encodings) encoding.cache.expire(now);
    } else {
      const numbers = Array.from({ length: 3 }, () => (receiver.newest - below(rng, 60)) & 0xffff);
      line.retransmit(numbers, now, PATH);
    }
  }
  for (const track of tracks) track.close(now);
  assertEquals(pool.inUse, 0);
});
