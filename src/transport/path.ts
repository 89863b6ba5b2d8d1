import type { PeerId } from "../base/ids.ts";
import type { Millis } from "../base/time.ts";

/**
 * One way between us and a client: a local socket and a remote address.
 *
 * Only an authenticated STUN check makes a path belong to a peer (`PeerIndex.bind`), so nobody can fill our
 * tables by sending datagrams from many addresses.
 *
 * @example
 * ```ts
 * import { Path } from "@seameet/cli/sfu";
 * import { assertEquals } from "@std/assert";
 *
 * const path = new Path(0, "192.0.2.1", 5000);
 * assertEquals([path.peer, path.checkedAt], [undefined, -Infinity]);
 * ```
 */
export class Path {
  /** Which of our sockets, numbered by the datagram endpoint. */
  readonly socket: number;
  /** The remote IP address as the socket reports it. */
  readonly address: string;
  /** The remote UDP port. */
  readonly port: number;
  /** Whatever the datagram endpoint keeps for this destination. */
  handle: unknown = undefined;
  /** The peer that the path belongs to. */
  peer: PeerId | undefined = undefined;
  /** When the last authenticated check came from here; minus infinity before the first. */
  checkedAt: Millis = -Infinity;

  /** Describes a path; it belongs to nobody yet. */
  constructor(socket: number, address: string, port: number) {
    this.socket = socket;
    this.address = address;
    this.port = port;
  }
}
