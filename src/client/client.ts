import type { ParticipantId, RoomId } from "../base/ids.ts";
import type { ErrorMessage, ModeratedMessage, ReadyMessage, ServerMessage } from "../signaling/messages.ts";
import { Continuity } from "../signaling/continuity.ts";
import { SignalingLink } from "../signaling/signaling_link.ts";
import { ClientError } from "./client_error.ts";
import { E2eeSession } from "./e2ee/e2ee_session.ts";
import type { Encryption } from "./e2ee/types.ts";
import { finalClose, finalError } from "./close_rules.ts";
import { Emitter, type Listener } from "./emitter.ts";
import { Interactions } from "./interactions.ts";
import { MediaPath } from "./media_path.ts";
import { browserEnvironment, type ClientEnvironment, type ConnectOptions } from "./options.ts";
import { OwnMedia, screenOf } from "./own_media.ts";
import type { PeerConnectionLike, ScreenStream } from "./ports.ts";
import { randomParticipantId } from "./random_id.ts";
import { RoomChat } from "./room_chat.ts";
import { Roster } from "./roster.ts";
import { RoomSender } from "./room_sender.ts";
import { readServerMessage } from "./server_message.ts";
import type {
  ChatEntry,
  ClientEvents,
  ClientStatus,
  CloseReason,
  MediaState,
  Permissions,
  RemoteParticipant,
  VideoConfig,
} from "./types.ts";
import { Views } from "./views.ts";

/**
 * One participant of one room, in a browser.
 *
 * It joins, sends a microphone, a camera and a screen, tells who else is there and which track is whose, and comes back
 * when the connection is lost. It draws nothing and asks for no device: tracks are handed in, and those of others handed out.
 *
 * @example
 * ```ts ignore
 * import { SeaMeetClient } from "@seameet/cli/client";
 *
 * const client = new SeaMeetClient({ url: "wss://meet.example.org/", roomId: "daily", displayName: "Ada" });
 * client.on("trackadded", ({ source, track }) => {
 *   if (source === "camera") document.querySelector("video")!.srcObject = new MediaStream([track]);
 * });
 * await client.join();
 * ```
 */
export class SeaMeetClient {
  /** Our id in the room. */
  readonly id: ParticipantId;
  /** The room's name. */
  readonly roomId: RoomId;
  /** Raised hands, reactions, moderation. */
  readonly interactions: Interactions;
  /** What of the others is shown, and how good it is. */
  readonly views: Views;
  #options: ConnectOptions;
  #environment: ClientEnvironment;
  #events = new Emitter<ClientEvents>();
  #own: OwnMedia;
  #roster: Roster;
  #chat: RoomChat;
  #link: SignalingLink;
  #sender: RoomSender;
  #media: MediaPath;
  #e2ee: E2eeSession | undefined;
  #status: ClientStatus = { state: "connecting", failedTries: 0 };
  #continuity = new Continuity();
  #stopWatching: () => void = () => {};
  #permissions: Permissions = new Set(["publish", "screen", "chat"]);
  #joining: PromiseWithResolvers<void> | undefined;

  /** Prepares a client; `join()` starts it. @throws {ClientError} when encryption is asked for and cannot be had. */
  constructor(options: ConnectOptions) {
    this.#options = options;
    this.#environment = { ...browserEnvironment(), ...options.environment };
    this.id = options.participantId ?? randomParticipantId();
    this.roomId = options.roomId;
    this.#own = new OwnMedia(options);
    this.#link = new SignalingLink({
      url: options.url,
      ...this.#environment,
      onOpen: () => this.#join(),
      onText: (text) => this.#handleText(text),
      onDown: (code, reason) => this.#handleDown(code, reason),
      onRetry: (wait) =>
        this.#setStatus({ state: this.#continuity.hasSession ? "reconnecting" : "connecting", ...wait }),
    });
    this.#sender = new RoomSender(this.#link, { ...options, id: this.id }, this.#continuity);
    this.interactions = new Interactions(this.#sender, this.#events, () => this.#joined);
    this.views = new Views(this.#sender, this.#events, () => this.#joined);
    const shared = { ...options, ...this.#environment, self: this.id, events: this.#events, sender: this.#sender };
    this.#e2ee = E2eeSession.start(options.e2ee, shared);
    this.#chat = new RoomChat({ ...shared, e2ee: this.#e2ee });
    // Without keys an encrypted voice would be noise.
    this.#roster = new Roster(this.#events, (participant) => this.#e2ee !== undefined || !participant.e2ee);
    const { configuration } = this.#e2ee?.transforms ?? {};
    const { iceServers = [] } = options;
    this.#media = new MediaPath({
      ...shared,
      own: this.#own,
      roster: this.#roster,
      link: this.#link,
      joined: () => this.#joined,
      transforms: this.#e2ee?.transforms,
      configuration: { bundlePolicy: "max-bundle", iceServers, ...configuration },
    });
  }

  /** Where the client stands. */
  get status(): ClientStatus {
    return this.#status;
  }

  /** State of the media path. */
  get mediaState(): MediaState {
    return this.#media.state;
  }

  /** The others, in the order they became known. */
  get participants(): ReadonlyMap<ParticipantId, RemoteParticipant> {
    return this.#roster.participants;
  }

  /** The newest 500 lines of chat, oldest first. */
  get messages(): readonly ChatEntry[] {
    return this.#chat.entries;
  }

  /** What the server lets us do. */
  get permissions(): Permissions {
    return this.#permissions;
  }

  /** End-to-end encryption; `undefined` when it is off. */
  get encryption(): Encryption | undefined {
    return this.#e2ee;
  }

  /** Says that our microphone is muted (or missing) for the others. */
  get audioMuted(): boolean {
    return this.#own.audioMuted;
  }

  /** Says that our camera is off for the others. */
  get videoMuted(): boolean {
    return this.#own.videoMuted;
  }

  /** Says that our screen is shared. */
  get sharingScreen(): boolean {
    return this.#own.screen !== undefined;
  }

  /** The connection in use, for counters and debugging. It is replaced whenever the client rejoins. */
  get peerConnection(): PeerConnectionLike | undefined {
    return this.#media.session?.connection;
  }

  /** Adds a listener; the returned function removes it again. */
  on<K extends keyof ClientEvents>(name: K, listener: Listener<ClientEvents[K]>): () => void {
    return this.#events.on(name, listener);
  }

  /**
   * Starts, and resolves when the room has been joined for the first time; until then it keeps trying.
   *
   * @throws {ClientError} when the server refuses for good, or after `leave()`.
   */
  join(): Promise<void> {
    if (this.#joining !== undefined) return this.#joining.promise;
    this.#joining = Promise.withResolvers();
    const { promise } = this.#joining;
    // Whoever listens to `state` need not wait for the promise too.
    promise.catch(() => {});
    this.#stopWatching = this.#environment.watchNetwork(() => {
      this.#link.handleNetworkChange();
      this.#media.session?.handleNetworkChange();
    });
    try {
      this.#link.open();
    } catch (error) {
      this.#close("bad_url", error instanceof Error ? error.message : "The browser does not accept the address");
    }
    return promise;
  }

  /** Tries again now instead of after the wait. */
  retryNow(): void {
    this.#link.retryNow();
  }

  /** Sends another microphone, or none. */
  async setMicrophone(track: MediaStreamTrack | null): Promise<void> {
    this.#own.microphone = track;
    if (track !== null) track.enabled = !this.#own.muted;
    this.#sender.mutes(this.#own);
    await this.#media.session?.replace("microphone", track);
  }

  /** Sends another camera, or none: `null` is how a camera is switched off. */
  async setCamera(track: MediaStreamTrack | null): Promise<void> {
    this.#own.camera = track;
    this.#sender.mutes(this.#own);
    await this.#media.session?.replace("camera", track);
  }

  /** Mutes the microphone; the device stays open so that unmuting is immediate. */
  mute(): void {
    this.#setMuted(true);
  }

  /** Unmutes the microphone. */
  unmute(): void {
    this.#setMuted(false);
  }

  /**
   * Shares a screen: the stream's first video track and, where it has one, its first audio track.
   * The share ends by `stopScreenShare()` or with the track itself, and survives a reconnection.
   *
   * @throws {TypeError} when the stream has no picture.
   * @throws {ClientError} when the server does not let us share.
   */
  startScreenShare(stream: ScreenStream): void {
    const screen = screenOf(stream);
    if (!this.#permissions.has("screen")) {
      throw new ClientError("permission_denied", "Cannot share the screen: not permitted in this room");
    }
    this.stopScreenShare();
    this.#own.screen = screen;
    screen.video.addEventListener("ended", () => this.#own.screen === screen && this.stopScreenShare());
    // Before the offer: servers of the basic protocol take the next new line for the screen.
    if (this.#joined) this.#sender.screenShare(true);
    this.#media.session?.addScreen();
    this.#events.emit("screenshare", { active: true });
  }

  /** Ends our screen share. The tracks are left to the caller, who owns them. */
  stopScreenShare(): void {
    if (this.#own.screen === undefined) return;
    if (this.#joined) this.#sender.screenShare(false);
    this.#endShare();
  }

  /**
   * Sends a line of chat; `false` when there is no connection, nothing to send, or the text is too long.
   * With encryption it is encrypted, or not sent; `allowUnencrypted` sends this one line in the clear all the same.
   */
  sendChat(content: string, { allowUnencrypted = false }: { readonly allowUnencrypted?: boolean } = {}): boolean {
    return this.#joined && this.#chat.send(content, allowUnencrypted);
  }

  /** Sets what the camera's encoder may use, and tells the others. The track's own size is up to the caller. */
  updateVideoConfig(config: VideoConfig): void {
    this.#own.videoConfig = config;
    this.#media.session?.applyVideoLimits();
    if (this.#joined) this.#sender.videoConfig(config);
  }

  /** Leaves the room and ends the client for good. Tracks that were handed in go on running. */
  leave(): void {
    if (this.#joined) this.#sender.leave();
    this.#close("left", "");
  }

  /** What is not sent because we are not in the room is part of the next join. */
  get #joined(): boolean {
    return this.#status.state === "joined";
  }

  #join(): void {
    this.#sender.join(this.#options.token);
    // At once, so that nobody sees us with the wrong state.
    this.#sender.mutes(this.#own);
  }

  #handleText(text: string): void {
    const message = readServerMessage(text);
    if (message === undefined || this.#status.state === "closed") return;
    this.#continuity.received(message);
    if (message.type === "ready") this.#handleReady(message);
    else if (message.type === "error") this.#handleError(message);
    else if (this.#joined) this.#handleMessage(message);
  }

  #handleMessage(message: Exclude<ServerMessage, ReadyMessage | ErrorMessage>): void {
    switch (message.type) {
      case "room_status": {
        this.interactions.setHandOrder(message.participants.find(({ id }) => id === this.id)?.hand_order ?? 0);
        const others = message.participants.filter(({ id }) => id !== this.id);
        this.#e2ee?.handleMembers(others);
        return this.#roster.setMembers(others);
      }
      case "reaction":
        return this.interactions.showReaction(message.from, message.emoji);
      case "moderated":
        return this.#handleModerated(message);
      case "e2ee_public_key":
      case "e2ee_sender_key":
        return this.#e2ee?.handleKey(message);
      case "answer":
        return this.#media.session?.handleAnswer(message.sdp);
      case "track_map":
        return this.#media.session?.handleTrackMap(message.tracks);
      case "request_renegotiation":
        return this.#media.session?.handleRenegotiation(message.needed_slots);
      case "bwe_update":
      case "encodings":
      case "video_demand":
        return this.#media.handleLimits(message);
      case "track_quality":
      case "connection_quality":
        return this.views.handle(message);
      case "active_speaker":
      case "video_config_changed":
        return this.#roster.handleNews(message);
      case "chat_message":
        return this.#chat.handle(message);
    }
  }

  /** The server keeps muted media from the others already; our own state follows, so that people see it. */
  #handleModerated({ from: by, action }: ModeratedMessage): void {
    if (action === "mute_audio") this.#setMuted(true);
    else if (action === "stop_screen" && this.#own.screen !== undefined) this.#endShare();
    this.#events.emit("moderated", { by, action });
  }

  #handleReady(message: ReadyMessage): void {
    const { resumed, media, unheard } = this.#continuity.begin(message);
    this.#link.markJoined(this.#continuity.isKept);
    this.#permissions = new Set(message.permissions);
    if (!media) this.#media.close();
    this.#setStatus({ state: "joined", failedTries: 0 });
    // What of this the server knows already it tells nobody again.
    if (resumed || this.sharingScreen) this.#sender.screenShare(this.sharingScreen);
    if (resumed && unheard !== undefined) this.#sender.repeat(unheard);
    else this.#e2ee?.handleReady(message.peers);
    this.views.resend();
    this.#media.enter(message.peers.length, media);
    this.#joining?.resolve();
  }

  #handleError(message: ErrorMessage): void {
    const { code, reason, request } = message;
    const joined = this.#joined;
    const final = finalError(message, joined);
    if (final !== undefined) return this.#close(final, message.message);
    const error = new ClientError(reason, message.message, { code, request });
    if (request === "offer" && this.#media.session !== undefined) return this.#media.session.handleRefusal(error);
    this.#events.emit("error", error);
    if (!joined) {
      // The server lets a refused connection wait; a new one, later, costs it less.
      if (request === "join" || request === undefined) this.#link.restart();
    } else if (request === "screen_share_started") {
      this.#endShare();
    } else if (reason === "media_failed") {
      this.#media.fail();
    }
  }

  #handleDown(code: number, reason: string): boolean {
    this.#media.suspend();
    const final = finalClose(code, reason);
    if (final !== undefined) this.#close(final, reason);
    return final === undefined;
  }

  #close(reason: CloseReason, message: string): void {
    if (this.#status.state === "closed") return;
    this.#stopWatching();
    this.#link.stop();
    this.#media.close();
    this.#e2ee?.close();
    this.#roster.clear();
    this.#setStatus({ state: "closed", failedTries: 0, reason, message });
    this.#joining?.reject(new ClientError("closed", message || `The client is closed: ${reason}`));
  }

  #endShare(): void {
    this.#own.screen = undefined;
    this.#media.session?.removeScreen();
    this.#events.emit("screenshare", { active: false });
  }

  #setMuted(muted: boolean): void {
    this.#own.setMuted(muted);
    this.#sender.mutes(this.#own);
  }

  #setStatus(status: ClientStatus): void {
    this.#status = status;
    this.#events.emit("state", status);
  }
}
