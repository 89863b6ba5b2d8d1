import { parseIpAddress } from "../base/parse_ip.ts";

/** A range of addresses: its first `prefixBits` bits are fixed. IPv4 has 4 bytes, IPv6 16. */
export interface Cidr {
  readonly bytes: Uint8Array;
  readonly prefixBits: number;
}

/** The part of an IPv6 address that one customer usually owns; limits per address count it as one. */
const IPV6_CUSTOMER_BITS = 64;

/**
 * Reads an IP address: 4 bytes for IPv4, 16 for IPv6; `undefined` for host names, ports, zones and everything else.
 *
 * An IPv4 address in IPv6 clothes (`::ffff:192.0.2.1`, as dual-stack listeners report it) comes out as IPv4.
 */
export function parseIp(text: string): Uint8Array | undefined {
  return text.includes("%") ? undefined : parseIpAddress(text);
}

/** Says whether `text` is an IPv4 or IPv6 address in numbers; host names are not. */
export function isIpAddress(text: string): boolean {
  return parseIp(text) !== undefined;
}

/** Says whether `text` is an address of this machine only: 127.0.0.0/8 or ::1. */
export function isLoopback(text: string): boolean {
  const bytes = parseIp(text);
  if (bytes === undefined) return false;
  return bytes.length === 4 ? bytes[0] === 127 : bytes.every((byte, i) => byte === (i === 15 ? 1 : 0));
}

/** Reads `192.0.2.0/24`, `2001:db8::/32` or a single address; `undefined` for everything else. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = "", prefix, ...more] = text.split("/");
  if (more.length > 0) return undefined;
  const bytes = parseIp(address);
  if (bytes === undefined) return undefined;
  const bits = bytes.length * 8;
  if (prefix === undefined) return { bytes, prefixBits: bits };
  if (!/^\d{1,3}$/.test(prefix)) return undefined;
  const prefixBits = Number(prefix) - (bytes.length === 4 && address.includes(":") ? 96 : 0);
  return prefixBits >= 0 && prefixBits <= bits ? { bytes, prefixBits } : undefined;
}

/** Says whether an address, as `parseIp` returns it, lies in the range. */
export function cidrContains(cidr: Cidr, address: Uint8Array): boolean {
  if (cidr.bytes.length !== address.length) return false;
  const whole = cidr.prefixBits >> 3;
  for (let i = 0; i < whole; i++) if (cidr.bytes[i] !== address[i]) return false;
  const rest = cidr.prefixBits & 7;
  return rest === 0 || (((cidr.bytes[whole]! ^ address[whole]!) >> (8 - rest)) === 0);
}

/**
 * What limits per address count by: an IPv4 address, or the /64 network of an IPv6 address, of which one customer has
 * all; a text that is no address stays as it is.
 *
 * @example
 * ```ts
 * import { addressKey } from "@seameet/cli/server";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(addressKey("::ffff:192.0.2.1"), "192.0.2.1");
 * assertEquals(addressKey("2001:db8::1"), addressKey("2001:db8::ffff"));
 * ```
 */
export function addressKey(text: string): string {
  const bytes = parseIp(text);
  if (bytes === undefined) return text;
  if (bytes.length === 4) return bytes.join(".");
  let key = "";
  for (let i = 0; i < IPV6_CUSTOMER_BITS / 8; i++) key += bytes[i]!.toString(16).padStart(2, "0");
  return `${key}::/${IPV6_CUSTOMER_BITS}`;
}
