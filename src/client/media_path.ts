import type { Millis } from "../base/time.ts";
import type { SignalingLink } from "../signaling/signaling_link.ts";
import { ClientError } from "./client_error.ts";
import type { MediaTransforms } from "./e2ee/media_transforms.ts";
import type { Emitter } from "./emitter.ts";
import { MediaSession } from "./media_session.ts";
import type { OwnMedia } from "./own_media.ts";
import type { PeerConnectionLike } from "./ports.ts";
import type { RoomSender } from "./room_sender.ts";
import type { Roster } from "./roster.ts";
import type { Scheduler } from "./scheduler.ts";
import type { LimitsMessage } from "./sent_video.ts";
import type { ClientEvents, MediaState } from "./types.ts";

/** Longest wait before a failed media path is tried again; a network that blocks UDP does so for long. */
const MAX_RETRY_MS: Millis = 60_000;

/** What a {@linkcode MediaPath} needs from outside. */
export interface MediaPathOptions {
  /** Does the waiting. */
  readonly scheduler: Scheduler;
  /** Where events go. */
  readonly events: Emitter<ClientEvents>;
  /** What to send. */
  readonly own: OwnMedia;
  /** Gets the tracks of others. */
  readonly roster: Roster;
  /** Writes messages. */
  readonly sender: RoomSender;
  /** The connection to the server. */
  readonly link: SignalingLink;
  /** Says whether we are in the room. */
  readonly joined: () => boolean;
  /** End-to-end encryption of all that is sent and received; absent without it. */
  readonly transforms: MediaTransforms | undefined;
  /** How connections are made. */
  readonly configuration: RTCConfiguration;
  /** Makes one. @throws what the browser throws. */
  readonly createPeerConnection: (configuration: RTCConfiguration) => PeerConnectionLike;
}

/** The media session of the current membership, and what happens when it fails: the room goes on without, and later everything is made anew. */
export class MediaPath {
  /** State of the path. */
  state: MediaState = "connecting";
  /** The session, `undefined` while there is none. */
  session: MediaSession | undefined;
  #options: MediaPathOptions;
  #failures = 0;
  #cancelRetry: () => void = () => {};

  /** Creates a path without a session. */
  constructor(options: MediaPathOptions) {
    this.#options = options;
  }

  /** We are in the room, with so many others: the session goes on if the server has kept its side of it, else another one begins. */
  enter(peers: number, isKept: boolean): void {
    if (isKept && this.session !== undefined) this.session.resume();
    else this.#open(peers);
  }

  /** There is no connection to the server: what the session needs of it waits, and so does another try. */
  suspend(): void {
    this.session?.suspend();
  }

  /** The server says what can be used of what we send. */
  handleLimits(message: LimitsMessage): void {
    this.session?.handleLimits(message);
  }

  /** Ends the session; another try follows after a wait that grows while none succeeds. */
  fail(): void {
    this.close();
    this.#setState("failed");
    const delay = Math.min(1_000 * 2 ** this.#failures, MAX_RETRY_MS);
    this.#failures++;
    this.#cancelRetry = this.#options.scheduler.after(delay, () => this.#options.link.restart());
  }

  /** Ends the session. */
  close(): void {
    this.#cancelRetry();
    if (this.session === undefined) return;
    this.session.close();
    this.session = undefined;
    this.#options.roster.setTracks([]);
  }

  #open(peers: number): void {
    const { own, sender, joined, events, roster, link, transforms, scheduler } = this.#options;
    this.close();
    this.#setState("connecting");
    own.bitrateCap = Infinity;
    const onError = (error: ClientError) => events.emit("error", error);
    let connection: PeerConnectionLike;
    try {
      connection = this.#options.createPeerConnection(this.#options.configuration);
    } catch (cause) {
      onError(new ClientError("negotiation_failed", "This browser has no WebRTC", { cause }));
      return this.fail();
    }
    this.session = new MediaSession({
      connection,
      scheduler,
      own,
      peers,
      transforms,
      onOffer: (sdp, tracks) => joined() && sender.offer(sdp, tracks),
      onCandidate: (candidate) => joined() && sender.candidate(candidate),
      onTracks: (tracks) => roster.setTracks(tracks),
      onError,
      onUnanswered: () => link.renew(),
      onState: (state) => this.#setState(state),
      onDead: () => this.fail(),
    });
  }

  #setState(state: MediaState): void {
    if (state === "connected") this.#failures = 0;
    if (this.state === state) return;
    this.state = state;
    this.#options.events.emit("mediastate", state);
  }
}
