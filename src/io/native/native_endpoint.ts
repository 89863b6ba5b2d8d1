import { setImmediate } from "node:timers";
import type { Logger } from "../../base/log.ts";
import { PACKET_CAPACITY, type PacketPool } from "../../base/packet_pool.ts";
import type { DatagramBatch } from "../../sfu/outbox.ts";
import type { DatagramEndpoint, DatagramListener, EndpointStats } from "../udp_socket.ts";
import type { NativeLibraries } from "./library.ts";
import { openMediaSockets } from "../media_sockets.ts";
import { NativeReceiver } from "./native_receiver.ts";
import { NativeSender } from "./native_sender.ts";
import { adoptSocket, isRoomy, raiseBuffers } from "./native_socket.ts";
import { probeSegmentation } from "./probe_sockets.ts";
import { Segmentation } from "./segmentation.ts";

/**
 * Datagrams taken from a socket before timers, signaling and the other sockets get their turn.
 *
 * Under load `receive()` settles without returning to the event loop some hundred times in a row: without this bound timers were
 * 200 ms late.
 */
const MAX_PER_TURN = 256;

/**
 * How many datagrams one step may bring about, about: with many subscribers each one received means hundreds to
 * send, all in memory until the step's output is sent. More would only leave the caches of the processor.
 */
const STEP_OUTPUT = 1_024;

/** How quickly a large fan-out is forgotten, per step. */
const FAN_OUT_DECAY = 0.9;

/** Failures to receive in a row after which a socket counts as broken. */
const MAX_RECEIVE_ERRORS = 100;

/** A socket of Deno with its native halves. */
interface Lane {
  readonly socket: Deno.DatagramConn;
  readonly sender: NativeSender;
  readonly receiver: NativeReceiver;
  /** Datagrams taken since the event loop had its turn. */
  taken: number;
  /** Datagrams that one received datagram brought about lately. */
  fanOut: number;
}

/**
 * Media sockets that Deno opens and wakes us up for, while `recvmmsg` and `sendmmsg` move the packets.
 *
 * One socket for each local address, as the portable endpoint has them. Deno keeps the sockets: `receive()` waits for the first
 * datagram, everything behind it is drained natively. A turn's output leaves with a few calls, and its
 * packets are free when `send` returns.
 */
export class NativeEndpoint implements DatagramEndpoint {
  readonly engine = "native";
  readonly port: number;
  readonly addresses: string[];
  readonly stats: EndpointStats = { received: 0, sent: 0, sendFailed: 0, sendDropped: 0, tooLong: 0 };
  readonly #lanes: Lane[];
  readonly #libraries: NativeLibraries;
  /** Whether the kernel cuts runs of packets. */
  readonly #segments: boolean;
  readonly #pool: PacketPool;
  readonly #logger: Logger;
  readonly #maxPerStep: number;
  #loops: Promise<void>[] = [];
  #listener: DatagramListener | undefined;
  #handed = 0;
  #closed = false;

  /**
   * Opens the sockets and adopts them.
   *
   * @param port 0 picks a free one
   * @param maxPerStep datagrams taken before what they brought about is sent, at most; a benchmark fixes it so that it
   * knows what it measures
   * @throws {SeaMeetError} `address_in_use`, `io`, or `unstable_net_required` when Deno runs without `--unstable-net`
   */
  constructor(
    addresses: readonly string[],
    port: number,
    pool: PacketPool,
    logger: Logger,
    libraries: NativeLibraries,
    maxPerStep: number = MAX_PER_TURN,
  ) {
    this.#maxPerStep = maxPerStep;
    this.#pool = pool;
    this.#logger = logger;
    this.addresses = [...addresses];
    this.#libraries = libraries;
    const sockets = openMediaSockets(addresses, port);
    try {
      const problem = probeSegmentation(libraries.libc);
      this.#segments = problem === undefined;
      if (problem !== undefined) logger.log("info", "udp", `Each packet is sent by itself: ${problem}`);
      this.#lanes = sockets.map((socket, number) => this.#adopt(socket, number, libraries));
    } catch (error) {
      for (const socket of sockets) socket.close();
      throw error;
    }
    this.port = (sockets[0]!.addr as Deno.NetAddr).port;
  }

  /** Datagrams that wait because the kernel had no room. */
  get waiting(): number {
    return this.#lanes.reduce((sum, { sender }) => sum + sender.waiting, 0);
  }

  start(listener: DatagramListener): void {
    this.#listener = listener;
    this.#loops = this.#lanes.map((lane, number) => this.#receive(lane, number, listener));
  }

  open(address: string): void {
    const [socket] = openMediaSockets([address], this.port);
    const number = this.#lanes.length;
    this.addresses.push(address);
    try {
      this.#lanes.push(this.#adopt(socket!, number, this.#libraries));
    } catch (error) {
      this.addresses.pop();
      socket!.close();
      throw error;
    }
    if (this.#listener !== undefined) this.#loops.push(this.#receive(this.#lanes[number]!, number, this.#listener));
  }

  send(batch: DatagramBatch): void {
    const lanes = this.#lanes;
    const { length } = batch;
    this.#handed += length;
    for (let i = 0; i < length; i++) {
      const packet = batch.packets[i]!;
      const path = batch.paths[i]!;
      batch.packets[i] = batch.paths[i] = undefined;
      const lane = lanes[path.socket];
      if (lane !== undefined) lane.sender.add(packet, path);
      else {
        this.stats.sendFailed++;
        packet.release();
      }
    }
    batch.length = 0;
    for (const { sender } of lanes) sender.flush();
  }

  async close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      for (const { socket, sender, receiver } of this.#lanes) {
        // First nothing native uses the descriptor any more, then it is closed: its number may be given out at once.
        sender.close();
        receiver.close();
        socket.close();
      }
    }
    await Promise.all(this.#loops);
  }

  #adopt(socket: Deno.DatagramConn, number: number, { libc }: NativeLibraries): Lane {
    const { fd, family } = adoptSocket(libc, socket);
    const sizes = raiseBuffers(libc, fd);
    const text = isRoomy(sizes)
      ? "Media socket is open"
      : "Media socket has small buffers, bursts may be lost: raise net.core.rmem_max and net.core.wmem_max to 4194304";
    this.#logger.log(isRoomy(sizes) ? "debug" : "warn", "udp", text, {
      address: this.addresses[number],
      receiveBuffer: sizes.receive,
      sendBuffer: sizes.send,
    });
    const segmentation = new Segmentation(
      this.#segments,
      (reason) =>
        this.#logger.log("info", "udp", "Each packet is sent by itself from here on: runs of them were refused", {
          address: this.addresses[number],
          errno: reason,
        }),
    );
    return {
      socket,
      sender: new NativeSender(libc, fd, family, socket, this.stats, segmentation),
      receiver: new NativeReceiver(libc, fd, family, number, this.#pool, this.stats),
      taken: 0,
      fanOut: 1,
    };
  }

  async #receive(lane: Lane, number: number, listener: DatagramListener): Promise<void> {
    let errors = 0;
    while (!this.#closed) {
      const packet = this.#pool.acquire();
      let from: Deno.NetAddr;
      try {
        const [bytes, source] = await lane.socket.receive(packet.bytes);
        packet.length = bytes.length;
        from = source as Deno.NetAddr;
        errors = 0;
      } catch (error) {
        packet.release();
        if (this.#closed) return;
        if (++errors < MAX_RECEIVE_ERRORS) continue;
        this.#logger.log("error", "udp", "Media socket has failed", {
          address: this.addresses[number],
          error: error instanceof Error ? error.message : String(error),
        });
        return;
      }
      this.stats.received++;
      if (packet.length >= PACKET_CAPACITY) {
        this.stats.tooLong++;
        packet.release();
      } else listener(packet, number, from.hostname, from.port);
      lane.taken++;
      await this.#drain(lane, listener);
      if (lane.taken >= MAX_PER_TURN) {
        lane.taken = 0;
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    }
  }

  /** Takes what is there, in steps; between two steps the listener's owner sends what the first brought about. */
  async #drain(lane: Lane, listener: DatagramListener): Promise<void> {
    while (lane.taken < MAX_PER_TURN) {
      const handed = this.#handed;
      const step = Math.max(1, Math.min(this.#maxPerStep, Math.floor(STEP_OUTPUT / lane.fanOut)));
      const count = lane.receiver.drain(step, listener);
      if (count === 0) return;
      lane.taken += count;
      // The driver flushes in a microtask that it has queued before this one.
      await undefined;
      // Audio between video must not make us forget how much the next video packet brings about.
      lane.fanOut = Math.max(1, (this.#handed - handed) / count, lane.fanOut * FAN_OUT_DECAY);
    }
  }
}
