/** Joins and leaves over and over, with real signaling, ICE and DTLS, against a server in a process of its own. */
import { silentLogger } from "../../src/base/log.ts";
import type { Engine } from "../../src/io/native/choose_engine.ts";
import { PeerNetwork } from "../../src/io/peer/peer_network.ts";
import { RoomClient } from "../../src/io/peer/room_client.ts";
import { Child } from "./child.ts";

/** For a join on a machine that is busy with something else, with handshakes that lose packets: above what the client allows itself. */
const JOIN_MS = 60_000;

/** Participants at a time. */
const PARALLEL = 40;

/** Rooms that they use; small ones, so that it is joining that is measured and not telling everybody about it. */
const ROOMS = 20;

/**
 * The collector in reach, and a small young generation: it otherwise grows with the busiest moment so far, and resident
 * memory would go on rising for thousands of joins without anything being kept.
 */
const V8_FLAGS = "--v8-flags=--expose-gc,--max-semi-space-size=2";

/**
 * One heap of the C library for all threads. Each thread otherwise gets one of its own when it finds the others busy, and
 * resident memory then goes up by a megabyte or two in the middle of a run, whatever is kept.
 */
const ENVIRONMENT = { MALLOC_ARENA_MAX: "1" };

/** What the server says of itself. */
export interface ServerUsage {
  readonly rss: number;
  readonly heapUsed: number;
  readonly cpuSeconds: number;
}

/** A server in a child process, and clients for it. */
export class JoinLeave implements AsyncDisposable {
  /** Milliseconds from a join's start to the end of its handshake, of the last `run`. */
  times: number[] = [];
  readonly #child: Child;
  readonly #origin: string;
  readonly #network: PeerNetwork;

  private constructor(child: Child, origin: string, network: PeerNetwork) {
    this.#child = child;
    this.#origin = origin;
    this.#network = network;
  }

  /** Starts the server; `args` go to it, `flags` to Deno. */
  static async start(engine: Engine, args: readonly string[], flags: readonly string[] = []): Promise<JoinLeave> {
    const script = new URL("join_leak_server.ts", import.meta.url).href;
    const { prepare, withConfig } = await import("../../tools/launch.ts");
    const command = ["run", "-A", "--unstable-net", "--no-check", ...flags, V8_FLAGS, script, ...args];
    const child = new Child(
      new Deno.Command(Deno.execPath(), {
        args: withConfig(command, await prepare()),
        env: ENVIRONMENT,
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }),
    );
    const [origin] = await child.says(/http:\/\/127\.0\.0\.1:\d+/);
    return new JoinLeave(child, origin, await PeerNetwork.create({ engine, logger: silentLogger }));
  }

  /** So many joins and leaves, several at a time. */
  async run(count: number): Promise<void> {
    this.times = [];
    let started = 0;
    const worker = async () => {
      while (started < count) await this.#joinAndLeave(started++);
    };
    await Promise.all(Array.from({ length: PARALLEL }, worker));
  }

  /** What the server uses now. */
  async usage(): Promise<ServerUsage> {
    return await (await fetch(`${this.#origin}/memory`)).json();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#network.close();
    await this.#child.stop();
  }

  async #joinAndLeave(number: number): Promise<void> {
    const connected = Promise.withResolvers<void>();
    const startedAt = performance.now();
    const late = setTimeout(() => connected.reject(new Error(`Not connected after ${JOIN_MS} ms`)), JOIN_MS);
    const client = await RoomClient.join({
      url: this.#origin.replace("http", "ws"),
      room: `room ${number % ROOMS}`,
      network: this.#network,
      publish: ["microphone", "camera"],
      reconnect: false,
      onEvent: (event) => {
        if (event.kind === "media" && event.state === "connected") connected.resolve();
        if (event.kind === "media" && event.state === "failed") connected.reject(new Error(event.error));
        if (event.kind === "closed") connected.reject(new Error(event.reason));
      },
    });
    try {
      await connected.promise;
      this.times.push(performance.now() - startedAt);
    } finally {
      clearTimeout(late);
      await client.leave();
    }
  }
}
