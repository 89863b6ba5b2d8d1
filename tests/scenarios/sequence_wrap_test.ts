import { assertEquals, assertGreater } from "@std/assert";
import { scenario } from "../sim/scenario.ts";

for (const sequence of [0, 1, 32_700, 32_767, 32_768, 65_500, 65_534, 65_535]) {
  scenario(`numbers that start at ${sequence} pass every edge with losses on the way`, (world) => {
    const link = { loss: 0.03, delayMs: 20 };
    const start = { sequence, timestamp: 0xffff_f000, pictureId: 0x7ff8 };
    const alice = world.join("alice", { link, start });
    const bob = world.join("bob", { link, publish: [] });
    world.run(4_000);
    alice.up.conditions.loss = bob.down.conditions.loss = 0;
    world.run(1_500);
    assertEquals(bob.tile(alice).skipped, 0);
    assertEquals(bob.receiver(alice).pictureIdJumps, 0);
    assertEquals(bob.transport?.undecryptable, 0);
    assertGreater(bob.tile(alice).frames, 115);
    assertGreater(bob.tile(alice, "microphone").frames, 230);
  });
}

scenario("a receiver that misses everything before the wrap still has the right rollover counter", (world) => {
  const alice = world.join("alice", { start: { sequence: 65_500 } });
  const bob = world.join("bob", { publish: [] });
  world.run(70);
  assertEquals(world.timeOf("mediaConnected", bob)! <= world.now, true);
  world.run(10);
  bob.down.conditions.loss = 1;
  world.run(1_500);
  bob.down.conditions.loss = 0;
  world.run(2_000);
  assertEquals(bob.transport?.undecryptable, 0);
  assertGreater(bob.tile(alice).frames, 25);
  assertGreater(bob.tile(alice, "microphone").frames, 80);
});
