/** A UDP relay in front of a server that loses some of what the server sends. */

/** A running relay. */
export interface LossyRelay extends Disposable {
  readonly port: number;
  /** Share of datagrams to browsers that are lost from now on, 0 … 1. */
  loss: number;
}

/** Starts a relay to a UDP port of 127.0.0.1; the same datagrams are lost each time. */
export function startLossyRelay(serverPort: number): LossyRelay {
  const front = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const behind = new Map<number, Deno.DatagramConn>();
  const server: Deno.NetAddr = { transport: "udp", hostname: "127.0.0.1", port: serverPort };
  let state = 1;
  const random = () => (state = (state * 48_271) % 0x7fffffff) / 0x7fffffff;
  const relay = {
    port: front.addr.transport === "udp" ? front.addr.port : 0,
    loss: 0,
    [Symbol.dispose]() {
      front.close();
      for (const socket of behind.values()) socket.close();
    },
  };
  const back = async (socket: Deno.DatagramConn, client: Deno.Addr) => {
    for await (const [datagram] of socket) {
      // STUN and DTLS begin with less; only media is lost.
      if (datagram[0]! >= 0x80 && random() < relay.loss) continue;
      await front.send(datagram, client).catch(() => {});
    }
  };
  const forth = async () => {
    for await (const [datagram, from] of front) {
      if (from.transport !== "udp") continue;
      let socket = behind.get(from.port);
      if (socket === undefined) {
        socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
        behind.set(from.port, socket);
        void back(socket, from);
      }
      await socket.send(datagram, server).catch(() => {});
    }
  };
  void forth();
  return relay;
}
