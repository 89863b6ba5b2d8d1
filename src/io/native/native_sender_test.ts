import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../../base/random.ts";
import { PacketPool, type PooledPacket } from "../../base/packet_pool.ts";
import { Path } from "../../transport/path.ts";
import type { EndpointStats } from "../udp_socket.ts";
import type { Libc } from "./library.ts";
import { NativeSender } from "./native_sender.ts";
import { Segmentation } from "./segmentation.ts";
import { MAX_WAITING } from "./send_queue.ts";
import { addressText, AF_INET, AF_INET6, portOf } from "./socket_address.ts";
import { nativeLibraries } from "./testing_native.ts";

const EPERM = 1;
const EINTR = 4;
const EAGAIN = 11;
const EINVAL = 22;

/** One answer of the kernel: so many sent, or a reason. */
type Answer = number | { readonly errno: number };

/** Reads the structs as the kernel does and answers what the test says; without an answer left it sends everything. */
class FakeKernel implements Libc {
  readonly answers: Answer[] = [];
  readonly sent: { readonly to: string; readonly number: number; readonly length: number }[] = [];
  /** Packets of each message that went out. */
  readonly runs: number[] = [];
  /** Whether messages of several packets are refused. */
  refuses = false;
  calls = 0;
  #errno = 0;

  sendmmsg(_fd: number, messages: bigint, count: number, _flags: number): number {
    this.calls++;
    const answer = this.answers.shift() ?? count;
    if (typeof answer !== "number") {
      this.#errno = answer.errno;
      return -1;
    }
    let taken = 0;
    while (taken < Math.min(answer, count) && this.#read(messages + BigInt(64 * taken))) taken++;
    if (taken > 0) return taken;
    this.#errno = EINVAL;
    return -1;
  }

  errno(): number {
    return this.#errno;
  }

  recvmmsg(): number {
    return -1;
  }
  setsockopt(): number {
    return 0;
  }
  getsockopt(): number {
    return 0;
  }
  getsockname(): number {
    return -1;
  }

  #read(header: bigint): boolean {
    const at = (address: bigint) => new Deno.UnsafePointerView(Deno.UnsafePointer.create(address)!);
    const fields = at(header);
    const name = new Uint8Array(28);
    at(fields.getBigUint64(0)).copyInto(name.subarray(0, fields.getUint32(8)));
    const words = new Uint32Array(name.buffer);
    const to = `${addressText(words, 0)} ${portOf(words, 0)}`;
    const count = Number(fields.getBigUint64(24));
    if (count > 1 && this.refuses) return false;
    const controlLength = Number(fields.getBigUint64(40));
    assertEquals(controlLength, count > 1 ? 24 : 0);
    let segment = 0;
    if (count > 1) {
      const control = at(fields.getBigUint64(32));
      assertEquals([control.getBigUint64(0), control.getInt32(8), control.getInt32(12)], [18n, 17, 103]);
      segment = control.getUint16(16);
    }
    let total = 0;
    for (let i = 0; i < count; i++) {
      const vector = at(fields.getBigUint64(16) + BigInt(16 * i));
      const length = Number(vector.getBigUint64(8));
      const number = at(vector.getBigUint64(0)).getUint32(0);
      // The kernel cuts the whole at multiples of the segment, wherever packets end.
      if (count > 1) assert(i < count - 1 ? length === segment : length > 0 && length <= segment);
      total += length;
      this.sent.push({ to, number, length });
    }
    assert(count <= 64 && total < 65_500);
    this.runs.push(count);
    return true;
  }
}

/** Deno's socket: each send waits until the test lets it go. */
class FakeSocket {
  readonly pending: { readonly number: number; readonly to: string; readonly settle: PromiseWithResolvers<number> }[] =
    [];
  send(bytes: Uint8Array, to: Deno.Addr): Promise<number> {
    const settle = Promise.withResolvers<number>();
    this.pending.push({
      number: new DataView(bytes.buffer).getUint32(0, true),
      to: `to ${(to as Deno.NetAddr).port}`,
      settle,
    });
    return settle.promise;
  }
}

class World {
  readonly kernel = new FakeKernel();
  readonly socket = new FakeSocket();
  readonly stats: EndpointStats = { received: 0, sent: 0, sendFailed: 0, sendDropped: 0, tooLong: 0 };
  readonly pool = new PacketPool();
  readonly path = new Path(0, "192.0.2.9", 5_000);
  readonly sender: NativeSender;
  #number = 0;

  constructor(family: number = AF_INET, segmentation?: Segmentation) {
    this.sender = new NativeSender(this.kernel, 9, family, this.socket, this.stats, segmentation);
  }

  packet(length = 100): PooledPacket {
    const packet = this.pool.acquire();
    new DataView(packet.bytes.buffer).setUint32(0, this.#number++, true);
    packet.length = length;
    return packet;
  }

  add(count: number): void {
    for (let i = 0; i < count; i++) this.sender.add(this.packet(), this.path);
  }

  get numbers(): number[] {
    return this.kernel.sent.map(({ number }) => number);
  }
}

/** Numbers of what was sent to a port, in order. */
function sentTo(world: World, port: number): number[] {
  return world.kernel.sent.filter(({ to }) => to.endsWith(` ${port}`)).map(({ number }) => number);
}

function pathTo(port: number): Path {
  return new Path(0, "192.0.2.9", port);
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

for (const _ of nativeLibraries()) {
  Deno.test("flush() sends everything in order, in calls of bounded size, and releases it", () => {
    for (const family of [AF_INET, AF_INET6]) {
      const world = new World(family);
      world.sender.flush();
      assertEquals(world.kernel.calls, 0);
      world.add(300);
      world.sender.flush();
      assertEquals(world.kernel.calls, 3);
      assertEquals(world.numbers, upTo(300));
      const to = family === AF_INET ? "192.0.2.9 5000" : "::ffff:192.0.2.9 5000";
      assert(world.kernel.sent.every((sent) => sent.to === to && sent.length === 100));
      assertEquals([world.stats.sent, world.pool.inUse], [300, 0]);
    }
  });

  Deno.test("each datagram goes to its own destination with its own length", () => {
    const world = new World(AF_INET6);
    const paths = ["2001:db8::1", "2001:db8::2", "::1"].map((address, i) => new Path(0, address, 1_000 + i));
    for (let i = 0; i < 9; i++) world.sender.add(world.packet(10 * i), paths[i % 3]!);
    world.sender.flush();
    for (const [i, { to, length }] of world.kernel.sent.entries()) {
      assertEquals(to, `${paths[i % 3]!.address} ${1_000 + (i % 3)}`);
      assertEquals(length, 10 * i);
    }
  });

  Deno.test("flush() goes on behind what was sent when the kernel takes only a part", () => {
    const world = new World();
    world.kernel.answers.push(3, 1, 4);
    world.add(20);
    world.sender.flush();
    assertEquals(world.numbers, upTo(20));
    assertEquals([world.kernel.calls, world.stats.sent, world.pool.inUse], [4, 20, 0]);
  });

  Deno.test("flush() gives up only the datagram that the kernel refuses", () => {
    const world = new World();
    world.kernel.answers.push(2, { errno: EPERM }, { errno: EINTR });
    world.add(6);
    world.sender.flush();
    assertEquals(world.numbers, [0, 1, 3, 4, 5]);
    assertEquals([world.stats.sent, world.stats.sendFailed, world.pool.inUse], [5, 1, 0]);
  });

  Deno.test("flush() ends even if every call is interrupted or refused", () => {
    const world = new World();
    world.kernel.answers.push(...new Array(1_000).fill({ errno: EINTR }));
    world.add(10);
    world.sender.flush();
    assertEquals([world.stats.sendFailed, world.pool.inUse], [10, 0]);
  });

  Deno.test("what has no room waits, later datagrams behind it, and goes out in order when there is room", async () => {
    const world = new World();
    world.kernel.answers.push(4, { errno: EAGAIN });
    world.add(10);
    world.sender.flush();
    assertEquals(world.numbers, upTo(4));
    world.add(5);
    world.sender.flush();
    assertEquals(world.kernel.calls, 2);
    assertEquals([world.socket.pending.length, world.socket.pending[0]!.number, world.sender.waiting], [1, 4, 10]);
    world.kernel.answers.push(3, { errno: EAGAIN });
    world.socket.pending[0]!.settle.resolve(100);
    await world.socket.pending[0]!.settle.promise;
    assertEquals(world.numbers, [0, 1, 2, 3, 5, 6, 7]);
    assertEquals(world.socket.pending[1]!.number, 8);
    world.socket.pending[1]!.settle.resolve(100);
    await world.socket.pending[1]!.settle.promise;
    assertEquals(world.numbers, [0, 1, 2, 3, 5, 6, 7, ...upTo(15).slice(9)]);
    assertEquals([world.stats.sent, world.sender.waiting, world.pool.inUse], [15, 0, 0]);
    world.add(2);
    world.sender.flush();
    assertEquals(world.numbers.slice(-2), [15, 16]);
  });

  Deno.test("what waits is bounded and counted, and close() gives it back", async () => {
    const world = new World();
    world.kernel.answers.push({ errno: EAGAIN });
    world.add(1);
    world.sender.flush();
    world.add(2 * MAX_WAITING);
    assert(world.sender.waiting <= MAX_WAITING);
    assertEquals(world.sender.waiting + world.stats.sendDropped, 2 * MAX_WAITING);
    world.sender.close();
    world.sender.close();
    assertEquals(world.stats.sendDropped, 2 * MAX_WAITING);
    world.socket.pending[0]!.settle.reject(new Deno.errors.BadResource("closed"));
    await world.socket.pending[0]!.settle.promise.catch(() => {});
    await Promise.resolve();
    assertEquals([world.stats.sendFailed, world.pool.inUse, world.kernel.sent.length], [1, 0, 0]);
    world.add(1);
    world.sender.flush();
    assertEquals([world.stats.sendFailed, world.pool.inUse, world.kernel.calls], [2, 0, 1]);
  });

  Deno.test("add() refuses destinations this socket cannot reach and lengths its buffer has not", () => {
    const world = new World();
    world.sender.add(world.packet(), new Path(0, "2001:db8::1", 1));
    world.sender.add(world.packet(), new Path(0, "nowhere", 1));
    world.sender.add(world.packet(5_000), world.path);
    world.sender.flush();
    assertEquals([world.stats.sendFailed, world.pool.inUse, world.kernel.calls], [3, 0, 0]);
  });

  Deno.test("packets of equal size to one destination go as one message, the last may be shorter", () => {
    const world = new World(AF_INET, new Segmentation(true));
    const paths = [pathTo(1), pathTo(2)];
    for (const length of [100, 100, 100, 80, 120, 120, 0, 120, 130]) {
      for (const path of paths) world.sender.add(world.packet(length), path);
    }
    world.sender.flush();
    assertEquals(world.kernel.runs, [4, 2, 1, 1, 1, 4, 2, 1, 1, 1]);
    assertEquals([sentTo(world, 1), sentTo(world, 2)], [
      upTo(18).filter((i) => i % 2 === 0),
      upTo(18).filter((i) => i % 2),
    ]);
    assertEquals([world.stats.sent, world.pool.inUse], [18, 0]);
    // The next turn has one packet per message again, where runs were before.
    for (const path of [...paths, pathTo(3), pathTo(4), pathTo(5), pathTo(6)]) world.sender.add(world.packet(), path);
    world.sender.flush();
    assertEquals(world.kernel.runs.slice(10), [1, 1, 1, 1, 1, 1]);
    assertEquals(world.kernel.sent.slice(18).map(({ to }) => Number(to.split(" ")[1])), [1, 2, 3, 4, 5, 6]);
  });

  Deno.test("messages have at most 64 packets and less than 64 KB", () => {
    const world = new World(AF_INET, new Segmentation(true));
    world.add(2_100);
    world.sender.flush();
    assertEquals(Math.max(...world.kernel.runs), 64);
    assertEquals(world.numbers, upTo(2_100));
    for (let i = 0; i < 150; i++) world.sender.add(world.packet(1_500), world.path);
    world.sender.flush();
    assertEquals(world.kernel.runs.slice(-4), [43, 43, 43, 21]);
    assertEquals([world.numbers, world.stats.sent, world.pool.inUse], [upTo(2_250), 2_250, 0]);
  });

  Deno.test("a path that is used by two senders in turn gets each packet once", () => {
    const [one, two] = [new World(AF_INET, new Segmentation(true)), new World(AF_INET, new Segmentation(true))];
    for (const world of [one, one, two, one, two, two]) world.sender.add(world.packet(), one.path);
    for (const world of [one, two]) world.sender.flush();
    assertEquals([one.numbers, two.numbers], [upTo(3), upTo(3)]);
    assertEquals([one.pool.inUse, two.pool.inUse], [0, 0]);
  });

  Deno.test("a message that is refused goes out packet by packet, and its destination gets no more of them", () => {
    const reasons: number[] = [];
    const world = new World(AF_INET, new Segmentation(true, (reason) => reasons.push(reason)));
    const turn = (path: Path) => {
      for (let i = 0; i < 3; i++) world.sender.add(world.packet(), path);
      world.sender.flush();
      return world.kernel.runs.splice(0);
    };
    const paths = upTo(5).map((i) => pathTo(i + 1));
    world.kernel.refuses = true;
    assertEquals(turn(paths[0]!), [1, 1, 1]);
    world.kernel.refuses = false;
    assertEquals([turn(paths[0]!), turn(paths[1]!)], [[1, 1, 1], [3]]);
    world.kernel.refuses = true;
    for (const path of paths.slice(1)) assertEquals(turn(path), [1, 1, 1]);
    world.kernel.refuses = false;
    // Too many refused: nobody gets them now.
    assertEquals(turn(pathTo(9)), [1, 1, 1]);
    assertEquals(reasons, [EINVAL]);
    assertEquals(world.numbers, upTo(24));
    assertEquals([world.stats.sent, world.stats.sendFailed, world.pool.inUse], [24, 0, 0]);
  });

  Deno.test("a failure that is not about segments does not switch them off", () => {
    const world = new World(AF_INET, new Segmentation(true));
    world.kernel.answers.push({ errno: EPERM }, { errno: EPERM }, { errno: EINTR });
    world.add(4);
    world.sender.flush();
    world.add(4);
    world.sender.flush();
    assertEquals(world.kernel.runs, [1, 1, 1, 4]);
    assertEquals([world.numbers, world.stats.sendFailed], [[1, 2, 3, 4, 5, 6, 7], 1]);
  });

  for (const refuses of [false, true]) {
    Deno.test(`order holds for each destination whatever the kernel takes: ${refuses ? "runs are refused" : "runs go"}`, async () => {
      const seed = Math.floor(Math.random() * 2 ** 32);
      console.log(`seed ${seed}`);
      const random = seededRandom(seed);
      const below = (limit: number) => Math.floor(limit * random.next());
      const world = new World(AF_INET, new Segmentation(true));
      const paths = upTo(20).map((i) => pathTo(i + 1));
      const added: number[][] = paths.map(() => []);
      let number = 0;
      for (let turn = 0; turn < 300; turn++) {
        world.kernel.refuses = refuses && below(20) === 0;
        for (let i = below(12); i > 0; i--) {
          const kinds = [below(30), { errno: EAGAIN }, { errno: EINTR }];
          const answer = kinds[below(3)]!;
          world.kernel.answers.push(answer === 0 ? 1 : answer);
        }
        const spread = 1 + below(paths.length);
        for (let i = below(300); i > 0; i--) {
          const to = below(spread);
          added[to]!.push(number++);
          world.sender.add(world.packet(100 + (below(4) === 0 ? below(3) : 0)), paths[to]!);
        }
        world.sender.flush();
        // Nothing may be dropped for want of room in the queue.
        while (world.sender.waiting > MAX_WAITING / 2 || (world.sender.waiting > 0 && below(4) > 0)) {
          await settle(world);
        }
      }
      while (world.socket.pending.length > 0) await settle(world);
      assertEquals(world.stats.sendDropped, 0);
      for (const [i, numbers] of added.entries()) assertEquals(sentTo(world, i + 1), numbers);
      assertEquals([world.stats.sent, world.stats.sendFailed, world.pool.inUse], [number, 0, 0]);
    });
  }
}

/** There is room: what Deno was given goes out. */
async function settle(world: World): Promise<void> {
  const { number, to, settle } = world.socket.pending.shift()!;
  world.kernel.sent.push({ to, number, length: 0 });
  settle.resolve(0);
  await settle.promise;
}
