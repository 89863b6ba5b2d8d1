/** A TCP line to a server that a test cuts, makes deaf, or lets nobody through for a while. */
import { Inbox } from "./call_signaling.ts";

/** One connection that goes through. */
interface Pair {
  readonly client: Deno.TcpConn;
  readonly server: Deno.TcpConn;
}

export class CutLine implements AsyncDisposable {
  /** Lengths of what was said while the line was deaf. */
  readonly swallowed: Inbox<number> = new Inbox();
  /** What the client says is lost; the server's words still come. */
  deaf = false;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #port: number;
  readonly #pairs = new Set<Pair>();
  readonly #work = new Set<Promise<void>>();
  #open: PromiseWithResolvers<void> = Promise.withResolvers();

  /** A line to a port of this machine. */
  constructor(port: number) {
    this.#port = port;
    this.#open.resolve();
    this.#track(this.#accept());
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#listener.addr.port}/`;
  }

  /** Breaks all connections off, without a word; `serverNotices: false`: the server goes on believing in them. */
  cut({ serverNotices }: { readonly serverNotices: boolean }): void {
    this.deaf = false;
    for (const pair of this.#pairs) {
      close(pair.client);
      if (serverNotices) close(pair.server);
    }
  }

  /** Lets nobody through until `release`. */
  hold(): void {
    this.#open = Promise.withResolvers();
  }

  release(): void {
    this.#open.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
    this.#listener.close();
    for (const { client, server } of this.#pairs) {
      close(client);
      close(server);
    }
    await Promise.all(this.#work);
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) this.#track(this.#carry(client));
  }

  async #carry(client: Deno.TcpConn): Promise<void> {
    await this.#open.promise;
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
    const pair = { client, server };
    this.#pairs.add(pair);
    await Promise.all([this.#pipe(client, server, true), this.#pipe(server, client, false)]);
    this.#pairs.delete(pair);
  }

  async #pipe(from: Deno.TcpConn, to: Deno.TcpConn, isUp: boolean): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (let length = await from.read(buffer); length !== null; length = await from.read(buffer)) {
        if (isUp && this.deaf) this.swallowed.add(length);
        else await writeAll(to, buffer.subarray(0, length));
      }
      close(to);
    } catch {
      // One side was closed, by us or by its owner; a server that is not to notice is closed at the end.
    }
  }

  #track(work: Promise<void>): void {
    const tracked = work.catch(() => {}).finally(() => this.#work.delete(tracked));
    this.#work.add(tracked);
  }
}

async function writeAll(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

function close(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch {
    // It is closed already.
  }
}
