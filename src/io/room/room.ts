import { SeaMeetError } from "../../base/errors.ts";
import { parseParticipantId, type ParticipantId, type RoomId } from "../../base/ids.ts";
import { silentLogger } from "../../base/log.ts";
import type { Processor } from "../../processing/processor.ts";
import type { RoomEvent } from "../../room/room_events.ts";
import { EventHub, type EventStream } from "../event_hub.ts";
import type { TrackSource } from "../../room/track_source.ts";
import type { OnPacket, PacketFeed } from "./packet_ports.ts";
import type { SfuHost } from "../sfu_host.ts";
import { WsSignaling } from "../peer/ws_signaling.ts";
import type { SignalingConnection } from "../signaling_connection.ts";
import { acceptedConnection, type AcceptedFrom } from "./accepted_connection.ts";
import { arrivals } from "./arrivals.ts";
import { HeldConnection } from "./held_connection.ts";
import type { AddMembershipOptions } from "./outside_membership.ts";
import type { RoomBot } from "./room_bot.ts";
import { RoomCore } from "./room_core.ts";
import type { RoomOptions } from "./room_options.ts";
import type { RoomPeer } from "./room_peer.ts";
import type { RoomMembership } from "./room_membership.ts";
import type { RoomParticipant } from "./room_participant.ts";
import { ownHost } from "./own_host.ts";

/** Registered by IANA for "the server is overloaded": a client that is not taken may try again. */
const TRY_AGAIN_LATER = 1013;

/** Who is added to a room. */
export interface AddParticipantOptions extends AcceptedFrom {
  /** The id it must join with; whichever it joins with when left out. */
  readonly id?: string;
  /** Its connection: a WebSocket that the application accepted, or a signaling connection of any kind. */
  readonly signaling: WebSocket | SignalingConnection;
  /**
   * What is done to its media before the others get it. When left out: nothing, byte for byte; for somebody who takes up
   * the place that a former connection still holds, what was done there.
   */
  readonly processor?: Processor;
}

/** Who is added without a connection. */
export interface AddBotOptions {
  /** Its id (default: a random one). */
  readonly id?: string;
  /** The name shown to others. */
  readonly name?: string;
}

/**
 * A room that really runs: its own media port, members who connect over whatever signaling the application accepts,
 * bots that live here, and everybody's decoded sound and pictures.
 *
 * @example A room with an observer and a bot
 * ```ts
 * import { Room } from "@seameet/cli";
 * import { assertEquals } from "@std/assert";
 *
 * await using room = new Room({ name: "standup", maxParticipants: 10 });
 * const events = room.events();
 * const bot = await room.addBot({ name: "echo" });
 * assertEquals((await events.next()).value, {
 *   type: "participantJoined",
 *   roomId: "standup",
 *   participant: bot.participantId,
 * });
 * assertEquals(room.participantCount, 1);
 * ```
 */
export class Room implements AsyncDisposable {
  /** The id that clients join under, `join.room_id`. */
  readonly id: RoomId;
  /** Its name, where it was given one. */
  readonly name: string | undefined;
  readonly #options: RoomOptions;
  readonly #hub: EventHub<RoomEvent>;
  readonly #endings: Set<() => Promise<void>> = new Set();
  readonly #createdAt = performance.now();
  #core: Promise<RoomCore> | undefined;
  #ready: RoomCore | undefined;
  #closing: Promise<void> | undefined;
  #ownsHost = true;
  #onClosed: () => void = () => {};
  #joined = 0;

  /** Creates a room; its media port is opened when the first participant is added. */
  constructor(options: RoomOptions = {}) {
    this.#options = options;
    this.name = options.name;
    this.id = options.name ?? crypto.randomUUID();
    this.#hub = new EventHub(options.eventBuffer);
  }

  /** A view of a room that is carried by a server; closing it ends what was added through it and nothing else. */
  static onHost(host: SfuHost, roomId: RoomId, options: RoomOptions, onClosed: () => void): Room {
    const room = new Room({ ...options, name: roomId });
    room.#ownsHost = false;
    room.#onClosed = onClosed;
    room.#ready = room.#makeCore(host);
    room.#core = Promise.resolve(room.#ready);
    room.#ready.adoptMembers();
    return room;
  }

  /** Everything that happens from now on, for any number of subscribers; a slow one loses the oldest events only. */
  events(): EventStream<RoomEvent> {
    return this.#hub.subscribe();
  }

  /**
   * Everybody who is here (bots too), then everybody who comes, each once; ends with the room.
   *
   * @example
   * ```ts
   * import { Room } from "@seameet/cli";
   * import { assertEquals } from "@std/assert";
   *
   * const room = new Room();
   * await room.addBot({ name: "Ada" });
   * for await (const participant of room.arrivals()) {
   *   assertEquals(participant.displayName, "Ada");
   *   await room.close(); // or listen to `participant.audio()`, and wait for the next one
   * }
   * ```
   */
  arrivals(): AsyncGenerator<RoomParticipant, void, void> {
    return arrivals(() => this.participants.values(), () => this.events());
  }

  /** Calls `observer` with each event at once, before subscribers read it; returns what ends that. */
  observe(observer: (event: RoomEvent) => void): () => void {
    return this.#hub.observe(observer);
  }

  /** Everybody who is in the room, in join order, bots included. */
  get participants(): ReadonlyMap<ParticipantId, RoomParticipant> {
    return this.#ready?.participants ?? new Map();
  }

  /** How many are in the room. */
  get participantCount(): number {
    return this.participants.size;
  }

  /** Says whether somebody is in the room. */
  hasParticipant(id: string): boolean {
    return this.participants.has(id);
  }

  /** Somebody who is in the room. @throws {SeaMeetError} `participant_not_found` */
  participant(id: string): RoomParticipant {
    const found = this.participants.get(id);
    if (found === undefined) throw new SeaMeetError("participant_not_found", `participant not found: ${id}`);
    return found;
  }

  /** Who shares a screen now. */
  get activeScreenShares(): readonly ParticipantId[] {
    return this.#ready?.activeScreenShares ?? [];
  }

  /**
   * Takes part in a room on another seameet server, over a connection to it. Settles when that server has taken us in.
   *
   * Nobody there becomes a participant here, nor the other way round; it ends with this room.
   *
   * @throws {SeaMeetError} `signaling` when that server refuses, `room_full` when the room there is; `config`, `closed`
   *
   * @example
   * ```ts
   * import { createServer, Room, WsSignaling } from "@seameet/cli";
   * import { assertEquals } from "@std/assert";
   *
   * await using server = await createServer({ ws: "127.0.0.1:0", udpPort: 0, allowUnauthenticatedJoins: true });
   * await using room = new Room({ name: "daily" });
   * const signaling = await WsSignaling.connect(`ws://127.0.0.1:${server.wsAddress.port}`);
   * const membership = await room.addParticipant({ signaling, displayName: "Ada" });
   * assertEquals([...membership.remotes.keys()], []);
   * assertEquals(server.room("daily")?.participants, [membership.participantId]);
   * ```
   */
  addParticipant(options: AddMembershipOptions): Promise<RoomMembership>;
  /**
   * Drives a client: its join, offers and media. Settles when it has joined.
   *
   * When its connection breaks it stays a participant for a while (30 s, 12 s without media), if it has the capability
   * `resume`. Hand over its next connection in the same way: the client shows its secret, nobody sees it go and come, and
   * the answer is the same participant.
   *
   * @throws {SeaMeetError} `room_full`; `signaling` when its connection ends before it has joined; `config`, `closed`
   */
  addParticipant(options: AddParticipantOptions): Promise<RoomParticipant>;
  async addParticipant(
    options: AddParticipantOptions | AddMembershipOptions,
  ): Promise<RoomParticipant | RoomMembership> {
    return isOutside(options) ? await this.#joinOutside(options) : await this.#addClient(options);
  }

  async #addClient(options: AddParticipantOptions): Promise<RoomParticipant> {
    const id = options.id === undefined ? undefined : checkedId(options.id);
    const { signaling, processor } = options;
    // At once: what the client says while the room opens its port must not be lost.
    const connection = signaling instanceof WebSocket ? acceptedConnection(0, signaling, options) : signaling;
    const held = new HeldConnection(connection);
    try {
      const core = await this.#open();
      // Who comes back has a place; of somebody whose id is not known the join will tell.
      if (id !== undefined && !core.participants.has(id)) this.#checkRoom(core);
      return await core.addParticipant(held, id, processor);
    } catch (error) {
      connection.close(TRY_AGAIN_LATER, error instanceof SeaMeetError ? error.code : "internal");
      throw error;
    }
  }

  /**
   * Adds a member that lives in this process.
   *
   * @throws {SeaMeetError} `room_full`, `config` for an id that is no UUID or is taken, `closed`
   */
  async addBot(options: AddBotOptions = {}): Promise<RoomBot> {
    const id = options.id === undefined ? crypto.randomUUID() : checkedId(options.id);
    const core = await this.#open();
    this.#checkRoom(core);
    return core.addBot(id, options.name);
  }

  /**
   * Adds a participant whose offers and answers the application carries itself.
   *
   * @throws {SeaMeetError} `room_full`, `config` for an id that is no UUID or is taken, `closed`
   */
  async addPeer(options: AddBotOptions = {}): Promise<RoomPeer> {
    const id = options.id === undefined ? crypto.randomUUID() : checkedId(options.id);
    const core = await this.#open();
    this.#checkRoom(core);
    return core.addPeer(id, options.name);
  }

  /** Takes somebody out and ends the connection; nobody there is no error. */
  removeParticipant(id: string): void {
    this.#ready?.removeParticipant(id);
  }

  /** Tells all subscribers something of the application's own. */
  emit(participant: string, payload: unknown): void {
    this.#hub.emit({ type: "custom", roomId: this.id, participant, payload });
  }

  /**
   * Hears the packets of somebody's source as the others get them, encoded, now and whenever the source is there: for
   * recorders and gateways. `undefined` when nobody has that id.
   */
  listen(participant: string, source: TrackSource, onPacket: OnPacket): PacketFeed | undefined {
    return this.#ready?.listen(participant, source, onPacket);
  }

  /** Whether somebody's media is encrypted from end to end, so that nothing here can read it. */
  isEncrypted(participant: string): boolean {
    return this.#ready?.isEncrypted(participant) ?? false;
  }

  /** Media port; `undefined` before the first participant was added. */
  get udpPort(): number | undefined {
    return this.#ready?.udpPort;
  }

  /** Ends everything: `roomEnded` is the last event. Any number of times. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** Lets something that must end with the room hold its end up. */
  beforeEnd(work: () => Promise<void>): () => void {
    this.#endings.add(work);
    return () => this.#endings.delete(work);
  }

  /** The same as `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #joinOutside(options: AddMembershipOptions): Promise<RoomMembership> {
    if (options.id !== undefined) checkedId(options.id);
    if (this.#closing !== undefined) throw new SeaMeetError("closed", "The room has been closed");
    // On demand: a server that only forwards needs no client.
    const { joinOutside } = await import("./outside_membership.ts");
    const membership = await joinOutside(options, {
      roomId: this.id,
      options: this.#options,
      onEvent: (event, participant) => this.emit(participant, event),
    });
    const forget = this.beforeEnd(() => membership.close());
    membership.left.then(forget);
    if (this.#closing !== undefined) await membership.close();
    return membership;
  }

  async #close(): Promise<void> {
    const core = await this.#core?.catch(() => undefined);
    await core?.close(this.#ownsHost);
    if (this.#ownsHost) {
      const durationMs = performance.now() - this.#createdAt;
      this.#hub.emit({ type: "roomEnded", roomId: this.id, participants: this.#joined, durationMs });
    }
    this.#hub.close();
    await this.#ended();
    this.#onClosed();
  }

  async #ended(): Promise<void> {
    await Promise.all([...this.#endings].map((work) => work()));
  }

  #open(): Promise<RoomCore> {
    if (this.#closing !== undefined) throw new SeaMeetError("closed", "The room has been closed");
    return this.#core ??= this.#start();
  }

  async #start(): Promise<RoomCore> {
    try {
      const host = await ownHost(this.#options);
      return this.#ready = this.#makeCore(host);
    } catch (error) {
      // The next participant may have more luck: the port may be free by then.
      this.#core = undefined;
      throw error;
    }
  }

  #makeCore(host: SfuHost): RoomCore {
    return new RoomCore(host, this.id, {
      ...this.#options,
      logger: this.#options.logger ?? silentLogger,
      onEvent: (event) => this.#take(event),
    });
  }

  /** A room of ours outlives its members: empty is not ended. */
  #take(event: RoomEvent): void {
    if (event.type === "participantJoined") this.#joined++;
    if (!this.#ownsHost) {
      this.#hub.emit(event);
      if (event.type === "roomEnded") void this.close();
    } else if (event.type === "roomEnded") this.#hub.emit({ type: "roomEmpty", roomId: this.id });
    else if (event.type !== "roomCreated") this.#hub.emit(event);
  }

  #checkRoom(core: RoomCore): void {
    const { maxParticipants = Infinity } = this.#options;
    if (core.participants.size >= maxParticipants) throw new SeaMeetError("room_full", "room is full");
  }
}

function isOutside(options: AddParticipantOptions | AddMembershipOptions): options is AddMembershipOptions {
  return options.signaling instanceof WsSignaling;
}

function checkedId(id: string): ParticipantId {
  const parsed = parseParticipantId(id);
  if (parsed === undefined) throw new SeaMeetError("config", `A participant id must be a UUID, not "${id}"`);
  return parsed;
}
