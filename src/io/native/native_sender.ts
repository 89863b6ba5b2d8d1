import type { PooledPacket } from "../../base/packet_pool.ts";
import type { Path } from "../../transport/path.ts";
import type { EndpointStats } from "../udp_socket.ts";
import type { Libc } from "./library.ts";
import { MessageBlock } from "./message_block.ts";
import type { Segmentation } from "./segmentation.ts";
import { SendQueue } from "./send_queue.ts";
import { Destination, NONE, SendWindow } from "./send_window.ts";
import { writeSocketAddress } from "./socket_address.ts";

/** Packets per call: more would not be cheaper, and what they point to would leave the processor's caches before it is sent. */
const BATCH = 128;

/** Return at once when there is no room (`MSG_DONTWAIT`); Deno's sockets are non-blocking anyway. */
const MSG_DONTWAIT = 0x40;

/** Reasons of Linux to try again. */
const EINTR = 4;
const EAGAIN = 11;

/** How often a call that was interrupted is made again before its first message is given up. */
const MAX_INTERRUPTIONS = 10;

/** What of Deno's socket is used: to wait until the kernel has room again. */
export type WaitingSocket = Pick<Deno.DatagramConn, "send">;

/**
 * Sends through one socket: collects a turn's datagrams and hands them to the kernel with as few calls as possible.
 *
 * Packets to one destination leave in the order they were added. Those of equal size go as one message that the kernel cuts
 * again, where that works; packets to others may then pass them.
 *
 * What the kernel has no room for waits in a queue, and later datagrams behind it. The oldest of them is then given to Deno's
 * own `send`, which settles when the socket can be written to again: an event, where a timer would guess.
 */
export class NativeSender {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #family: number;
  readonly #socket: WaitingSocket;
  readonly #stats: EndpointStats;
  readonly #segmentation: Segmentation | undefined;
  readonly #window = new SendWindow();
  /** What goes out with the next call: places and messages of the block that are filled, and where each message goes. */
  readonly #block: MessageBlock;
  readonly #targets: (Destination | undefined)[] = new Array(BATCH).fill(undefined);
  #places = 0;
  #messages = 0;
  readonly #queue = new SendQueue();
  #full = false;
  #waiting = false;
  #closed = false;

  /** Sends through `socket`, whose descriptor is `fd`; each packet is a message of its own without `segmentation`. */
  constructor(
    libc: Libc,
    fd: number,
    family: number,
    socket: WaitingSocket,
    stats: EndpointStats,
    segmentation?: Segmentation,
  ) {
    this.#libc = libc;
    this.#fd = fd;
    this.#family = family;
    this.#socket = socket;
    this.#stats = stats;
    this.#segmentation = segmentation;
    this.#block = new MessageBlock(BATCH, family);
  }

  /** How many wait for room. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Takes a datagram and owns its packet; it goes out with `flush` at the latest. */
  add(packet: PooledPacket, path: Path): void {
    const destination = this.#destinationOf(path);
    if (this.#closed || packet.length > packet.bytes.length || !destination.reachable) {
      this.#stats.sendFailed++;
      packet.release();
    } else if (this.#waiting) this.#stats.sendDropped += this.#queue.push(packet, path);
    else if (this.#window.add(packet, destination, this.#segmentation?.on === true)) this.flush();
  }

  /** Sends what was added. */
  flush(): void {
    const window = this.#window;
    const { count } = window;
    if (count === 0) return;
    this.#full = false;
    for (let i = 0; i < count; i++) {
      if (!window.begins(i)) continue;
      for (let at = i; at !== NONE;) at = this.#place(at);
    }
    if (this.#messages > 0) this.#send();
    window.clear();
    if (this.#full) this.#awaitRoom();
  }

  /** Drops what waits; nothing is sent any more. To be called before the descriptor is closed. */
  close(): void {
    if (this.#closed) return;
    this.flush();
    this.#closed = true;
    this.#stats.sendDropped += this.#queue.clear();
  }

  /**
   * Puts the packet at `first` of the window into the block, with those behind it that make one message with it.
   *
   * @returns where the next packet to that destination is
   */
  #place(first: number): number {
    const window = this.#window;
    const destination = window.destination(first);
    const count = window.runFrom(first);
    if (this.#places + count > BATCH) this.#send();
    const start = this.#places;
    let at = first;
    for (let i = 0; i < count; i++) {
      const packet = window.packet(at);
      if (this.#full) this.#stats.sendDropped += this.#queue.push(packet, destination.path);
      else this.#block.setPacket(this.#places++, packet, packet.length);
      at = window.next(at);
    }
    if (!this.#full) this.#message(destination, start, count);
    return at;
  }

  /** Makes the next message of the block: `count` packets from place `start` on. */
  #message(destination: Destination, start: number, count: number): void {
    const i = this.#messages++;
    this.#targets[i] = destination;
    this.#block.setAddress(i, destination);
    this.#block.setRun(i, start, count, count === 1 ? 0 : this.#block.packet(start)!.length);
  }

  /** Sends the block and empties it; what there is no room for goes to the queue, and everything behind it. */
  #send(): void {
    const messages = this.#messages;
    const done = this.#transmit(messages);
    for (let i = done; i < messages; i++) {
      const { path } = this.#targets[i]!;
      const start = this.#block.runStart(i);
      for (let at = start; at < start + this.#block.runLength(i); at++) {
        this.#stats.sendDropped += this.#queue.push(this.#block.packet(at)!, path);
        this.#block.clear(at);
      }
    }
    this.#empty();
    if (done < messages) this.#full = true;
  }

  #empty(): void {
    this.#targets.fill(undefined, 0, this.#messages);
    this.#messages = this.#places = 0;
  }

  /**
   * Sends the first `count` messages of the block and releases their packets.
   *
   * @returns how many are dealt with, sent or given up; fewer than `count` when there is no room
   */
  #transmit(count: number): number {
    let done = 0;
    while (done < count) {
      const sent = this.#call(done, count - done);
      if (sent > 0) {
        for (const end = Math.min(count, done + sent); done < end; done++) this.#sent(done);
      } else if (sent === -EAGAIN) return done;
      else if (this.#block.runLength(done) > 1) {
        this.#refused(this.#targets[done]!, -sent);
        if (!this.#transmitApart(done)) return done;
        done++;
      } else {
        // The failure is that of the first message: no route, a firewall, too long for the path.
        this.#stats.sendFailed++;
        this.#release(done++);
      }
    }
    return done;
  }

  /** One destination counts once, however many messages to it there were. */
  #refused(destination: Destination, reason: number): void {
    if (destination.segments) destination.segments = this.#segmentation?.refused(reason) !== true;
  }

  /**
   * Sends the packets of a message that was refused one by one.
   *
   * @returns `false` when there is no room: the message then has the packets that are left
   */
  #transmitApart(message: number): boolean {
    const block = this.#block;
    const start = block.runStart(message);
    const end = start + block.runLength(message);
    for (let at = start; at < end; at++) {
      block.setRun(message, at, 1, 0);
      const sent = this.#call(message, 1);
      if (sent === -EAGAIN) {
        block.setRun(message, at, end - at, 0);
        return false;
      }
      if (sent > 0) this.#stats.sent++;
      else this.#stats.sendFailed++;
      this.#release(message);
    }
    return true;
  }

  /** Hands messages to the kernel; returns how many it took, or the reason why not the first, negative. */
  #call(message: number, count: number): number {
    for (let interruptions = 0;; interruptions++) {
      const sent = this.#libc.sendmmsg(this.#fd, this.#block.headerAddress(message), count, MSG_DONTWAIT);
      if (sent > 0) return sent;
      const reason = this.#libc.errno();
      if (reason !== EINTR || interruptions === MAX_INTERRUPTIONS) return -reason;
    }
  }

  #sent(message: number): void {
    this.#stats.sent += this.#block.runLength(message);
    this.#release(message);
  }

  #release(message: number): void {
    const block = this.#block;
    const start = block.runStart(message);
    const end = start + block.runLength(message);
    for (let at = start; at < end; at++) {
      block.packet(at)!.release();
      block.clear(at);
    }
  }

  /** The address is kept at the path: written once for each destination. */
  #destinationOf(path: Path): Destination {
    const { handle } = path;
    if (handle instanceof Destination) return handle;
    const destination = new Destination(path, writeSocketAddress(path.address, path.port, this.#family));
    path.handle = destination;
    return destination;
  }

  #awaitRoom(): void {
    if (this.#queue.length === 0) return;
    this.#waiting = true;
    const packet = this.#queue.packet(0);
    const path = this.#queue.path(0);
    this.#queue.shift(1);
    const address: Deno.NetAddr = { transport: "udp", hostname: path.address, port: path.port };
    this.#socket.send(packet.bytes.subarray(0, packet.length), address).then(
      () => this.#resume(packet, true),
      () => this.#resume(packet, false),
    );
  }

  /** There is room again: the queue goes first, each packet as a message of its own. */
  #resume(packet: PooledPacket, sent: boolean): void {
    if (sent) this.#stats.sent++;
    else this.#stats.sendFailed++;
    packet.release();
    this.#waiting = false;
    while (!this.#closed && this.#queue.length > 0) {
      const count = Math.min(BATCH, this.#queue.length);
      for (let i = 0; i < count; i++) {
        const waited = this.#queue.packet(i);
        this.#block.setPacket(i, waited, waited.length);
        this.#message(this.#destinationOf(this.#queue.path(i)), i, 1);
      }
      const done = this.#transmit(count);
      for (let i = done; i < count; i++) this.#block.clear(i);
      this.#empty();
      this.#queue.shift(done);
      if (done < count) return this.#awaitRoom();
    }
  }
}
