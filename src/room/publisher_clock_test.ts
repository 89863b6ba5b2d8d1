import { assertAlmostEquals, assertEquals } from "@std/assert";
import { ntpFromUnix } from "../base/time.ts";
import { PublisherClock } from "./publisher_clock.ts";

const START = 1_700_000_000_000;

Deno.test("PublisherClock.rtpAt() knows nothing before the first report", () => {
  assertEquals(new PublisherClock().rtpAt(START, { ntp: ntpFromUnix(START), rtpTimestamp: 1 }, 90_000), undefined);
});

Deno.test("PublisherClock.rtpAt() counts on from the report in the track's clock, whatever the publisher's wall clock says", () => {
  const ahead = 3_600_000;
  const clock = new PublisherClock();
  const ntp = ntpFromUnix(START + ahead);
  clock.sample(ntp, START);
  assertEquals(clock.rtpAt(START, { ntp, rtpTimestamp: 1_000 }, 90_000), 1_000);
  assertEquals(clock.rtpAt(START + 500, { ntp, rtpTimestamp: 1_000 }, 90_000), 46_000);
  assertEquals(clock.rtpAt(START + 500, { ntp, rtpTimestamp: 1_000 }, 48_000), 25_000);
});

Deno.test("PublisherClock.rtpAt() passes the wrap of the timestamp both ways", () => {
  const clock = new PublisherClock();
  const ntp = ntpFromUnix(START);
  clock.sample(ntp, START);
  assertEquals(clock.rtpAt(START + 1_000, { ntp, rtpTimestamp: 0xffff_ff00 }, 48_000), 48_000 - 0x100);
  assertEquals(clock.rtpAt(START - 1_000, { ntp, rtpTimestamp: 0 }, 48_000), 0x1_0000_0000 - 48_000);
});

Deno.test("PublisherClock.sample() lets late reports move the estimate little, and keeps tracks in step", () => {
  const clock = new PublisherClock();
  clock.sample(ntpFromUnix(START), START + 20);
  for (let i = 1; i <= 10; i++) {
    // Every other report waits 200 ms in a queue.
    const sentAt = START + i * 1_000;
    clock.sample(ntpFromUnix(sentAt), sentAt + (i % 2 === 0 ? 20 : 220));
  }
  const at = START + 11_000;
  const sound = clock.rtpAt(at, { ntp: ntpFromUnix(START + 9_000), rtpTimestamp: 0 }, 48_000)!;
  const picture = clock.rtpAt(at, { ntp: ntpFromUnix(START + 10_000), rtpTimestamp: 0 }, 90_000)!;
  assertAlmostEquals(sound / 48, 2_000 - 20, 5);
  assertAlmostEquals(picture / 90 + 1_000, sound / 48, 0.1);
});

Deno.test("PublisherClock.sample() follows a clock that was set", () => {
  const clock = new PublisherClock();
  clock.sample(ntpFromUnix(START + 10_000), START);
  const ntp = ntpFromUnix(START + 1_000);
  clock.sample(ntp, START + 1_000);
  assertEquals(clock.rtpAt(START + 1_000, { ntp, rtpTimestamp: 7 }, 48_000), 7);
});
