/** Both endpoints over real sockets on loopback: the native one must do what the portable one does. */
import { assertEquals, assertLess } from "@std/assert";
import { setImmediate } from "node:timers";
import { readU32, writeU32 } from "../../src/base/bytes.ts";
import { silentLogger } from "../../src/base/log.ts";
import { PACKET_CAPACITY, PacketPool } from "../../src/base/packet_pool.ts";
import type { Engine } from "../../src/io/native/choose_engine.ts";
import { engines, nativeLibraries } from "../../src/io/native/testing_native.ts";
import type { DatagramEndpoint } from "../../src/io/udp_socket.ts";
import { DatagramBatch } from "../../src/sfu/outbox.ts";
import { Path } from "../../src/transport/path.ts";
import { runNativeChild } from "./native_child.ts";

const DATAGRAMS = 100_000;
/** Datagrams in flight; the smallest default buffer holds some 90 of this size. */
const IN_FLIGHT = 60;
/** Datagrams a flood may bring between two timers; without a bound there were tens of thousands. */
const MAX_BETWEEN_TIMERS = 8_000;
const ADDRESSES = ["127.0.0.1", "::1"];

/** Two endpoints of which the second answers nothing but counts. */
class Pair implements AsyncDisposable {
  readonly pool = new PacketPool();
  readonly from: DatagramEndpoint;
  readonly to: DatagramEndpoint;
  readonly batch = new DatagramBatch();

  constructor(from: Engine, to: Engine = from) {
    this.from = from.endpoint(ADDRESSES, 0, this.pool, silentLogger);
    this.to = to.endpoint(ADDRESSES, 0, this.pool, silentLogger);
  }

  add(number: number, length: number, path: Path): void {
    const packet = this.pool.acquire();
    writeU32(packet.bytes, 0, number);
    writeU32(packet.bytes, length - 4, number);
    packet.length = length;
    this.batch.add(packet, path);
  }

  paths(): Path[] {
    return ADDRESSES.map((address, socket) => new Path(socket, address, this.to.port));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.from.close();
    await this.to.close();
    await this.from.close();
    assertEquals(this.pool.inUse, 0);
  }
}

for (const from of engines()) {
  for (const to of engines()) {
    if (from.name === "portable" && to.name === "portable") continue;

    // Deno's own sends of one turn may leave in another order.
    const ordered = from.name === "native";
    Deno.test(`100,000 datagrams arrive whole${ordered ? " and in order" : ""}: ${from.name} to ${to.name}`, async () => {
      await using pair = new Pair(from, to);
      const next = [0, 1];
      const wrong: string[] = [];
      let received = 0;
      let arrived = () => {};
      pair.to.start((packet, socket, address, port) => {
        const number = readU32(packet.bytes, 0);
        const whole = packet.length === 8 + (number % 1_300) && readU32(packet.bytes, packet.length - 4) === number;
        const right = (!ordered || number === next[socket]) && address === ADDRESSES[socket] && port === pair.from.port;
        if (!whole || !right) wrong.push(`${number} at ${socket} from ${address} ${port}`);
        next[socket] = number + 2;
        received++;
        packet.release();
        arrived();
      });
      pair.from.start((packet) => packet.release());
      const paths = pair.paths();
      for (let sent = 0; sent < DATAGRAMS;) {
        for (let i = 0; i < IN_FLIGHT && sent < DATAGRAMS; i++, sent++) {
          pair.add(sent, 8 + (sent % 1_300), paths[sent % 2]!);
        }
        pair.from.send(pair.batch);
        while (received < sent) await new Promise<void>((resolve) => arrived = resolve);
      }
      // Deno's sends settle a little after their datagrams have arrived.
      while (pair.from.stats.sent < DATAGRAMS) await new Promise<void>((resolve) => setImmediate(resolve));
      assertEquals(wrong, []);
      assertEquals(pair.to.stats, { received: DATAGRAMS, sent: 0, sendFailed: 0, sendDropped: 0, tooLong: 0 });
      assertEquals([pair.from.stats.sent, pair.from.stats.sendFailed], [DATAGRAMS, 0]);
    });
  }
}

for (const engine of engines()) {
  Deno.test(`endpoints report addresses as the other side wrote them: ${engine.name}`, async () => {
    await using pair = new Pair(engine);
    // The first datagram of a burst comes through Deno's receive(), the next ones do not: both must name the peer alike.
    const seen = new Set<string>();
    const done = Promise.withResolvers<void>();
    let count = 0;
    pair.to.start((packet, socket, address, port) => {
      seen.add(`${socket} ${address} ${port}`);
      packet.release();
      if (++count === 40) done.resolve();
    });
    for (let i = 0; i < 40; i++) pair.add(i, 100, pair.paths()[i % 2]!);
    pair.from.send(pair.batch);
    await done.promise;
    assertEquals([...seen].sort(), ADDRESSES.map((address, socket) => `${socket} ${address} ${pair.from.port}`));
  });

  Deno.test(`endpoints drop what is too long and go on: ${engine.name}`, async () => {
    await using pair = new Pair(engine);
    const done = Promise.withResolvers<number>();
    pair.to.start((packet) => {
      done.resolve(packet.length);
      packet.release();
    });
    const stranger = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    const to = { transport: "udp", hostname: "127.0.0.1", port: pair.to.port } as const;
    for (const length of [PACKET_CAPACITY, 9_000, PACKET_CAPACITY - 1]) await stranger.send(new Uint8Array(length), to);
    assertEquals(await done.promise, PACKET_CAPACITY - 1);
    stranger.close();
    assertEquals([pair.to.stats.tooLong, pair.to.stats.received], [2, 3]);
  });

  Deno.test(`endpoints send nothing and keep nothing after close(): ${engine.name}`, async () => {
    await using pair = new Pair(engine);
    const [path] = pair.paths();
    pair.from.start((packet) => packet.release());
    await pair.from.close();
    // The descriptors are free now; whoever opens a socket next may get them.
    const next = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    pair.add(1, 100, path!);
    pair.from.send(pair.batch);
    assertEquals([pair.batch.length, pair.from.stats.sent], [0, 0]);
    next.close();
  });

  Deno.test(`a listener may close its endpoint: ${engine.name}`, async () => {
    await using pair = new Pair(engine);
    const done = Promise.withResolvers<void>();
    pair.to.start((packet) => {
      packet.release();
      pair.to.close().then(done.resolve, done.reject);
    });
    for (let i = 0; i < 50; i++) pair.add(i, 100, pair.paths()[0]!);
    pair.from.send(pair.batch);
    await done.promise;
  });

  Deno.test(`a flood does not keep timers waiting: ${engine.name}`, async () => {
    await using pair = new Pair(engine);
    let received = 0;
    const path = pair.paths()[0]!;
    // Each datagram brings about the next ones, without end.
    const refill = () => {
      for (let i = 0; i < 20; i++) pair.add(i, 100, path);
      pair.from.send(pair.batch);
    };
    pair.to.start((packet) => {
      packet.release();
      if (++received % 10 === 0) refill();
    });
    refill();
    const counts: number[] = [];
    for (let i = 0; i < 20; i++) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      counts.push(received);
    }
    // The bound counts datagrams, not time: other processes may take the processor from us.
    const most = Math.max(...counts.map((count, i) => count - (counts[i - 1] ?? 0)));
    console.log(`at most ${most} datagrams between two timers`);
    assertLess(most, MAX_BETWEEN_TIMERS);
  });
}

for (const _ of nativeLibraries()) {
  Deno.test("nothing that native code uses is collected under load", async () => {
    const { sent, received, damaged, inUse } = await runNativeChild("native_gc_child.ts");
    assertEquals([received, damaged, inUse], [sent, 0, 0]);
  });
}
