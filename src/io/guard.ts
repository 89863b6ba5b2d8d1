import { Counters } from "../base/counters.ts";
import type { Millis } from "../base/time.ts";
import { BufferPool } from "./guard_buffers.ts";
import { Crowd } from "./guard_crowd.ts";
import { GuardConnection } from "./guard_connection.ts";
import type { GuardContext } from "./guard_context.ts";
import { type HttpRefusal, type RequestHead, writeRefusal, writeRequestHead } from "./guard_http_head.ts";
import { DEFAULT_GUARD_LIMITS, type GuardLimits } from "./guard_limits.ts";
import { type InnerConn, listen } from "./guard_stream.ts";
import { addressKey, type Cidr, cidrContains, parseIp } from "./ip_address.ts";

/** Options of `TcpGuard`. */
export interface TcpGuardOptions {
  /** Address to listen on. */
  readonly hostname: string;
  /** Port to listen on; 0 for any. */
  readonly port: number;
  /** Opens a connection to the server behind the guard. */
  readonly dial: () => Promise<InnerConn>;
  /** Name, in lower case, of the header that tells the server behind who is asking: `<connection id> <address>`. */
  readonly identityHeader: string;
  /** Peers whose `X-Forwarded-For` is believed. */
  readonly trustedProxies?: readonly Cidr[];
  /** Judges a WebSocket handshake before the server behind sees it; `undefined` lets it through. */
  readonly judgeUpgrade?: (head: RequestHead) => HttpRefusal | undefined;
  /** Limits that differ from the defaults. */
  readonly limits?: Partial<GuardLimits>;
}

/** What a guard has seen; see `TcpGuard.stats`. */
export interface GuardStats {
  /** TCP connections open now. */
  readonly connections: number;
  /** Bytes of unfinished WebSocket messages on their way now. */
  readonly unfinishedBytes: number;
  /** How connections ended and why some were not let in. */
  readonly endings: Readonly<Record<string, number>>;
}

/** How often deadlines are enforced. */
const SWEEP_MS: Millis = 250;
/** How long accepting pauses when the system is out of descriptors. */
const ACCEPT_PAUSE_MS: Millis = 100;
/** What only the server's own side may say; clients' words must not get through. */
const NEVER_PASSED = ["expect", "http2-settings", "sec-websocket-extensions"];
/** What only a trusted proxy may say. */
const FORWARDING = [
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-forwarded-port",
  "x-real-ip",
];

/**
 * A thin TCP proxy before `Deno.serve`, which has no limits of its own on time, frame or message size and cannot
 * abort a stalled socket (`docs/architecture.md`, "Guard").
 */
export class TcpGuard implements GuardContext {
  /** All limits in force. */
  readonly limits: GuardLimits;
  /** Shared by all connections. */
  readonly buffers: BufferPool = new BufferPool();
  /** Where the guard listens. */
  readonly addr: Deno.NetAddr;

  readonly #options: TcpGuardOptions;
  readonly #listener: Deno.TcpListener;
  readonly #connections = new Map<number, GuardConnection>();
  readonly #perAddress = new Map<string, number>();
  /** Which addresses a connection counts for: its peer's, or what a proxy forwards. */
  readonly #countedAs = new Map<number, string>();
  readonly #silent: Crowd<GuardConnection>;
  readonly #strangers: Crowd<GuardConnection>;
  readonly #running = new Set<Promise<void>>();
  readonly #endings = new Counters();
  readonly #sweeper: ReturnType<typeof setInterval>;
  #lastId = 0;
  #unfinishedBytes = 0;
  #deaf = false;
  #closed = false;
  #resume: (() => void) | undefined;

  /**
   * Listens at once.
   *
   * @throws {SeaMeetError} `address_in_use`, or `config` when the address is not one of this machine or not permitted.
   */
  constructor(options: TcpGuardOptions) {
    this.#options = options;
    this.limits = { ...DEFAULT_GUARD_LIMITS, ...options.limits };
    this.#silent = new Crowd(this.limits.maxSilent);
    this.#strangers = new Crowd(this.limits.maxStrangers);
    this.#listener = listen(options.hostname, options.port);
    this.addr = this.#listener.addr;
    this.#track(this.#accept());
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS);
  }

  /** The open connection with this id. */
  connection(id: number): GuardConnection | undefined {
    return this.#connections.get(id);
  }

  /** Counts so far. */
  stats(): GuardStats {
    return {
      connections: this.#connections.size,
      unfinishedBytes: this.#unfinishedBytes,
      endings: this.#endings.snapshot(),
    };
  }

  /** Stops listening, cuts every connection and waits until nothing is left. */
  async close(): Promise<void> {
    if (!this.#closed) {
      this.stopListening();
      this.#closed = true;
      clearInterval(this.#sweeper);
      this.#resume?.();
      for (const connection of this.#connections.values()) connection.cut("shut down");
    }
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Stops listening; open connections go on. */
  stopListening(): void {
    if (this.#deaf) return;
    this.#deaf = true;
    this.#listener.close();
  }

  now(): Millis {
    return performance.now();
  }

  dial(): Promise<InnerConn> {
    return this.#options.dial();
  }

  admit(head: RequestHead, from: GuardConnection): Uint8Array<ArrayBuffer> | HttpRefusal {
    const trusted = this.#isTrusted(from.peerAddress);
    if (trusted) from.remoteAddress = this.#forwardedFor(head, from.peerAddress);
    if (head.upgrade) {
      const judged = this.#options.judgeUpgrade?.(trusted ? head : withoutForwarding(head));
      if (judged !== undefined) return judged;
      if (trusted && !this.#count(from.id, from.remoteAddress)) return TOO_MANY;
    }
    const { identityHeader } = this.#options;
    const drop = new Set([identityHeader, ...NEVER_PASSED, ...(trusted ? [] : FORWARDING)]);
    if (!head.upgrade) drop.add("upgrade");
    const add: [string, string][] = [[identityHeader, `${from.id} ${from.remoteAddress}`]];
    if (head.version === "1.0") {
      drop.add("connection"); // kept alive only where both sides know how
      add.push(["connection", "close"]);
    }
    return writeRequestHead(head, drop, add);
  }

  silent(from: GuardConnection, isSilent: boolean): void {
    if (!isSilent) this.#silent.delete(from);
    else if (!this.#isTrusted(from.peerAddress)) this.#silent.add(from)?.cut("too many silent connections");
  }

  stranger(from: GuardConnection, isStranger: boolean): void {
    if (!isStranger) this.#strangers.delete(from);
    else this.#strangers.add(from)?.refuse(TRY_AGAIN_LATER, "too many strangers");
  }

  unfinished(delta: number): void {
    this.#unfinishedBytes += delta;
    if (delta < 0 || this.#unfinishedBytes <= this.limits.maxUnfinishedBytes) return;
    let greediest: GuardConnection | undefined;
    for (const connection of this.#connections.values()) {
      if (connection.ending !== undefined) continue;
      if (greediest === undefined || connection.unfinishedBytes > greediest.unfinishedBytes) greediest = connection;
    }
    greediest?.refuse(TRY_AGAIN_LATER, "too many unfinished messages");
  }

  async #accept(): Promise<void> {
    while (!this.#deaf) {
      try {
        this.#admitConnection(await this.#listener.accept());
      } catch (error) {
        if (this.#closed || error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) {
          return;
        }
        this.#endings.add("accept failed");
        await this.#pause();
      }
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ACCEPT_PAUSE_MS);
      this.#resume = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #admitConnection(tcp: Deno.TcpConn): void {
    const peerAddress = tcp.remoteAddr.hostname;
    const id = ++this.#lastId;
    const full = this.#connections.size >= this.limits.maxConnections;
    if (full || !(this.#isTrusted(peerAddress) || this.#count(id, peerAddress))) {
      this.#endings.add(full ? "too many connections" : "too many connections from one address");
      this.#track(turnAway(tcp));
      return;
    }
    tcp.setNoDelay(true);
    const connection = new GuardConnection(id, tcp, peerAddress, this);
    this.#connections.set(id, connection);
    this.#track(connection.run().then(() => this.#forget(connection)));
  }

  #forget(connection: GuardConnection): void {
    this.#connections.delete(connection.id);
    this.#silent.delete(connection);
    this.#strangers.delete(connection);
    this.#endings.add(connection.ending ?? "closed");
    const key = this.#countedAs.get(connection.id);
    if (key === undefined) return;
    this.#countedAs.delete(connection.id);
    const left = (this.#perAddress.get(key) ?? 1) - 1;
    if (left > 0) this.#perAddress.set(key, left);
    else this.#perAddress.delete(key);
  }

  #count(id: number, address: string): boolean {
    const key = addressKey(address);
    const count = this.#perAddress.get(key) ?? 0;
    if (count >= this.limits.maxConnectionsPerAddress) return false;
    this.#perAddress.set(key, count + 1);
    this.#countedAs.set(id, key);
    return true;
  }

  #sweep(): void {
    const now = this.now();
    for (const connection of this.#connections.values()) connection.expire(now);
  }

  #isTrusted(address: string): boolean {
    const bytes = parseIp(address);
    return bytes !== undefined && (this.#options.trustedProxies ?? []).some((range) => cidrContains(range, bytes));
  }

  /** The last address of the chain that no trusted proxy of ours has added: all before it is hearsay. */
  #forwardedFor(head: RequestHead, peerAddress: string): string {
    const chain = head.headers.filter(([name]) => name === "x-forwarded-for").flatMap(([, value]) => value.split(","));
    let client = peerAddress;
    for (const entry of chain.reverse()) {
      const address = entry.trim().replace(/^\[([^\]]*)\](:\d+)?$/, "$1").replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1");
      if (parseIp(address) === undefined) break;
      client = address;
      if (!this.#isTrusted(address)) break;
    }
    return client;
  }

  #track(task: Promise<void>): void {
    this.#running.add(task);
    task.finally(() => this.#running.delete(task));
  }
}

const TOO_MANY: HttpRefusal = { status: 503, text: "Too many connections" };
/** Registered by IANA for "the server is overloaded". */
const TRY_AGAIN_LATER = 1013;

function withoutForwarding(head: RequestHead): RequestHead {
  return { ...head, headers: head.headers.filter(([name]) => !FORWARDING.includes(name)) };
}

async function turnAway(tcp: Deno.TcpConn): Promise<void> {
  try {
    await tcp.write(writeRefusal(TOO_MANY)); // a fresh socket's buffer takes it at once
  } catch {
    // gone already
  } finally {
    tcp.close();
  }
}
