import { assertEquals } from "@std/assert";
import { ReplayLog } from "./replay_log.ts";

Deno.test("a replay log gives what somebody has missed, and says when it no longer can", () => {
  const log = new ReplayLog<string>(3, 100);
  assertEquals(log.after(0), []);
  for (const text of ["a", "b", "c", "d"]) log.add(text, 10);
  assertEquals(log.count, 4);
  assertEquals(log.after(4), []);
  assertEquals(log.after(2), ["c", "d"]);
  assertEquals(log.after(1), ["b", "c", "d"]);
  assertEquals(log.after(0), undefined, "the first is not kept any more");
  assertEquals(log.after(5), undefined, "nobody can have more than there was");
});

Deno.test("a replay log is bounded in bytes", () => {
  const log = new ReplayLog<string>(100, 25);
  for (const text of ["a", "b", "c"]) log.add(text, 10);
  assertEquals(log.after(1), ["b", "c"]);
  assertEquals(log.after(0), undefined);
  log.add("large", 1_000);
  assertEquals(log.after(3), undefined);
  assertEquals(log.after(4), []);
});
