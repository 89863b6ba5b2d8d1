import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { compactNtp, NEVER, ntpFromUnix, unixFromNtp } from "./time.ts";

Deno.test("ntpFromUnix() knows the epoch of RFC 5905", () => {
  assertEquals(ntpFromUnix(0), { seconds: 2_208_988_800, fraction: 0 });
  assertEquals(ntpFromUnix(1_500), { seconds: 2_208_988_801, fraction: 0x80000000 });
});

Deno.test("ntpFromUnix() puts times just below a second into the fraction", () => {
  const ntp = ntpFromUnix(1_700_000_000_999.999);
  assertEquals(ntp.seconds, 1_700_000_000 + 2_208_988_800);
  assert(ntp.fraction > 0xfff00000 && ntp.fraction <= 0xffffffff);
});

Deno.test("ntpFromUnix() wraps into the next NTP era in 2036", () => {
  const eraStart = (0x100000000 - 2_208_988_800) * 1000;
  assertEquals(ntpFromUnix(eraStart), { seconds: 0, fraction: 0 });
});

Deno.test("unixFromNtp() is the inverse of ntpFromUnix() to a microsecond", () => {
  for (const unixMs of [0, 1, 999, 1_000, 1_700_000_000_123, 1_700_000_000_123.25, 2_000_000_000_999.5]) {
    assertAlmostEquals(unixFromNtp(ntpFromUnix(unixMs)), unixMs, 0.001);
  }
});

Deno.test("compactNtp() takes the middle 32 bits", () => {
  assertEquals(compactNtp({ seconds: 0x12345678, fraction: 0x9abcdef0 }), 0x56789abc);
  assertEquals(compactNtp({ seconds: 0xffffffff, fraction: 0xffffffff }), 0xffffffff);
  assertEquals(compactNtp({ seconds: 0x8000, fraction: 0 }), 0x80000000);
});

Deno.test("NEVER comes after every moment", () => {
  assert(NEVER > Number.MAX_SAFE_INTEGER);
  assertEquals(Math.min(NEVER, 5), 5);
});
