import type { ConnectionId, ParticipantId, RoomId } from "../../base/ids.ts";
import type { Logger } from "../../base/log.ts";
import { PacketPool } from "../../base/packet_pool.ts";
import type { Millis } from "../../base/time.ts";
import type { SfuLimits } from "../../sfu/core.ts";
import type { Grant } from "../../sfu/member.ts";
import type { DatagramBatch } from "../../sfu/outbox.ts";
import type { SfuOutput } from "../../sfu/outputs.ts";
import { Sfu } from "../../sfu/sfu.ts";
import type { SfuSnapshot } from "../../sfu/snapshot.ts";
import { encodeServerMessage } from "../../signaling/encode.ts";
import { CLOSE_CODES } from "../../signaling/errors.ts";
import type { ClientMessage, JoinMessage } from "../../signaling/messages.ts";
import { systemClock } from "../clock.ts";
import { Driver } from "../driver.ts";
import { portableCiphers } from "../portable_cipher.ts";
import type { DatagramEndpoint } from "../udp_socket.ts";
import type { HostConnection, HostListener } from "../workers/room_host.ts";
import type { SignalingHost } from "./signaling_host.ts";

/** What a relay is made with. */
export interface RelayHostOptions {
  readonly limits: SfuLimits;
  readonly e2ee: { readonly required: boolean; readonly joinTimeoutMs: number };
  readonly logger: Logger;
}

/** The rooms of the core without media: no socket, no certificate; offers never get here. */
export class RelayHost implements SignalingHost {
  readonly #sfu: Sfu;
  readonly #driver: Driver;
  readonly #connections: Map<ConnectionId, HostConnection> = new Map();
  readonly #observers: Set<HostListener> = new Set();

  constructor(options: RelayHostOptions) {
    this.#sfu = new Sfu({
      random: { fill: (bytes) => crypto.getRandomValues(bytes) },
      ciphers: portableCiphers(),
      pool: new PacketPool(),
      // No offer is answered, so nobody is ever told of a certificate or an address.
      fingerprint: "",
      candidates: () => [],
      limits: options.limits,
      unixOriginMs: Date.now() - systemClock.now(),
      e2ee: options.e2ee,
      logger: options.logger,
    });
    this.#driver = new Driver(this.#sfu, systemClock, noSockets, (output) => this.#take(output), options.logger);
  }

  addConnection(connection: HostConnection): void {
    this.#connections.set(connection.id, connection);
  }

  removeConnection(id: ConnectionId): void {
    this.#connections.delete(id);
    this.#driver.feed((sfu, now) => sfu.handleDisconnect(id, now));
  }

  join(from: ConnectionId, message: JoinMessage, grant: Grant): void {
    this.#driver.feed((sfu, now) => sfu.handleJoin(from, message, grant, now));
    this.#driver.flush();
  }

  message(from: ConnectionId, message: Exclude<ClientMessage, JoinMessage>): boolean | undefined {
    return this.#driver.feed((sfu, now) => sfu.handleMessage(from, message, now));
  }

  removeParticipant(room: RoomId, participant: ParticipantId): boolean {
    return this.#driver.feed((sfu, now) => sfu.removeParticipant(room, participant, now)) ?? false;
  }

  inside<T>(action: (sfu: Sfu, now: Millis) => T): T | undefined {
    return this.#driver.feed(action);
  }

  observe(observer: HostListener): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  report(room?: RoomId): SfuSnapshot {
    const snapshot = this.#sfu.snapshot(systemClock.now());
    return room === undefined ? snapshot : { ...snapshot, rooms: snapshot.rooms.filter(({ id }) => id === room) };
  }

  flush(): void {
    this.#driver.flush();
  }

  close(): Promise<void> {
    this.#driver.feed((sfu, now) => sfu.close(now));
    this.#driver.flush();
    this.#driver.close();
    return Promise.resolve();
  }

  #take(output: SfuOutput): void {
    if (output.kind === "message") this.#connections.get(output.to)?.send(encodeServerMessage(output.message));
    else if (output.kind === "close") {
      this.#connections.get(output.to)?.close(CLOSE_CODES[output.reason], output.reason);
    } else if (output.kind === "event") { for (const observer of [...this.#observers]) observer.onEvent(output.event); }
    else if (output.kind === "membership") {
      for (const observer of [...this.#observers]) observer.onMembership(output.change);
    }
  }
}

/** Nothing is ever sent where nobody has a media path. */
const noSockets: DatagramEndpoint = {
  engine: "none",
  port: 0,
  addresses: [],
  stats: { received: 0, sent: 0, sendFailed: 0, sendDropped: 0, tooLong: 0 },
  start: () => {},
  open: () => {},
  send(batch: DatagramBatch): void {
    for (let i = 0; i < batch.length; i++) batch.packets[i]?.release();
    batch.length = 0;
  },
  close: () => Promise.resolve(),
};
