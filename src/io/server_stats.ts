import type { LoadChange } from "../sfu/outputs.ts";
import type { SfuSnapshot } from "../sfu/snapshot.ts";
import type { EndpointStats } from "./udp_socket.ts";
import type { EngineChoice, HostReport, RoomHost } from "./workers/room_host.ts";

/** What one core is doing: that of the main thread, or a worker's. */
export interface HostStats {
  /** `main`, or `worker 0` and so on. */
  readonly name: string;
  /** `false` while a worker that has ended is being started again; its counters begin anew. */
  readonly running: boolean;
  /** Its media port. */
  readonly udpPort: number;
  /** Rooms on it. */
  readonly rooms: number;
  /** Participants of those rooms. */
  readonly participants: number;
  /** Packet buffers in use. */
  readonly packetsInUse: number;
  /** Everything its core dropped or refused, by reason. */
  readonly drops: Readonly<Record<string, number>>;
  /** Its media sockets' counters. */
  readonly sockets: EndpointStats;
  /** Which engine moves its packets, and why this one. */
  readonly engine: EngineChoice;
  /** How busy its thread is, and what is left out because of that. */
  readonly load: LoadChange;
}

/** What a server is doing, all cores together; `load` is that of the busiest. */
export interface ServerStats extends SfuSnapshot {
  /** Signaling connections open now. */
  readonly connections: number;
  /** The media sockets' counters. */
  readonly sockets: EndpointStats;
  /** How TCP connections ended, and why some were not let in. */
  readonly refused: Readonly<Record<string, number>>;
  /** Which engine moves the packets, and why this one; that of the first core. */
  readonly engine: EngineChoice;
  /** The same by core. */
  readonly hosts: readonly HostStats[];
}

const NO_LOAD: LoadChange = { step: 0, steps: 0, level: 0, lastN: 0 };

const NO_SOCKETS: EndpointStats = { received: 0, sent: 0, sendFailed: 0, sendDropped: 0, tooLong: 0 };

/** Adds up what the hosts report; `refused` was refused before it reached one of them. */
export function sumReports(
  reports: readonly { readonly host: RoomHost; readonly report: HostReport | undefined }[],
  refused: Readonly<Record<string, number>>,
): Pick<ServerStats, "rooms" | "packetsInUse" | "drops" | "sockets" | "engine" | "hosts" | "load"> {
  const hosts = reports.map(({ host, report }) => statsOf(host, report));
  return {
    rooms: reports.flatMap(({ report }) => report?.rooms ?? []),
    packetsInUse: hosts.reduce((sum, { packetsInUse }) => sum + packetsInUse, 0),
    drops: [refused, ...hosts.map(({ drops }) => drops)].reduce(add, {}),
    sockets: hosts.map(({ sockets }) => sockets).reduce(addSockets, NO_SOCKETS),
    engine: hosts[0]!.engine,
    load: hosts.map(({ load }) => load).reduce((worst, load) => load.level > worst.level ? load : worst),
    hosts,
  };
}

function statsOf(host: RoomHost, report: HostReport | undefined): HostStats {
  const { name, running, udpPort, engine } = host;
  const { rooms = [], packetsInUse = 0, drops = {}, sockets = NO_SOCKETS, load = NO_LOAD } = report ?? {};
  const participants = rooms.reduce((sum, room) => sum + room.participants.length, 0);
  return { name, running, udpPort, rooms: rooms.length, participants, packetsInUse, drops, sockets, engine, load };
}

function add(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  const sum = { ...a };
  for (const [reason, count] of Object.entries(b)) sum[reason] = (sum[reason] ?? 0) + count;
  return sum;
}

function addSockets(a: EndpointStats, b: EndpointStats): EndpointStats {
  return {
    received: a.received + b.received,
    sent: a.sent + b.sent,
    sendFailed: a.sendFailed + b.sendFailed,
    sendDropped: a.sendDropped + b.sendDropped,
    tooLong: a.tooLong + b.tooLong,
  };
}
