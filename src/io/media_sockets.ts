import { SeaMeetError } from "../base/errors.ts";

/** How often another port is tried when any port will do and one of the addresses has it in use. */
const PORT_ATTEMPTS = 20;

/**
 * Opens one datagram socket for each address, all on one port number.
 *
 * @param port 0 picks a free one
 * @throws {SeaMeetError} `address_in_use`, `io`, or `unstable_net_required` when Deno runs without `--unstable-net`
 */
export function openMediaSockets(addresses: readonly string[], port: number): Deno.DatagramConn[] {
  if (typeof Deno.listenDatagram !== "function") {
    const text = "Cannot open media sockets: Deno.listenDatagram is unstable, run Deno with --unstable-net";
    throw new SeaMeetError("unstable_net_required", text);
  }
  if (addresses.length === 0) {
    throw new SeaMeetError("io", "Cannot open media sockets: this machine has no usable address");
  }
  for (let attempt = 1;; attempt++) {
    try {
      return openOnce(addresses, port);
    } catch (error) {
      if (port === 0 && attempt < PORT_ATTEMPTS && error instanceof Deno.errors.AddrInUse) continue;
      throw describe(error, port);
    }
  }
}

function openOnce(addresses: readonly string[], port: number): Deno.DatagramConn[] {
  const sockets: Deno.DatagramConn[] = [];
  try {
    for (const hostname of addresses) {
      const chosen = sockets.length === 0 ? port : (sockets[0]!.addr as Deno.NetAddr).port;
      sockets.push(Deno.listenDatagram({ transport: "udp", hostname, port: chosen }));
    }
    return sockets;
  } catch (error) {
    for (const socket of sockets) socket.close();
    throw error;
  }
}

function describe(error: unknown, port: number): SeaMeetError {
  if (error instanceof Deno.errors.AddrInUse) {
    const text = `Cannot open media port ${port}: it is in use; choose another with --udp-port`;
    return new SeaMeetError("address_in_use", text, { cause: error });
  }
  const detail = error instanceof Error ? error.message : String(error);
  return new SeaMeetError("io", `Cannot open media port ${port}: ${detail}`, { cause: error });
}
