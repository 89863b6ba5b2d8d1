import { assertEquals, assertGreater, assertLess } from "@std/assert";
import type { SimClient } from "../sim/sim_client.ts";
import { scenario } from "../sim/scenario.ts";

/** Numbers reported as received and as missing; a number reported missing first may have come later. */
function reported(client: SimClient): { received: Set<number>; missing: Set<number> } {
  const received = new Set<number>();
  const missing = new Set<number>();
  for (const { baseSequence, packets } of client.media!.feedback) {
    packets.forEach((delta, i) => (delta === null ? missing : received).add((baseSequence + i) & 0xffff));
  }
  for (const sequence of received) missing.delete(sequence);
  return { received, missing };
}

scenario("publishers get transport feedback about every packet, ten times a second", (world) => {
  const alice = world.join("alice");
  world.run(4_000);
  const { feedback, transportSequence } = alice.media!;
  assertGreater(feedback.length, 36);
  assertLess(feedback.length, 42);
  const { received, missing } = reported(alice);
  assertEquals(missing.size, 0);
  assertGreater(received.size, transportSequence - 30);
  assertEquals(feedback.every((part, i) => part.feedbackCount === (i & 0xff)), true);
});

scenario("what is lost is reported lost, across the wrap of the numbers", (world) => {
  const alice = world.join("alice", { link: { loss: 0.1 } });
  world.run(30);
  alice.media!.transportSequence = 65_400;
  world.run(5_000);
  const { received, missing } = reported(alice);
  const sent = alice.media!.transportSequence - 65_400;
  assertGreater(sent, 500);
  const share = missing.size / (missing.size + received.size);
  assertGreater(share, 0.06);
  assertLess(share, 0.16);
  // One feedback in ten is lost itself on the way back.
  assertGreater(received.size, sent * 0.7);
});
