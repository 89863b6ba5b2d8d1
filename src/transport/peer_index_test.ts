import { assertEquals } from "@std/assert";
import { seededRandom } from "../base/random.ts";
import type { CipherProvider } from "./cipher_provider.ts";
import { Path } from "./path.ts";
import { MAX_PATHS_PER_PEER, PeerIndex } from "./peer_index.ts";
import { PeerTransport } from "./peer_transport.ts";

const random = seededRandom(5);
const ciphers: CipherProvider = {
  name: "none",
  create: () => {
    throw new Error("no handshake in these tests");
  },
};

const makePeer = (id: number) => new PeerTransport({ id, random, ciphers, now: 0 });

Deno.test("PeerIndex finds peers by id, ufrag and address, sockets apart", () => {
  const index = new PeerIndex();
  const [a, b] = [makePeer(1), makePeer(2)];
  index.add(a);
  index.add(b);
  assertEquals([index.byUfrag(a.localUfrag), index.byUfrag(b.localUfrag), index.byUfrag("none")], [a, b, undefined]);
  assertEquals([index.peer(1), index.peer(2), index.peer(3), index.size], [a, b, undefined, 2]);
  const [first, second] = [new Path(0, "192.0.2.1", 5000), new Path(1, "192.0.2.1", 5000)];
  index.bind(first, a);
  index.bind(second, b);
  assertEquals([index.byAddress(0, "192.0.2.1", 5000), index.byAddress(1, "192.0.2.1", 5000)], [first, second]);
  assertEquals([index.byAddress(0, "192.0.2.1", 5001), index.byAddress(2, "192.0.2.1", 5000)], [undefined, undefined]);
  assertEquals([first.peer, second.peer, index.pathCount], [1, 2, 2]);
});

Deno.test("PeerIndex.bind() moves a path to another peer", () => {
  const index = new PeerIndex();
  const [a, b] = [makePeer(1), makePeer(2)];
  index.add(a);
  index.add(b);
  const path = new Path(0, "192.0.2.1", 5000);
  index.bind(path, a);
  index.bind(path, a);
  assertEquals(index.pathCount, 1);
  index.bind(path, b);
  assertEquals([path.peer, index.byAddress(0, "192.0.2.1", 5000), index.pathCount], [2, path, 1]);
  index.remove(a);
  assertEquals([path.peer, index.byAddress(0, "192.0.2.1", 5000)], [2, path]);
  const again = new Path(0, "192.0.2.1", 5000);
  index.bind(again, b);
  assertEquals([path.peer, again.peer, index.byAddress(0, "192.0.2.1", 5000), index.pathCount], [
    undefined,
    2,
    again,
    1,
  ]);
});

Deno.test("PeerIndex.bind() bounds the paths of a peer and forgets the one that was checked longest ago", () => {
  const index = new PeerIndex();
  const peer = makePeer(1);
  index.add(peer);
  const paths = Array.from({ length: 3 * MAX_PATHS_PER_PEER }, (_, i) => new Path(0, "192.0.2.1", 1000 + i));
  for (const [i, path] of paths.entries()) {
    path.checkedAt = i === 0 ? 1e6 : i;
    index.bind(path, peer);
    assertEquals(index.pathCount, Math.min(i + 1, MAX_PATHS_PER_PEER));
  }
  assertEquals(index.byAddress(0, "192.0.2.1", 1000), paths[0]);
  assertEquals(index.byAddress(0, "192.0.2.1", 1001), undefined);
  assertEquals(paths[1]!.peer, undefined);
  assertEquals(index.byAddress(0, "192.0.2.1", 1000 + paths.length - 1), paths.at(-1));
});

Deno.test("PeerIndex.remove() leaves nothing behind", () => {
  const index = new PeerIndex();
  const peer = makePeer(1);
  index.add(peer);
  const path = new Path(0, "192.0.2.1", 5000);
  index.bind(path, peer);
  index.remove(peer);
  index.remove(peer);
  assertEquals([index.size, index.pathCount, index.byUfrag(peer.localUfrag), path.peer], [0, 0, undefined, undefined]);
  assertEquals(index.byAddress(0, "192.0.2.1", 5000), undefined);
  index.bind(path, peer);
  assertEquals([index.byAddress(0, "192.0.2.1", 5000), index.pathCount], [undefined, 0]);
});

Deno.test("PeerIndex.byUfrag() does not find a peer that is closed", () => {
  const index = new PeerIndex();
  const peer = makePeer(1);
  index.add(peer);
  peer.close();
  assertEquals(index.byUfrag(peer.localUfrag), undefined);
});
