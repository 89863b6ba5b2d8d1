import { assert, assertEquals } from "@std/assert";
import { addressKey, cidrContains, isIpAddress, isLoopback, parseCidr, parseIp } from "./ip_address.ts";

Deno.test("isIpAddress() takes addresses in numbers only", () => {
  for (
    const good of [
      "1.2.3.4",
      "255.255.255.255",
      "0.0.0.0",
      "::",
      "::1",
      "2001:db8::1",
      "1:2:3:4:5:6:7:8",
      "::ffff:1.2.3.4",
      "64:ff9b::192.0.2.33",
      "1::",
      "FE80::1",
    ]
  ) {
    assert(isIpAddress(good), good);
  }
  for (
    const bad of [
      "",
      "localhost",
      "1.2.3",
      "1.2.3.4.5",
      "256.1.1.1",
      "01.2.3.4",
      "1.2.3.4:80",
      "[::1]",
      "fe80::1%eth0",
      "1::2::3",
      "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9",
      "12345::",
      "1.2.3.4::",
      ":",
      ":::",
      "1:2:3:4:5:6:7::8:9",
      "0x7f.1",
      "1.2.3.4/8",
      " 1.2.3.4",
    ]
  ) {
    assert(!isIpAddress(bad), bad);
  }
});

Deno.test("parseIp() brings IPv4-mapped addresses back to IPv4", () => {
  assertEquals([...parseIp("::ffff:192.0.2.1")!], [192, 0, 2, 1]);
  assertEquals([...parseIp("2001:db8::a:1")!], [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 1]);
});

Deno.test("cidrContains() compares exactly the prefix", () => {
  const contains = (range: string, address: string) => cidrContains(parseCidr(range)!, parseIp(address)!);
  assert(contains("10.0.0.0/8", "10.255.0.1"));
  assert(!contains("10.0.0.0/8", "11.0.0.1"));
  assert(contains("192.168.4.0/22", "192.168.7.255"));
  assert(!contains("192.168.4.0/22", "192.168.8.0"));
  assert(contains("0.0.0.0/0", "1.2.3.4"));
  assert(!contains("0.0.0.0/0", "::1"));
  assert(contains("127.0.0.1", "127.0.0.1"));
  assert(contains("::ffff:10.0.0.0/104", "10.9.9.9"));
  assert(contains("2001:db8:8000::/33", "2001:db8:ffff::1"));
  assert(!contains("2001:db8:8000::/33", "2001:db8:7fff::1"));
});

Deno.test("parseCidr() refuses what is no range", () => {
  for (const bad of ["10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "::/129", "host/8", "1.2.3.4/8/9", ""]) {
    assertEquals(parseCidr(bad), undefined, bad);
  }
});

Deno.test("addressKey() counts an IPv6 /64 as one and an IPv4 address alone", () => {
  assertEquals(addressKey("2001:db8:0:1::5"), addressKey("2001:db8:0:1:ffff::9"));
  assert(addressKey("2001:db8:0:1::5") !== addressKey("2001:db8:0:2::5"));
  assertEquals(addressKey("::ffff:192.0.2.1"), "192.0.2.1");
});

Deno.test("isLoopback() knows both families", () => {
  assert(isLoopback("127.3.2.1") && isLoopback("::1") && isLoopback("::ffff:127.0.0.1"));
  assert(!isLoopback("128.0.0.1") && !isLoopback("::2") && !isLoopback("localhost"));
});
