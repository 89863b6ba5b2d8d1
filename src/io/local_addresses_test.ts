import { assert, assertEquals } from "@std/assert";
import { isIpAddress } from "./ip_address.ts";
import { type InterfaceAddress, localAddresses } from "./local_addresses.ts";

const interfaces: InterfaceAddress[] = [
  { family: "IPv6", address: "2001:db8::5" },
  { family: "IPv4", address: "127.0.0.1" },
  { family: "IPv4", address: "192.0.2.5" },
  { family: "IPv4", address: "192.0.2.5" },
  { family: "IPv4", address: "169.254.3.4" },
  { family: "IPv6", address: "fe80::1" },
  { family: "IPv6", address: "febf::1" },
  { family: "IPv6", address: "::1" },
];

Deno.test("localAddresses() leaves out loopback and link-local, IPv4 first, each once", () => {
  assertEquals(localAddresses({ interfaces }), ["192.0.2.5", "2001:db8::5"]);
});

Deno.test("localAddresses() adds loopback when asked", () => {
  assertEquals(localAddresses({ interfaces, loopback: true }), ["192.0.2.5", "2001:db8::5", "127.0.0.1", "::1"]);
});

Deno.test("localAddresses() falls back to loopback when there is nothing else", () => {
  assertEquals(localAddresses({ interfaces: interfaces.filter((i) => /^(127|169|fe80)/.test(i.address)) }), [
    "127.0.0.1",
  ]);
});

Deno.test("localAddresses() asks the system by itself", () => {
  const found = localAddresses();
  assert(found.length > 0 && found.every(isIpAddress));
});
