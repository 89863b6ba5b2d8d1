/** Runs of packets that the kernel cuts, seen by a socket that knows nothing of it: single datagrams, as without. */
import { assert, assertEquals, assertLess } from "@std/assert";
import { PacketPool } from "../../src/base/packet_pool.ts";
import { seededRandom } from "../../src/base/random.ts";
import type { Libc } from "../../src/io/native/library.ts";
import { NativeSender } from "../../src/io/native/native_sender.ts";
import { adoptSocket, raiseBuffers } from "../../src/io/native/native_socket.ts";
import { probeSegmentation } from "../../src/io/native/probe_sockets.ts";
import { Segmentation } from "../../src/io/native/segmentation.ts";
import { nativeLibraries } from "../../src/io/native/testing_native.ts";
import { Path } from "../../src/transport/path.ts";

const TURNS = 300;
/** Datagrams in flight at each of two receivers; the smallest default buffer holds some 90. */
const PER_TURN = 100;

/** Sends the same random turns to two plain sockets and returns what each received, and how many messages it took. */
async function run(libc: Libc, address: string, segments: boolean, seed: number) {
  const random = seededRandom(seed);
  const listen = () => Deno.listenDatagram({ transport: "udp", hostname: address, port: 0 });
  const [from, ...to] = [listen(), listen(), listen()];
  const below = (limit: number) => Math.floor(limit * random.next());
  let messages = 0;
  const counting: Libc = {
    ...libc,
    sendmmsg(fd, headers, count, flags) {
      const sent = libc.sendmmsg(fd, headers, count, flags);
      messages += Math.max(0, sent);
      return sent;
    },
  };
  const stats = { received: 0, sent: 0, sendFailed: 0, sendDropped: 0, tooLong: 0 };
  const { fd, family } = adoptSocket(libc, from!);
  for (const socket of to) raiseBuffers(libc, adoptSocket(libc, socket).fd);
  const segmentation = new Segmentation(segments);
  const sender = new NativeSender(counting, fd, family, from!, stats, segmentation);
  const pool = new PacketPool();
  const paths = to.map(({ addr }) => new Path(0, address, (addr as Deno.NetAddr).port));
  const received: string[][] = to.map(() => []);
  const buffer = new Uint8Array(65_536);
  for (let turn = 0; turn < TURNS; turn++) {
    const due = [0, 0];
    for (let i = 0; i < PER_TURN; i++) {
      const packet = pool.acquire();
      const lengths = [1_200, 1_200, 1_200, 80 + below(4), 1 + below(1_400)];
      packet.length = lengths[below(lengths.length)]!;
      for (let at = 0; at < packet.length; at += 4) packet.bytes[at] = below(256);
      const which = below(2);
      due[which]!++;
      sender.add(packet, paths[which]!);
    }
    sender.flush();
    for (const [i, socket] of to.entries()) {
      for (let left = due[i]!; left > 0; left--) {
        const [bytes] = await socket.receive(buffer);
        let hash = 0;
        for (const byte of bytes) hash = (Math.imul(hash, 31) + byte) | 0;
        received[i]!.push(`${bytes.length} ${hash}`);
      }
    }
  }
  sender.close();
  for (const socket of [from!, ...to]) socket.close();
  assertEquals([stats.sent, stats.sendFailed, stats.sendDropped, pool.inUse], [TURNS * PER_TURN, 0, 0, 0]);
  assertEquals(segmentation.refusals, 0);
  return { received, messages };
}

for (const { libc } of nativeLibraries().filter(({ libc }) => probeSegmentation(libc) === undefined)) {
  for (const address of ["127.0.0.1", "::1"]) {
    Deno.test(`a plain socket receives the same datagrams whether the kernel cuts runs or not: ${address}`, async () => {
      const seed = Math.floor(Math.random() * 2 ** 32);
      console.log(`seed ${seed}`);
      const plain = await run(libc, address, false, seed);
      const segmented = await run(libc, address, true, seed);
      assertEquals(plain.messages, TURNS * PER_TURN);
      assertLess(segmented.messages, 0.8 * plain.messages);
      assert(plain.received[0]!.length > 0);
      assertEquals(segmented.received, plain.received);
    });
  }
}
