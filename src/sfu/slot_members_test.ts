import { assertEquals } from "@std/assert";
import { members } from "./testing_slots.ts";

Deno.test("SlotMembers.without() leaves one out of everything, and the others in order", () => {
  const all = members("BOB", "carol", "dave");
  const seen = all.without("bob");
  assertEquals([...seen].map(({ id }) => id), ["carol", "dave"]);
  assertEquals(seen.sourcesOf("bob"), undefined);
  assertEquals(seen.sourcesOf("carol"), ["microphone", "camera"]);
  assertEquals([all.count("audio"), all.count("video")], [3, 4]);
  assertEquals([seen.count("audio"), seen.count("video")], [2, 2]);
});

Deno.test("SlotMembers.without() of somebody who is not there changes nothing", () => {
  const seen = members("bob", "carol").without("erin");
  assertEquals([...seen].length, 2);
  assertEquals(seen.count("video"), 2);
});
