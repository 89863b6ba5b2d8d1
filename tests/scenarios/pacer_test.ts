import { assertEquals, assertGreater, assertLess, assertLessOrEqual } from "@std/assert";
import { CAMERA, dropOf, keyframesOver, quantile, viewerOf } from "../sim/limited_cases.ts";
import { scenario } from "../sim/scenario.ts";
import type { SimClient } from "../sim/sim_client.ts";
import { SimWorld } from "../sim/sim_world.ts";

/** Payload bytes that a client has been sent, repairs not counted. */
function sentTo(world: SimWorld, client: SimClient) {
  const [room] = world.sfu.snapshot(world.now).rooms;
  return room!.participants.find(({ id }) => id === client.id)!.sent;
}

/** Asks the server for packets of a line again. */
function askAgain(client: SimClient, mediaSsrc: number, sequenceNumbers: readonly number[]): void {
  client.transport!.sendRtcp([{ kind: "nack", senderSsrc: 1, mediaSsrc, sequenceNumbers }]);
}

for (const rateBps of [400_000, 800_000]) {
  Deno.test(`keyframes in front of a link of ${rateBps / 1_000} kbit/s wait in the server, where sound passes them`, () => {
    const { queueMs, soundGapMs, freezeMs } = keyframesOver(rateBps);
    assertLess(quantile(queueMs, 0.95), 90);
    assertLess(Math.max(...queueMs), 200);
    assertLess(soundGapMs, 80);
    assertLess(freezeMs, 500);
  });
}

for (const queueMs of [100, 300, 500]) {
  Deno.test(`the picture goes on within a second when 3 Mbit/s become 400 kbit/s, queue ${queueMs} ms`, () => {
    for (const phaseMs of [0, 30, 60, 90]) {
      const figures = dropOf(queueMs, phaseMs);
      assertLess(figures.freezeMs, 1_000, `with the drop ${phaseMs} ms later`);
      assertLess(figures.soundGapMs, 250);
      assertLess(figures.queueMs.filter((ms) => ms > 300).length * 10, 1_000, "time with more than 300 ms of queue");
    }
  });
}

scenario("a receiver with room gets everything at once, and nothing is left out", (world) => {
  const { alice, bob } = viewerOf(world, Infinity, 300);
  world.run(20_000);
  const tile = bob.tile(alice);
  assertEquals(tile.layer, 2);
  // All packets of a frame arrive together: the frames are 40 ms apart, to the millisecond.
  const late = tile.shownAt.filter((at) => at > 10_000);
  const gaps = late.slice(1).map((at, i) => at - late[i]!);
  assertEquals([Math.min(...gaps), Math.max(...gaps)].map(Math.round), [40, 40]);
  assertEquals(world.sfu.snapshot(world.now).drops, {});
});

scenario("a member that leaves while packets wait for it gives them back", (world) => {
  for (const name of ["bob", "carol", "dave"]) {
    const alice = world.clients[0] ?? world.join("alice", { kind: "track_map", encodings: CAMERA });
    const viewer = world.join(name, { kind: "track_map", publish: [] });
    viewer.down.conditions.rateBps = 400_000;
    world.run(12_000);
    for (const encoding of alice.media!.encodings) if (encoding.isVideo) encoding.requestKeyframe();
    world.run(70);
    viewer.leave();
    world.run(200);
  }
  // The scenario's end checks that no buffer is in use.
});

Deno.test("what waits of a track that has left its line is not shown as somebody else's", () => {
  const world = new SimWorld();
  const viewer = world.join("viewer", { kind: "track_map", publish: [] });
  viewer.down.conditions.rateBps = 350_000;
  const wrong = () => viewer.tiles.reduce((sum, tile) => sum + tile.wrong, 0);
  for (let i = 0; i < 3; i++) {
    const publisher = world.join(`publisher ${i}`, { kind: "track_map", encodings: CAMERA });
    world.run(10_000);
    assertGreater(viewer.tile(publisher).frames, 50, publisher.name);
    for (const encoding of publisher.media!.encodings) if (encoding.isVideo) encoding.requestKeyframe();
    world.run(80);
    publisher.leave();
    world.run(11);
    // What is on the way already cannot be called back.
    world.run(viewer.down.queuedMs + viewer.down.conditions.delayMs);
    const before = wrong();
    world.run(1_000);
    assertEquals(wrong(), before, publisher.name);
  }
  assertGreater(world.drops("pacer_line_changed"), 2, "something waited");
  world.close();
});

scenario("asking for everything again and again does not multiply what is sent", (world) => {
  const { alice, bob } = viewerOf(world, Infinity, 300);
  world.run(10_000);
  const { ssrc } = bob.receiver(alice).stats;
  const before = sentTo(world, bob);
  const everything = Array.from({ length: 0x10000 }, (_, i) => i);
  for (let at = 0; at < 10_000; at += 250) {
    for (let i = 0; i < everything.length; i += 1_024) askAgain(bob, ssrc, everything.slice(i, i + 256));
    world.run(250);
  }
  const after = sentTo(world, bob);
  const packets = after.packets - before.packets;
  const again = after.retransmitted - before.retransmitted;
  assertGreater(again, 100);
  assertLess(again, 0.5 * packets + 200);
  assertGreater(world.drops("repair_budget"), 1_000);
  assertGreater(bob.tile(alice).shownAt.filter((at) => at > 10_000).length, 240, "the picture goes on");
});

scenario("a packet is sent again once per round trip, however often it is asked for", (world) => {
  const { alice, bob } = viewerOf(world, Infinity, 300);
  bob.down.conditions.delayMs = bob.up.conditions.delayMs = 50;
  world.run(10_000);
  const receiver = bob.receiver(alice);
  const { ssrc } = receiver.stats;
  const newest = receiver.reportBlock(world.now)!.highestSequence & 0xffff;
  const before = sentTo(world, bob).retransmitted;
  for (let i = 0; i < 10; i++) {
    askAgain(bob, ssrc, [newest]);
    world.run(9);
  }
  world.run(60);
  assertLessOrEqual(sentTo(world, bob).retransmitted - before, 2);
  assertGreater(world.drops("repair_repeated"), 6);
});

scenario("two viewers behind one bottleneck get the same within 30 percent", (world) => {
  for (const name of ["alice", "bert"]) world.join(name, { kind: "track_map", encodings: CAMERA });
  const first = world.join("first", { kind: "track_map", publish: [] });
  first.down.conditions.rateBps = 2_000_000;
  const second = world.join("second", { kind: "track_map", publish: [], behind: first });
  world.run(20_000);
  const before = [first, second].map((client) => sentTo(world, client).bytes);
  world.run(30_000);
  const bytes = [first, second].map((client, i) => sentTo(world, client).bytes - before[i]!);
  assertLess(Math.max(...bytes) / Math.min(...bytes), 1.3, `${bytes}`);
  assertGreater((bytes[0]! + bytes[1]!) * 8 / 30, 0.5 * 2_000_000);
  assertLess(first.down.queuedMs, 200);
});
