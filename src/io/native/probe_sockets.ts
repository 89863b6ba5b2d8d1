import { PacketPool } from "../../base/packet_pool.ts";
import { Path } from "../../transport/path.ts";
import type { EndpointStats } from "../udp_socket.ts";
import type { Libc } from "./library.ts";
import { openMediaSockets } from "../media_sockets.ts";
import { NativeReceiver } from "./native_receiver.ts";
import { NativeSender } from "./native_sender.ts";
import { adoptSocket } from "./native_socket.ts";
import { Segmentation } from "./segmentation.ts";

/** Where a socket can talk to itself; one of the two is there on any machine. */
const LOOPBACK = ["127.0.0.1", "::1"];

const PROBE_BYTES = Uint8Array.of(0x73, 0x65, 0x61);

/** Lengths of the datagrams that are sent as one message: the last one may be shorter. */
const SEGMENT_LENGTHS = [PROBE_BYTES.length, PROBE_BYTES.length, 1];

/**
 * Sends a datagram to itself through the native calls.
 *
 * Proves at once that a socket's descriptor can be found, that the structs are laid out as this kernel has them and that
 * nothing (a sandbox, a filter of system calls) is in the way.
 *
 * @returns what is wrong, as a clause; `undefined` when it works
 */
export function probeSockets(libc: Libc): string | undefined {
  // Opening the endpoint says it better.
  if (typeof Deno.listenDatagram !== "function") return undefined;
  return onLoopback((socket, address) =>
    echoes(libc, socket, address, [PROBE_BYTES.length])
      ? undefined
      : "a datagram sent with sendmmsg did not come back by recvmmsg"
  );
}

/**
 * Sends datagrams to itself as one message that the kernel is to cut.
 *
 * A kernel that does not know `UDP_SEGMENT` may refuse it, or send the message whole: only what arrives tells.
 *
 * @returns what is wrong, as a clause; `undefined` when it works
 */
export function probeSegmentation(libc: Libc): string | undefined {
  return onLoopback((socket, address) => {
    const segmentation = new Segmentation(true);
    if (!echoes(libc, socket, address, SEGMENT_LENGTHS, segmentation)) return "segments did not arrive as datagrams";
    return segmentation.refusals === 0 ? undefined : "the kernel refuses UDP_SEGMENT";
  });
}

/** Tries it with a socket on each loopback address until there is no problem. */
function onLoopback(check: (socket: Deno.DatagramConn, address: string) => string | undefined): string | undefined {
  let problem: string | undefined = "there is no loopback address";
  for (const address of LOOPBACK) {
    try {
      const [socket] = openMediaSockets([address], 0);
      try {
        problem = check(socket!, address);
        if (problem === undefined) return undefined;
      } finally {
        socket!.close();
      }
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
  }
  return problem;
}

function echoes(
  libc: Libc,
  socket: Deno.DatagramConn,
  address: string,
  lengths: readonly number[],
  segmentation?: Segmentation,
): boolean {
  const { fd, family } = adoptSocket(libc, socket);
  const { port } = socket.addr as Deno.NetAddr;
  const pool = new PacketPool();
  const stats: EndpointStats = { received: 0, sent: 0, sendFailed: 0, sendDropped: 0, tooLong: 0 };
  const sender = new NativeSender(libc, fd, family, socket, stats, segmentation);
  const receiver = new NativeReceiver(libc, fd, family, 0, pool, stats);
  const path = new Path(0, address, port);
  for (const length of lengths) {
    const packet = pool.acquire();
    packet.bytes.set(PROBE_BYTES);
    packet.length = length;
    sender.add(packet, path);
  }
  sender.flush();
  let same = 0;
  // On loopback a datagram has arrived when the call that sent it returns.
  const count = receiver.drain(lengths.length + 1, (received, _socket, from, fromPort) => {
    const right = from === address && fromPort === port && received.length === lengths[same];
    if (right && received.bytes.subarray(0, received.length).every((byte, i) => byte === PROBE_BYTES[i])) same++;
    received.release();
  });
  sender.close();
  receiver.close();
  return same === lengths.length && count === same;
}
