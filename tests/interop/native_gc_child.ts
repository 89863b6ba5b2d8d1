/**
 * Child of `native_endpoint_test.ts`: two native endpoints under load while garbage is collected all the time.
 *
 * Prints what was sent and received. Every packet says its number and its length at both ends, so one that was
 * read from or written to memory that had moved or was free shows.
 */
import { silentLogger } from "../../src/base/log.ts";
import { PacketPool } from "../../src/base/packet_pool.ts";
import { readU32, writeU32 } from "../../src/base/bytes.ts";
import { chooseEngine } from "../../src/io/native/choose_engine.ts";
import { DatagramBatch } from "../../src/sfu/outbox.ts";
import { Path } from "../../src/transport/path.ts";

const DATAGRAMS = 60_000;
const PER_TURN = 50;

const { gc } = globalThis as { gc?: (options?: { type: "minor" | "major" }) => void };
if (gc === undefined) throw new Error("Run with --v8-flags=--expose-gc");
const engine = chooseEngine("native", silentLogger);
const pool = new PacketPool();
const sender = engine.endpoint(["127.0.0.1"], 0, pool, silentLogger);
const receiver = engine.endpoint(["127.0.0.1"], 0, pool, silentLogger);
let damaged = 0;
let received = 0;
let arrived = () => {};
receiver.start((packet, _socket, address) => {
  const number = readU32(packet.bytes, 0);
  const { length } = packet;
  if (number !== received || readU32(packet.bytes, length - 4) !== number || address !== "127.0.0.1") damaged++;
  received = number + 1;
  packet.release();
  arrived();
});

const batch = new DatagramBatch();
let garbage: unknown[] = [];
for (let sent = 0; sent < DATAGRAMS;) {
  // A new path now and then: the address blocks are collected along with the old ones.
  const path = new Path(0, "127.0.0.1", receiver.port);
  for (let i = 0; i < PER_TURN; i++, sent++) {
    const packet = pool.acquire();
    packet.length = 8 + (sent % 1_400);
    writeU32(packet.bytes, 0, sent);
    writeU32(packet.bytes, packet.length - 4, sent);
    batch.add(packet, path);
    garbage.push(new Uint8Array(2_000), { sent });
  }
  if (garbage.length > 1_000) garbage = [];
  gc({ type: sent % (20 * PER_TURN) === 0 ? "major" : "minor" });
  sender.send(batch);
  while (receiver.stats.received < sent) {
    await new Promise<void>((resolve) => arrived = resolve);
    gc({ type: "minor" });
  }
}
const { sent } = sender.stats;
await sender.close();
await receiver.close();
console.log(JSON.stringify({ sent, received: receiver.stats.received, damaged, inUse: pool.inUse }));
