/** The network of one machine that moves from one access to another: a TCP proxy and a UDP relay in front of a server. */
import dgram from "node:dgram";

/** What happens to TCP connections of the network that is left. */
export type LeftTcp = "reset" | "silent";

/** A running network. */
export interface MovingNetwork extends AsyncDisposable {
  /** Where the machine reaches the server's TCP port. */
  readonly tcpPort: number;
  /** Where it reaches the server's UDP port. */
  readonly udpPort: number;
  /** Datagrams that were sent into the network that was left. */
  readonly lost: number;
  /** Ends the access in use: what was opened over it is of no use any more, what is opened from now on has another address. */
  move(tcp: LeftTcp): void;
}

/** Starts a network in front of the server at 127.0.0.1. */
export async function movingNetwork(server: { tcpPort: number; udpPort: number }): Promise<MovingNetwork> {
  const tcp = new TcpAccess(server.tcpPort);
  const udp = await UdpAccess.open(server.udpPort);
  return {
    tcpPort: tcp.port,
    udpPort: udp.port,
    get lost() {
      return udp.lost;
    },
    move(kind) {
      tcp.leave(kind);
      udp.leave();
    },
    async [Symbol.asyncDispose]() {
      tcp.close();
      await udp.close();
    },
  };
}

class TcpAccess {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #target: number;
  #pairs: { near: Deno.TcpConn; far: Deno.TcpConn; silent: boolean }[] = [];

  constructor(target: number) {
    this.#target = target;
    void this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  leave(kind: LeftTcp): void {
    for (const pair of this.#pairs) {
      if (kind === "silent") pair.silent = true;
      else closeAll(pair.near, pair.far);
    }
  }

  close(): void {
    this.#listener.close();
    for (const { near, far } of this.#pairs) closeAll(near, far);
  }

  async #accept(): Promise<void> {
    for await (const near of this.#listener) {
      const far = await Deno.connect({ hostname: "127.0.0.1", port: this.#target });
      const pair = { near, far, silent: false };
      this.#pairs.push(pair);
      void this.#carry(pair, near, far);
      void this.#carry(pair, far, near);
    }
  }

  async #carry(pair: { silent: boolean }, from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (let n = await from.read(buffer); n !== null; n = await from.read(buffer)) {
        for (let at = 0; at < n && !pair.silent;) at += await to.write(buffer.subarray(at, n));
      }
    } catch {
      // One of the two was closed.
    }
    if (!pair.silent) closeAll(from, to);
  }
}

function closeAll(...connections: Deno.TcpConn[]): void {
  for (const connection of connections) {
    try {
      connection.close();
    } catch {
      // It is closed already.
    }
  }
}

/** A NAT: each port of the machine has one of its own outside. */
class UdpAccess {
  readonly port: number;
  readonly #near: dgram.Socket;
  readonly #target: number;
  readonly #outside = new Map<number, dgram.Socket>();
  /** Ports of the machine in the network that was left. */
  readonly #dead = new Set<number>();
  lost = 0;
  #address = "127.0.0.1";

  private constructor(near: dgram.Socket, target: number) {
    this.#near = near;
    this.#target = target;
    this.port = near.address().port;
    near.on("message", (bytes, { address, port }) => this.#send(bytes, address, port));
  }

  static async open(target: number): Promise<UdpAccess> {
    const near = dgram.createSocket("udp4");
    await new Promise<void>((resolve) => near.bind(0, "127.0.0.1", resolve));
    return new UdpAccess(near, target);
  }

  leave(): void {
    for (const [port, socket] of this.#outside) {
      this.#dead.add(port);
      socket.close();
    }
    this.#outside.clear();
    this.#address = "127.0.0.2";
  }

  async close(): Promise<void> {
    for (const socket of this.#outside.values()) socket.close();
    await new Promise<void>((resolve) => this.#near.close(() => resolve()));
  }

  #send(bytes: Uint8Array, address: string, port: number): void {
    if (this.#dead.has(port)) {
      this.lost++;
      return;
    }
    let socket = this.#outside.get(port);
    if (socket === undefined) {
      const outside = dgram.createSocket("udp4");
      outside.on("message", (answer) => this.#near.send(answer, port, address));
      outside.bind(0, this.#address);
      this.#outside.set(port, socket = outside);
    }
    socket.send(bytes, this.#target, "127.0.0.1");
  }
}
