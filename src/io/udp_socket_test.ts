import { assert, assertEquals } from "@std/assert";
import { readU32, writeU32 } from "../base/bytes.ts";
import { silentLogger } from "../base/log.ts";
import { PacketPool } from "../base/packet_pool.ts";
import { DatagramBatch } from "../sfu/outbox.ts";
import { Path } from "../transport/path.ts";
import { PortableEndpoint } from "./udp_socket.ts";

Deno.test("PortableEndpoint sends a batch in order, and gives every packet back", async () => {
  const pool = new PacketPool();
  const sender = new PortableEndpoint(["127.0.0.1"], 0, pool, silentLogger);
  const receiver = new PortableEndpoint(["127.0.0.1"], 0, pool, silentLogger);
  const received: number[] = [];
  const { promise: all, resolve } = Promise.withResolvers<void>();
  receiver.start((packet, socket, address, port) => {
    assertEquals([socket, address, port], [0, "127.0.0.1", sender.port]);
    if (received.push(readU32(packet.bytes, 0)) === 80) resolve();
    packet.release();
  });
  const batch = new DatagramBatch();
  const path = new Path(0, "127.0.0.1", receiver.port);
  for (let i = 0; i < 80; i++) {
    const packet = pool.acquire();
    writeU32(packet.bytes, 0, i);
    packet.length = 1_000;
    batch.add(packet, path);
  }
  sender.send(batch);
  assertEquals(batch.length, 0);
  await all;
  assertEquals(received, Array.from({ length: 80 }, (_, i) => i));
  await Promise.all([sender.close(), receiver.close()]);
  assertEquals(pool.inUse, 0);
});

Deno.test("PortableEndpoint drops what does not fit its queue, and leaks nothing when it closes under load", async () => {
  const pool = new PacketPool();
  const endpoint = new PortableEndpoint(["127.0.0.1"], 0, pool, silentLogger);
  const batch = new DatagramBatch();
  for (let i = 0; i < 5_000; i++) {
    const packet = pool.acquire();
    packet.length = 100;
    batch.add(packet, new Path(0, "127.0.0.1", 9));
  }
  endpoint.send(batch);
  assert(endpoint.stats.sendDropped >= 900);
  await endpoint.close();
  assertEquals(pool.inUse, 0);
});
