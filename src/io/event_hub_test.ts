import { assertEquals } from "@std/assert";
import { EventHub } from "./event_hub.ts";

Deno.test("EventHub.subscribe() gives every subscriber all events in order", async () => {
  const hub = new EventHub<number>();
  const [a, b] = [hub.subscribe(), hub.subscribe()];
  for (const n of [1, 2, 3]) hub.emit(n);
  hub.close();
  assertEquals(await Array.fromAsync(a), [1, 2, 3]);
  assertEquals(await Array.fromAsync(b), [1, 2, 3]);
});

Deno.test("EventHub drops the oldest events of a slow subscriber, counts them, and the stream goes on", async () => {
  const hub = new EventHub<number>(2);
  const slow = hub.subscribe();
  for (const n of [1, 2, 3, 4]) hub.emit(n);
  assertEquals(slow.dropped, 2);
  assertEquals((await slow.next()).value, 3);
  hub.emit(5);
  assertEquals((await slow.next()).value, 4);
  assertEquals((await slow.next()).value, 5);
  await slow.return?.();
});

Deno.test("EventStream ends for a reader that already waits", async () => {
  const hub = new EventHub<number>();
  const stream = hub.subscribe();
  const waiting = stream.next();
  hub.close();
  assertEquals((await waiting).done, true);
});
