import { assertEquals } from "@std/assert";
import { PacketPool, type PooledPacket } from "../../base/packet_pool.ts";
import { Path } from "../../transport/path.ts";
import { MAX_WAITING, SendQueue } from "./send_queue.ts";

const path = new Path(0, "192.0.2.1", 1);

function packetOf(pool: PacketPool, first: number, length: number): PooledPacket {
  const packet = pool.acquire();
  packet.bytes[0] = first;
  packet.length = length;
  return packet;
}

Deno.test("SendQueue keeps order through push and shift", () => {
  const pool = new PacketPool();
  const queue = new SendQueue();
  let pushed = 0;
  let taken = 0;
  for (let round = 0; round < 3 * MAX_WAITING; round++) {
    for (let i = 0; i < 1 + (round % 3); i++) queue.push(packetOf(pool, 0x80, pushed++ % 1_000), path);
    const count = Math.min(queue.length, 2);
    for (let i = 0; i < count; i++) {
      assertEquals(queue.packet(i).length, taken++ % 1_000);
      assertEquals(queue.path(i), path);
      queue.packet(i).release();
    }
    queue.shift(count);
    assertEquals(queue.length, pushed - taken);
  }
  assertEquals(queue.clear(), pushed - taken);
  assertEquals([queue.length, pool.inUse], [0, 0]);
});

Deno.test("SendQueue.push() drops the oldest video when it is full, and nothing else while there is some", () => {
  const pool = new PacketPool();
  const queue = new SendQueue();
  // Video, audio, a handshake as large as video.
  const kinds = [[0x80, 1_200], [0x80, 120], [0x16, 1_200]] as const;
  for (let i = 0; i < MAX_WAITING; i++) {
    const [first, length] = kinds[i % 3]!;
    queue.push(packetOf(pool, first, length), path);
  }
  const dropped = queue.push(packetOf(pool, 0x80, 1_200), path);
  assertEquals(dropped, Math.ceil(MAX_WAITING / 2 / 3));
  const left = Array.from({ length: queue.length }, (_, i) => queue.packet(i));
  const videos = left.filter((packet) => packet.bytes[0] === 0x80 && packet.length === 1_200).length;
  assertEquals(left.length - videos, MAX_WAITING - Math.ceil(MAX_WAITING / 3));
  assertEquals(left.slice(0, 4).map((packet) => packet.length), [120, 1_200, 120, 1_200]);
  assertEquals(pool.inUse, queue.length);
});

Deno.test("SendQueue.push() drops the oldest of all when there is no video, and never holds more than its limit", () => {
  const pool = new PacketPool();
  const queue = new SendQueue();
  let dropped = 0;
  for (let i = 0; i < 3 * MAX_WAITING; i++) {
    dropped += queue.push(packetOf(pool, 0x80, i % 400), path);
    if (queue.length > MAX_WAITING) throw new Error(`${queue.length} wait`);
  }
  assertEquals(queue.packet(0).length, dropped % 400);
  assertEquals(queue.length, 3 * MAX_WAITING - dropped);
  assertEquals(pool.inUse, queue.length);
});
