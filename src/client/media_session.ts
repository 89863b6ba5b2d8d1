import type { ParticipantId } from "../base/ids.ts";
import type { MappedTrack, OfferedTrack, TrackSource } from "../signaling/messages.ts";
import { hasCodec, preferCodec } from "./codec_preferences.ts";
import type { ClientError } from "./client_error.ts";
import type { MediaTransforms } from "./e2ee/media_transforms.ts";
import { Negotiator } from "./negotiator.ts";
import type { OwnMedia } from "./own_media.ts";
import type { PeerConnectionLike, ReceiverLike, TransceiverLike } from "./ports.ts";
import { PathRecovery } from "./recovery.ts";
import type { Scheduler } from "./scheduler.ts";
import type { MediaState, TrackEvent } from "./types.ts";
import { type LimitsMessage, SentVideo } from "./sent_video.ts";
import { cameraEncodings } from "./simulcast.ts";
import { screenLimits } from "./video_limits.ts";

/** Pairs of lines that a first offer has at least, so that the first people who come need no new offer. */
const MIN_PAIRS = 2;

/** Most pairs one `request_renegotiation` may add; more than a room holds is a mistake. */
const MAX_ADDED_PAIRS = 64;

/** What a {@linkcode MediaSession} needs from outside. */
export interface MediaSessionOptions {
  /** A new connection, owned by the session from now on. */
  readonly connection: PeerConnectionLike;
  /** Does the waiting. */
  readonly scheduler: Scheduler;
  /** What to send. */
  readonly own: OwnMedia;
  /** How many others are in the room. */
  readonly peers: number;
  /** End-to-end encryption of all that is sent and received; absent without it. */
  readonly transforms: MediaTransforms | undefined;
  /** Sends an offer. */
  readonly onOffer: (sdp: string, tracks: OfferedTrack[]) => void;
  /** Sends an address of ours. */
  readonly onCandidate: (candidate: RTCIceCandidate) => void;
  /** The tracks of others that are bound now, all of them. */
  readonly onTracks: (tracks: readonly TrackEvent[]) => void;
  /** The path's state. */
  readonly onState: (state: MediaState) => void;
  /** A round of negotiation failed. */
  readonly onError: (error: ClientError) => void;
  /** The session is of no use any more. */
  readonly onDead: () => void;
  /** The server does not answer, and perhaps cannot be reached over this connection any more. */
  readonly onUnanswered: () => void;
}

/** One peer connection from a `ready` to the next: our lines, the lines for others, and their negotiation. */
export class MediaSession {
  /** The connection, for counters and debugging. */
  readonly connection: PeerConnectionLike;
  #options: MediaSessionOptions;
  #negotiator: Negotiator;
  #recovery: PathRecovery;
  #outgoing = new Map<TrackSource, TransceiverLike>();
  #incoming: TransceiverLike[] = [];
  #map: readonly MappedTrack[] = [];
  readonly #video: SentVideo;

  /** Sets up the lines and sends the first offer. */
  constructor(options: MediaSessionOptions) {
    this.#options = options;
    const { connection, scheduler, own, onState, onError, onOffer } = options;
    this.connection = connection;
    this.#video = new SentVideo({ own, scheduler, line: (source) => this.#outgoing.get(source) });
    const onDead = () => options.onDead();
    this.#negotiator = new Negotiator({
      connection,
      scheduler,
      onOffer: (sdp) => {
        onOffer(sdp, this.#offeredTracks());
        this.#publishTracks();
      },
      onLate: () => options.onUnanswered(),
      onStable: () => this.applyVideoLimits(),
      onError,
      onDead,
    });
    this.#recovery = new PathRecovery({
      connection,
      scheduler,
      onRestart: () => this.#negotiator.request(true),
      onDead,
      onState,
    });
    connection.onicecandidate = ({ candidate }) => {
      if (candidate !== null && candidate.candidate !== "") options.onCandidate(candidate);
    };
    // Also without a device: a track that comes later then needs no new offer.
    const microphone = this.#addOutgoing("microphone", own.microphone ?? "audio");
    if (own.redundantAudio) preferCodec(microphone, own.codecs("audio"), "audio/red");
    this.#addCamera(own);
    this.#addScreenLines();
    this.#addPairs(Math.max(MIN_PAIRS, options.peers));
    this.#negotiator.request();
  }

  /** Takes the server's answer. */
  handleAnswer(sdp: string): void {
    void this.#negotiator.handleAnswer(sdp);
  }

  /** The server refused our offer. */
  handleRefusal(error: ClientError): void {
    void this.#negotiator.handleRefusal(error);
  }

  /** The network may be another one. */
  handleNetworkChange(): void {
    this.#recovery.hint();
  }

  /** There is no connection to the server; media goes on. */
  suspend(): void {
    this.#negotiator.pause();
    this.#recovery.suspend();
  }

  /** There is one again, and the server has kept its side of the session. */
  resume(): void {
    this.#negotiator.resume();
    this.#recovery.resume();
  }

  /** The server needs more lines to send on. */
  handleRenegotiation(neededPairs: number): void {
    this.#addPairs(Math.min(Math.floor(neededPairs), MAX_ADDED_PAIRS));
    this.#negotiator.request();
  }

  /** Whose track is on which line, all of it. */
  handleTrackMap(map: readonly MappedTrack[]): void {
    this.#map = map;
    this.#publishTracks();
  }

  /** Sends another track (or none) of a device whose line exists. */
  async replace(source: "microphone" | "camera", track: MediaStreamTrack | null): Promise<void> {
    await this.#outgoing.get(source)?.sender.replaceTrack(track);
    // Another camera may have another size.
    if (source === "camera") this.applyVideoLimits();
  }

  /** Adds lines for the screen that {@linkcode OwnMedia} names now. */
  addScreen(): void {
    this.#addScreenLines();
    this.#negotiator.request();
  }

  /** Retires the screen's lines. They stay in the description, inactive; the next share gets new ones. */
  removeScreen(): void {
    for (const source of ["screen", "screen_audio"] as const) {
      const line = this.#outgoing.get(source);
      if (line === undefined) continue;
      this.#outgoing.delete(source);
      line.direction = "inactive";
      void line.sender.replaceTrack(null).catch(() => {});
    }
    this.#negotiator.request();
  }

  /** Puts the encoder limits into force. */
  applyVideoLimits(): void {
    this.#video.apply();
  }

  /** The server says what can be used of what we send. */
  handleLimits(message: LimitsMessage): void {
    this.#video.handle(message);
  }

  /** Ends the connection. Nothing is reported any more. */
  close(): void {
    this.#negotiator.close();
    this.#recovery.close();
    this.#video.close();
    this.#options.transforms?.reset();
    this.connection.onicecandidate = null;
    this.connection.oniceconnectionstatechange = null;
    this.connection.onconnectionstatechange = null;
    this.connection.close();
  }

  #addOutgoing(
    source: TrackSource,
    track: MediaStreamTrack | "audio" | "video",
    encodings?: RTCRtpEncodingParameters[],
  ): TransceiverLike {
    const init: RTCRtpTransceiverInit = { direction: "sendonly" };
    if (encodings !== undefined) init.sendEncodings = encodings;
    const line = this.connection.addTransceiver(track, init);
    this.#options.transforms?.outgoing(line.sender, source === "camera" || source === "screen" ? "video" : "audio");
    this.#outgoing.set(source, line);
    return line;
  }

  #addCamera({ camera, codecs, videoCodec, videoConfig, simulcast }: OwnMedia): void {
    const mimeType = `video/${videoCodec}`;
    const isScalable = videoCodec !== "vp8" && hasCodec(codecs("video"), mimeType);
    const line = this.#addOutgoing(
      "camera",
      camera ?? "video",
      cameraEncodings(videoConfig, camera, simulcast, isScalable),
    );
    if (isScalable) preferCodec(line, codecs("video"), mimeType);
  }

  #addScreenLines(): void {
    const { own } = this.#options;
    if (own.screen === undefined) return;
    this.#addOutgoing("screen", own.screen.video, [{ ...screenLimits(own.bitrateCap) }]);
    if (own.screen.audio === undefined) return;
    const sound = this.#addOutgoing("screen_audio", own.screen.audio);
    if (own.redundantAudio) preferCodec(sound, own.codecs("audio"), "audio/red");
  }

  #addPairs(count: number): void {
    for (let i = 0; i < count; i++) {
      for (const kind of ["audio", "video"] as const) {
        const line = this.connection.addTransceiver(kind, { direction: "recvonly" });
        this.#options.transforms?.incoming(line.receiver, kind);
        this.#incoming.push(line);
      }
    }
  }

  #offeredTracks(): OfferedTrack[] {
    const tracks: OfferedTrack[] = [];
    for (const [source, line] of this.#outgoing) {
      if (line.mid !== null) tracks.push({ mid: line.mid, source });
    }
    return tracks;
  }

  /** A line gets its `mid` with our offer, so a map may name lines that are found only later. */
  #publishTracks(): void {
    const tracks: TrackEvent[] = [];
    const owners = new Map<ReceiverLike, ParticipantId>();
    for (const { mid, participant, source } of this.#map) {
      const line = this.#incoming.find((candidate) => candidate.mid === mid);
      if (line === undefined) continue;
      owners.set(line.receiver, participant);
      tracks.push({ participant, source, track: line.receiver.track });
    }
    this.#options.transforms?.bind(owners);
    this.#options.onTracks(tracks);
  }
}
