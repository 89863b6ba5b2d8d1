import { readU32 } from "../../base/bytes.ts";
import { silentLogger } from "../../base/log.ts";
import type { MediaKind } from "../../room/track_source.ts";
import { systemClock } from "../clock.ts";
import type { Millis } from "../../base/time.ts";
import { Driver } from "../driver.ts";
import type { Engine } from "../native/choose_engine.ts";
import type { DatagramEndpoint } from "../udp_socket.ts";
import { indexOfSsrc } from "./bench_media.ts";
import { BenchRoom, type RoomPlan } from "./bench_room.ts";
import type { Sink, Tally } from "./limit.ts";
import type { LoadAnswer, LoadRequest } from "./load_worker.ts";
import type { ThreadTime } from "./thread_time.ts";
import type { WorkerPort } from "./worker_port.ts";

/** Packets that are sent to the server at once, at most; half of them after each loss, since its socket may hold fewer. */
const MAX_INPUTS = 512;
const MIN_INPUTS = 8;

/** What every run needs; opened once. */
export interface Stage {
  readonly sink: Sink;
  readonly load: WorkerPort<LoadRequest, LoadAnswer>;
  /** Where the load worker receives what it takes the time of. */
  readonly loadPort: number;
  readonly time: ThreadTime;
}

/** How late the copies of packets were. */
export interface Delay {
  /** Milliseconds from before the publisher's send until after the receiver's receive, in the median. */
  readonly p50: number;
  /** The same that 99 of 100 do not exceed. */
  readonly p99: number;
  /** Copies that were looked at. */
  readonly samples: number;
  /** Copies per second that the server sent meanwhile. */
  readonly packetsPerSecond: number;
}

/** Copies under way at a time: some milliseconds of work, and less than the portable endpoint's queue takes. */
const CHUNK = 2_000;

/** In a case with more than one packet a turn: turns until the next packets are sent. The first packet has a turn of its own. */
const TURNS_PER_CHUNK = 12;

/** How long the sends of a chunk may take to settle; what has not by then is not counted. */
const SETTLE_MS = 5_000;

/** Chunks that may get lost before anything has been forwarded. */
const WARM_UP_TRIES = 10;

/** How long packets of a chunk may take to arrive; what has not come then was lost. */
const LOST_MS = 300;

let nextRun = 0;

/** One engine with one plan of rooms, and everything around it: sockets, driver, publishers, receivers. */
export class EngineRun {
  /** The rooms. */
  readonly room: BenchRoom;
  readonly #engine: Engine;
  readonly #stage: Stage;
  readonly #watched: readonly number[];
  readonly #media: MediaKind;
  readonly #number = nextRun++;
  #maxInputs = MAX_INPUTS;
  #arrived = 0;
  #awaited: { count: number; resolve: () => void } | undefined;
  #handed = 0;
  #past: Millis = 0;

  constructor(engine: Engine, plan: RoomPlan, media: MediaKind, stage: Stage) {
    this.#engine = engine;
    this.#stage = stage;
    this.#media = media;
    const { members } = plan;
    // The first receiver, one in the middle, the last: they are served in this order.
    this.#watched = [...new Set([1, members >> 1, members - 1])].filter((index) => index > 0);
    this.room = new BenchRoom({
      ...plan,
      ciphers: engine.ciphers,
      addressOf: (index) => this.#addressOf(index),
      now: 0,
      watched: this.#watched,
    });
  }

  /** Makes the load worker play this run's publishers from now on, each where it has stopped. */
  publish(): void {
    this.#stage.load.post({ kind: "setup", publishers: this.room.publishers, run: this.#number });
  }

  /**
   * Forwards at least `datagrams` copies as fast as possible.
   *
   * @param perTurn packets that are taken from the socket before the copies are sent, where the engine can do that
   */
  async burst(datagrams: number, perTurn: number, media: MediaKind = this.#media): Promise<Tally> {
    const { load, time } = this.#stage;
    const { endpoint, close } = this.#open(perTurn);
    let inputs = perTurn === 1
      ? Math.min(this.#maxInputs, Math.ceil(CHUNK / this.room.fanOut))
      : 1 + perTurn * (TURNS_PER_CHUNK - 1);
    const round = async () => {
      const all = this.#arrivedAfter(inputs);
      load.post({ kind: "burst", count: inputs, media });
      if (!await all && inputs > MIN_INPUTS) inputs = this.#maxInputs = inputs >> 1;
      const patience = performance.now() + SETTLE_MS;
      while (settled(endpoint) < this.#handed && performance.now() < patience) {
        await new Promise((resolve) => setTimeout(resolve));
      }
    };
    // A busy machine may take its time until the load worker has made its keys.
    for (let tries = 0; tries < WARM_UP_TRIES && endpoint.stats.sent === 0; tries++) await round();
    if (endpoint.stats.sent === 0) {
      await close();
      throw new Error("Nothing was forwarded: can 127.0.0.0/8 be used on this machine?");
    }
    await this.#received();
    const sentBefore = endpoint.stats.sent;
    const [wall, busy] = [performance.now(), time.seconds()];
    while (endpoint.stats.sent - sentBefore < datagrams) await round();
    const tally = {
      sent: endpoint.stats.sent - sentBefore,
      seconds: (performance.now() - wall) / 1_000,
      cpuSeconds: time.seconds() - busy,
    };
    await close();
    return { ...tally, received: await this.#received() };
  }

  /** Sends at a steady rate for `forMs` and says how late the copies are; `undefined` when none came back. */
  async delay(copiesPerSecond: number, forMs: number): Promise<Delay | undefined> {
    const { load } = this.#stage;
    const [publisher] = this.room.publishers;
    const ssrcs = this.#watched.map((index) => this.room.outgoingSsrc(index, publisher!, this.#media));
    const { endpoint, close } = this.#open();
    const [sent, start] = [endpoint.stats.sent, performance.now()];
    const perSecond = copiesPerSecond / this.room.fanOut;
    const known = ssrcs.filter((ssrc) => ssrc !== undefined);
    load.post({ kind: "pace", perSecond, forMs, media: this.#media, ssrcs: known });
    const answer = await load.answer();
    const packetsPerSecond = ((endpoint.stats.sent - sent) * 1_000) / (performance.now() - start);
    await close();
    if (answer.kind !== "paced" || answer.samples === 0) return undefined;
    const { p50, p99, samples } = answer;
    return { p50, p99, samples, packetsPerSecond };
  }

  /** Ends all sessions. */
  close(): void {
    this.#stage.load.post({ kind: "forget", run: this.#number });
    this.room.sfu.close(this.#past);
    this.room.discard();
  }

  /** Each participant has an address of its own, as in life, where the system has that many; the worker and the sink have all of them. */
  #addressOf(index: number): { address: string; port: number } {
    const port = this.#watched.includes(index) ? this.#stage.loadPort : this.#stage.sink.port;
    if (Deno.build.os === "linux") return { address: `127.1.${(index + 1) >> 8}.${(index + 1) & 0xff}`, port };
    // Nobody is at the port of the publisher; only its address must be its own.
    return { address: "127.0.0.1", port: index === 0 ? 1 : port };
  }

  /** Copies that have arrived anywhere since the last call. */
  async #received(): Promise<number> {
    const { sink, load } = this.#stage;
    const counted = await sink.count();
    load.post({ kind: "count" });
    const answer = await load.answer();
    return answer.kind === "counted" ? counted + answer.received : counted;
  }

  #open(maxPerStep?: number): { endpoint: DatagramEndpoint; close: () => Promise<void> } {
    const endpoint = this.#engine.endpoint(["127.0.0.1"], 0, this.room.pool, silentLogger, maxPerStep);
    const start = performance.now() - this.#past;
    // Nobody proves his consent here: the time between runs must not count, or the members would be gone after half a minute.
    const clock = { ...systemClock, now: () => performance.now() - start };
    const driver = new Driver(this.room.sfu, clock, this.#around(endpoint), () => {}, silentLogger);
    this.#handed = this.#arrived = 0;
    driver.start();
    this.#stage.load.post({ kind: "target", to: endpoint.port });
    const close = async () => {
      driver.close();
      this.#past = performance.now() - start;
      await endpoint.close();
    };
    return { endpoint, close };
  }

  /** All publishers send from one socket; whose address a packet would have come from says its SSRC. */
  #around(endpoint: DatagramEndpoint): DatagramEndpoint {
    return {
      engine: endpoint.engine,
      port: endpoint.port,
      addresses: endpoint.addresses,
      stats: endpoint.stats,
      open: (address) => endpoint.open(address),
      close: () => endpoint.close(),
      start: (listener) =>
        endpoint.start((packet) => {
          const from = this.room.addressOf(indexOfSsrc(readU32(packet.bytes, 8)));
          listener(packet, 0, from.address, from.port);
          this.#count();
        }),
      send: (batch) => {
        this.#handed += batch.length;
        endpoint.send(batch);
      },
    };
  }

  #count(): void {
    this.#arrived++;
    if (this.#awaited === undefined || this.#arrived < this.#awaited.count) return;
    this.#awaited.resolve();
    this.#awaited = undefined;
  }

  /** Settles when that many more have arrived and what they brought about was handed over; with `false` when they are overdue. */
  #arrivedAfter(inputs: number): Promise<boolean> {
    const before = this.#arrived;
    return new Promise((resolve) => {
      const overdue = setTimeout(() => {
        this.#awaited = undefined;
        resolve(false);
      }, LOST_MS);
      this.#awaited = {
        count: before + inputs,
        resolve() {
          clearTimeout(overdue);
          resolve(true);
        },
      };
    });
  }
}

function settled({ stats }: DatagramEndpoint): number {
  return stats.sent + stats.sendFailed + stats.sendDropped;
}
