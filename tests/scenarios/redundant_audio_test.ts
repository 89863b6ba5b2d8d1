import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { readContent } from "../sim/payloads.ts";
import { scenario } from "../sim/scenario.ts";

scenario("redundant sound reaches who can take it apart, and fills what the network loses", (world) => {
  const alice = world.join("alice", { kind: "track_map", red: true, publish: ["microphone"] });
  const bob = world.join("bob", { kind: "track_map", red: true, publish: [] });
  const carol = world.join("carol", { kind: "track_map", publish: [] });
  const dan = world.join("dan", { publish: [] });
  world.run(2_000);
  for (const viewer of [bob, carol, dan]) viewer.down.conditions.loss = 0.1;
  const before = [bob, carol, dan].map((viewer) => viewer.tile(alice, "microphone").frames);
  world.run(20_000);
  const [red, plain, basic] = [bob, carol, dan].map((viewer, i) =>
    viewer.tile(alice, "microphone").frames - before[i]!
  ) as [number, number, number];
  // 1,000 frames; what is lost twice in a row is lost.
  assertGreater(red, 970);
  assertGreater(bob.receiver(alice, "microphone").recovered, 60);
  for (const frames of [plain, basic]) {
    assertGreater(frames, 840);
    assertLess(frames, 940);
  }
  assertEquals([carol, dan].map((viewer) => viewer.receiver(alice, "microphone").redundant), [0, 0]);
}, { seeds: [1, 2] });

scenario("plain sound reaches who offers redundancy, and mute holds for redundant sound", (world) => {
  const alice = world.join("alice", { red: true });
  const bob = world.join("bob", { kind: "track_map" });
  world.run(2_000);
  assertGreater(alice.tile(bob, "microphone").frames, 60);
  assertGreater(bob.tile(alice, "microphone").frames, 60);
  alice.mute("audio");
  world.run(100);
  const heard = bob.tile(alice, "microphone").frames;
  world.run(1_000);
  assertEquals(bob.tile(alice, "microphone").frames, heard);
  alice.unmute("audio");
  world.run(1_000);
  assertGreater(bob.tile(alice, "microphone").frames, heard + 40);
});

scenario(
  "listeners in the server hear plain Opus of a sender of redundant sound, and it can be the speaker",
  (world) => {
    const alice = world.join("alice", { red: true });
    world.join("bob");
    world.run(500);
    const codecs = new Set<string>();
    let frames = 0;
    world.inside((local, now) =>
      local.listen("room", alice.id, "microphone", ({ view, codec }) => {
        const payload = view.bytes.subarray(view.payloadOffset, view.payloadOffset + view.payloadLength);
        if (readContent(payload, false)?.source === "microphone") frames++;
        codecs.add(codec);
      }, now)
    );
    alice.sender("microphone").audioLevel = 5;
    world.run(3_000);
    assertEquals([...codecs], ["opus"]);
    assertGreater(frames, 140);
    assertEquals(alice.last("active_speaker")?.speaker, alice.id);
  },
);

scenario("a thin path gets sound without redundancy", (world) => {
  const alice = world.join("alice", { kind: "track_map", red: true, encodings: [150_000, 500_000, 1_500_000] });
  const thin = world.join("thin", { kind: "track_map", red: true, publish: [] });
  const wide = world.join("wide", { kind: "track_map", red: true, publish: [] });
  thin.down.conditions.rateBps = 170_000;
  world.run(20_000);
  const before = [thin, wide].map((viewer) => viewer.receiver(alice, "microphone").redundant);
  world.run(5_000);
  const [narrow, broad] = [thin, wide].map((viewer, i) => viewer.receiver(alice, "microphone").redundant - before[i]!);
  assertEquals(narrow, 0);
  assertGreater(broad!, 240);
  assertGreater(thin.tile(alice, "microphone").frames, 1_150);
});
