import type { ConnectionId, ParticipantId, RoomId } from "../base/ids.ts";
import type { Logger } from "../base/log.ts";
import { PacketPool } from "../base/packet_pool.ts";
import type { RandomSource } from "../base/random.ts";
import { CLOSE_CODES } from "../signaling/errors.ts";
import { encodeServerMessage } from "../signaling/encode.ts";
import type { ClientMessage, JoinMessage, ServerMessage } from "../signaling/messages.ts";
import type { Millis } from "../base/time.ts";
import type { SfuLimits } from "../sfu/core.ts";
import type { Grant } from "../sfu/member.ts";
import type { SfuOutput } from "../sfu/outputs.ts";
import { Sfu } from "../sfu/sfu.ts";
import { createCertificate } from "./certificate.ts";
import { type Clock, systemClock } from "./clock.ts";
import { Driver } from "./driver.ts";
import { MediaAddresses } from "./media_addresses.ts";
import type { Engine } from "./native/choose_engine.ts";
import type { DatagramEndpoint, EndpointStats } from "./udp_socket.ts";
import { WeriftDtls } from "./werift_dtls.ts";
import type { EngineChoice, HostConnection, HostListener, HostReport, RoomHost } from "./workers/room_host.ts";

/** Randomness of the operating system. */
const systemRandom: RandomSource = { fill: (bytes) => crypto.getRandomValues(bytes) };

/** What a host is made with. */
export interface SfuHostOptions {
  /** For logs and statistics. */
  readonly name: string;
  /** Local addresses to open media sockets on. */
  readonly addresses: readonly string[];
  /** Looks for the addresses again, so that those which appear or vanish are followed; left out when they are fixed. */
  readonly lookForAddresses?: (() => readonly string[]) | undefined;
  /** Media port of all of them; 0 picks a free one. */
  readonly udpPort: number;
  /** Addresses announced beside the local ones, first. */
  readonly publicIps: readonly string[];
  /** What moves and encrypts packets. */
  readonly engine: Engine;
  readonly limits: SfuLimits;
  /** What a receiver's path is taken to carry at first; the engine's default when left out. */
  readonly initialBitrateBps?: number | undefined;
  readonly e2ee: { readonly required: boolean; readonly joinTimeoutMs: number };
  readonly logger: Logger;
  /** Hears what happens in rooms. */
  readonly listener: HostListener;
}

/** One core with the world around it: media sockets, DTLS, a clock, and the connections of its members. */
export class SfuHost implements RoomHost {
  readonly name: string;
  readonly running = true;
  /** Rooms in this thread are never weighed against others. */
  readonly packetsPerSecond = 0;
  readonly #sfu: Sfu;
  readonly #driver: Driver;
  readonly #endpoint: DatagramEndpoint;
  readonly #dtls: WeriftDtls;
  readonly #clock: Clock = systemClock;
  readonly #connections: Map<ConnectionId, HostConnection> = new Map();
  readonly #listener: HostListener;
  readonly #observers: Set<HostListener> = new Set();
  readonly #engine: Engine;
  readonly #stopLooking: () => void;
  #encoded: { message: ServerMessage; text: string } | undefined;

  private constructor(options: SfuHostOptions, certificate: Awaited<ReturnType<typeof createCertificate>>) {
    const pool = new PacketPool();
    this.name = options.name;
    this.#listener = options.listener;
    this.#engine = options.engine;
    this.#endpoint = options.engine.endpoint(options.addresses, options.udpPort, pool, options.logger);
    const announced = new MediaAddresses(this.#endpoint, options);
    this.#stopLooking = announced.stop;
    this.#sfu = new Sfu({
      random: systemRandom,
      ciphers: options.engine.ciphers,
      pool,
      fingerprint: certificate.fingerprint,
      candidates: () => announced.candidates,
      limits: options.limits,
      unixOriginMs: Date.now() - this.#clock.now(),
      e2ee: options.e2ee,
      ...(options.initialBitrateBps === undefined ? {} : { initialBitrateBps: options.initialBitrateBps }),
      logger: options.logger,
    });
    this.#dtls = new WeriftDtls({
      certificate,
      onEvent: (event) => this.#driver.feed((sfu, now) => sfu.handleDtls(event, now)),
    });
    this.#driver = new Driver(
      this.#sfu,
      this.#clock,
      this.#endpoint,
      (output) => this.#handleOutput(output),
      options.logger,
    );
    this.#driver.start();
  }

  /** Opens the sockets, makes a certificate and starts to run. */
  static async start(options: SfuHostOptions): Promise<SfuHost> {
    return new SfuHost(options, await createCertificate());
  }

  /** Media port of all sockets. */
  get udpPort(): number {
    return this.#endpoint.port;
  }

  /** Local addresses of the media sockets. */
  get addresses(): readonly string[] {
    return this.#endpoint.addresses;
  }

  /** Which engine moves the packets, and why this one. */
  get engine(): EngineChoice {
    const { name, why } = this.#engine;
    return { name, why };
  }

  /** Takes a connection whose messages will follow. */
  addConnection(connection: HostConnection): void {
    this.#connections.set(connection.id, connection);
  }

  /** A connection is gone; with `lost` its client may come back to its sessions. */
  removeConnection(id: ConnectionId, lost = false): void {
    this.#connections.delete(id);
    this.#driver.feed((sfu, now) => sfu.handleDisconnect(id, now, lost));
  }

  /** A join that was let in; the listener hears of the membership before this returns. */
  join(from: ConnectionId, message: JoinMessage, grant: Grant): void {
    this.#driver.feed((sfu, now) => sfu.handleJoin(from, message, grant, now));
    this.#driver.flush();
  }

  /** Any other message; returns whether the core took it, or `undefined` when an error of ours kept it from that. */
  message(from: ConnectionId, message: Exclude<ClientMessage, JoinMessage>): boolean | undefined {
    const accepted = this.#driver.feed((sfu, now) => sfu.handleMessage(from, message, now));
    // Whoever waits for the answer may count on the membership having ended.
    if (message.type === "leave") this.#driver.flush();
    return accepted;
  }

  /** Takes a participant out of a room; returns whether it was there. */
  removeParticipant(room: RoomId, participant: ParticipantId): boolean {
    return this.#driver.feed((sfu, now) => sfu.removeParticipant(room, participant, now)) ?? false;
  }

  /** Does something in the core itself; `undefined` when that failed (which was logged) or the host has ended. */
  inside<T>(action: (sfu: Sfu, now: Millis) => T): T | undefined {
    return this.#driver.feed(action);
  }

  /** Lets somebody hear what happens, beside the listener; returns what ends that. */
  observe(observer: HostListener): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** Takes out now what the last inputs brought about. */
  flush(): void {
    this.#driver.flush();
  }

  /** Rooms and counters now; with `room` of that one room only. */
  report(room?: RoomId): HostReport {
    const snapshot = this.#sfu.snapshot(this.#clock.now());
    const rooms = room === undefined ? snapshot.rooms : snapshot.rooms.filter(({ id }) => id === room);
    return { ...snapshot, rooms, sockets: this.socketStats };
  }

  /** What the media sockets have done. */
  get socketStats(): EndpointStats {
    return { ...this.#endpoint.stats };
  }

  /** Says goodbye to everybody, ends all media, closes the sockets. */
  async close(): Promise<void> {
    this.#driver.feed((sfu, now) => sfu.close(now));
    this.#driver.flush();
    this.#driver.close();
    this.#stopLooking();
    await this.#dtls.closeAll();
    await this.#endpoint.close();
  }

  #handleOutput(output: SfuOutput): void {
    switch (output.kind) {
      case "message":
        this.#connections.get(output.to)?.send(this.#encode(output.message));
        break;
      case "close":
        this.#connections.get(output.to)?.close(CLOSE_CODES[output.reason], output.reason);
        break;
      case "event":
        this.#listener.onEvent(output.event);
        for (const observer of [...this.#observers]) observer.onEvent(output.event);
        break;
      case "membership":
        this.#listener.onMembership(output.change);
        for (const observer of [...this.#observers]) observer.onMembership(output.change);
        break;
      case "load":
        this.#listener.onLoad?.(output.change);
        break;
      case "keyframe_wanted":
        output.track.onKeyframeWanted();
        break;
      case "dtls_open":
        this.#dtls.open(output.peer);
        break;
      case "dtls_close":
        this.#dtls.close(output.peer);
        break;
      case "dtls_datagram":
        this.#dtls.receive(output.peer, output.bytes);
        break;
    }
  }

  /** A broadcast is the same object for every receiver and comes in one run, so it is encoded once. */
  #encode(message: ServerMessage): string {
    if (this.#encoded?.message !== message) this.#encoded = { message, text: encodeServerMessage(message) };
    return this.#encoded.text;
  }
}
