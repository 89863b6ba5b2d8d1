/** A range of addresses: its first `prefixBits` bits are fixed. IPv4 has 4 bytes, IPv6 16. */
export interface Cidr {
  readonly bytes: Uint8Array;
  readonly prefixBits: number;
}

/** The first 12 bytes of an IPv4 address written as IPv6 (RFC 4291 section 2.5.5.2). */
const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** The part of an IPv6 address that one customer usually owns; limits per address count it as one. */
const IPV6_CUSTOMER_BITS = 64;

/**
 * Reads an IP address: 4 bytes for IPv4, 16 for IPv6; `undefined` for host names, ports, zones and everything else.
 *
 * An IPv4 address in IPv6 clothes (`::ffff:192.0.2.1`, as dual-stack listeners report it) comes out as IPv4.
 */
export function parseIp(text: string): Uint8Array | undefined {
  const v4 = parseIpv4(text);
  if (v4 !== undefined) return v4;
  const v6 = parseIpv6(text);
  if (v6 === undefined) return undefined;
  return MAPPED_PREFIX.every((byte, i) => v6[i] === byte) ? v6.slice(12) : v6;
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

function parseIpv4(text: string): Uint8Array | undefined {
  if (!/^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(text)) return undefined;
  const numbers = text.split(".").map(Number);
  return numbers.every((n) => n <= 255) ? Uint8Array.from(numbers) : undefined;
}

function parseIpv6(text: string): Uint8Array | undefined {
  if (text.length > 45 || !/^[0-9a-f:.]+$/i.test(text)) return undefined;
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1]!, true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined;
  return Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...tail]);
}

/** Reads groups of four hexadecimal digits, the last two as dotted IPv4 where `last` allows it. */
function parseGroups(text: string, last: boolean): number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [i, group] of groups.entries()) {
    if (last && i === groups.length - 1 && group.includes(".")) {
      const v4 = parseIpv4(group);
      if (v4 === undefined) return undefined;
      bytes.push(...v4);
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(group)) return undefined;
      const value = parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    }
  }
  return bytes;
}
