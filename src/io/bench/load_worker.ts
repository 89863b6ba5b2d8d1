/**
 * A worker that plays all publishers, on another core than the server, and one or more of the receivers, whose copies
 * it takes the time of.
 */
import { silentLogger } from "../../base/log.ts";
import { readU16, readU32 } from "../../base/bytes.ts";
import { PacketPool, type PooledPacket } from "../../base/packet_pool.ts";
import type { MediaKind } from "../../room/track_source.ts";
import { DatagramBatch } from "../../sfu/outbox.ts";
import { Path } from "../../transport/path.ts";
import { chooseEngine } from "../native/choose_engine.ts";
import { PublishedMedia } from "./bench_media.ts";
import { threadTime } from "./thread_time.ts";

/** What it is asked to do. */
export type LoadRequest =
  /** Plays these publishers from now on, each where it has stopped in that run. */
  | { readonly kind: "setup"; readonly run: number; readonly publishers: readonly number[] }
  /** A run has ended. */
  | { readonly kind: "forget"; readonly run: number }
  /** Where the server listens now. */
  | { readonly kind: "target"; readonly to: number }
  /** Says what has been received since the last time. */
  | { readonly kind: "count" }
  /** Sends `count` packets at once, of each publisher in turn; is not answered. */
  | { readonly kind: "burst"; readonly count: number; readonly media: MediaKind }
  /** Sends at a steady rate and takes the time until the first publisher's packets come out with one of `ssrcs`. */
  | {
    readonly kind: "pace";
    readonly perSecond: number;
    readonly forMs: number;
    readonly media: MediaKind;
    readonly ssrcs: readonly number[];
  };

/** What it answers. */
export type LoadAnswer =
  | { readonly kind: "ready"; readonly port: number }
  | { readonly kind: "counted"; readonly received: number }
  | { readonly kind: "paced"; readonly p50: number; readonly p99: number; readonly samples: number };

/** Packets sent before others get their turn. */
const MAX_BATCH = 64;

/** How long copies may take after the last packet was sent. */
const PATIENCE_MS = 100;

threadTime(true).keepTo("others");
const pool = new PacketPool();
const engine = chooseEngine("auto", silentLogger);
const own = Deno.build.os === "linux" ? "0.0.0.0" : "127.0.0.1";
const endpoint = engine.endpoint([own], 0, pool, silentLogger);
const batch = new DatagramBatch();
const runs = new Map<number, PublishedMedia[]>();
let publishers: PublishedMedia[] = [];
let path = new Path(0, "127.0.0.1", 9);
let turn = 0;
/** When the first publisher's packet with that sequence number left. */
const sentAt = new Float64Array(0x10000);
let timed: ReadonlySet<number> = new Set();
let delays: number[] = [];

endpoint.start((packet) => {
  // RTCP has payload types from 72 to 79 behind the marker bit.
  if (timed.size > 0 && ((packet.bytes[1]! & 0x7f) < 72 || (packet.bytes[1]! & 0x7f) > 79)) time(packet);
  packet.release();
});

function time(packet: PooledPacket): void {
  if (!timed.has(readU32(packet.bytes, 8))) return;
  const sequence = readU16(packet.bytes, 2);
  // What is on its way since before has no time.
  if (sentAt[sequence]! > 0) delays.push(performance.now() - sentAt[sequence]!);
}

function send(count: number, media: MediaKind): void {
  for (let i = 0; i < count; i++) {
    const packet = pool.acquire();
    const from = turn++ % publishers.length;
    const sequence = publishers[from]!.write(packet, media);
    batch.add(packet, path);
    if (from === 0) sentAt[sequence] = performance.now();
    if (batch.length === MAX_BATCH || i === count - 1) endpoint.send(batch);
  }
}

async function pace(perSecond: number, forMs: number, media: MediaKind): Promise<void> {
  const start = performance.now();
  const wait = () => new Promise((resolve) => setTimeout(resolve, 1));
  for (let sent = 0; performance.now() - start < forMs; await wait()) {
    const due = Math.floor(((performance.now() - start) * perSecond) / 1_000) - sent;
    send(due, media);
    sent += due;
  }
  await new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
}

function post(answer: LoadAnswer): void {
  self.postMessage(answer);
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

self.onmessage = async ({ data }: MessageEvent<LoadRequest>) => {
  if (data.kind === "setup") {
    publishers = runs.get(data.run) ?? data.publishers.map((index) => new PublishedMedia(index, engine.ciphers));
    runs.set(data.run, publishers);
    turn = 0;
  } else if (data.kind === "forget") {
    for (const publisher of runs.get(data.run) ?? []) publisher.close();
    runs.delete(data.run);
  } else if (data.kind === "target") path = new Path(0, "127.0.0.1", data.to);
  else if (data.kind === "burst") send(data.count, data.media);
  else if (data.kind === "count") {
    post({ kind: "counted", received: endpoint.stats.received });
    endpoint.stats.received = 0;
  } else {
    sentAt.fill(0);
    delays = [];
    timed = new Set(data.ssrcs);
    await pace(data.perSecond, data.forMs, data.media);
    timed = new Set();
    const sorted = delays.sort((a, b) => a - b);
    post({ kind: "paced", p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), samples: sorted.length });
  }
};
post({ kind: "ready", port: endpoint.port });
