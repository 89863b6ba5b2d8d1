import type { ParticipantId, RoomId } from "../../base/ids.ts";
import { type Logger, silentLogger } from "../../base/log.ts";
import type { ParticipantStatus } from "../../signaling/messages.ts";
import { passthrough, type Processor } from "../../processing/processor.ts";
import { EventHub, type EventStream } from "../event_hub.ts";
import { chooseEngine, type EngineKind } from "../native/choose_engine.ts";
import { PeerNetwork } from "../peer/peer_network.ts";
import { RoomClient, type RoomClientEvent } from "../peer/room_client.ts";
import { arrivals } from "./arrivals.ts";
import { ClientPackets } from "./client_ports.ts";
import { codecSet } from "./codec_set.ts";
import type { AudioInput, VideoInput } from "./media_source.ts";
import { ParticipantMedia } from "./participant_media.ts";
import { Publications, type PublishAudioOptions, type PublishVideoOptions } from "./publications.ts";
import { RemoteParticipant } from "./remote_participant.ts";
import { mediaSettings, type RoomMediaOptions } from "./room_options.ts";
import type { TrackHandle } from "./track_handle.ts";

/** Which room of which server to join, and as whom. */
export interface JoinRoomOptions extends RoomMediaOptions {
  /** Address of the server, `ws:` or `wss:`. */
  readonly url: string;
  /** The room's id. */
  readonly room: string;
  /** The name shown to others. */
  readonly displayName?: string;
  /** Credential for the server's own check. */
  readonly token?: string;
  /** Who joins (default: a random id). */
  readonly id?: string;
  /** Whether a lost connection is made again (default: yes). */
  readonly reconnect?: boolean;
  /** What is done to the media of each participant there before we read it (default: nothing). */
  readonly processor?: Processor;
  /** What moves and encrypts packets (`auto`). */
  readonly engine?: EngineKind;
}

/** Gets what a processor emits, and whose media it was. */
type OnProcessorEvent = (event: unknown, participant: ParticipantId) => void;

/** What happens in a room of another server. */
export type MembershipEvent =
  /** The server has taken us in, the first time or again; `resumed`: our session went on, nobody there has seen us go. */
  | { readonly type: "joined"; readonly resumed: boolean }
  /** Somebody is there. */
  | { readonly type: "remoteJoined"; readonly participant: ParticipantId }
  /** Somebody has gone. */
  | { readonly type: "remoteLeft"; readonly participant: ParticipantId }
  /** Somebody's name, mute flags or screen share are others now. */
  | { readonly type: "remoteChanged"; readonly participant: ParticipantId }
  /** Somebody else speaks. */
  | { readonly type: "activeSpeaker"; readonly participant: ParticipantId; readonly level: number }
  /** A line of chat; our own come back too. */
  | {
    readonly type: "chat";
    readonly participant: ParticipantId;
    readonly displayName: string | undefined;
    readonly content: string;
  }
  /** Media can flow, or has ceased to. */
  | { readonly type: "media"; readonly state: string }
  /** The connection is lost; another try follows. */
  | { readonly type: "lost"; readonly retryInMs: number }
  /** It is over. */
  | { readonly type: "closed"; readonly code: number; readonly reason: string };

/**
 * Our membership in a room of another seameet server, over its public protocol: who is there, what they send, and what
 * we send. A lost connection comes back by itself (events `lost`, then `joined`) without anybody there seeing us go, as
 * long as the server keeps our session; otherwise we join again, and our tracks and the open streams go on.
 *
 * @example
 * ```ts
 * import { createServer, joinRoom } from "@seameet/cli";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = await createServer({ ws: "127.0.0.1:0", udpPort: 0, allowUnauthenticatedJoins: true });
 * const url = `ws://127.0.0.1:${server.wsAddress.port}`;
 * await using ada = await joinRoom({ url, room: "daily", displayName: "Ada" });
 * await using ben = await joinRoom({ url, room: "daily", displayName: "Ben" });
 * for await (const remote of ada.arrivals()) {
 *   assertEquals(remote.participantId, ben.participantId);
 *   break;
 * }
 * ```
 */
export class RoomMembership implements AsyncDisposable {
  /** Who we are there. */
  readonly participantId: ParticipantId;
  /** The room's id. */
  readonly roomId: RoomId;
  /** Settles when it is over: closed here, or ended by the server. */
  readonly left: Promise<void>;
  readonly #client: RoomClient;
  readonly #network: PeerNetwork;
  readonly #packets: ClientPackets;
  readonly #publications: Publications;
  readonly #options: JoinRoomOptions;
  readonly #logger: Logger;
  readonly #codecs: ReturnType<typeof codecSet>;
  readonly #hub: EventHub<MembershipEvent>;
  readonly #remotes: Map<ParticipantId, RemoteParticipant> = new Map();
  readonly #onProcessorEvent: OnProcessorEvent;
  #settle: () => void = () => {};
  #closing: Promise<void> | undefined;

  private constructor(
    options: JoinRoomOptions,
    client: RoomClient,
    network: PeerNetwork,
    packets: ClientPackets,
    onProcessorEvent: OnProcessorEvent,
  ) {
    this.#onProcessorEvent = onProcessorEvent;
    this.left = new Promise((resolve) => this.#settle = resolve);
    this.#options = options;
    this.#client = client;
    this.#network = network;
    this.#packets = packets;
    this.participantId = client.id;
    this.roomId = client.room;
    this.#logger = options.logger ?? silentLogger;
    this.#codecs = codecSet(options.codecs);
    this.#hub = new EventHub(options.eventBuffer);
    const { frameMs, fps } = mediaSettings(options);
    this.#publications = new Publications({
      target: packets,
      codecs: this.#codecs,
      frameMs,
      fps,
      onError: (error) => this.#report(error),
      onMute: (source, muted) => {
        if (source === "microphone" || source === "camera") {
          client.setMuted(source === "microphone" ? "audio" : "video", muted);
        }
      },
    });
  }

  /**
   * Joins; settles when the server has taken us in. Media connect on their own. `socket` is a connection to `url`
   * that is open already, `onProcessorEvent` gets what the processor emits.
   *
   * @throws {SeaMeetError} `signaling` when the server cannot be reached or refuses, `room_full` when the room is
   */
  static async join(
    options: JoinRoomOptions,
    socket?: WebSocket,
    onProcessorEvent: OnProcessorEvent = () => {},
  ): Promise<RoomMembership> {
    const { url, room, displayName, token, id: participant, reconnect = true, logger = silentLogger } = options;
    const network = await PeerNetwork.create({ engine: chooseEngine(options.engine ?? "auto", logger), logger });
    const packets = new ClientPackets();
    const early: RoomClientEvent[] = [];
    let hear = (event: RoomClientEvent): void => void early.push(event);
    try {
      const client = await RoomClient.join({
        url,
        socket,
        room,
        network,
        displayName,
        token,
        participant,
        reconnect,
        onEvent: (event) => hear(event),
        onRtp: (track, packet) => packets.receive(track, packet),
      });
      packets.client = client;
      const membership = new RoomMembership(options, client, network, packets, onProcessorEvent);
      hear = (event) => membership.#handle(event);
      for (const event of early) hear(event);
      return membership;
    } catch (error) {
      await network.close();
      throw error;
    }
  }

  /** What happens from now on, for any number of subscribers; a slow one loses the oldest events only. */
  events(): EventStream<MembershipEvent> {
    return this.#hub.subscribe();
  }

  /** Everybody else who is there, then everybody who comes, each once; ends with the membership. */
  arrivals(): AsyncGenerator<RemoteParticipant, void, void> {
    return arrivals(() => this.#remotes.values(), () => this.events());
  }

  /** Everybody else in the room, in join order. */
  get remotes(): ReadonlyMap<ParticipantId, RemoteParticipant> {
    return this.#remotes;
  }

  /** Speaks until the input or the track ends. @throws {SeaMeetError} `codec` when Opus cannot be loaded */
  publishAudio(input: AudioInput, options?: PublishAudioOptions): Promise<TrackHandle> {
    return this.#publications.audio(input, options);
  }

  /** Shows pictures until the input or the track ends. */
  publishVideo(input: VideoInput, options?: PublishVideoOptions): TrackHandle {
    return this.#publications.video(input, options);
  }

  /** Writes to the room's chat; `false` when there is no connection now. */
  chat(content: string): boolean {
    return this.#client.chat(content);
  }

  /** Leaves. Any number of times. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** The same as `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    // First of all, so that the end of our tracks is not negotiated one by one.
    const left = this.#client.leave();
    this.#publications.close();
    for (const remote of this.#remotes.values()) remote.end();
    this.#remotes.clear();
    await left;
    await this.#network.close();
    this.#hub.close();
    this.#settle();
  }

  #handle(event: RoomClientEvent): void {
    switch (event.kind) {
      case "joined":
        return this.#hub.emit({ type: "joined", resumed: event.resumed });
      case "participants":
        return this.#follow(event.participants);
      case "keyframe_request":
        return this.#packets.keyframeWanted(event.source);
      case "speaker":
        return this.#hub.emit({ type: "activeSpeaker", participant: event.participant, level: event.level });
      case "chat": {
        const { from: participant, display_name: displayName, content } = event.message;
        return this.#hub.emit({ type: "chat", participant, displayName, content });
      }
      case "media":
        return this.#hub.emit({ type: "media", state: event.state });
      case "lost":
        return this.#hub.emit({ type: "lost", retryInMs: event.retryInMs });
      case "closed":
        this.#hub.emit({ type: "closed", code: event.code, reason: event.reason });
        void this.close();
        return;
      default:
        return;
    }
  }

  /** Brings the remotes in line with what the server says. */
  #follow(all: readonly ParticipantStatus[]): void {
    const others = new Map(all.filter(({ id }) => id !== this.participantId).map((status) => [status.id, status]));
    for (const [id, remote] of [...this.#remotes]) {
      if (others.has(id)) continue;
      this.#remotes.delete(id);
      remote.end();
      this.#hub.emit({ type: "remoteLeft", participant: id });
    }
    for (const [id, status] of others) {
      const known = this.#remotes.get(id);
      known?.update(status);
      if (known === undefined) this.#remotes.set(id, this.#remote(status));
      this.#hub.emit({ type: known === undefined ? "remoteJoined" : "remoteChanged", participant: id });
    }
  }

  #remote(status: ParticipantStatus): RemoteParticipant {
    const { id } = status;
    const encrypted = () => this.#client.participants.find((other) => other.id === id)?.e2ee ?? false;
    const origin = this.#packets.originOf(id, encrypted);
    const media = new ParticipantMedia({
      ...mediaSettings(this.#options),
      codecs: this.#codecs,
      // Nothing of another server is changed here.
      ports: {
        get encrypted() {
          return origin.encrypted;
        },
        listen: (source, onPacket) => origin.listen(source, onPacket),
        publish: () => undefined,
        divert: () => {},
      },
      onEvent: (event) => this.#onProcessorEvent(event, id),
      onError: (error) => this.#report(error),
    });
    media.process(this.#options.processor ?? passthrough);
    return new RemoteParticipant(status, media);
  }

  #report(error: unknown): void {
    const detail = error instanceof Error ? error.message : String(error);
    this.#logger.log("warn", "room", "Media of another server could not be handled", { detail });
  }
}

/**
 * Joins a room of another seameet server.
 *
 * @throws {SeaMeetError} `signaling` when the server cannot be reached or refuses, `room_full` when the room is
 *
 * @example
 * ```ts
 * import { createServer, joinRoom } from "@seameet/cli";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = await createServer({ ws: "127.0.0.1:0", udpPort: 0, allowUnauthenticatedJoins: true });
 * const url = `ws://127.0.0.1:${server.wsAddress.port}`;
 * await using ada = await joinRoom({ url, room: "daily", displayName: "Ada" });
 * await using _bot = await joinRoom({ url, room: "daily", displayName: "Bot" });
 * for await (const remote of ada.arrivals()) {
 *   assertEquals(remote.displayName, "Bot");
 *   break;
 * }
 * ```
 */
export function joinRoom(options: JoinRoomOptions): Promise<RoomMembership> {
  return RoomMembership.join(options);
}
