import { assertAlmostEquals, assertEquals } from "@std/assert";
import { silentLogger } from "../base/log.ts";
import { PacketPool } from "../base/packet_pool.ts";
import type { Millis } from "../base/time.ts";
import type { Clock } from "./clock.ts";
import { Driver } from "./driver.ts";
import { BEAT_MS, LoadMeter } from "./load_meter.ts";
import { deafEndpoint, smallCore } from "./testing_core.ts";

/** Beats that all come `late`, for a second; returns the load. */
function second(meter: LoadMeter, from: Millis, late: Millis): number | undefined {
  let load: number | undefined;
  for (let dueAt = from + BEAT_MS; load === undefined; dueAt += BEAT_MS + late) load = meter.beat(dueAt, dueAt + late);
  return load;
}

Deno.test("LoadMeter tells the share of time that turns take", () => {
  const meter = new LoadMeter(() => undefined, 0);
  for (let at = 0; at < 1_000; at += 10) meter.turn(at, at + 5);
  assertAlmostEquals(second(meter, 0, 0)!, 0.53, 0.01);
  assertEquals(second(meter, 1_000, 0), 0, "what was before does not count");
});

Deno.test("LoadMeter tells the share of its core that the thread uses, where the system knows", () => {
  let used = 500;
  const meter = new LoadMeter(() => used, 0);
  used += 950;
  assertAlmostEquals(second(meter, 0, 0)!, 1, 0.001);
});

Deno.test("LoadMeter takes timers that are late for load, but not a single one", () => {
  const meter = new LoadMeter(() => undefined, 0);
  meter.turn(0, 400);
  assertAlmostEquals(second(meter, 0, 150)!, 1.5, 0.001);
  meter.start(2_000);
  meter.turn(2_000, 2_400);
  for (const [dueAt, now] of [[2_250, 2_250], [2_500, 2_501], [2_750, 2_750]]) meter.beat(dueAt!, now!);
  assertAlmostEquals(meter.beat(3_000, 3_400)!, 0.3, 0.01, "a pause for collecting garbage");
});

Deno.test("LoadMeter does not take what other processes do for load of its own", () => {
  let used = 0;
  const meter = new LoadMeter(() => used, 0);
  // By the clock turns take most of the time, since the thread has to wait within them.
  meter.turn(0, 900);
  used += 50;
  assertAlmostEquals(second(meter, 0, 500)!, 0.04, 0.02);
  meter.turn(2_000, 2_100);
  used += 50;
  assertAlmostEquals(second(meter, 2_000, 500)!, 0.04, 0.02);
});

/** A clock that is moved by hand; timers come when it is moved past them. */
class FakeClock implements Clock {
  at: Millis = 0;
  /** How much later than due timers come. */
  late: Millis = 0;
  readonly timers: { at: Millis; callback: () => void }[] = [];

  now(): Millis {
    return this.at;
  }

  schedule(delay: Millis, callback: () => void): () => void {
    const timer = { at: this.at + delay, callback };
    this.timers.push(timer);
    return () => {
      const index = this.timers.indexOf(timer);
      if (index >= 0) this.timers.splice(index, 1);
    };
  }

  run(until: Millis): void {
    for (;;) {
      const next = this.timers.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at + this.late > until) break;
      this.timers.splice(this.timers.indexOf(next), 1);
      this.at = Math.max(this.at, next.at + this.late);
      next.callback();
    }
    this.at = until;
  }
}

Deno.test("Driver measures how busy its thread is while there is something to do, and tells the core", () => {
  const pool = new PacketPool();
  const sfu = smallCore(pool);
  const endpoint = deafEndpoint();
  const clock = new FakeClock();
  const kinds: string[] = [];
  const driver = new Driver(sfu, clock, endpoint, ({ kind }) => kinds.push(kind), silentLogger, () => undefined);
  const work = (seconds: number) => {
    for (let i = 0; i < 10 * seconds; i++) {
      driver.feed(() => void (clock.at += 30));
      driver.flush();
      clock.run(clock.at + 70);
    }
  };
  assertEquals(clock.timers.length, 0, "an idle server has no timer");
  clock.late = 160;
  work(5);
  assertEquals([kinds, sfu.loadStep], [["load"], 1]);
  clock.late = 0;
  work(15);
  assertEquals([kinds, sfu.loadStep], [["load", "load"], 0]);
  clock.run(clock.at + 5_000);
  assertEquals(clock.timers.length, 0, "nor one that has become idle");
  driver.close();
});
