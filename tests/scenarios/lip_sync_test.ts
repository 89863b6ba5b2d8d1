import { assertAlmostEquals, assertEquals, assertGreater } from "@std/assert";
import { scenario } from "../sim/scenario.ts";

scenario("sender reports keep sound and picture of one publisher in step, on every line they come on", (world) => {
  const alice = world.join("alice", { clockOffsetMs: 3_600_000, start: { timestamp: 0xffff_0000 } });
  const bob = world.join("bob", { clockOffsetMs: -777, link: { delayMs: 60, jitterMs: 20 } });
  world.run(1_000);
  const early = world.join("early", { publish: [] });
  world.run(3_000);
  bob.disconnect();
  world.run(1_000);
  // On the lines that were bob's.
  const carol = world.join("carol", { clockOffsetMs: 12_345, link: { delayMs: 80 } });
  alice.mute("video");
  world.run(2_000);
  alice.unmute("video");
  world.run(4_000);

  for (const [viewer, other] of [[early, alice], [early, carol], [alice, carol], [carol, alice]] as const) {
    const name = `${viewer.name} of ${other.name}`;
    const [sound, picture] = [viewer.tile(other, "microphone").clockErrorMs, viewer.tile(other).clockErrorMs];
    if (sound === undefined || picture === undefined) throw new Error(`No sender report at ${name}`);
    assertAlmostEquals(sound - picture, 0, 3, name);
    // On the server's clock, but for the time under way: one's own clock being an hour off does not show.
    assertAlmostEquals(sound, world.unixMs - world.now, 150, name);
    const report = viewer.receiver(other).lastReport!;
    assertGreater(report.packetCount, 50, name);
  }
  // All of it on one clock, the server's.
  const reports = [...early.media!.receivers.values()].flatMap((receiver) => receiver.lastReport ?? []);
  assertGreater(reports.length, 3);
  assertEquals(new Set(reports.map((report) => report.ntp.seconds)).size, 1);
});
