import { SeaMeetError } from "../../base/errors.ts";
import type { ParticipantId, RoomId } from "../../base/ids.ts";
import type {
  ChatMessage,
  ErrorMessage,
  MappedTrack,
  ModeratedMessage,
  ParticipantStatus,
  Permission,
  ReadyMessage,
  RelayedMessage,
  ServerMessage,
  TrackSource,
} from "../../signaling/messages.ts";
import type { ClientPeer, ClientPeerState, ReceivedRtp } from "./client_peer.ts";
import type { PeerNetwork } from "./peer_network.ts";
import { isAboutJoin, isFinalError } from "./end_rules.ts";
import { RoomMedia } from "./room_media.ts";
import { RoomSignaling } from "./room_signaling.ts";

/** How a client joins a room. */
export interface RoomClientOptions {
  /** Address of the server, `ws:` or `wss:`. */
  readonly url: string;
  /** A connection to it that is open already, for the first join. */
  readonly socket?: WebSocket | undefined;
  readonly room: RoomId;
  /** What media go over; may be shared by any number of clients. */
  readonly network: PeerNetwork;
  readonly displayName?: string | undefined;
  /** Credential for the server's own check. */
  readonly token?: string | undefined;
  /** Who joins; a new random id when left out. */
  readonly participant?: ParticipantId | undefined;
  /** Tracks to publish from the start. */
  readonly publish?: readonly TrackSource[];
  /** Whether tracks of others are wanted; `true` when left out. */
  readonly receive?: boolean;
  /** Whether a lost connection is made again; `true` when left out. */
  readonly reconnect?: boolean;
  /** Hears what happens. */
  readonly onEvent?: (event: RoomClientEvent) => void;
  /** Gets each packet of somebody's track; `packet` is valid during the call only. */
  readonly onRtp?: (track: MappedTrack, packet: ReceivedRtp) => void;
}

/** What happens in a room. */
export type RoomClientEvent =
  /** The server has taken us in, the first time or again; `resumed`: our session went on, nobody has seen us go. */
  | { readonly kind: "joined"; readonly permissions: readonly Permission[]; readonly resumed: boolean }
  /** Who is there now, ourselves included. */
  | { readonly kind: "participants"; readonly participants: readonly ParticipantStatus[] }
  /** Whose tracks come now. */
  | { readonly kind: "tracks"; readonly tracks: readonly MappedTrack[] }
  | { readonly kind: "media"; readonly state: ClientPeerState; readonly error: string | undefined }
  /** Somebody needs a keyframe of a track of ours. */
  | { readonly kind: "keyframe_request"; readonly source: TrackSource }
  | { readonly kind: "speaker"; readonly participant: ParticipantId; readonly level: number }
  | { readonly kind: "bitrate"; readonly maxBitrateBps: number }
  | { readonly kind: "chat"; readonly message: ChatMessage }
  /** Anything else that members say to each other. */
  | { readonly kind: "relayed"; readonly message: RelayedMessage }
  /** A moderator has done something to us; what it means for our own media is for the application. */
  | { readonly kind: "moderated"; readonly message: ModeratedMessage }
  /** Something was refused; the client goes on. */
  | { readonly kind: "error"; readonly error: ErrorMessage }
  /** The connection is lost; another try follows, and `joined` once it has succeeded. Media may go on meanwhile. */
  | { readonly kind: "lost"; readonly retryInMs: number }
  /** It is over. */
  | { readonly kind: "closed"; readonly code: number; readonly reason: string };

/**
 * A participant of a room on a seameet server: signaling and media, over the public protocol (docs/protocol.md).
 *
 * A lost connection comes back by itself and goes on with its session where the server keeps that: the others see nobody
 * go, media flows on, what was said meanwhile arrives. Otherwise it joins anew with the same id. Own tracks, mute flags
 * and a running screen share are told again; a lost media path is made again too.
 */
export class RoomClient implements AsyncDisposable {
  readonly id: ParticipantId;
  readonly room: RoomId;
  readonly #options: RoomClientOptions;
  readonly #signaling: RoomSignaling;
  readonly #sources: Set<TrackSource>;
  readonly #muted = { audio: false, video: false };
  readonly #firstJoin: PromiseWithResolvers<void> = Promise.withResolvers();
  #media: RoomMedia | undefined;
  #permissions: readonly Permission[] = [];
  #participants: readonly ParticipantStatus[] = [];
  #peersAtJoin = 0;
  #joined = false;
  #wasJoined = false;
  #hasShared = false;
  #closed = false;

  private constructor(options: RoomClientOptions) {
    this.#options = options;
    this.id = options.participant ?? crypto.randomUUID();
    this.room = options.room;
    this.#sources = new Set(options.publish ?? []);
    const { url, room, displayName, token, reconnect: reconnects = true } = options;
    this.#signaling = new RoomSignaling({ url, participant: this.id, room, displayName, token, reconnects }, {
      received: (message) => this.#handle(message),
      lost: (retryInMs) => {
        this.#joined = false;
        this.#emit({ kind: "lost", retryInMs });
      },
      ended: (code, reason) => this.#giveUp(code, reason),
    });
  }

  /**
   * Joins a room; returns when the server has said `ready`. Media connect on their own.
   *
   * @throws {SeaMeetError} `signaling` when the server cannot be reached or refuses, `room_full` when the room is
   */
  static async join(options: RoomClientOptions): Promise<RoomClient> {
    const client = new RoomClient(options);
    try {
      client.#signaling.open(options.socket);
    } catch (error) {
      throw new SeaMeetError("signaling", `Cannot join: "${options.url}" is no ws: or wss: address`, { cause: error });
    }
    await client.#firstJoin.promise;
    return client;
  }

  /** What this participant may do. */
  get permissions(): readonly Permission[] {
    return this.#permissions;
  }

  /** Everybody in the room, ourselves included, in join order. */
  get participants(): readonly ParticipantStatus[] {
    return this.#participants;
  }

  /** Whose tracks come now. */
  get tracks(): readonly MappedTrack[] {
    return this.#media?.tracks ?? [];
  }

  /** The media path now; the same one as long as the session goes on. */
  get peer(): ClientPeer | undefined {
    return this.#media?.peer;
  }

  /** Starts to publish a track; packets can be sent once the media path is negotiated. */
  publish(source: TrackSource): void {
    this.#sources.add(source);
    this.#media?.publish(source);
  }

  /** Stops to publish a track. */
  unpublish(source: TrackSource): void {
    this.#sources.delete(source);
    this.#media?.unpublish(source);
  }

  /**
   * Sends one packet of a published track.
   *
   * @param audioLevel RFC 6464: 0 loudest … 127 silence.
   * @returns `false` when it was not sent: not connected, or not published
   */
  send(source: TrackSource, payload: Uint8Array, timestamp: number, marker: boolean, audioLevel?: number): boolean {
    return this.#media?.send(source, payload, timestamp, marker, audioLevel) ?? false;
  }

  /** Tells whether the microphone or camera is off; packets of a muted track are not forwarded. */
  setMuted(kind: "audio" | "video", muted: boolean): void {
    this.#muted[kind] = muted;
    if (this.#joined) this.#tellMuted(kind);
  }

  /** Starts a screen share; packets go to the track `screen`. */
  startScreenShare(): void {
    this.#hasShared = true;
    if (this.#joined) this.#tellShare(true);
    this.publish("screen");
  }

  /** Ends it. */
  stopScreenShare(): void {
    if (this.#joined) this.#tellShare(false);
    this.unpublish("screen");
  }

  /** Sends a line of chat; `false` when there is no connection now. It comes back to us as to everybody. */
  chat(content: string): boolean {
    if (!this.#joined) return false;
    const timestamp = Date.now();
    return this.#signaling.send({
      type: "chat_message",
      from: this.id,
      room_id: this.room,
      content,
      timestamp,
      encrypted: false,
    });
  }

  /** Passes a message of end-to-end encryption on; `false` when there is no connection now. */
  relay(message: Extract<RelayedMessage, { type: `e2ee_${string}` }>): boolean {
    return this.#joined && this.#signaling.send(message);
  }

  /** Asks for a keyframe of somebody's camera or screen. */
  requestKeyframe(participant: ParticipantId, source: TrackSource = "camera"): void {
    this.#media?.requestKeyframe(participant, source);
  }

  /** Leaves the room and closes everything; works any number of times. */
  async leave(): Promise<void> {
    if (this.#joined) this.#signaling.send({ type: "leave", participant: this.id, room_id: this.room });
    this.#joined = false;
    this.#closed = true;
    this.#media?.close();
    await this.#signaling.stop();
  }

  /** Leaves. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
  }

  #emit(event: RoomClientEvent): void {
    this.#options.onEvent?.(event);
  }

  #handle(message: ServerMessage): void {
    switch (message.type) {
      case "ready":
        return this.#ready(message);
      case "room_status":
        this.#participants = message.participants;
        return this.#emit({ kind: "participants", participants: message.participants });
      case "answer":
        return this.#answered(message.sdp);
      case "request_renegotiation":
        if (this.#options.receive !== false) this.#media?.needSlots(message.needed_slots);
        return;
      case "track_map":
        this.#media?.mapped(message.tracks);
        return this.#emit({ kind: "tracks", tracks: message.tracks });
      case "error":
        return this.#refused(message);
      case "active_speaker":
        return this.#emit({ kind: "speaker", participant: message.speaker, level: message.level });
      case "bwe_update":
        return this.#emit({ kind: "bitrate", maxBitrateBps: message.max_bitrate_bps });
      case "chat_message":
        return this.#emit({ kind: "chat", message });
      case "moderated":
        return this.#emit({ kind: "moderated", message });
      case "screen_share_routed": // track_map says it
      case "track_quality": // it shows nothing
      case "connection_quality":
      case "encodings": // it sends one
      case "video_demand": // and goes on with it
        return;
      default:
        return this.#emit({ kind: "relayed", message });
    }
  }

  #ready(message: ReadyMessage): void {
    if (this.#closed) return;
    const { resumed, media, unheard } = this.#signaling.begin(message);
    this.#joined = this.#wasJoined = true;
    this.#permissions = message.permissions;
    this.#peersAtJoin = message.peers.length;
    // The server tells nobody what it knows already; what has changed while we were away it does not know.
    for (const kind of ["audio", "video"] as const) if (resumed || this.#muted[kind]) this.#tellMuted(kind);
    const shares = this.#sources.has("screen");
    if (shares || (resumed && this.#hasShared)) this.#tellShare(shares);
    this.#signaling.repeat(unheard ?? []);
    this.#enterMedia(media);
    if (message.session !== undefined && this.#media?.peer.lines.length === 0) this.#sayAnything();
    this.#emit({ kind: "joined", permissions: message.permissions, resumed });
    this.#firstJoin.resolve();
  }

  /** A session is kept only of those who have said something after their `ready`; without an offer there is nothing to say. */
  #sayAnything(): void {
    this.#signaling.send({ type: "subscribe", from: this.id, room_id: this.room, tracks: [] });
  }

  #tellMuted(kind: "audio" | "video"): void {
    const type = `${this.#muted[kind] ? "" : "un"}mute_${kind}` as const;
    this.#signaling.send({ type, from: this.id, room_id: this.room });
  }

  #tellShare(active: boolean): void {
    const type = active ? "screen_share_started" : "screen_share_stopped";
    this.#signaling.send({ type, from: this.id, room_id: this.room, track_id: 0 });
  }

  /** `isKept`: the server's side of the media path is still there. */
  #enterMedia(isKept: boolean): void {
    const media = this.#media;
    if (!isKept || media === undefined) this.#startMedia(undefined);
    else if (media.isAlive) media.resume();
    else this.#restartMedia(media);
  }

  /** A new media path; one that takes a broken one's place shows another certificate, so that the server starts over too. */
  #startMedia(identity: Parameters<PeerNetwork["createPeer"]>[0]): void {
    this.#media?.close();
    const media = new RoomMedia(this.#options.network, identity, {
      offer: (sdp, tracks) => {
        if (this.#joined) this.#signaling.send({ type: "offer", from: this.id, room_id: this.room, sdp, tracks });
      },
      state: (state, error) => {
        this.#emit({ kind: "media", state, error });
        if (state === "failed") this.#restartMedia(media);
      },
      rtp: (track, packet) => this.#options.onRtp?.(track, packet),
      keyframeRequest: (source) => this.#emit({ kind: "keyframe_request", source }),
    });
    this.#media = media;
    media.start([...this.#sources], this.#options.receive === false ? 0 : Math.max(1, this.#peersAtJoin));
  }

  async #restartMedia(broken: RoomMedia): Promise<void> {
    if (!this.#joined || this.#options.reconnect === false) return;
    const identity = await this.#options.network.createIdentity();
    if (this.#media === broken && this.#joined) this.#startMedia(identity);
  }

  #answered(sdp: string): void {
    try {
      this.#media?.answered(sdp);
    } catch (error) {
      if (!(error instanceof SeaMeetError)) throw error;
      this.#emit({ kind: "media", state: "failed", error: error.message });
    }
  }

  #refused(error: ErrorMessage): void {
    if (error.request === "offer") this.#media?.refused();
    this.#emit({ kind: "error", error });
    if (isFinalError(error, this.#joined)) {
      this.#giveUp(error.code, error.reason, error.message);
    } else if (!this.#joined && isAboutJoin(error)) {
      this.#signaling.tryLater();
    } else if (error.reason === "media_failed" && this.#media !== undefined) {
      const media = this.#media;
      media.close();
      this.#restartMedia(media);
    }
  }

  #giveUp(code: number, reason: string, text: string = reason): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#joined = false;
    this.#media?.close();
    void this.#signaling.stop();
    const message = `Cannot join room "${this.room}": ${text}`;
    // Whoever has joined hears of the end by the event; before that nobody has the client yet.
    if (this.#wasJoined) this.#emit({ kind: "closed", code, reason });
    else this.#firstJoin.reject(new SeaMeetError(reason === "room_full" ? "room_full" : "signaling", message));
  }
}
