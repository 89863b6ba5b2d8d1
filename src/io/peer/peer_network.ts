import type { Logger } from "../../base/log.ts";
import { PacketPool, type PooledPacket } from "../../base/packet_pool.ts";
import type { RandomSource } from "../../base/random.ts";
import { type Millis, NEVER } from "../../base/time.ts";
import { TimerQueue } from "../../base/timer_queue.ts";
import { DatagramBatch } from "../../sfu/outbox.ts";
import type { CipherProvider } from "../../transport/cipher_provider.ts";
import type { Path } from "../../transport/path.ts";
import { createCertificate } from "../certificate.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { Engine } from "../native/choose_engine.ts";
import { systemRandom } from "../system_random.ts";
import type { DatagramEndpoint, EndpointStats } from "../udp_socket.ts";
import { ClientPeer, type PeerHost } from "./client_peer.ts";
import { type ClientIdentity, clientIdentity } from "./dtls_client.ts";

/** What a network is made with. */
export interface PeerNetworkOptions {
  /** What moves and encrypts packets. */
  readonly engine: Engine;
  readonly logger: Logger;
  /** Source of time; the machine's when left out. */
  readonly clock?: Clock;
}

interface Socket {
  readonly endpoint: DatagramEndpoint;
  readonly batch: DatagramBatch;
}

/** The sockets of one peer: one per address family, opened when a candidate needs it. */
interface PeerSockets {
  v4: Socket | undefined;
  v6: Socket | undefined;
}

/**
 * The world around any number of client peers: sockets, packet buffers, one certificate, one timer.
 *
 * Peers share everything but their sockets: the server tells its clients apart by address and port. What the packets
 * of one turn bring about leaves in one batch per socket.
 */
export class PeerNetwork implements PeerHost {
  readonly pool: PacketPool = new PacketPool();
  readonly ciphers: CipherProvider;
  readonly random: RandomSource = systemRandom;
  readonly identity: ClientIdentity;
  readonly unixOriginMs: number;
  readonly #engine: Engine;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #timers = new TimerQueue<ClientPeer>();
  readonly #sockets = new Map<ClientPeer, PeerSockets>();
  readonly #closing = new Set<Promise<void>>();
  readonly #totals: EndpointStats = { received: 0, sent: 0, sendFailed: 0, sendDropped: 0, tooLong: 0 };
  #dirty: Socket[] = [];
  #flushPending = false;
  #armedAt: Millis = NEVER;
  #disarm: () => void = () => {};
  #closed = false;

  private constructor(options: PeerNetworkOptions, identity: ClientIdentity) {
    this.#engine = options.engine;
    this.#logger = options.logger;
    this.#clock = options.clock ?? systemClock;
    this.ciphers = options.engine.ciphers;
    this.identity = identity;
    this.unixOriginMs = Date.now() - this.#clock.now();
  }

  /** Makes a certificate; opens nothing yet. */
  static async create(options: PeerNetworkOptions): Promise<PeerNetwork> {
    return new PeerNetwork(options, clientIdentity(await createCertificate()));
  }

  /** Makes another certificate. */
  async createIdentity(): Promise<ClientIdentity> {
    return clientIdentity(await createCertificate());
  }

  /** Makes a peer that has no socket before it has an answer; all show the same certificate unless they get another. */
  createPeer(identity: ClientIdentity = this.identity): ClientPeer {
    const peer = new ClientPeer(this, identity);
    this.#sockets.set(peer, { v4: undefined, v6: undefined });
    return peer;
  }

  /** Peers that are not over. */
  get size(): number {
    return this.#sockets.size;
  }

  /** What the sockets of all peers have done, also of those that are over. */
  get socketStats(): EndpointStats {
    const sum = { ...this.#totals };
    for (const { v4, v6 } of this.#sockets.values()) {
      if (v4 !== undefined) add(sum, v4.endpoint.stats);
      if (v6 !== undefined) add(sum, v6.endpoint.stats);
    }
    return sum;
  }

  now(): Millis {
    return this.#clock.now();
  }

  reaches(peer: ClientPeer, address: string): boolean {
    const sockets = this.#sockets.get(peer);
    if (sockets === undefined || this.#closed) return false;
    const family = address.includes(":") ? "v6" : "v4";
    try {
      sockets[family] ??= this.#open(peer, family === "v6" ? "::" : "0.0.0.0");
    } catch (error) {
      this.#logger.log("debug", "peer", "No socket for a candidate's address family", {
        family,
        error: error instanceof Error ? error.message : String(error),
      });
    }
    return sockets[family] !== undefined;
  }

  send(peer: ClientPeer, packet: PooledPacket, path: Path): void {
    const sockets = this.#sockets.get(peer);
    const socket = path.address.includes(":") ? sockets?.v6 : sockets?.v4;
    if (socket === undefined) return packet.release();
    if (socket.batch.length === 0) this.#dirty.push(socket);
    socket.batch.add(packet, path);
    this.#flushSoon();
  }

  wakeBy(peer: ClientPeer, at: Millis): void {
    if (at >= peer.wakeAt) return;
    this.#timers.wakeBy(peer, at);
    this.#flushSoon();
  }

  release(peer: ClientPeer): void {
    const sockets = this.#sockets.get(peer);
    if (sockets === undefined) return;
    this.#sockets.delete(peer);
    this.#timers.cancel(peer);
    // What this turn still has to say, such as a goodbye, leaves first.
    const closed = Promise.resolve().then(() => {
      this.#flush();
      return Promise.all([sockets.v4, sockets.v6].map((socket) => this.#shut(socket)));
    }).then(() => {
      this.#closing.delete(closed);
    });
    this.#closing.add(closed);
  }

  /** Ends all peers; returns when no socket is open any more. */
  async close(): Promise<void> {
    for (const peer of [...this.#sockets.keys()]) {
      peer.close();
      this.release(peer);
    }
    this.#closed = true;
    this.#disarm();
    await Promise.all(this.#closing);
  }

  #open(peer: ClientPeer, address: string): Socket {
    const endpoint = this.#engine.endpoint([address], 0, this.pool, this.#logger);
    endpoint.start((packet, _socket, from, port) => {
      this.#guard(() => peer.handleDatagram(packet, from, port));
      this.#flushSoon();
    });
    return { endpoint, batch: new DatagramBatch() };
  }

  async #shut(socket: Socket | undefined): Promise<void> {
    if (socket === undefined) return;
    await socket.endpoint.close();
    add(this.#totals, socket.endpoint.stats);
  }

  #flushSoon(): void {
    if (this.#flushPending) return;
    this.#flushPending = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#flushPending = false;
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const { endpoint, batch } of dirty) endpoint.send(batch);
    const next = this.#timers.nextTimeout();
    if (this.#closed || next >= this.#armedAt) return;
    this.#disarm();
    this.#armedAt = next;
    this.#disarm = this.#clock.schedule(Math.max(0, next - this.now()), () => this.#wake());
  }

  #wake(): void {
    this.#armedAt = NEVER;
    const now = this.now();
    for (let peer = this.#timers.takeDue(now); peer !== undefined; peer = this.#timers.takeDue(now)) {
      const due = peer;
      this.#guard(() => due.handleTimeout(now));
    }
    this.#flush();
  }

  /** One peer's listener that throws must not end the others. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      const detail = error instanceof Error ? error.stack ?? error.message : String(error);
      this.#logger.log("error", "peer", "An input caused an error", { detail });
    }
  }
}

function add(sum: EndpointStats, stats: EndpointStats): void {
  sum.received += stats.received;
  sum.sent += stats.sent;
  sum.sendFailed += stats.sendFailed;
  sum.sendDropped += stats.sendDropped;
  sum.tooLong += stats.tooLong;
}
