import { assertEquals } from "@std/assert";
import { silentLogger } from "../base/log.ts";
import { PacketPool } from "../base/packet_pool.ts";
import { DatagramBatch } from "../sfu/outbox.ts";
import { Path } from "../transport/path.ts";
import { MediaAddresses } from "./media_addresses.ts";
import { chooseEngine } from "./native/choose_engine.ts";

for (const kind of ["portable", "auto"] as const) {
  Deno.test(`MediaAddresses opens a socket on an address that appears, and media flows over it (${kind} engine)`, async () => {
    const pool = new PacketPool();
    const engine = chooseEngine(kind, silentLogger);
    const endpoint = engine.endpoint(["127.0.0.1"], 0, pool, silentLogger);
    const lines: string[] = [];
    const logger = { log: (_level: string, _module: string, message: string) => void lines.push(message) };
    const addresses = new MediaAddresses(endpoint, { publicIps: ["203.0.113.7"], logger });
    const { promise, resolve } = Promise.withResolvers<[number, string]>();
    endpoint.start((packet, socket, address) => {
      packet.release();
      resolve([socket, address]);
    });
    addresses.follow(["127.0.0.1", "127.0.0.2"]);
    assertEquals(addresses.candidates.map(({ address }) => address), ["203.0.113.7", "127.0.0.1", "127.0.0.2"]);
    assertEquals(lines, ["A local address has appeared"]);
    const batch = new DatagramBatch();
    const packet = pool.acquire();
    packet.length = 100;
    batch.add(packet, new Path(0, "127.0.0.2", endpoint.port));
    endpoint.send(batch);
    assertEquals(await promise, [1, "127.0.0.1"]);
    addresses.follow(["127.0.0.2"]);
    assertEquals(addresses.candidates.map(({ address }) => address), ["203.0.113.7", "127.0.0.2"]);
    addresses.follow(["127.0.0.2", "127.0.0.1"]);
    assertEquals(endpoint.addresses, ["127.0.0.1", "127.0.0.2"]);
    addresses.follow(["127.0.0.2", "127.0.0.1", "192.0.2.200"]);
    addresses.follow(["127.0.0.2", "127.0.0.1", "192.0.2.200"]);
    assertEquals(lines.filter((line) => line.includes("cannot be used")).length, 1);
    await endpoint.close();
    assertEquals(pool.inUse, 0);
  });
}
