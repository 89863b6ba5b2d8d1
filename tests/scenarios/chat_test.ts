import { assertEquals, assertLess } from "@std/assert";
import { scenario } from "../sim/scenario.ts";

scenario("chat goes to everybody, its sender included, and the newest lines to those who come later", (world) => {
  const alice = world.join("alice", { publish: [] });
  const bob = world.join("bob", { publish: [] });
  world.run(200);
  for (let i = 1; i <= 12; i++) {
    alice.chat(`line ${i}`);
    world.run(10);
  }
  world.run(100);
  assertEquals(alice.all("chat_message").length, 12);
  assertEquals(bob.last("chat_message"), {
    type: "chat_message",
    from: alice.id,
    room_id: "room",
    display_name: "alice",
    content: "line 12",
    timestamp: alice.last("chat_message")!.timestamp,
    encrypted: false,
  });
  const carol = world.join("carol", { publish: [] });
  world.run(200);
  assertEquals(carol.all("chat_message").map((line) => line.content), [
    "line 8",
    "line 9",
    "line 10",
    "line 11",
    "line 12",
  ]);
}, { limits: { maxChatHistory: 5 } });

scenario("a flood of long lines costs a joiner no more than the history's bytes", (world) => {
  const alice = world.join("alice", { publish: [] });
  world.run(200);
  for (let i = 0; i < 400; i++) alice.chat("x".repeat(16_000));
  world.run(500);
  const bob = world.join("bob", { publish: [] });
  world.run(200);
  assertEquals(alice.all("chat_message").length, 400);
  const replayed = bob.all("chat_message").reduce((sum, line) => sum + line.content.length, 0);
  assertLess(replayed, 1_200_000);
}, { limits: { maxChatHistory: 0 } });
