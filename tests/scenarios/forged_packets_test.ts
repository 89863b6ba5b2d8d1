import { assertEquals, assertGreater } from "@std/assert";
import { RtpWriter } from "../../src/rtp/rtp_writer.ts";
import { iceCheck } from "../sim/ice_check.ts";
import { scenario } from "../sim/scenario.ts";

scenario("replayed packets are dropped and counted, and change nothing", (world) => {
  const alice = world.join("alice");
  const bob = world.join("bob");
  world.run(2_000);
  for (const sender of alice.media!.senders.values()) sender.paused = true;
  alice.media!.feedbackPaused = true;
  world.run(100);
  const media = alice.sent.filter((bytes) => bytes[0]! >= 128);
  const { frames, duplicates } = { frames: bob.tile(alice).frames, duplicates: bob.receiver(alice).duplicates };
  for (const bytes of media) world.receive(alice.address, alice.port, bytes);
  assertEquals(world.drops("srtp_replay"), media.length);
  for (const sender of alice.media!.senders.values()) sender.paused = false;
  alice.media!.feedbackPaused = false;
  world.run(1_000);
  assertEquals(bob.receiver(alice).duplicates, duplicates);
  assertGreater(bob.tile(alice).frames, frames + 20);
  assertEquals(bob.tile(alice).skipped, 0);
});

scenario("forged packets are dropped and counted, and change nothing", (world) => {
  const alice = world.join("alice");
  const bob = world.join("bob");
  world.run(2_000);
  const media = alice.sent.filter((bytes) => bytes[0]! >= 128).slice(-200);
  for (const original of media) {
    const forged = original.slice();
    // A number far ahead: taken for real it would end the stream.
    forged[2] = forged[2]! ^ 0x40;
    world.receive(alice.address, alice.port, forged);
  }
  assertGreater(world.drops("srtp_authentication"), 150);
  for (const original of media) world.receive("203.0.113.66", 6_666, original);
  assertEquals(world.drops("unknown_address"), media.length);
  world.run(1_000);
  assertEquals(bob.tile(alice).skipped, 0);
  assertEquals(bob.receiver(alice).undecodable, 0);
  assertGreater(bob.tile(alice).frames, 65);
});

scenario("a check with a wrong password binds nothing, and forged DTLS reaches no endpoint", (world) => {
  const alice = world.join("alice");
  const bob = world.join("bob");
  world.run(2_000);
  const check = alice.sent.find((bytes) => bytes[0] === 0)!.slice();
  check[check.length - 12] = check[check.length - 12]! ^ 1;
  const hello = alice.sent.find((bytes) => bytes[0] === 22)!;
  for (let port = 1_000; port < 1_100; port++) {
    world.receive("203.0.113.66", port, check);
    world.receive("203.0.113.66", port, hello);
  }
  assertEquals(world.drops("unknown_address"), 100);
  assertEquals(world.drops("stun_malformed") + world.drops("stun_unauthenticated"), 100);
  world.run(1_000);
  assertGreater(bob.tile(alice).frames, 65);
});

scenario("a packet too large for the way on is left out, and its buffer given back", (world) => {
  const alice = world.join("alice");
  const bob = world.join("bob");
  world.run(1_000);
  const writer = new RtpWriter();
  const { line, packets } = alice.sender("microphone");
  for (const length of [1_400, 1_440, 1_500]) {
    const bytes = new Uint8Array(length);
    writer.start(bytes, false, 109, packets + length, 1, line.ssrc, false);
    alice.transport?.sendPlain("rtp", bytes);
    world.run(50);
  }
  bob.violations.length = 0;
  world.run(500);
  assertGreater(bob.tile(alice).frames, 25);
});

scenario("a member that checks with somebody else's source address takes nothing away from them", (world) => {
  const alice = world.join("alice");
  const bob = world.join("bob");
  const mallory = world.join("mallory");
  world.run(2_000);
  const frames = bob.tile(alice).frames;
  const { answer, transport } = mallory;
  // The network lets it write any source address; the checks themselves are genuine.
  for (let transaction = 1_000; transaction < 1_040; transaction++) {
    const check = { local: answer!, remoteUfrag: transport!.ufrag, useCandidate: true, transaction };
    world.receive(alice.address, alice.port, iceCheck(check));
    world.run(100);
  }
  assertGreater(bob.tile(alice).frames, frames + 90);
  assertEquals(alice.transport?.undecryptable, 0, "what mallory is sent does not go to alice");
  assertGreater(alice.tile(bob).lastFrame, bob.sender().frames - 5);
});
