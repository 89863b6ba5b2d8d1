import type { ConnectionId, ParticipantId, RoomId } from "../base/ids.ts";
import type { Logger } from "../base/log.ts";
import type { Millis } from "../base/time.ts";
import type { Grant } from "../sfu/member.ts";
import type { SfuOutput } from "../sfu/outputs.ts";
import type { Sfu } from "../sfu/sfu.ts";
import type { SfuSnapshot } from "../sfu/snapshot.ts";
import { encodeServerMessage } from "../signaling/encode.ts";
import { CLOSE_CODES } from "../signaling/errors.ts";
import type { ClientMessage, JoinMessage, ServerMessage } from "../signaling/messages.ts";
import { systemClock } from "./clock.ts";
import { Driver } from "./driver.ts";
import type { DatagramEndpoint } from "./udp_socket.ts";
import type { HostConnection, HostListener } from "./workers/room_host.ts";

/** One core, what runs it, the connections of its members, and who hears of its rooms; `SfuHost` adds the media. */
export class CoreHost {
  /** Feeds the core, and takes out what comes of that. */
  protected readonly driver: Driver;
  readonly #sfu: Sfu;
  readonly #connections: Map<ConnectionId, HostConnection> = new Map();
  readonly #observers: Set<HostListener> = new Set();
  #encoded: { message: ServerMessage; text: string } | undefined;

  constructor(sfu: Sfu, endpoint: DatagramEndpoint, logger: Logger) {
    this.#sfu = sfu;
    this.driver = new Driver(sfu, systemClock, endpoint, (output) => this.#take(output), logger);
  }

  /** Takes a connection whose messages will follow. */
  addConnection(connection: HostConnection): void {
    this.#connections.set(connection.id, connection);
  }

  /** A connection is gone; with `lost` its client may come back to its sessions. */
  removeConnection(id: ConnectionId, lost = false): void {
    this.#connections.delete(id);
    this.driver.feed((sfu, now) => sfu.handleDisconnect(id, now, lost));
  }

  /** A join that was let in; observers hear of the membership before this returns. */
  join(from: ConnectionId, message: JoinMessage, grant: Grant): void {
    this.driver.feed((sfu, now) => sfu.handleJoin(from, message, grant, now));
    this.driver.flush();
  }

  /** Any other message; returns whether the core took it, or `undefined` when an error of ours kept it from that. */
  message(from: ConnectionId, message: Exclude<ClientMessage, JoinMessage>): boolean | undefined {
    const accepted = this.driver.feed((sfu, now) => sfu.handleMessage(from, message, now));
    // Whoever waits for the answer may count on the membership having ended.
    if (message.type === "leave") this.driver.flush();
    return accepted;
  }

  /** Takes a participant out of a room; returns whether it was there. */
  removeParticipant(room: RoomId, participant: ParticipantId): boolean {
    return this.driver.feed((sfu, now) => sfu.removeParticipant(room, participant, now)) ?? false;
  }

  /** Does something in the core itself; `undefined` when that failed (which was logged) or the host has ended. */
  inside<T>(action: (sfu: Sfu, now: Millis) => T): T | undefined {
    return this.driver.feed(action);
  }

  /** Lets somebody hear what happens; returns what ends that. */
  observe(observer: HostListener): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** Takes out now what the last inputs brought about. */
  flush(): void {
    this.driver.flush();
  }

  /** Rooms and counters now; with `room` of that one room only. */
  report(room?: RoomId): SfuSnapshot {
    const snapshot = this.#sfu.snapshot(systemClock.now());
    return room === undefined ? snapshot : { ...snapshot, rooms: snapshot.rooms.filter(({ id }) => id === room) };
  }

  /** Says goodbye to everybody and ends. */
  close(): Promise<void> {
    this.driver.feed((sfu, now) => sfu.close(now));
    this.driver.flush();
    this.driver.close();
    return Promise.resolve();
  }

  /** What concerns media; there is none without sockets. */
  protected takeMedia(_output: SfuOutput): void {}

  #take(output: SfuOutput): void {
    switch (output.kind) {
      case "message":
        this.#connections.get(output.to)?.send(this.#encode(output.message));
        break;
      case "close":
        this.#connections.get(output.to)?.close(CLOSE_CODES[output.reason], output.reason);
        break;
      case "event":
        for (const observer of [...this.#observers]) observer.onEvent(output.event);
        break;
      case "membership":
        for (const observer of [...this.#observers]) observer.onMembership(output.change);
        break;
      case "load":
        for (const observer of [...this.#observers]) observer.onLoad?.(output.change);
        break;
      default:
        this.takeMedia(output);
    }
  }

  /** A broadcast is the same object for every receiver and comes in one run, so it is encoded once. */
  #encode(message: ServerMessage): string {
    if (this.#encoded?.message !== message) this.#encoded = { message, text: encodeServerMessage(message) };
    return this.#encoded.text;
  }
}
