import { assert, assertEquals } from "@std/assert";
import { PacketPool } from "../base/packet_pool.ts";
import { seededRandom } from "../base/random.ts";
import type { Millis } from "../base/time.ts";
import { IceControlling } from "./ice_controlling.ts";
import { IceLite } from "./ice_lite.ts";
import { Path } from "./path.ts";
import { HmacSha1 } from "./sha1.ts";
import { STUN_BINDING, StunAttribute, StunClass, StunView } from "./stun_message.ts";
import { StunWriter } from "./stun_writer.ts";

/** A client and a lite server with a line between them, in virtual time. */
class Wire {
  readonly client = new IceControlling(seededRandom(1));
  readonly server = new IceLite(1, seededRandom(2));
  readonly pool = new PacketPool();
  /** For what the client would say to a check of the server's; a lite one has none. */
  readonly noReply = new PacketPool().acquire();
  now: Millis = 1_000;
  /** What the client sent: when, where to, whether it nominates. */
  readonly checks: { at: Millis; port: number; nominates: boolean }[] = [];
  /** Ports on which the server can be reached. */
  readonly open: Set<number>;
  /** Whether anything arrives. */
  up = true;
  readonly paths: Path[];
  readonly #serverPaths = new Map<number, Path>();

  constructor(ports: readonly number[], open: readonly number[]) {
    this.open = new Set(open);
    this.paths = ports.map((port) => new Path(0, "192.0.2.1", port));
    this.server.setRemote(this.client.localUfrag, this.client.localPwd);
    this.start();
  }

  start(): void {
    this.client.start({ ufrag: this.server.localUfrag, pwd: this.server.localPwd }, this.paths, this.now);
  }

  /** Lets time pass until `end`, or until the client has nothing more to do. */
  run(end: Millis): void {
    for (;;) {
      this.#turn();
      const next = Math.max(this.now, this.client.nextTimeout());
      if (next > end) {
        this.now = end;
        return;
      }
      this.now = next;
    }
  }

  #turn(): void {
    for (;;) {
      const packet = this.pool.acquire();
      const path = this.client.pollCheck(this.now, packet);
      if (path === undefined) return packet.release();
      const view = new StunView();
      assert(view.parse(packet.bytes, packet.length));
      this.checks.push({ at: this.now, port: path.port, nominates: view.useCandidate });
      const reply = this.pool.acquire();
      let from = this.#serverPaths.get(path.port);
      if (from === undefined) this.#serverPaths.set(path.port, from = new Path(0, "198.51.100.7", path.port));
      if (this.up && this.open.has(path.port)) {
        this.server.handle(packet.bytes, packet.length, from, this.now, reply);
        if (reply.length > 0) {
          this.client.handle(reply.bytes, reply.length, 0, path.address, path.port, this.now, this.noReply);
        }
      }
      packet.release();
      reply.release();
    }
  }
}

Deno.test("IceControlling nominates the first path that answers, and the lite server selects it", () => {
  const wire = new Wire([1, 2, 3], [2, 3]);
  wire.run(3_000);
  assertEquals([wire.client.state, wire.client.path?.port], ["connected", 2]);
  assertEquals(wire.server.path?.port, 2);
  assertEquals(wire.checks.slice(0, 3), [
    { at: 1_000, port: 1, nominates: false },
    { at: 1_050, port: 2, nominates: false },
    { at: 1_050, port: 2, nominates: true },
  ]);
  assertEquals(wire.pool.inUse, 0);
});

Deno.test("IceControlling goes on asking for consent every five seconds, more or less", () => {
  const wire = new Wire([1], [1]);
  wire.run(200_000);
  assertEquals(wire.client.state, "connected");
  const times = wire.checks.slice(2).map(({ at }) => at);
  assert(times.length >= 33 && times.length <= 50, `${times.length} checks in 199 s`);
  for (const [i, at] of times.entries()) {
    const gap = at - (i === 0 ? 1_000 : times[i - 1]!);
    assert(gap >= 4_000 && gap <= 6_000, `a pause of ${gap} ms`);
  }
});

Deno.test("IceControlling ends when the server has not consented for 30 seconds", () => {
  const wire = new Wire([1], [1]);
  wire.run(20_000);
  wire.up = false;
  wire.run(100_000);
  assertEquals([wire.client.state, wire.client.error, wire.client.path], ["failed", "consent_lost", undefined]);
  const last = wire.checks.at(-1)!.at;
  assert(last > 40_000 && last < 51_000, `the last check went out at ${last}`);
  assertEquals(wire.client.nextTimeout(), Infinity);
});

Deno.test("IceControlling survives a pause shorter than that", () => {
  const wire = new Wire([1], [1]);
  wire.run(20_000);
  wire.up = false;
  wire.run(40_000);
  wire.up = true;
  wire.run(120_000);
  assertEquals(wire.client.state, "connected");
});

Deno.test("IceControlling gives up when no path answers: seven checks each", () => {
  const wire = new Wire([1, 2], []);
  wire.run(60_000);
  assertEquals([wire.client.state, wire.client.error], ["failed", "no_path"]);
  for (const port of [1, 2]) {
    const times = wire.checks.filter((check) => check.port === port).map(({ at }) => at);
    assertEquals(times.length, 7);
    assert(times[6]! - times[5]! >= 2_000 && times[1]! - times[0]! < 320);
  }
});

Deno.test("IceControlling takes another path when the one that answered goes away before it is nominated", () => {
  const wire = new Wire([1, 2], [1, 2]);
  // Port 1 answers the first check only.
  const { client, server, pool } = wire;
  const packet = pool.acquire();
  const reply = pool.acquire();
  const path = client.pollCheck(wire.now, packet)!;
  server.handle(packet.bytes, packet.length, new Path(0, "198.51.100.7", 1), wire.now, reply);
  client.handle(reply.bytes, reply.length, 0, path.address, path.port, wire.now, wire.noReply);
  packet.release();
  reply.release();
  wire.open.delete(1);
  wire.run(30_000);
  assertEquals([client.state, client.path?.port], ["connected", 2]);
});

Deno.test("IceControlling says so when there is no candidate", () => {
  const wire = new Wire([], []);
  assertEquals([wire.client.state, wire.client.error], ["failed", "no_candidates"]);
});

/** The answer to the client's first check, to be changed by the caller. */
function firstAnswer(): { wire: Wire; bytes: Uint8Array; length: number } {
  const wire = new Wire([1], [1]);
  const packet = wire.pool.acquire();
  const reply = wire.pool.acquire();
  wire.client.pollCheck(wire.now, packet);
  wire.server.handle(packet.bytes, packet.length, new Path(0, "198.51.100.7", 1), wire.now, reply);
  return { wire, bytes: reply.bytes, length: reply.length };
}

Deno.test("IceControlling takes an answer from where it asked only", () => {
  for (const [address, port] of [["192.0.2.9", 1], ["192.0.2.1", 2]] as const) {
    const { wire, bytes, length } = firstAnswer();
    assertEquals(wire.client.handle(bytes, length, 0, address, port, wire.now, wire.noReply), "ignored");
    assertEquals(wire.client.handle(bytes, length, 0, "192.0.2.1", 1, wire.now, wire.noReply), "answered");
    assertEquals(
      wire.client.handle(bytes, length, 0, "192.0.2.1", 1, wire.now, wire.noReply),
      "ignored",
      "the same once more",
    );
  }
});

Deno.test("IceControlling believes no answer that is not authentic", () => {
  const changes: readonly [string, (bytes: Uint8Array) => void][] = [
    ["malformed", (bytes) => bytes[25] = bytes[25]! ^ 1],
    ["ignored", (bytes) => bytes[10] = bytes[10]! ^ 1],
  ];
  for (const [name, change] of changes) {
    const { wire, bytes, length } = firstAnswer();
    change(bytes);
    const outcome = wire.client.handle(bytes, length, 0, "192.0.2.1", 1, wire.now, wire.noReply);
    assert(outcome === name || outcome === "malformed", outcome);
    assertEquals(wire.client.state, "checking");
  }
  // Another server's password: everything is right but the integrity.
  const wire = new Wire([1], [1]);
  const stranger = new IceLite(2, seededRandom(9));
  const packet = wire.pool.acquire();
  wire.client.pollCheck(wire.now, packet);
  wire.client.start({ ufrag: wire.server.localUfrag, pwd: stranger.localPwd }, wire.paths, wire.now);
  wire.client.pollCheck(wire.now, packet);
  const reply = wire.pool.acquire();
  wire.server.handle(packet.bytes, packet.length, new Path(0, "198.51.100.7", 1), wire.now, reply);
  const outcome = wire.client.handle(reply.bytes, reply.length, 0, "192.0.2.1", 1, wire.now, wire.noReply);
  assert(outcome !== "answered" && outcome !== "selected", outcome);
});

Deno.test("IceControlling looks for a new path after a restart and keeps the old one meanwhile", () => {
  const wire = new Wire([1], [1]);
  wire.run(5_000);
  const before = wire.client.localUfrag;
  wire.client.restart();
  assert(wire.client.localUfrag !== before);
  wire.server.setRemote(wire.client.localUfrag, wire.client.localPwd);
  wire.start();
  assertEquals(wire.client.path?.port, 1);
  wire.run(20_000);
  assertEquals(wire.client.state, "connected");
});

/** A check of a full agent on the other side; attributes of its own may be added. */
function theirCheck({ client, server }: Wire, change: (writer: StunWriter) => void = () => {}): Uint8Array {
  const bytes = new Uint8Array(200);
  const id = Uint8Array.from({ length: 12 }, (_, i) => i);
  const encoder = new TextEncoder();
  const writer = new StunWriter(bytes, StunClass.request, STUN_BINDING, id, 0)
    .attribute(StunAttribute.username, encoder.encode(`${client.localUfrag}:${server.localUfrag}`));
  change(writer);
  const mac = new HmacSha1(encoder.encode(client.localPwd));
  return bytes.subarray(0, writer.integrity(mac).fingerprint().length);
}

Deno.test("IceControlling answers the checks of a full agent, and tries where they come from", () => {
  const wire = new Wire([1], [2]);
  wire.run(1_200);
  assertEquals(wire.client.state, "checking");
  const { client, noReply: reply } = wire;
  const check = theirCheck(wire, (writer) => writer.attribute(StunAttribute.iceControlled, new Uint8Array(8)));
  assertEquals(client.handle(check, check.length, 0, "192.0.2.1", 2, wire.now, reply), "checked");
  const view = new StunView();
  assert(view.parse(reply.bytes, reply.length) && view.fingerprintIsRight());
  assertEquals(view.messageClass, StunClass.success);
  assert(view.integrityIsRight(new HmacSha1(new TextEncoder().encode(client.localPwd))));
  assertEquals(reply.bytes.slice(8, 20), check.slice(8, 20), "the same transaction");
  wire.run(3_000);
  assertEquals([client.state, client.path?.port], ["connected", 2]);
});

Deno.test("IceControlling refuses a check of a side that controls too, and answers no forged one", () => {
  const wire = new Wire([1], []);
  const { client, noReply: reply } = wire;
  const rival = theirCheck(wire, (writer) => writer.attribute(StunAttribute.iceControlling, new Uint8Array(8)));
  assertEquals(client.handle(rival, rival.length, 0, "192.0.2.1", 1, wire.now, reply), "refused");
  const view = new StunView();
  assert(view.parse(reply.bytes, reply.length));
  assertEquals([view.messageClass, view.errorCode], [StunClass.error, 487]);

  const forged = theirCheck(wire);
  forged[25] = forged[25]! ^ 1; // in the name, which the fingerprint covers
  assertEquals(client.handle(forged, forged.length, 0, "192.0.2.1", 1, wire.now, reply), "malformed");
  client.restart();
  const stranger = theirCheck(wire);
  assertEquals(client.handle(stranger, stranger.length, 0, "192.0.2.9", 9, wire.now, reply), "unauthenticated");
  assertEquals(reply.length, 0);
});

Deno.test("IceControlling never throws, whatever comes", () => {
  const random = seededRandom(5);
  const { wire, bytes, length } = firstAnswer();
  for (let i = 0; i < 5_000; i++) {
    const copy = bytes.slice(0, length);
    for (let n = 0; n < 1 + random.next() * 3; n++) copy[Math.floor(random.next() * length)] = random.next() * 256;
    const outcome = wire.client.handle(
      copy,
      Math.floor(random.next() * (length + 1)),
      0,
      "192.0.2.1",
      1,
      wire.now,
      wire.noReply,
    );
    assert(outcome !== "selected");
  }
});
