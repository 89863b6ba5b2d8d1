import type { PooledPacket } from "../base/packet_pool.ts";
import type { Path } from "../transport/path.ts";
import type { SfuOutput } from "./outputs.ts";

/**
 * Datagrams to send, as columns: the same arrays are used turn after turn, so a turn allocates nothing.
 *
 * Whoever drains it owns the packets and releases each one after its send has settled.
 *
 * @example
 * ```ts
 * import { DatagramBatch, PacketPool, Path } from "@seameet/cli/sfu";
 * import { assertEquals } from "@std/assert";
 *
 * const pool = new PacketPool();
 * const batch = new DatagramBatch();
 * batch.add(pool.acquire(), new Path(0, "192.0.2.1", 5000));
 * for (let i = 0; i < batch.length; i++) batch.packets[i]?.release();
 * batch.length = 0;
 * assertEquals(pool.inUse, 0);
 * ```
 */
export class DatagramBatch {
  /** The datagrams. */
  packets: (PooledPacket | undefined)[] = [];
  /** Where each goes. */
  paths: (Path | undefined)[] = [];
  /** How many entries count; what lies behind it is left over from earlier turns. */
  length = 0;

  /** Appends a datagram; the batch owns the packet from here on. */
  add(packet: PooledPacket, path: Path): void {
    this.packets[this.length] = packet;
    this.paths[this.length++] = path;
  }
}

/** What the core has produced and nobody has taken yet. */
export class Outbox {
  #datagrams: DatagramBatch = new DatagramBatch();
  #outputs: SfuOutput[] = [];
  #next = 0;

  /** Queues a finished datagram. */
  send(packet: PooledPacket, path: Path): void {
    this.#datagrams.add(packet, path);
  }

  /** Queues everything else. */
  push(output: SfuOutput): void {
    this.#outputs.push(output);
  }

  /** Hands the datagrams over by trading columns with `batch`, which must be empty. */
  drainDatagrams(batch: DatagramBatch): void {
    const { packets, paths, length } = this.#datagrams;
    this.#datagrams.packets = batch.packets;
    this.#datagrams.paths = batch.paths;
    this.#datagrams.length = 0;
    batch.packets = packets;
    batch.paths = paths;
    batch.length = length;
  }

  /** The oldest output, or `undefined`. */
  poll(): SfuOutput | undefined {
    const output = this.#outputs[this.#next];
    if (output === undefined) return undefined;
    this.#next++;
    if (this.#next === this.#outputs.length) {
      this.#outputs = [];
      this.#next = 0;
    }
    return output;
  }
}
