import { assertEquals } from "@std/assert";
import { scenario } from "../sim/scenario.ts";

scenario("a keyframe request reaches only the publisher of that one track", (world) => {
  const alice = world.join("alice");
  const bob = world.join("bob");
  const carol = world.join("carol");
  world.run(2_000);
  alice.shareScreen();
  world.run(2_000);
  const tracks = [alice.sender(), alice.sender("screen"), bob.sender(), carol.sender()];
  const requests = () => tracks.map((track) => track.plis.length);
  const [camera, screen, bobs, carols] = requests() as [number, number, number, number];

  const mediaSsrc = bob.receiver(alice).stats.ssrc;
  bob.transport?.sendRtcp([{ kind: "pli", senderSsrc: 1, mediaSsrc }]);
  world.run(1_000);
  assertEquals(requests(), [camera + 1, screen, bobs, carols], "PLI");

  const ssrc = carol.receiver(alice, "screen").stats.ssrc;
  carol.transport?.sendRtcp([{ kind: "fir", senderSsrc: 1, entries: [{ ssrc, sequenceNumber: 1 }] }]);
  world.run(1_000);
  assertEquals(requests(), [camera + 1, screen + 1, bobs, carols], "FIR");

  carol.send({ type: "request_keyframe", from: carol.id, target: bob.id });
  world.run(1_000);
  assertEquals(requests(), [camera + 1, screen + 1, bobs + 1, carols], "request_keyframe");

  for (let i = 0; i < 50; i++) bob.transport?.sendRtcp([{ kind: "pli", senderSsrc: 1, mediaSsrc }]);
  world.run(200);
  assertEquals(requests()[0], camera + 2, "many at once are one");
  world.run(1_000);
  assertEquals(requests(), [camera + 2, screen + 1, bobs + 1, carols], "and are served by its keyframe");
});

scenario("a request is repeated until a keyframe passes, however long that takes", (world) => {
  const alice = world.join("alice");
  world.run(1_000);
  alice.sender().paused = true;
  const bob = world.join("bob");
  world.run(20_000);
  alice.sender().paused = false;
  world.run(2_000);
  assertEquals(bob.tile(alice).keyframes > 0, true, "the camera was away for long, and bob sees it all the same");
});

scenario("a lost request is repeated", (world) => {
  const alice = world.join("alice");
  world.run(2_000);
  alice.down.conditions.loss = 1;
  const bob = world.join("bob");
  world.run(8_000);
  assertEquals(bob.tile(alice).frames, 0);
  alice.down.conditions.loss = 0;
  world.run(1_500);
  assertEquals(bob.tile(alice).frames > 5, true);
});
