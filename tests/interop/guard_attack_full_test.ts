/** Attacks on the signaling port: the server's memory must not grow, and its other clients must not notice. */
import { assert, assertLess } from "@std/assert";
import { clientFrame, RawClient, until } from "./raw_client.ts";

/** What an attack may cost in resident memory. */
const MAX_GROWTH_KB = 10 * 1024;
/** The same for connections that have shaken hands: the runtime takes some 60 kB for each that the guard lets stand. */
const MAX_GROWTH_OPEN_KB = 32 * 1024;
/** How long a client that does nothing wrong may wait for an echo while others misbehave; the test machines are busy. */
const MAX_ECHO_MS = 3_000;

/** Fresh servers on which an attack is tried before it counts as costing memory. */
const MAX_ATTEMPTS = 4;

/** Clients that come and go before an attack. */
const ORDINARY_CLIENTS = 500;

/** How often it asks. */
const ASK_MS = 20;

/** A server in its own process, and a well-behaved client that never stops asking for echoes. */
class Target {
  readonly port: number;
  readonly #child: Deno.ChildProcess;
  readonly #socket: WebSocket;
  #echoes = 0;
  #askedAt: number | undefined;
  readonly #asking: ReturnType<typeof setInterval>;
  #slowest = 0;

  private constructor(child: Deno.ChildProcess, port: number, socket: WebSocket) {
    this.#child = child;
    this.port = port;
    this.#socket = socket;
    socket.onmessage = () => {
      this.#slowest = Math.max(this.#slowest, performance.now() - this.#askedAt!);
      this.#askedAt = undefined;
      this.#echoes++;
    };
    this.#asking = setInterval(() => this.#ask(), ASK_MS);
  }

  static async start(): Promise<Target> {
    const script = new URL("guard_attack_server.ts", import.meta.url).href;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--unstable-net", "--no-config", "--no-lock", script],
      stdout: "piped",
    }).spawn();
    let port = "";
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      port += chunk;
      if (port.includes("\n")) break;
    }
    const socket = new WebSocket(`ws://127.0.0.1:${Number(port)}/`);
    await new Promise((resolve) => socket.onopen = resolve);
    socket.send("join");
    return new Target(child, Number(port), socket);
  }

  /** Measures what an attack adds to a server that has seen ordinary use before; in kB, at its worst moment. */
  async measure(attack: (target: Target) => Promise<void>): Promise<number> {
    await this.#ordinaryUse();
    const before = this.#residentKb();
    const echoes = this.#echoes;
    this.#slowest = 0;
    let peak = before;
    const watch = setInterval(() => peak = Math.max(peak, this.#residentKb()), 5);
    try {
      await attack(this);
    } finally {
      clearInterval(watch);
    }
    assert(this.#echoes > echoes, "The other client got no echo during the attack");
    assertLess(this.#slowest, MAX_ECHO_MS, "The other client waited for an echo");
    await this.#settle();
    const grown = peak - before;
    console.log(
      `  grown by ${grown} kB at most, ${this.#echoes - echoes} echoes, the slowest after ${
        Math.round(this.#slowest)
      } ms`,
    );
    return grown;
  }

  /** What the guard says of itself. */
  async status(): Promise<{ connections: number; endings: Record<string, number> }> {
    const response = await fetch(`http://127.0.0.1:${this.port}/`, { headers: { connection: "close" } });
    return await response.json();
  }

  /** Connections open besides the well-behaved client's and the one that asks. */
  async others(): Promise<number> {
    return (await this.status()).connections - 2;
  }

  async stop(): Promise<void> {
    clearInterval(this.#asking);
    const closed = new Promise((resolve) => this.#socket.onclose = resolve);
    this.#socket.onmessage = null;
    this.#socket.close();
    await closed;
    this.#child.kill();
    await this.#child.status;
  }

  /** What a server goes through in an hour: clients come, talk a little and leave; its heap reaches its usual size. */
  async #ordinaryUse(): Promise<void> {
    const clients: RawClient[] = [];
    for (let i = 0; i < ORDINARY_CLIENTS; i++) {
      const client = await RawClient.webSocket(this.port);
      clients.push(client);
      await client.write(clientFrame(1, "join"));
      await client.write(clientFrame(1, "x".repeat(10_000)));
      await client.readUntil("x".repeat(10_000));
      if (clients.length > 50) clients.shift()!.close();
    }
    for (const client of clients) client.close();
    await this.#settle();
  }

  #ask(): void {
    if (this.#askedAt !== undefined) return;
    this.#askedAt = performance.now();
    this.#socket.send("still there?");
  }

  /** Waits until every attacker is gone. */
  #settle(): Promise<void> {
    return until("the attackers are gone", async () => (await this.others()) <= 0);
  }

  #residentKb(): number {
    const status = Deno.readTextFileSync(`/proc/${this.#child.pid}/status`);
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]);
  }
}

/**
 * Runs an attack on a fresh server; it may cost `maxGrowthKb`.
 *
 * What is measured is the resident memory of a process with a garbage collector, and a collection that comes late looks
 * like growth. An attack that really holds memory holds it every time, so it may be repeated on another fresh server.
 */
async function attackTest(attack: (target: Target) => Promise<void>, maxGrowthKb = MAX_GROWTH_KB): Promise<void> {
  let least = Infinity;
  for (let attempt = 0; attempt < MAX_ATTEMPTS && least >= maxGrowthKb; attempt++) {
    const target = await Target.start();
    try {
      least = Math.min(least, await target.measure(attack));
    } finally {
      await target.stop();
    }
  }
  assertLess(least, maxGrowthKb);
}

const linux = Deno.build.os === "linux";
const ignore = !linux; // resident memory is read from /proc

Deno.test("guard: endless fragments cost no memory", { ignore }, () =>
  attackTest(async ({ port }) => {
    for (const size of [0, 10, 1_000, 60_000]) {
      const client = await RawClient.webSocket(port);
      const fragment = clientFrame(0, new Uint8Array(size), { final: false });
      await client.write(clientFrame(1, "", { final: false }));
      let sent = 0;
      try {
        while (sent < 64_000_000 && !client.received.includes("\x88")) {
          await client.write(fragment);
          sent += fragment.length;
        }
      } catch {
        // cut while writing, as it should be
      }
      assertLess(sent, 64_000_000);
      client.close();
    }
  }));

Deno.test("guard: frames that declare 60 MB cost no memory", { ignore }, () =>
  attackTest(async (target) => {
    for (let i = 0; i < 100; i++) {
      const client = await RawClient.webSocket(target.port);
      await client.write(clientFrame(2, "", { declared: 60_000_000 }));
      await client.write(new Uint8Array(1_000_000)).catch(() => {}); // cut while writing, as it should be
      await client.readToEnd();
      client.close();
    }
    await until("each was cut for it", async () => (await target.status()).endings["message_too_big"] === 100);
  }));

Deno.test("guard: half-sent headers cost no memory and do not stay", { ignore }, () =>
  attackTest(async (target) => {
    const clients: RawClient[] = [];
    for (let i = 0; i < 200; i++) {
      const client = await RawClient.connect(target.port);
      clients.push(client);
      await client.write(`GET / HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(10_000)}`);
    }
    await Promise.all(clients.map((client) => client.readToEnd())); // returns when the server cuts them
    for (const client of clients) client.close();
  }));

Deno.test("guard: receivers that stop reading cost no memory", { ignore }, () =>
  attackTest(async (target) => {
    const client = await RawClient.webSocket(target.port);
    await client.write(clientFrame(1, "flood"));
    await until("it is cut", async () => (await target.others()) <= 0);
    client.close();
  }));

Deno.test("guard: 1,000 idle connections cost no memory", { ignore }, () =>
  attackTest(async (target) => {
    const clients: RawClient[] = [];
    for (let i = 0; i < 1_000; i++) clients.push(await RawClient.connect(target.port));
    await until("only some are left", async () => (await target.others()) <= 256);
    for (const client of clients) client.close();
  }));

Deno.test(
  "guard: 1,000 idle WebSockets cost what the few cost that stay",
  { ignore },
  () =>
    attackTest(async (target) => {
      const clients: RawClient[] = [];
      for (let i = 0; i < 1_000; i++) {
        clients.push(await RawClient.webSocket(target.port));
        if (clients.length > 256) clients[clients.length - 257]!.close();
      }
      await until("only some are left", async () => (await target.others()) <= 256);
      for (const client of clients) client.close();
    }, MAX_GROWTH_OPEN_KB),
);

Deno.test(
  "guard: 1,000 kept-alive HTTP connections cost what the few cost that stay",
  { ignore },
  () =>
    attackTest(async (target) => {
      const clients: RawClient[] = [];
      for (let i = 0; i < 1_000; i++) {
        const client = await RawClient.connect(target.port);
        clients.push(client);
        await client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        await client.readUntil("heapUsed");
      }
      await until("only some are left", async () => (await target.others()) <= 256);
      for (const client of clients) client.close();
    }, MAX_GROWTH_OPEN_KB),
);
