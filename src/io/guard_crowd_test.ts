import { assertEquals } from "@std/assert";
import { Crowd } from "./guard_crowd.ts";

const visitor = (remoteAddress: string) => ({ remoteAddress });

Deno.test("add() makes the address with most visitors lose its oldest", () => {
  const crowd = new Crowd<{ remoteAddress: string }>(4);
  const alone = visitor("192.0.2.1");
  const many = [1, 2, 3, 4].map(() => visitor("192.0.2.2"));
  assertEquals([alone, many[0]!, many[1]!, many[2]!].map((v) => crowd.add(v)), [
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  assertEquals(crowd.add(many[3]!) === many[0], true);
  const late = visitor("192.0.2.3");
  assertEquals(crowd.add(late) === many[1], true);
  assertEquals(crowd.size, 4);
});

Deno.test("delete() makes room, and addresses of one IPv6 network count together", () => {
  const crowd = new Crowd<{ remoteAddress: string }>(3);
  const first = visitor("2001:db8::1");
  for (const v of [visitor("192.0.2.1"), visitor("192.0.2.2"), first]) crowd.add(v);
  crowd.delete(first);
  crowd.delete(first);
  const second = visitor("2001:db8::2");
  assertEquals(crowd.add(second), undefined);
  assertEquals(crowd.add(visitor("2001:db8::3")) === second, true);
});
