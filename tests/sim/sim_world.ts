import { assertEquals } from "@std/assert";
import type { ConnectionId, ParticipantId } from "../../src/base/ids.ts";
import { silentLogger } from "../../src/base/log.ts";
import { PacketPool } from "../../src/base/packet_pool.ts";
import { seededRandom } from "../../src/base/random.ts";
import { type Millis, NEVER } from "../../src/base/time.ts";
import { portableCiphers } from "../../src/io/portable_cipher.ts";
import type { RoomEvent } from "../../src/room/room_events.ts";
import { hostCandidates } from "../../src/sdp/candidate.ts";
import type { SfuLimits } from "../../src/sfu/core.ts";
import type { Grant } from "../../src/sfu/member.ts";
import { DatagramBatch } from "../../src/sfu/outbox.ts";
import type { LocalMedia } from "../../src/sfu/local_media.ts";
import type { LocalTrack } from "../../src/sfu/local_track.ts";
import type { LoadChange, SfuOutput } from "../../src/sfu/outputs.ts";
import { Sfu } from "../../src/sfu/sfu.ts";
import { decodeClientMessage } from "../../src/signaling/decode.ts";
import { encodeServerMessage } from "../../src/signaling/encode.ts";
import type { Permission, ServerMessage } from "../../src/signaling/messages.ts";
import type { DtlsEvent } from "../../src/transport/dtls_port.ts";
import { EventQueue } from "./event_queue.ts";
import { FakeDtls } from "./fake_dtls.ts";
import type { ClientOptions } from "./client_options.ts";
import { SimClient } from "./sim_client.ts";

/** How long a message takes; as long as a datagram on a quiet network, so that nothing overtakes anything. */
const SIGNALING_DELAY_MS = 10;
/** The wall clock when virtual time begins: 14 November 2023. */
const UNIX_ORIGIN_MS = 1_700_000_000_000;
/** What a datagram has beside its payload on the way. */
const IP_AND_UDP_BYTES = 28;
const SERVER = { address: "192.0.2.1", port: 10_000 };
const ALL_PERMISSIONS: readonly Permission[] = ["publish", "screen", "chat", "moderate"];

/** What a world is made with. */
export interface WorldOptions {
  readonly seed?: number;
  readonly limits?: Partial<SfuLimits>;
  /** Estimate of a path before anything is known. */
  readonly initialBitrateBps?: number;
  readonly e2ee?: { readonly required: boolean; readonly joinTimeoutMs: Millis };
  /** What the gate allows; everything by default. */
  readonly permissions?: readonly Permission[];
}

/** One core, the clients around it, the network between them, and the clock of them all. */
export class SimWorld {
  readonly events: EventQueue = new EventQueue();
  readonly random: ReturnType<typeof seededRandom>;
  readonly pool: PacketPool = new PacketPool();
  readonly sfu: Sfu;
  readonly clients: SimClient[] = [];
  /** What the core told the application, and when. */
  readonly log: { readonly at: Millis; readonly event: RoomEvent }[] = [];
  /** What the core said about its load, and when. */
  readonly loads: { readonly at: Millis; readonly change: LoadChange }[] = [];
  /** Tracks of this process that a keyframe was asked of, one entry for each time. */
  readonly keyframesWanted: LocalTrack[] = [];
  /** Numbers of the members that live in the server. */
  readonly bots: Map<ParticipantId, number> = new Map();
  readonly #grant: Grant;
  readonly #dtls: FakeDtls = new FakeDtls((event) => this.handleDtls(event));
  readonly #connections = new Map<ConnectionId, SimClient>();
  readonly #batch = new DatagramBatch();
  #nextConnection = 1;
  #armedAt: Millis = NEVER;
  #flushing = false;

  constructor(options: WorldOptions = {}) {
    this.random = seededRandom(options.seed ?? 1);
    this.#grant = { permissions: options.permissions ?? ALL_PERMISSIONS, ownsParticipant: false };
    this.sfu = new Sfu({
      random: this.random,
      ciphers: portableCiphers(),
      pool: this.pool,
      fingerprint: "AB".repeat(32).replace(/..(?=.)/g, "$&:"),
      candidates: () => hostCandidates([SERVER]),
      limits: { maxRoomMembers: 25, maxRooms: 100, maxChatHistory: 100, ...options.limits },
      unixOriginMs: UNIX_ORIGIN_MS,
      e2ee: options.e2ee ?? { required: false, joinTimeoutMs: 5_000 },
      logger: silentLogger,
      ...(options.initialBitrateBps === undefined ? {} : { initialBitrateBps: options.initialBitrateBps }),
    });
  }

  /** The virtual time. */
  get now(): Millis {
    return this.events.now;
  }

  /** The true wall clock. */
  get unixMs(): number {
    return UNIX_ORIGIN_MS + this.now;
  }

  /** Lets somebody open the app and enter; what follows takes virtual time. */
  join(name: string, options: ClientOptions = {}): SimClient {
    const client = new SimClient(this, name, this.clients.length + 1, options);
    this.clients.push(client);
    return client;
  }

  /** Lets time pass. */
  run(duration: Millis): void {
    this.events.runUntil(this.now + duration);
  }

  /** When the core first told the application something about `client`. */
  timeOf(type: RoomEvent["type"], client: SimClient): Millis | undefined {
    return this.log.find(({ event }) =>
      event.type === type && "participant" in event && event.participant === client.id
    )?.at;
  }

  /** How often the core dropped or refused something for this reason. */
  drops(reason: string): number {
    return this.sfu.snapshot(this.now).drops[reason] ?? 0;
  }

  /** Does something inside the server's own process. */
  inside<T>(what: (local: LocalMedia, now: Millis) => T): T {
    let result: T;
    this.#turn(() => result = what(this.sfu.local, this.now));
    return result!;
  }

  /** Tells the core how busy its thread was. */
  tellLoad(level: number): void {
    this.#turn(() => this.sfu.handleLoad(level, this.now));
  }

  /** Ends everything and checks that nothing is left. */
  close(): void {
    this.#turn(() => this.sfu.close(this.now));
    const { rooms, packetsInUse } = this.sfu.snapshot(this.now);
    assertEquals(rooms.length, 0, "rooms after the end");
    assertEquals(packetsInUse, 0, "packet buffers in use after the end");
    assertEquals(this.#dtls.size, 0, "DTLS endpoints after the end");
  }

  /** Fails when any client saw somebody else on a tile, got something malformed, or was told another mapping. */
  checkClients(): void {
    for (const client of this.clients) {
      assertEquals(client.violations, [], client.name);
      assertEquals(client.tiles.reduce((sum, tile) => sum + tile.wrong, 0), 0, `wrong faces at ${client.name}`);
      if (client.transport === undefined) continue;
      for (const { mid, participant, source } of client.last("track_map")?.tracks ?? []) {
        assertEquals(client.plan.bindingOf(mid), { participant, source }, `mid ${mid} at ${client.name}`);
      }
    }
  }

  // What clients call.

  numberOf(id: ParticipantId): number {
    return this.clients.find((client) => client.id === id)?.number ?? this.bots.get(id) ?? -1;
  }

  /** Lets a DTLS endpoint say something. */
  handleDtls(event: DtlsEvent): void {
    this.#turn(() => this.sfu.handleDtls(event, this.now));
  }

  openConnection(client: SimClient): ConnectionId {
    const id = this.#nextConnection++;
    this.#connections.set(id, client);
    return id;
  }

  signal(connection: ConnectionId, message: Readonly<Record<string, unknown>>): void {
    const text = JSON.stringify(message);
    this.events.after(SIGNALING_DELAY_MS, () => {
      if (this.#connections.has(connection)) this.#turn(() => this.#handleText(connection, text));
    });
  }

  /** A WebSocket ends; `lost` says that it broke off. */
  disconnect(connection: ConnectionId, lost = false): void {
    this.events.after(SIGNALING_DELAY_MS, () => this.#dropConnection(connection, lost));
  }

  carryUp(client: SimClient, bytes: Uint8Array<ArrayBuffer>): void {
    const { port, address } = client;
    client.sent.push(bytes);
    client.up.carry(bytes.length, () => this.receive(address, port, bytes));
  }

  /** Brings a datagram to the server, from wherever. */
  receive(address: string, port: number, bytes: Uint8Array): void {
    const packet = this.pool.acquire();
    packet.bytes.set(bytes);
    packet.length = bytes.length;
    this.#turn(() => this.sfu.handleDatagram(packet, 0, address, port, this.now));
  }

  #handleText(connection: ConnectionId, text: string): void {
    const decoded = decodeClientMessage(text);
    if (!decoded.ok) {
      const { code, reason, message, type } = decoded.error;
      this.#output({
        kind: "message",
        to: connection,
        message: { type: "error", code, reason, message, request: type },
      });
    } else if (decoded.message.type === "join") {
      const permissions = this.#connections.get(connection)?.permissions ?? this.#grant.permissions;
      this.sfu.handleJoin(connection, decoded.message, { ...this.#grant, permissions }, this.now);
    } else this.sfu.handleMessage(connection, decoded.message, this.now);
  }

  /** Feeds one input and takes out everything it led to, as the driver does. */
  #turn(input: () => void): void {
    input();
    if (this.#flushing) return;
    this.#flushing = true;
    for (let output = this.sfu.pollOutput(); output !== undefined; output = this.sfu.pollOutput()) {
      this.#output(output);
    }
    this.#flushing = false;
    this.#sendDatagrams();
    this.#arm();
  }

  #output(output: SfuOutput): void {
    switch (output.kind) {
      case "dtls_open":
        this.#dtls.open(output.peer);
        break;
      case "dtls_close":
        this.#dtls.close(output.peer);
        break;
      case "dtls_datagram":
        this.#dtls.receive(output.peer, output.bytes);
        break;
      case "keyframe_wanted":
        this.keyframesWanted.push(output.track);
        break;
      case "event":
        this.log.push({ at: this.now, event: output.event });
        break;
      case "load":
        this.loads.push({ at: this.now, change: output.change });
        break;
      case "message": {
        const text = encodeServerMessage(output.message);
        this.#tell(output.to, (client) => client.receiveMessage(JSON.parse(text) as ServerMessage));
        break;
      }
      case "close":
        this.#tell(output.to, (client) => client.receiveClose(output.reason));
        this.events.after(0, () => this.#dropConnection(output.to));
        break;
    }
  }

  #tell(connection: ConnectionId, what: (client: SimClient) => void): void {
    const client = this.#connections.get(connection);
    if (client === undefined) return;
    this.events.after(SIGNALING_DELAY_MS, () => {
      if (client.connection === connection) what(client);
    });
  }

  #dropConnection(connection: ConnectionId, lost = false): void {
    if (!this.#connections.delete(connection)) return;
    this.#turn(() => this.sfu.handleDisconnect(connection, this.now, lost));
  }

  #sendDatagrams(): void {
    const batch = this.#batch;
    this.sfu.drainDatagrams(batch);
    for (let i = 0; i < batch.length; i++) {
      const packet = batch.packets[i]!;
      const { address, port } = batch.paths[i]!;
      const bytes = packet.bytes.slice(0, packet.length);
      packet.release();
      const client = this.clients.find((candidate) => candidate.address === address);
      // An address that the client has left takes nothing any more.
      client?.down.carry(bytes.length + IP_AND_UDP_BYTES, () => client.port === port && client.receiveDatagram(bytes));
    }
    batch.length = 0;
  }

  #arm(): void {
    const next = this.sfu.nextTimeout();
    if (next === NEVER || next >= this.#armedAt) return;
    this.#armedAt = next;
    this.events.at(next, () => {
      if (this.#armedAt !== next) return;
      this.#armedAt = NEVER;
      this.#turn(() => this.sfu.handleTimeout(this.now));
    });
  }
}
