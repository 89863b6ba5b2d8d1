import { cidrContains, isLoopback, parseCidr, parseIp } from "./ip_address.ts";

/** What `localAddresses` needs to know about an interface; `Deno.networkInterfaces()` has it. */
export interface InterfaceAddress {
  readonly family: "IPv4" | "IPv6";
  readonly address: string;
}

/** Options of `localAddresses`. */
export interface LocalAddressesOptions {
  /** Whether 127.0.0.1 and ::1 are wanted beside real addresses; without any real one they always come. */
  readonly loopback?: boolean;
  /** The interfaces; what the system says when left out. */
  readonly interfaces?: readonly InterfaceAddress[];
}

/** Addresses nobody can reach from outside their own link, and those that are no host's: never media candidates. */
const UNUSABLE = [
  "0.0.0.0/8",
  "169.254.0.0/16", // link-local, RFC 3927: what a machine gives itself when DHCP fails
  "224.0.0.0/3",
  "fe80::/10", // link-local: needs a zone, which neither SDP nor browsers carry
  "ff00::/8",
  "::/128",
].map((text) => parseCidr(text)!);

/**
 * Every address of this machine that a browser could send media to, IPv4 first.
 *
 * Link-local addresses are left out; loopback comes when asked for, or when there is nothing else.
 */
export function localAddresses(options: LocalAddressesOptions = {}): string[] {
  const real: string[] = [];
  const loopback: string[] = [];
  const interfaces = options.interfaces ?? Deno.networkInterfaces();
  for (const { address } of [...interfaces].sort((a, b) => a.family.localeCompare(b.family))) {
    const bytes = parseIp(address);
    if (bytes === undefined || UNUSABLE.some((range) => cidrContains(range, bytes))) continue;
    const list = isLoopback(address) ? loopback : real;
    if (!list.includes(address)) list.push(address);
  }
  return options.loopback === true || real.length === 0 ? [...real, ...loopback] : real;
}
