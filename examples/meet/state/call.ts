import {
  type ChatEntry,
  type ClientError,
  type ClientStatus,
  type E2eeOptions,
  type KeyChange,
  type MediaState,
  type ModerationAction,
  type ParticipantEncryption,
  type ParticipantId,
  type RemoteParticipant,
  SeaMeetClient,
} from "../../../src/client/mod.ts";
import { texts } from "../texts.ts";
import type { LocalMedia, LocalMediaState } from "./local_media.ts";
import { Store } from "./store.ts";
import type { EncryptionMap } from "./tiles.ts";

/** How long a reaction is shown; the animation in the style sheet takes as long. */
const REACTION_MS = 4_000;

/** Browsers say "online" before addresses and routes are there, so one try is not enough. */
const RETRIES_MS = [0, 500, 1_500, 4_000] as const;

/** Reactions on the page at once; what comes above that is a storm nobody can read. */
const MAX_REACTIONS = 24;

/** A reaction while it is shown. */
export interface ShownReaction {
  readonly id: number;
  readonly participant: ParticipantId;
  readonly emoji: string;
}

/** Somebody's key is not the expected one, and nothing was decided about it yet. */
export interface KeyAlarm extends KeyChange {
  readonly name: string;
}

/** What the room page shows of a call. */
export interface CallState {
  readonly status: ClientStatus;
  readonly mediaState: MediaState;
  /** The others, in the order they became known. */
  readonly participants: readonly RemoteParticipant[];
  readonly messages: readonly ChatEntry[];
  /** Who spoke last, ourselves included. */
  readonly speaker: ParticipantId | null;
  /** Our shared screen. */
  readonly screen: MediaStream | null;
  /** Our place in the order of raised hands; 0 while ours is down. */
  readonly handOrder: number;
  readonly reactions: readonly ShownReaction[];
  /** What is known about encryption with the others; empty while it is off. */
  readonly encryption: EncryptionMap;
  readonly alarms: readonly KeyAlarm[];
  /** Something to tell that has no place of its own. */
  readonly notice: string | null;
  /** The latest thing to say to people who do not see the page. */
  readonly announcement: string;
}

/** Where and as whom to join. */
export interface CallOptions {
  readonly url: string;
  readonly code: string;
  readonly name: string;
  readonly token: string;
  /** Absent: without end-to-end encryption. */
  readonly e2ee?: E2eeOptions;
}

/** Calls back, a few times, when the network may be there again. */
function whenNetworkReturns(retry: () => void): () => void {
  const timers = new Set<ReturnType<typeof setTimeout>>();
  const soon = () => {
    if (document.visibilityState !== "visible" || !navigator.onLine) return;
    for (const timer of timers) clearTimeout(timer);
    timers.clear();
    for (const delay of RETRIES_MS) timers.add(setTimeout(retry, delay));
  };
  addEventListener("online", soon);
  // A computer that was asleep; its timers are late.
  document.addEventListener("visibilitychange", soon);
  return () => {
    for (const timer of timers) clearTimeout(timer);
    removeEventListener("online", soon);
    document.removeEventListener("visibilitychange", soon);
  };
}

/** One stay in one room: the client, the devices it sends, and what the page shows of both. */
export class Call extends Store<CallState> {
  readonly client: SeaMeetClient;
  readonly name: string;
  #media: LocalMedia;
  #sent: LocalMediaState;
  #cleanup: (() => void)[] = [];
  #reactionTimers = new Set<ReturnType<typeof setTimeout>>();
  #nextReaction = 0;

  /**
   * Joins at once.
   *
   * @throws {ClientError} when encryption is asked for and cannot be had.
   */
  constructor({ url, code, name, token, e2ee }: CallOptions, media: LocalMedia) {
    const { microphone, camera, micOn, config } = media.value;
    const client = new SeaMeetClient({
      url,
      roomId: code,
      displayName: name,
      ...(token === "" ? {} : { token }),
      ...(e2ee === undefined ? {} : { e2ee }),
      audioTrack: microphone,
      videoTrack: camera,
      muted: !micOn,
      videoConfig: config,
    });
    super({
      status: client.status,
      mediaState: client.mediaState,
      participants: [],
      messages: [],
      speaker: null,
      screen: null,
      handOrder: 0,
      reactions: [],
      encryption: new Map(),
      alarms: [],
      notice: null,
      announcement: "",
    });
    this.client = client;
    this.name = name;
    this.#media = media;
    this.#sent = media.value;
    this.#listen();
    void client.join().catch(() => {}); // The reason is in the state.
  }

  /** Says that we encrypt from end to end. */
  get encrypted(): boolean {
    return this.client.encryption !== undefined;
  }

  /** The name of somebody, ourselves included. */
  nameOf(participant: ParticipantId): string {
    if (participant === this.client.id) return this.name;
    return this.client.participants.get(participant)?.displayName || texts.tile.nobody;
  }

  /** Starts or ends our screen share; asks the browser which screen. */
  async toggleScreenShare(): Promise<void> {
    if (this.client.sharingScreen) return this.client.stopScreenShare();
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getDisplayMedia({ video: true, audio: true });
    } catch (error) {
      // Changing one's mind in the browser's dialog is no failure.
      const cancelled = error instanceof DOMException && error.name === "NotAllowedError";
      return cancelled ? undefined : this.update({ notice: texts.banner.shareFailed });
    }
    const [video] = stream.getVideoTracks();
    if (video === undefined) return;
    video.contentHint = "detail";
    try {
      this.client.startScreenShare(stream);
      this.update({ screen: stream });
    } catch {
      for (const track of stream.getTracks()) track.stop();
      this.update({ notice: texts.banner.shareRefused });
    }
  }

  /** Raises our hand, or lowers it. */
  toggleHand(): void {
    this.client.interactions.raiseHand(this.value.handOrder === 0);
  }

  /** Shows what somebody sends without encryption, from now on. */
  allowUnencrypted(participant: ParticipantId): void {
    this.client.encryption?.allowUnencrypted(participant);
  }

  /** Goes on with a key that changed. */
  acceptKey(participant: ParticipantId, shown: string): void {
    void this.client.encryption?.acceptKey(participant, shown);
    this.dismissAlarm(participant);
  }

  /** Remembers that a safety number was compared, or not any more. */
  markVerified(participant: ParticipantId, verified: boolean, number: string): void {
    void this.client.encryption?.markVerified(participant, verified, number);
    this.dismissAlarm(participant);
  }

  /** Takes note of a key that changed. What is held back stays held back. */
  dismissAlarm(participant: ParticipantId): void {
    this.update({ alarms: this.value.alarms.filter((alarm) => alarm.participant !== participant) });
  }

  /** Forgets the notice. */
  dismissNotice(): void {
    this.update({ notice: null });
  }

  /** Leaves the room. Cameras and microphones stay open: they belong to {@linkcode LocalMedia}. */
  close(): void {
    for (const remove of this.#cleanup) remove();
    this.#cleanup = [];
    for (const timer of this.#reactionTimers) clearTimeout(timer);
    this.#stopScreen();
    this.client.leave();
  }

  #listen(): void {
    const { client } = this;
    const people = () => this.update({ participants: [...client.participants.values()] });
    this.#cleanup.push(
      client.on("state", (status) => this.update({ status })),
      client.on("mediastate", (mediaState) => this.update({ mediaState })),
      client.on("participantjoined", ({ displayName }) => {
        people();
        this.update({ announcement: texts.room.joined(displayName || texts.tile.nobody) });
      }),
      client.on("participantleft", ({ id, displayName }) => {
        people();
        this.update({ announcement: texts.room.left(displayName || texts.tile.nobody) });
        if (this.value.speaker === id) this.update({ speaker: null });
        this.dismissAlarm(id);
        this.#setEncryption((map) => map.delete(id));
      }),
      client.on("participantchanged", people),
      client.on("chat", ({ own, displayName, content, locked }) => {
        this.update({ messages: client.messages });
        const line = locked ? texts.chat.locked : content;
        if (!own) this.update({ announcement: texts.chat.newMessage(displayName || texts.tile.nobody, line) });
      }),
      client.on("activespeaker", ({ participant }) => this.update({ speaker: participant })),
      client.on("screenshare", ({ active }) => {
        if (!active) this.#stopScreen();
      }),
      client.on("error", (error) => this.#handleError(error)),
      this.#media.subscribe(() => this.#sendDevices()),
    );
    this.#listenToPeople();
    this.#cleanup.push(whenNetworkReturns(() => client.retryNow()));
  }

  #listenToPeople(): void {
    const { client } = this;
    this.#cleanup.push(
      client.on("hand", ({ order }) => this.update({ handOrder: order })),
      client.on("reaction", ({ participant, emoji }) => this.#showReaction(participant, emoji)),
      client.on("moderated", ({ by, action }) => this.#follow(by, action)),
      client.on("encryptionchanged", ({ participant, encryption }) => {
        this.#setEncryption((map) => map.set(participant, encryption));
      }),
      client.on("keychanged", (change) => {
        this.dismissAlarm(change.participant);
        const alarm = { ...change, name: this.nameOf(change.participant) };
        this.update({ alarms: [...this.value.alarms, alarm], announcement: texts.safety.alarm(alarm) });
      }),
    );
  }

  #setEncryption(change: (map: Map<ParticipantId, ParticipantEncryption>) => void): void {
    const encryption = new Map(this.value.encryption);
    change(encryption);
    this.update({ encryption });
  }

  #showReaction(participant: ParticipantId, emoji: string): void {
    const id = this.#nextReaction++;
    const reactions = [...this.value.reactions, { id, participant, emoji }].slice(-MAX_REACTIONS);
    this.update({ reactions, announcement: texts.reactions.shown(this.nameOf(participant), emoji) });
    const timer = setTimeout(() => {
      this.#reactionTimers.delete(timer);
      this.update({ reactions: this.value.reactions.filter((reaction) => reaction.id !== id) });
    }, REACTION_MS);
    this.#reactionTimers.add(timer);
  }

  /** The client has followed already; our devices and the person's eyes come after. */
  #follow(by: ParticipantId, action: ModerationAction): void {
    this.update({ notice: texts.moderation.done[action](this.nameOf(by)) });
    if (action === "mute_audio") void this.#media.setMicrophone(false);
    if (action === "mute_video") void this.#media.setCamera(false);
  }

  /** Hands the devices' changes to the client. */
  #sendDevices(): void {
    const [before, now] = [this.#sent, this.#media.value];
    this.#sent = now;
    if (before.microphone !== now.microphone) void this.client.setMicrophone(now.microphone);
    if (before.micOn !== now.micOn) now.micOn ? this.client.unmute() : this.client.mute();
    if (before.camera !== now.camera) void this.client.setCamera(now.camera);
    if (before.config !== now.config) this.client.updateVideoConfig(now.config);
  }

  #stopScreen(): void {
    for (const track of this.value.screen?.getTracks() ?? []) track.stop();
    this.update({ screen: null });
  }

  #handleError({ reason, message, request }: ClientError): void {
    if (reason === "permission_denied" && request === "chat_message") {
      this.update({ notice: texts.banner.chatRefused });
    } else if (reason === "permission_denied" && request?.startsWith("screen_share")) {
      this.update({ notice: texts.banner.shareRefused });
    } else if (reason === "rate_limited") {
      this.update({ notice: texts.banner.slowDown });
    } else if (reason === "e2ee_failed") {
      this.update({ notice: texts.banner.encryptionFailed(message) });
    } else if (reason === "negotiation_failed" || reason === "negotiation_timeout" || reason === "media_failed") {
      // Shown by the media state when it does not heal.
      console.warn("seameet:", message);
    } else if (this.value.status.state === "joined") {
      this.update({ notice: texts.banner.refused(message) });
    }
  }
}
