import { assertEquals } from "@std/assert";
import { EventHub } from "../event_hub.ts";
import { arrivals } from "./arrivals.ts";

interface Member {
  readonly name: string;
}

function room(capacity?: number) {
  const hub = new EventHub<string>(capacity);
  const members = new Map<string, Member>();
  return {
    hub,
    join(name: string): void {
      members.set(name, { name });
      hub.emit("joined");
    },
    leave(name: string): void {
      members.delete(name);
      hub.emit("left");
    },
    arrivals: () => arrivals(() => members.values(), () => hub.subscribe()),
  };
}

Deno.test("those who are there, then those who come, each once, until it ends", async () => {
  const { hub, join, leave, arrivals } = room();
  join("Ada");
  join("Ben");
  const seen: string[] = [];
  for await (const { name } of arrivals()) {
    seen.push(name);
    if (seen.length === 1) join("Cleo");
    if (name === "Ben") hub.emit("something else");
    if (name === "Cleo") {
      leave("Ada");
      join("Ada"); // somebody new with the same name
    }
    if (seen.length === 4) hub.close();
  }
  assertEquals(seen, ["Ada", "Ben", "Cleo", "Ada"]);
});

Deno.test("nobody is lost with the events that a slow reader loses", async () => {
  const { hub, join, arrivals } = room(1);
  const comers = arrivals();
  const first = comers.next();
  for (let i = 0; i < 100; i++) join(`${i}`);
  const seen = [(await first).value?.name];
  while (seen.length < 100) seen.push((await comers.next()).value?.name);
  assertEquals(seen, Array.from({ length: 100 }, (_, i) => `${i}`));
  hub.close();
  assertEquals((await comers.next()).done, true);
});

Deno.test("breaking off ends the subscription", async () => {
  const { hub, join, arrivals } = room();
  join("Ada");
  let subscribed = 0;
  const subscribe = hub.subscribe.bind(hub);
  hub.subscribe = () => {
    const stream = subscribe();
    subscribed++;
    const end = stream.return!.bind(stream);
    stream.return = () => {
      subscribed--;
      return end();
    };
    return stream;
  };
  for await (const _ of arrivals()) {
    assertEquals(subscribed, 1);
    break;
  }
  assertEquals(subscribed, 0);
});
