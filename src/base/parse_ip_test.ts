import { assertEquals } from "@std/assert";
import { toHex } from "./bytes.ts";
import { parseIpAddress } from "./parse_ip.ts";

const read = (text: string) => {
  const bytes = parseIpAddress(text);
  return bytes === undefined ? undefined : toHex(bytes);
};

Deno.test("parseIpAddress() reads both families", () => {
  assertEquals(read("192.0.2.1"), "c0000201");
  assertEquals(read("2001:db8:1234:5678:11:2233:4455:6677"), "20010db8123456780011223344556677");
  assertEquals(read("::1"), "00000000000000000000000000000001");
  assertEquals(read("::"), "0".repeat(32));
  assertEquals(read("2001:db8::"), "20010db8" + "0".repeat(24));
  assertEquals(read("fe80::1%eth0"), "fe80" + "0".repeat(27) + "1");
  assertEquals(read("64:ff9b::192.0.2.33"), "0064ff9b0000000000000000c0000221");
});

Deno.test("parseIpAddress() reads an IPv4-mapped address as IPv4", () => {
  assertEquals(read("::ffff:192.0.2.1"), "c0000201");
  assertEquals(read("::ffff:c000:201"), "c0000201");
});

Deno.test("parseIpAddress() refuses everything else", () => {
  const wrong = [
    "",
    "1.2.3",
    "01.2.3.4",
    "::ffff:1.2.03.4",
    "1.2.3.256",
    "1.2.3.4.5",
    "a.b.c.d",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7",
    "12345::",
    "1:2:3:4:5:6:7::8",
    "1.2.3.4::",
    "host.local",
    "x".repeat(100),
    "::g",
  ];
  for (const text of wrong) assertEquals(read(text), undefined, text);
});
