import { assertEquals, assertGreater } from "@std/assert";
import { scenario } from "../sim/scenario.ts";

scenario("one connection in two rooms: each room hears only what is its own", (world) => {
  const alice = world.join("alice", { room: "red" });
  const bob = world.join("bob", { room: "red" });
  const carol = world.join("carol", { room: "blue" });
  world.run(1_000);
  alice.joinAgain("blue");
  world.run(500);
  assertEquals(alice.all("ready").map((ready) => [ready.room_id, ready.peers]), [
    ["red", []],
    ["blue", [carol.id]],
  ]);
  assertEquals(carol.last("room_status")?.participants.map((entry) => entry.id), [carol.id, alice.id]);
  alice.send({ type: "chat_message", from: alice.id, room_id: "blue", content: "for blue", timestamp: 1 });
  alice.send({ type: "mute_video", from: alice.id, room_id: "blue" });
  world.run(1_000);
  assertEquals(carol.last("chat_message")?.content, "for blue");
  assertEquals(bob.all("chat_message"), []);
  assertEquals(bob.last("room_status")?.participants[0]?.video_muted, false);
  assertEquals(carol.last("room_status")?.participants[1]?.video_muted, true);
  assertGreater(bob.tile(alice).frames, 50, "the call in the first room goes on");
  assertEquals(carol.tile(alice).frames, 0, "no offer was made for the second");

  alice.disconnect();
  world.run(500);
  assertEquals(bob.last("room_status")?.participants.length, 1);
  assertEquals(carol.last("room_status")?.participants.length, 1);
});
