import type { Logger } from "../base/log.ts";
import { PACKET_CAPACITY, type PacketPool, type PooledPacket } from "../base/packet_pool.ts";
import type { DatagramBatch } from "../sfu/outbox.ts";
import { openMediaSockets } from "./media_sockets.ts";
import { SendLane } from "./send_lane.ts";

/** Takes a datagram and owns its packet. */
export type DatagramListener = (packet: PooledPacket, socket: number, address: string, port: number) => void;

/** How the media sockets are driven; the portable engine and the native one both are one. */
export interface DatagramEndpoint {
  /** For people: `portable` or `native`. */
  readonly engine: string;
  /** The one port number of all sockets. */
  readonly port: number;
  /** The local addresses, by socket number. */
  readonly addresses: readonly string[];
  /** Starts to receive. */
  start(listener: DatagramListener): void;
  /** Opens one more socket, on an address that has appeared; throws `SeaMeetError` when that cannot be. */
  open(address: string): void;
  /** Sends everything in the batch, releases the packets when their sends have settled, and empties it. */
  send(batch: DatagramBatch): void;
  /** Counters since the start. */
  readonly stats: EndpointStats;
  /** Closes the sockets and waits until nothing runs any more. */
  close(): Promise<void>;
}

/** What an endpoint has done. */
export interface EndpointStats {
  /** Datagrams received. */
  received: number;
  /** Datagrams sent. */
  sent: number;
  /** Not sent because the system refused. */
  sendFailed: number;
  /** Not sent because too many packets were waiting. */
  sendDropped: number;
  /** Received, but longer than any media packet. */
  tooLong: number;
}

/** A failure to receive that ends nothing, such as an ICMP error told to an UDP socket, may come in a row; a broken socket does too. */
const MAX_RECEIVE_ERRORS = 100;

/** What of `Deno.listenDatagram` is used. */
type Socket = Deno.DatagramConn;

/**
 * Media sockets over `Deno.listenDatagram`: one for each local address, all on one port number.
 *
 * A socket bound to the wildcard address would answer from whatever address the kernel picks, and browsers drop
 * answers that come from elsewhere than they asked (decisions on addresses: docs/architecture.md).
 */
export class PortableEndpoint implements DatagramEndpoint {
  readonly engine = "portable";
  readonly port: number;
  readonly addresses: string[];
  readonly stats: EndpointStats = { received: 0, sent: 0, sendFailed: 0, sendDropped: 0, tooLong: 0 };
  readonly #sockets: Socket[];
  readonly #lanes: SendLane[];
  readonly #pool: PacketPool;
  readonly #logger: Logger;
  #loops: Promise<void>[] = [];
  #listener: DatagramListener | undefined;
  #closed = false;

  /**
   * Opens the sockets.
   *
   * @param port 0 picks a free one.
   * @throws {SeaMeetError} `address_in_use`, `io`, or `unstable_net_required` when Deno runs without `--unstable-net`.
   */
  constructor(addresses: readonly string[], port: number, pool: PacketPool, logger: Logger) {
    this.#sockets = openMediaSockets(addresses, port);
    this.#lanes = this.#sockets.map((socket) => new SendLane(socket, this.stats));
    this.port = (this.#sockets[0]!.addr as Deno.NetAddr).port;
    this.addresses = [...addresses];
    this.#pool = pool;
    this.#logger = logger;
  }

  start(listener: DatagramListener): void {
    this.#listener = listener;
    this.#loops = this.#sockets.map((socket, index) => this.#receive(socket, index, listener));
  }

  open(address: string): void {
    const [socket] = openMediaSockets([address], this.port);
    const index = this.#sockets.push(socket!) - 1;
    this.#lanes.push(new SendLane(socket!, this.stats));
    this.addresses.push(address);
    if (this.#listener !== undefined) this.#loops.push(this.#receive(socket!, index, this.#listener));
  }

  send(batch: DatagramBatch): void {
    for (let i = 0; i < batch.length; i++) {
      this.#lanes[batch.paths[i]!.socket]!.add(batch.packets[i]!, batch.paths[i]!);
      batch.packets[i] = batch.paths[i] = undefined;
    }
    batch.length = 0;
    for (const lane of this.#lanes) lane.flush();
  }

  async close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      for (const socket of this.#sockets) socket.close();
    }
    await Promise.all([...this.#loops, ...this.#lanes.map((lane) => lane.close())]);
  }

  async #receive(socket: Socket, index: number, listener: DatagramListener): Promise<void> {
    let errors = 0;
    while (!this.#closed) {
      const packet = this.#pool.acquire();
      try {
        const [bytes, from] = await socket.receive(packet.bytes);
        errors = 0;
        this.stats.received++;
        packet.length = bytes.length;
        if (packet.length >= PACKET_CAPACITY) {
          this.stats.tooLong++;
          packet.release();
        } else listener(packet, index, (from as Deno.NetAddr).hostname, (from as Deno.NetAddr).port);
      } catch (error) {
        packet.release();
        if (this.#closed) return;
        if (++errors < MAX_RECEIVE_ERRORS) continue;
        this.#logger.log("error", "udp", "Media socket has failed", {
          address: this.addresses[index],
          error: error instanceof Error ? error.message : String(error),
        });
        return;
      }
    }
  }
}
