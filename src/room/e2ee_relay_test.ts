import { assertEquals } from "@std/assert";
import { E2eeRelay } from "./e2ee_relay.ts";

const times = (count: number, pass: () => boolean) => Array.from({ length: count }, pass).filter(Boolean).length;

Deno.test("E2eeRelay.pass() lets the same key through as often as allowed", () => {
  const relay = new E2eeRelay(3);
  assertEquals(times(10, () => relay.pass("alice", "bob", "key")), 3);
});

Deno.test("E2eeRelay.pass() counts each recipient and each sender by itself", () => {
  const relay = new E2eeRelay(2);
  assertEquals(times(5, () => relay.pass("alice", "bob", "key")), 2);
  assertEquals(times(5, () => relay.pass("alice", "carol", "key")), 2);
  assertEquals(times(5, () => relay.pass("bob", "carol", "key")), 2);
});

Deno.test("E2eeRelay.pass() starts to count again with another key", () => {
  const relay = new E2eeRelay(2);
  assertEquals(times(5, () => relay.pass("alice", "bob", "one")), 2);
  assertEquals(times(5, () => relay.pass("alice", "bob", "two")), 2);
});

Deno.test("E2eeRelay.remove() forgets a member as sender and as recipient", () => {
  const relay = new E2eeRelay(1);
  relay.pass("alice", "bob", "key");
  relay.pass("bob", "alice", "key");
  relay.pass("carol", "bob", "key");
  relay.remove("alice");
  assertEquals(relay.pass("alice", "bob", "key"), true);
  assertEquals(relay.pass("bob", "alice", "key"), true);
  assertEquals(relay.pass("carol", "bob", "key"), false);
});
