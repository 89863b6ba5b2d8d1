import { assert, assertAlmostEquals, assertEquals, assertGreater } from "@std/assert";
import type { ClientOptions } from "../sim/client_options.ts";
import { scenario } from "../sim/scenario.ts";

for (const kind of ["pool", "track_map"] as const) {
  scenario(`the next participant on a ${kind} client's line continues its stream without a jump`, (world) => {
    const alice = world.join("alice", { kind });
    const start: ClientOptions["start"] = { sequence: 20_000, timestamp: 4_000_000_000, pictureId: 30_000 };
    const bob = world.join("bob", { start });
    world.run(3_000);
    const bobsLine = alice.receiver(bob).mid;
    bob.disconnect();
    world.run(2_000);
    const carol = world.join("carol", { start: { sequence: 300, timestamp: 77, pictureId: 5 } });
    world.run(3_000);

    for (const source of ["camera", "microphone"] as const) {
      const receiver = alice.receiver(carol, source);
      const [change] = receiver.switches;
      assert(change !== undefined, "the line has changed hands");
      assertEquals([change.from, change.to, change.sequenceStep], [bob.number, carol.number, 1]);
      assertAlmostEquals(change.timestampStepMs, change.elapsedMs, 50);
      assertEquals(receiver.undecodable + receiver.givenUp + receiver.duplicates, 0);
    }
    assertEquals(alice.receiver(carol).mid, bobsLine);
    assertEquals(alice.receiver(carol).pictureIdJumps, 0);
    assertGreater(alice.tile(carol).frames, 65);
  });
}
