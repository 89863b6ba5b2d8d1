import { SeaMeetError } from "../../base/errors.ts";
import type { Libc } from "./library.ts";
import { NativeBlock } from "./memory.ts";
import { addressText, AF_INET, AF_INET6, familyOf, portOf } from "./socket_address.ts";

/** Numbers of Linux (asm-generic/socket.h). */
const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SOCK_DGRAM = 2;

/** Descriptors looked at when ours is searched: new ones get the lowest free number, so it is among the first of those in use. */
const MAX_DESCRIPTORS = 65_536;

/** Room of a socket in each direction: the default of 208 KB holds some 90 datagrams, less than one burst of a keyframe. */
const WANTED_BUFFER = 4 * 1024 * 1024;

/** A socket that Deno owns, seen by native code. */
export interface NativeSocket {
  /** Its file descriptor; not to be used once Deno has closed the socket, since the number is given out again. */
  readonly fd: number;
  /** `AF_INET` or `AF_INET6`. */
  readonly family: number;
}

/** Bytes a socket may hold, as the kernel counts them (with its own bookkeeping, twice what was asked for). */
export interface BufferSizes {
  readonly receive: number;
  readonly send: number;
}

/** Where in a block the length of its first part stands, in bytes. */
const LENGTH_OFFSET = 32n;
const LENGTH_WORD = 8;

/**
 * Finds the descriptor of a datagram socket that Deno has opened.
 *
 * Deno does not tell it. Two datagram sockets of one process cannot have the same address and port, so the one
 * descriptor that has them is the one. Asking each descriptor in turn needs no permission to read `/proc`.
 *
 * @throws {SeaMeetError} `io` when there is none
 */
export function adoptSocket(libc: Libc, socket: Deno.DatagramConn): NativeSocket {
  const { hostname, port } = socket.addr as Deno.NetAddr;
  const block = new NativeBlock(64);
  const length = block.address + LENGTH_OFFSET;
  for (let fd = 3; fd < MAX_DESCRIPTORS; fd++) {
    block.bytes.fill(0);
    block.words[LENGTH_WORD] = 28;
    if (libc.getsockname(fd, block.address, length) !== 0) continue;
    const family = familyOf(block.words, 0);
    if (family !== AF_INET && family !== AF_INET6) continue;
    if (portOf(block.words, 0) !== port || addressText(block.words, 0) !== hostname) continue;
    if (readOption(libc, fd, SO_TYPE, block) === SOCK_DGRAM) return { fd, family };
  }
  throw new SeaMeetError("io", `Cannot find the descriptor of the media socket ${hostname} port ${port}`);
}

/** Gives a socket more room for bursts, as far as the system allows, and says what it has then. */
export function raiseBuffers(libc: Libc, fd: number): BufferSizes {
  const block = new NativeBlock(64);
  for (const [forced, plain] of [[SO_RCVBUFFORCE, SO_RCVBUF], [SO_SNDBUFFORCE, SO_SNDBUF]] as const) {
    block.words[0] = WANTED_BUFFER;
    // Only the superuser may go beyond the limits of the system.
    if (libc.setsockopt(fd, SOL_SOCKET, forced, block.address, 4) !== 0) {
      libc.setsockopt(fd, SOL_SOCKET, plain, block.address, 4);
    }
  }
  return { receive: readOption(libc, fd, SO_RCVBUF, block), send: readOption(libc, fd, SO_SNDBUF, block) };
}

/** Says whether the buffers are as large as we would like them. */
export function isRoomy(sizes: BufferSizes): boolean {
  return Math.min(sizes.receive, sizes.send) >= WANTED_BUFFER;
}

function readOption(libc: Libc, fd: number, name: number, block: NativeBlock): number {
  block.words[0] = 0;
  block.words[LENGTH_WORD] = 4;
  const length = block.address + LENGTH_OFFSET;
  return libc.getsockopt(fd, SOL_SOCKET, name, block.address, length) === 0 ? block.words[0]! : -1;
}
