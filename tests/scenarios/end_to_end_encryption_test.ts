import { assertEquals } from "@std/assert";
import { scenario } from "../sim/scenario.ts";

scenario("the same public key goes to the same recipient three times at most", (world) => {
  const alice = world.join("alice", { publish: [] });
  const bob = world.join("bob", { publish: [] });
  world.run(200);
  for (let i = 0; i < 100; i++) alice.send({ type: "e2ee_public_key", from: alice.id, public_key: "AAAA" });
  world.run(200);
  assertEquals(bob.all("e2ee_public_key").length, 3);
  assertEquals(alice.all("e2ee_public_key"), [], "not to its owner");
  const statuses = bob.all("room_status").filter((status) => status.participants[0]?.e2ee);
  assertEquals(statuses.length, 1, "the flag is told once");

  alice.send({ type: "e2ee_public_key", from: alice.id, public_key: "BBBB" });
  const carol = world.join("carol", { publish: [] });
  world.run(200);
  alice.send({ type: "e2ee_public_key", from: alice.id, public_key: "BBBB" });
  world.run(200);
  assertEquals(bob.all("e2ee_public_key").map((message) => message.public_key).slice(3), ["BBBB", "BBBB"]);
  assertEquals(carol.all("e2ee_public_key").length, 1);
});

scenario("a public key with a recipient goes to that one only, with the wish for an answer", (world) => {
  const [alice, bob, carol] = ["alice", "bob", "carol"].map((name) => world.join(name, { publish: [] }));
  world.run(200);
  const key = { type: "e2ee_public_key", from: alice!.id, public_key: "AAAA", identity_key: "BBBB" } as const;
  alice!.send({ ...key, to: bob!.id, reply_wanted: true });
  world.run(200);
  const [got] = bob!.all("e2ee_public_key");
  assertEquals([got?.identity_key, got?.to, got?.reply_wanted], ["BBBB", bob!.id, true]);
  assertEquals(carol!.all("e2ee_public_key"), []);
  assertEquals(carol!.last("room_status")?.participants[0]?.e2ee, true, "all hear that it encrypts");
});

scenario("sealed keys reach their one recipient, rotations everybody else", (world) => {
  const [alice, bob, carol] = ["alice", "bob", "carol"].map((name) => world.join(name, { publish: [] }));
  world.run(200);
  alice!.send({ type: "e2ee_sender_key", from: alice!.id, to: bob!.id, encrypted_key: "CCCC", key_id: 7 });
  alice!.send({ type: "e2ee_key_rotation", from: alice!.id, key_id: 8 });
  world.run(200);
  assertEquals(bob!.last("e2ee_sender_key")?.encrypted_key, "CCCC");
  assertEquals(carol!.all("e2ee_sender_key"), []);
  assertEquals([bob, carol, alice].map((client) => client!.all("e2ee_key_rotation").length), [1, 1, 0]);
});

const required = { e2ee: { required: true, joinTimeoutMs: 5_000 } };

scenario("where encryption is required, who sends no key is removed after the deadline", (world) => {
  const alice = world.join("alice", { publish: [] });
  const bob = world.join("bob", { publish: [] });
  world.run(200);
  assertEquals(alice.last("room_status")?.e2ee_required, true);
  alice.send({ type: "e2ee_public_key", from: alice.id, public_key: "AAAA" });
  world.run(4_700);
  assertEquals(bob.closedBecause, undefined);
  world.run(300);
  assertEquals(bob.errors.map((error) => [error.code, error.reason]), [[403, "e2ee_required"]]);
  assertEquals(bob.closedBecause, "e2ee_required");
  world.run(10_000);
  assertEquals(alice.closedBecause, undefined);
  assertEquals(alice.last("room_status")?.participants.length, 1);
}, required);
