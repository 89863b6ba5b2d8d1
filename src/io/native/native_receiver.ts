import { PACKET_CAPACITY, type PacketPool } from "../../base/packet_pool.ts";
import type { DatagramListener, EndpointStats } from "../udp_socket.ts";
import type { Libc } from "./library.ts";
import { MessageBlock } from "./message_block.ts";
import { portOf, SourceTexts } from "./socket_address.ts";

/** Datagrams per call at most. */
const BATCH = 64;

/** `MSG_DONTWAIT` of Linux. */
const MSG_DONTWAIT = 0x40;

/** Takes what has arrived at one socket without waiting. */
export class NativeReceiver {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #number: number;
  readonly #pool: PacketPool;
  readonly #stats: EndpointStats;
  readonly #block: MessageBlock;
  readonly #texts: SourceTexts;
  #closed = false;

  /** Receives from the descriptor `fd`, which is socket `number` for the listener. */
  constructor(libc: Libc, fd: number, family: number, number: number, pool: PacketPool, stats: EndpointStats) {
    this.#libc = libc;
    this.#fd = fd;
    this.#number = number;
    this.#pool = pool;
    this.#stats = stats;
    this.#block = new MessageBlock(BATCH, family);
    this.#texts = new SourceTexts(family);
    for (let i = 0; i < BATCH; i++) this.#block.setPacket(i, pool.acquire(), PACKET_CAPACITY);
  }

  /** Hands at most `limit` datagrams to the listener, oldest first; returns how many were there. */
  drain(limit: number, listener: DatagramListener): number {
    if (this.#closed) return 0;
    const wanted = Math.min(limit, BATCH);
    const count = this.#libc.recvmmsg(this.#fd, this.#block.headerAddress(0), wanted, MSG_DONTWAIT, 0n);
    // Nothing there, or a failure, which Deno's own receive() is told about as well.
    if (count <= 0) return 0;
    // The listener may close us.
    for (let i = 0; i < count && !this.#closed; i++) this.#deliver(i, listener);
    return count;
  }

  /** Gives the buffers back. To be called before the descriptor is closed. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (let i = 0; i < BATCH; i++) {
      this.#block.packet(i)!.release();
      this.#block.clear(i);
    }
  }

  #deliver(i: number, listener: DatagramListener): void {
    const block = this.#block;
    const length = block.movedBytes(i);
    this.#stats.received++;
    if (length >= PACKET_CAPACITY) {
      this.#stats.tooLong++;
      return;
    }
    const { words } = block;
    const at = block.addressWord(i);
    const packet = block.packet(i)!;
    block.setPacket(i, this.#pool.acquire(), PACKET_CAPACITY);
    packet.length = length;
    listener(packet, this.#number, this.#texts.text(words, at), portOf(words, at));
  }
}
