import { SeaMeetError } from "../../base/errors.ts";
import type { ConnectionId, ParticipantId, RoomId } from "../../base/ids.ts";
import type { Logger } from "../../base/log.ts";
import { passthrough, type Processor } from "../../processing/processor.ts";
import type { RoomEvent } from "../../room/room_events.ts";
import type { TrackSource } from "../../room/track_source.ts";
import type { MembershipChange } from "../../sfu/outputs.ts";
import type { Sfu } from "../../sfu/sfu.ts";
import { defaultRateCheck } from "../rate_limit.ts";
import type { SfuHost } from "../sfu_host.ts";
import { codecSet } from "./codec_set.ts";
import { CorePorts } from "./core_ports.ts";
import type { HeldConnection } from "./held_connection.ts";
import { ParticipantMedia } from "./participant_media.ts";
import { Publications } from "./publications.ts";
import type { OnPacket, PacketFeed } from "./packet_ports.ts";
import { RoomBot } from "./room_bot.ts";
import { mediaSettings, type RoomOptions } from "./room_options.ts";
import { RoomParticipant } from "./room_participant.ts";
import { RoomPeer } from "./room_peer.ts";
import { RoomSession } from "./room_session.ts";

/** What a room's core needs of its room. */
export interface RoomCoreOptions extends Omit<RoomOptions, "logger"> {
  readonly logger: Logger;
  readonly onEvent: (event: RoomEvent) => void;
}

/** A member as the room follows it. */
interface Entry {
  readonly participant: RoomParticipant;
  readonly media: ParticipantMedia;
  readonly ports: CorePorts;
}

/** "Normal closure" (RFC 6455 section 7.4.1). */
const NORMAL = 1000;

/**
 * Connections that rooms add to a host are numbered from here on: a server numbers its own from 1, and both can meet
 * in one core.
 */
let nextConnection: ConnectionId = 2 ** 40;

/** One room in a running core: its sessions, its bots, and everybody's media. */
export class RoomCore {
  readonly participants: Map<ParticipantId, RoomParticipant> = new Map();
  readonly #host: SfuHost;
  readonly #roomId: RoomId;
  readonly #options: RoomCoreOptions;
  readonly #codecs: ReturnType<typeof codecSet>;
  readonly #entries: Map<ParticipantId, Entry> = new Map();
  readonly #sessions: Map<ConnectionId, RoomSession> = new Map();
  readonly #bots: Map<ParticipantId, RoomBot> = new Map();
  /** Processors of those who are about to join. */
  readonly #processors: Map<ParticipantId, Processor> = new Map();
  readonly #shares: Set<ParticipantId> = new Set();
  /** Those whose connection was lost and who may come back over another one. */
  readonly #away: Set<ParticipantId> = new Set();
  readonly #stopObserving: () => void;

  constructor(host: SfuHost, roomId: RoomId, options: RoomCoreOptions) {
    this.#host = host;
    this.#roomId = roomId;
    this.#options = options;
    this.#codecs = codecSet(options.codecs);
    this.#stopObserving = host.observe({
      onEvent: (event) => event.roomId === roomId && this.#handleEvent(event),
      onMembership: (change) => change.roomId === roomId && this.#handleMembership(change),
    });
  }

  /** Media port. */
  get udpPort(): number {
    return this.#host.udpPort;
  }

  /** Who shares a screen now. */
  get activeScreenShares(): readonly ParticipantId[] {
    return [...this.#shares];
  }

  /** Takes up those who are in the room already. */
  adoptMembers(): void {
    for (const member of this.#host.report(this.#roomId).rooms[0]?.participants ?? []) {
      const { media } = this.#enter(member.id);
      for (const { source } of member.tracks) media.trackPublished(source);
      if (member.screenSharing) this.#shares.add(member.id);
    }
  }

  /**
   * Drives a client until it has joined, and then as long as its connection lives. Another connection of a member goes on
   * with its session, or takes its place, as the core says (`sfu/away.ts`, `sfu/resume.ts`).
   */
  async addParticipant(
    held: HeldConnection,
    expected: ParticipantId | undefined,
    processor: Processor | undefined,
  ): Promise<RoomParticipant> {
    const id = nextConnection++;
    const { authenticate, logger, maxParticipants = Infinity } = this.#options;
    let joining: ParticipantId | undefined;
    const session = new RoomSession(held.connection, {
      host: this.#host,
      roomId: this.#roomId,
      id,
      expected,
      authenticate,
      logger,
      rateCheck: defaultRateCheck(),
      isFull: (participant) => !this.#entries.has(participant) && this.#entries.size >= maxParticipants,
      onJoining: (participant) => {
        if (processor !== undefined) this.#processors.set(participant, processor);
        joining = participant;
      },
      onEnd: (lost) => {
        this.#sessions.delete(id);
        if (lost !== undefined) this.#away.add(lost);
        // Of a join that was refused.
        if (joining !== undefined && this.#processors.get(joining) === processor) this.#processors.delete(joining);
      },
    });
    this.#sessions.set(id, session);
    held.release();
    const participant = this.participants.get(await session.joined);
    if (participant === undefined) throw new SeaMeetError("closed", "The participant has left at once");
    return participant;
  }

  /** Adds a member that lives here. */
  addBot(id: ParticipantId, displayName: string | undefined): RoomBot {
    const refusal = this.#inside((sfu, now) => sfu.local.addParticipant(this.#roomId, { id, displayName }, now));
    if (refusal === "room_full") throw new SeaMeetError("room_full", "room is full");
    if (refusal !== undefined) throw new SeaMeetError("config", `Cannot add the bot ${id}: ${refusal}`);
    const { frameMs, fps } = mediaSettings(this.#options);
    const room_id = this.#roomId;
    const publications = new Publications({
      target: new CorePorts(this.#host, this.#roomId, id),
      codecs: this.#codecs,
      frameMs,
      fps,
      onError: (error) => this.#report(error, id),
      onMute: (source, muted) => {
        if (source === "screen" || source === "screen_audio") return;
        const kind = source === "microphone" ? "audio" : "video";
        const type = `${muted ? "mute" : "unmute"}_${kind}` as const;
        this.#inside((sfu, now) => sfu.handleLocalMessage(id, { type, from: id, room_id }, now));
      },
    });
    const bot = new RoomBot(id, displayName, publications, {
      remove: () => void this.#inside((sfu, now) => sfu.local.removeParticipant(this.#roomId, id, now)),
      chat: (content) => {
        const timestamp = Date.now();
        const message = { type: "chat_message", from: id, room_id, content, timestamp, encrypted: false } as const;
        this.#inside((sfu, now) => sfu.handleLocalMessage(id, message, now));
      },
    });
    this.#bots.set(id, bot);
    return bot;
  }

  /** Adds a member whose signaling is the application's own. */
  addPeer(participant: ParticipantId, displayName: string | undefined): RoomPeer {
    if (this.#entries.has(participant)) throw new SeaMeetError("config", `The id ${participant} is taken`);
    const options = { host: this.#host, roomId: this.#roomId, connection: nextConnection++, participant, displayName };
    return new RoomPeer(options);
  }

  /** Hears packets as the others get them. */
  listen(id: ParticipantId, source: TrackSource, onPacket: OnPacket): PacketFeed | undefined {
    return this.#entries.get(id)?.ports.listen(source, onPacket, true);
  }

  /** Whether nothing of somebody's media can be read. */
  isEncrypted(id: ParticipantId): boolean {
    return this.#entries.get(id)?.ports.encrypted ?? false;
  }

  /** Takes somebody out; nobody there is no error. */
  removeParticipant(id: ParticipantId): void {
    this.#inside((sfu, now) => sfu.removeParticipant(this.#roomId, id, now));
  }

  /** Ends what was added here; with `wholeHost` all media and the port too. */
  async close(wholeHost: boolean): Promise<void> {
    for (const bot of [...this.#bots.values()]) bot.close();
    for (const session of [...this.#sessions.values()]) session.close(NORMAL, "room_closed");
    for (const id of [...this.#away]) this.removeParticipant(id);
    if (wholeHost) await this.#host.close();
    this.#stopObserving();
    for (const [id, { media }] of [...this.#entries]) {
      // Whoever stays in a server's room gets and sends again what nobody changes.
      if (!wholeHost) media.process(passthrough);
      this.#leave(id);
    }
  }

  /** Feeds the core and hears at once of what that brought about. */
  #inside<T>(action: (sfu: Sfu, now: number) => T): T | undefined {
    const result = this.#host.inside(action);
    this.#host.flush();
    return result;
  }

  #handleMembership({ connection, participant, joined, resumed }: MembershipChange): void {
    const session = this.#sessions.get(connection);
    if (!joined) return session?.left();
    this.#away.delete(participant);
    if (resumed) this.#goOn(participant);
    else this.#enter(participant);
    session?.entered(participant);
  }

  /** Over another connection, but with all its tracks: nothing begins anew. */
  #goOn(id: ParticipantId): void {
    const processor = this.#processors.get(id);
    this.#processors.delete(id);
    if (processor !== undefined) this.#entries.get(id)?.media.process(processor);
  }

  #handleEvent(event: RoomEvent): void {
    switch (event.type) {
      case "participantLeft":
        this.#leave(event.participant);
        break;
      case "trackPublished":
        this.#entries.get(event.participant)?.media.trackPublished(event.source);
        break;
      case "trackEnded":
        this.#entries.get(event.participant)?.media.trackEnded(event.source);
        break;
      case "screenShareStarted":
        this.#shares.add(event.participant);
        break;
      case "screenShareStopped":
        this.#shares.delete(event.participant);
        break;
      default:
        break;
    }
    this.#options.onEvent(event);
  }

  /** Somebody is a member: for the first time, or again over another connection. */
  #enter(id: ParticipantId): Entry {
    const processor = this.#processors.get(id);
    this.#processors.delete(id);
    const known = this.#entries.get(id);
    if (known !== undefined) {
      known.media.attach(processor);
      return known;
    }
    const ports = new CorePorts(this.#host, this.#roomId, id);
    const media = new ParticipantMedia({
      ...mediaSettings(this.#options),
      ports,
      codecs: this.#codecs,
      onEvent: (event) => this.#emitted(event, id),
      onError: (error) => this.#report(error, id),
    });
    const participant = new RoomParticipant(id, media, {
      remove: () => this.removeParticipant(id),
      displayName: () => this.#displayName(id),
    });
    const entry = { participant, media, ports };
    this.#entries.set(id, entry);
    this.participants.set(id, participant);
    if (processor !== undefined) media.process(processor);
    return entry;
  }

  #leave(id: ParticipantId): void {
    const entry = this.#entries.get(id);
    this.#entries.delete(id);
    this.participants.delete(id);
    this.#shares.delete(id);
    this.#away.delete(id);
    this.#bots.get(id)?.close();
    this.#bots.delete(id);
    entry?.participant.end();
  }

  #displayName(id: ParticipantId): string | undefined {
    return this.#host.report(this.#roomId).rooms[0]?.participants.find((member) => member.id === id)?.displayName;
  }

  /** What a processor emits: an event of the room, or something of the application's own. */
  #emitted(event: unknown, participant: ParticipantId): void {
    this.#options.onEvent({ type: "custom", roomId: this.#roomId, participant, payload: event });
  }

  #report(error: unknown, participant: ParticipantId): void {
    const detail = error instanceof Error ? error.message : String(error);
    this.#options.logger.log("warn", "room", "Media of a participant could not be handled", { participant, detail });
  }
}
