import { assertEquals, assertGreater } from "@std/assert";
import { scenario } from "../sim/scenario.ts";

scenario("muted sound is not forwarded, whatever the client sends", (world) => {
  const alice = world.join("alice");
  const bob = world.join("bob");
  world.run(2_000);
  alice.mute("audio");
  world.run(100);
  const heard = bob.tile(alice, "microphone").frames;
  world.run(2_000);
  assertEquals(bob.tile(alice, "microphone").frames, heard);
  assertEquals(bob.last("room_status")?.participants[0]?.audio_muted, true);
  alice.unmute("audio");
  world.run(1_000);
  assertGreater(bob.tile(alice, "microphone").frames, heard + 40);
  assertEquals(bob.receiver(alice, "microphone").duplicates, 0);
});

scenario("muted pictures are not forwarded, and come back with a keyframe", (world) => {
  const alice = world.join("alice");
  const bob = world.join("bob");
  world.run(2_000);
  alice.mute("video");
  world.run(100);
  const { frames, keyframes } = bob.tile(alice);
  const requests = alice.sender().plis.length;
  world.run(3_000);
  assertEquals(bob.tile(alice).frames, frames);
  assertEquals(alice.sender().plis.length, requests, "nobody asks a muted camera for keyframes");

  alice.unmute("video");
  world.run(2_000);
  assertEquals(bob.tile(alice).keyframes, keyframes + 1);
  assertGreater(bob.tile(alice).frames, frames + 40);
  const receiver = bob.receiver(alice);
  assertEquals([receiver.undecodable, receiver.givenUp, receiver.pictureIdJumps], [0, 0, 0]);
});

scenario("who joins while somebody is muted gets nothing of it, and all of it afterwards", (world) => {
  const alice = world.join("alice");
  world.run(1_000);
  alice.mute("video");
  alice.mute("audio");
  const bob = world.join("bob", { kind: "track_map" });
  world.run(2_000);
  assertEquals(bob.tile(alice).frames + bob.tile(alice, "microphone").frames, 0);
  assertEquals(bob.last("room_status")?.participants[0]?.video_muted, true);
  alice.unmute("video");
  alice.unmute("audio");
  world.run(1_000);
  assertGreater(bob.tile(alice).frames, 15);
  assertGreater(bob.tile(alice, "microphone").frames, 40);
});
