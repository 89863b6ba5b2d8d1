import type { PooledPacket } from "../../base/packet_pool.ts";
import type { Path } from "../../transport/path.ts";

/** Datagrams that wait at one socket: 7 MB at most, a fifth of a second at 200 Mbit/s; older media is of no use. */
export const MAX_WAITING = 4_096;

/** RTP packets above this many bytes are video: Opus stays below 400 even at its highest common rates. */
const MAX_AUDIO_LENGTH = 400;

/**
 * Datagrams that the kernel had no room for, in order.
 *
 * When it is full the oldest video goes: what is left of it arrives too late, a keyframe is asked for and repairs
 * it, while audio, control and handshakes are small and have nothing to take their place.
 */
export class SendQueue {
  #packets: PooledPacket[] = [];
  #paths: Path[] = [];
  #head = 0;

  /** How many wait. */
  get length(): number {
    return this.#packets.length - this.#head;
  }

  /** Appends one and owns it; returns how many others it dropped for it. */
  push(packet: PooledPacket, path: Path): number {
    const dropped = this.length >= MAX_WAITING ? this.#makeRoom() : 0;
    this.#packets.push(packet);
    this.#paths.push(path);
    return dropped;
  }

  /** The packet at place `i` from the oldest. */
  packet(i: number): PooledPacket {
    return this.#packets[this.#head + i]!;
  }

  /** The path at place `i` from the oldest. */
  path(i: number): Path {
    return this.#paths[this.#head + i]!;
  }

  /** Forgets the `count` oldest; the caller has released them. */
  shift(count: number): void {
    this.#head += count;
    if (this.#head < MAX_WAITING && this.#head < this.#packets.length) return;
    this.#packets = this.#packets.slice(this.#head);
    this.#paths = this.#paths.slice(this.#head);
    this.#head = 0;
  }

  /** Releases all; returns how many. */
  clear(): number {
    const count = this.length;
    for (let i = 0; i < count; i++) this.packet(i).release();
    this.shift(count);
    return count;
  }

  /** Drops the video of the older half; the oldest quarter, whatever it is, where there is none. */
  #makeRoom(): number {
    const old = this.length >>> 1;
    return this.#drop((packet, i) => i < old && isVideo(packet)) || this.#drop((_packet, i) => i < old >>> 1);
  }

  #drop(goes: (packet: PooledPacket, place: number) => boolean): number {
    const count = this.length;
    const packets: PooledPacket[] = [];
    const paths: Path[] = [];
    for (let i = 0; i < count; i++) {
      const packet = this.packet(i);
      if (goes(packet, i)) packet.release();
      else {
        packets.push(packet);
        paths.push(this.path(i));
      }
    }
    this.#packets = packets;
    this.#paths = paths;
    this.#head = 0;
    return count - packets.length;
  }
}

/** RTP has version 2 in its first bits, as RTCP, which is shorter (RFC 7983). */
function isVideo(packet: PooledPacket): boolean {
  return packet.length > MAX_AUDIO_LENGTH && packet.bytes[0]! >>> 6 === 2;
}
