import { assertEquals } from "@std/assert";
import { scenario } from "../sim/scenario.ts";

scenario("who shows another certificate than its offer announced never gets media", (world) => {
  const alice = world.join("alice");
  world.run(1_000);
  const mallory = world.join("mallory", { wrongCertificate: true });
  world.run(3_000);
  assertEquals(mallory.media?.receivers.size !== 0, true, "it was answered");
  assertEquals([...mallory.media!.receivers.values()].reduce((sum, receiver) => sum + receiver.packets, 0), 0);
  assertEquals(alice.tile(mallory).frames, 0);
  const failure = world.log.find(({ event }) => event.type === "mediaFailed")?.event;
  assertEquals(failure, {
    type: "mediaFailed",
    roomId: "room",
    participant: mallory.id,
    reason: "fingerprint_mismatch",
  });
  assertEquals(mallory.errors.map((error) => error.reason), ["media_failed"]);
  assertEquals(alice.last("room_status")?.participants.length, 2, "it stays a member");
});
