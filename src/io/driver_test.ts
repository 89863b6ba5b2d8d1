import { assertEquals } from "@std/assert";
import { PacketPool } from "../base/packet_pool.ts";
import type { Clock } from "./clock.ts";
import { Driver } from "./driver.ts";
import { deafEndpoint, smallCore } from "./testing_core.ts";

Deno.test("Driver goes on when whoever takes an output throws, and logs it", () => {
  const sfu = smallCore(new PacketPool());
  const endpoint = deafEndpoint();
  const clock: Clock = { now: () => 0, schedule: () => () => {} };
  const taken: string[] = [];
  const logged: string[] = [];
  const take = ({ kind }: { kind: string }) => {
    taken.push(kind);
    if (kind === "event") throw new Error("an application's listener");
  };
  const logger = { log: (level: string) => void logged.push(level) };
  const driver = new Driver(sfu, clock, endpoint, take, logger, () => undefined);
  const join = (from: number) => {
    const participant = `00000000-0000-4000-8000-00000000000${from}`;
    const grant = { permissions: [], ownsParticipant: false };
    driver.feed((core, now) => core.handleJoin(from, { type: "join", participant, room_id: "daily" }, grant, now));
    driver.flush();
  };
  join(1);
  assertEquals(taken, ["event", "membership", "message", "message", "event"]);
  join(2);
  assertEquals([taken.length, logged], [10, ["error", "error", "error"]]);
  driver.close();
});
