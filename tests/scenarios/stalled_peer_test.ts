import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { scenario } from "../sim/scenario.ts";

scenario("a peer that gets nothing through does not slow the others", (world) => {
  const alice = world.join("alice");
  const bob = world.join("bob");
  const carol = world.join("carol");
  world.run(2_000);
  carol.down.conditions.rateBps = 20_000;
  const keyframes = alice.sender().keyframes;
  world.run(10_000);

  assertLess(bob.tile(alice).longestPauseMs, 45);
  assertEquals(bob.tile(alice).skipped, 0);
  assertEquals(bob.tile(alice, "microphone").skipped, 0);
  assertGreater(bob.tile(carol).frames, 280, "carol's own picture still comes");
  // Its cries for keyframes cost the others bits: one in 300 ms at most, far fewer than frames.
  assertLess(alice.sender().keyframes - keyframes, 40);
  assertLess(world.pool.inUse, 5_000);

  carol.down.conditions.rateBps = Infinity;
  world.run(2_000);
  assertGreater(carol.tile(alice).lastFrame, alice.sender().frames - 5, "and it recovers");
});

scenario("a peer that asks for everything again gets no more than its share", (world) => {
  const alice = world.join("alice");
  const bob = world.join("bob");
  world.run(2_000);
  const receiver = bob.receiver(alice);
  const before = receiver.repaired;
  for (let round = 0; round < 100; round++) {
    const newest = receiver.stats.reportBlock(world.now).highestSequence;
    const sequenceNumbers = Array.from({ length: 100 }, (_, i) => (newest - i) & 0xffff);
    bob.transport?.sendRtcp([{ kind: "nack", senderSsrc: 1, mediaSsrc: receiver.stats.ssrc, sequenceNumbers }]);
    world.run(10);
  }
  // 50 kB and as much as was sent newly, in packets of 200 bytes.
  assertLess(receiver.repaired - before, 600);
  assertGreater(receiver.repaired - before, 50);
  assertEquals(bob.tile(alice).skipped, 0);
});
