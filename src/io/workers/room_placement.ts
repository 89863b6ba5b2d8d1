/** What is known of a host when a room has to be placed. */
export interface HostLoad {
  /** Whether it can take a room now. */
  readonly running: boolean;
  /** Datagrams it sends a second, as last measured. */
  readonly packetsPerSecond: number;
  /** Participants of its rooms now. */
  readonly members: number;
  /** Its rooms now. */
  readonly rooms: number;
}

/**
 * What somebody who has just come will cost, in packets a second: one stream of speech (a packet each 20 ms). Without
 * it all rooms of one moment would go to the host that was idle when it was last measured.
 */
const EXPECTED_PACKETS_PER_MEMBER = 50;

/**
 * Chooses the host of a new room: the one with the least load, then the one with the fewest rooms, then the first.
 *
 * @returns its index, or `undefined` when none is running
 */
export function placeRoom(hosts: readonly HostLoad[]): number | undefined {
  let best: number | undefined;
  for (const [index, host] of hosts.entries()) {
    if (host.running && (best === undefined || isLess(host, hosts[best]!))) best = index;
  }
  return best;
}

function isLess(a: HostLoad, b: HostLoad): boolean {
  const difference = load(a) - load(b);
  return difference < 0 || (difference === 0 && a.rooms < b.rooms);
}

function load({ packetsPerSecond, members }: HostLoad): number {
  return packetsPerSecond + members * EXPECTED_PACKETS_PER_MEMBER;
}
