import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { RepairGuard } from "./repair_guard.ts";

Deno.test("a packet asked for twice within a round trip is sent again once", () => {
  const guard = new RepairGuard(64);
  guard.earn(100_000);
  const at = (now: number) => guard.allows(500, 1_000, false, 100, now);
  assertEquals([0, 30, 79, 100, 150, 200].map(at), [
    "ok",
    "repair_repeated",
    "repair_repeated",
    "ok",
    "repair_repeated",
    "ok",
  ]);
  assertEquals(guard.allows(501, 1_000, false, 100, 201), "ok");
});

Deno.test("before a round trip is measured a short one is assumed", () => {
  const guard = new RepairGuard(64);
  assertEquals([0, 20, 60].map((now) => guard.allows(5, 1_000, false, undefined, now)), [
    "ok",
    "repair_repeated",
    "ok",
  ]);
});

Deno.test("requests cannot take more than half as much again as is sent anyway", () => {
  const guard = new RepairGuard(1_024);
  let [octets, again] = [0, 0];
  for (let now = 0; now < 60_000; now++) {
    // 1 Mbit/s, and everything is asked for again, again and again.
    octets += 125;
    guard.earn(octets);
    if (guard.allows(now, 1_000, false, 20, now) === "ok") again += 1_000;
  }
  assertLess(again, 0.5 * octets + 30_001);
  assertGreater(again, 0.5 * octets);
});

Deno.test("what was not used is saved up only to a limit", () => {
  const guard = new RepairGuard(1_024);
  guard.earn(1_000_000_000);
  let again = 0;
  for (let i = 0; i < 1_000; i++) if (guard.allows(i, 1_000, false, 20, 0) === "ok") again += 1_000;
  assertEquals(again, 160_000);
});

Deno.test("on a limited path nothing from before the newest keyframe is sent again, however long ago that was", () => {
  const guard = new RepairGuard(1_024);
  const verdict = (number: number, isLimited: boolean) => guard.allows(number, 100, isLimited, 20, 0);
  assertEquals(verdict(5, true), "ok");
  guard.keyframe(65_538, 90_000);
  // Another packet of the same picture that looks like a start.
  guard.keyframe(65_540, 90_000);
  assertEquals([65_530, 65_537].map((number) => verdict(number, true)), ["repair_old", "repair_old"]);
  assertEquals([65_538, 65_539, 65_540].map((number) => verdict(number, true)), ["ok", "ok", "ok"]);
  assertEquals([65_530, 65_537].map((number) => verdict(number, false)), ["ok", "ok"]);
  // Five minutes later, with the same 16 bits as what came before it.
  assertEquals(verdict(65_538 + 40_000, true), "ok");
});
