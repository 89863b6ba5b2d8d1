/** Type preference of a host candidate (RFC 8445 section 5.1.2.2). */
const HOST_PREFERENCE = 126;

/** The local preference of our first candidate; each further one is one below (RFC 8445 section 5.1.2.1). */
const FIRST_LOCAL_PREFERENCE = 65_535;

/** We multiplex RTP and RTCP, so the only component is 1 (RFC 5761). */
const COMPONENT = 1;

/** Longest remote candidate line we look at, in characters. */
const MAX_LINE_LENGTH = 1_024;

/** One of our own addresses as the answer announces it; always UDP and of type host. */
export interface Candidate {
  /** Same for candidates that would fail together (RFC 8445 section 5.1.1.3); each of ours has its own. */
  foundation: string;
  /** Higher is tried earlier. */
  priority: number;
  /** IPv4 or IPv6 address without brackets or zone. */
  address: string;
  /** UDP port. */
  port: number;
}

/** A candidate line of a client, checked. */
export interface RemoteCandidate {
  /** Lower-case transport: `udp` or `tcp`. */
  transport: string;
  /** Address or, to hide it, a `.local` name. */
  address: string;
  /** Port. */
  port: number;
  /** `host`, `srflx`, `prflx` or `relay`. */
  kind: string;
}

/** How far an address reaches, for ordering: what reaches further comes first, since it works for more clients. */
function reach(address: string): number {
  const text = address.toLowerCase();
  if (text.includes(":")) {
    if (text === "::1") return 2;
    return /^f[cd]/.test(text) || /^fe[89ab]/.test(text) ? 1 : 0;
  }
  if (text.startsWith("127.")) return 2;
  return /^(?:10\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/.test(
      text,
    )
    ? 1
    : 0;
}

/**
 * Makes the candidates for our addresses, best first: public ones, then private ones, then loopback.
 *
 * Within a group the order given stays; an address that comes twice is announced once.
 */
export function hostCandidates(addresses: readonly { address: string; port: number }[]): Candidate[] {
  const unique = new Map(addresses.map((entry) => [`${entry.address} ${entry.port}`, entry]));
  const ordered = [...unique.values()].sort((a, b) => reach(a.address) - reach(b.address));
  return ordered.map(({ address, port }, i) => ({
    foundation: String(i + 1),
    priority: HOST_PREFERENCE * 2 ** 24 + (FIRST_LOCAL_PREFERENCE - i) * 2 ** 8 + (256 - COMPONENT),
    address,
    port,
  }));
}

/** Writes a candidate as in `a=candidate` (RFC 8839 section 5.1), without the `a=`. */
export function writeCandidate(candidate: Candidate): string {
  const { foundation, priority, address, port } = candidate;
  return `candidate:${foundation} ${COMPONENT} udp ${priority} ${address} ${port} typ host`;
}

/**
 * Reads a client's candidate line, with or without `a=`.
 *
 * A lite server needs none of them, since it only answers checks; this tells a sound one from noise.
 *
 * @returns `undefined` when it is malformed; the empty string (no more candidates) is not a candidate either.
 */
export function parseCandidate(line: string): RemoteCandidate | undefined {
  if (line.length > MAX_LINE_LENGTH) return undefined;
  const [foundation, component, transport, priority, address, port, typ, kind] = line.replace(/^a=/, "").split(" ");
  if (foundation === undefined || !/^candidate:[A-Za-z0-9+/]{1,32}$/.test(foundation)) return undefined;
  if (!inRange(component, 1, 256) || !inRange(priority, 0, 0x7fffffff) || !inRange(port, 0, 65_535)) return undefined;
  if (address === undefined || !/^[0-9A-Za-z.:%-]{1,255}$/.test(address)) return undefined;
  if (transport === undefined || !/^(?:udp|tcp)$/i.test(transport)) return undefined;
  if (typ !== "typ" || kind === undefined || !/^(?:host|srflx|prflx|relay)$/.test(kind)) return undefined;
  return { transport: transport.toLowerCase(), address, port: Number(port), kind };
}

function inRange(text: string | undefined, min: number, max: number): boolean {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return false;
  const value = Number(text);
  return value >= min && value <= max;
}
