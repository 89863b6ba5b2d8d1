import { assertEquals } from "@std/assert";
import { scenario } from "../sim/scenario.ts";

const LOUD = 15;
const QUIET = 100;

scenario("the room follows who speaks, but not who coughs", (world) => {
  const alice = world.join("alice");
  const bob = world.join("bob");
  const carol = world.join("carol", { kind: "track_map" });
  world.run(1_000);
  const speakers = () => carol.all("active_speaker").map((message) => message.speaker);
  const settle = (louder: typeof alice) => {
    for (const client of [alice, bob, carol]) client.sender("microphone").audioLevel = client === louder ? LOUD : QUIET;
  };
  settle(alice);
  world.run(3_000);
  assertEquals(speakers().at(-1), alice.id);
  assertEquals(carol.last("active_speaker")!.level > 90, true, "loud is a high number");
  const before = speakers().length;

  bob.sender("microphone").audioLevel = LOUD - 3;
  world.run(3_000);
  assertEquals(speakers().length, before, "a little louder is not enough");

  bob.sender("microphone").audioLevel = QUIET;
  world.run(1_000);
  settle(bob);
  world.run(200);
  settle(alice);
  world.run(2_000);
  assertEquals(speakers().at(-1), alice.id, "a cough moves nothing for long");
  assertEquals(speakers().length, before);

  settle(bob);
  world.run(4_000);
  assertEquals(speakers().slice(before), [bob.id]);
  bob.mute("audio");
  settle(alice);
  world.run(3_000);
  assertEquals(speakers().at(-1), alice.id);
  bob.sender("microphone").audioLevel = 0;
  world.run(3_000);
  assertEquals(speakers().at(-1), alice.id, "the muted one does not count");
  assertEquals(world.log.some(({ event }) => event.type === "speechEnded" && event.participant === bob.id), true);
});
