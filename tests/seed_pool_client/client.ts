/**
 * The behaviour of the seed's browser client, written from the protocol's description alone (signaling, sections 3 to
 * 4.3). It imports nothing from `src/`: what it shows, the server has to have got right by itself.
 */
import { Pool } from "./pool.ts";

/** What a client enters a room with. */
export interface Entry {
  readonly url: string;
  readonly room: string;
  readonly name: string;
  /** Own audio and video; empty when devices were refused. */
  readonly tracks: readonly MediaStreamTrack[];
}

/** A participant in a `room_status`. */
interface Status {
  readonly id: string;
  readonly display_name?: string;
  readonly video_muted: boolean;
}

/** The server's messages, with the fields this client reads. */
type Message =
  | { type: "ready"; peers: string[]; display_names?: Record<string, string> }
  | { type: "room_status"; participants: Status[] }
  | { type: "answer"; sdp: string }
  | { type: "ice_candidate"; candidate: string; sdp_mid?: string | null; sdp_mline_index?: number | null }
  | { type: "request_renegotiation"; needed_slots: number }
  | { type: "screen_share_started" | "screen_share_stopped"; from: string }
  | { type: "active_speaker"; speaker: string }
  | { type: "bwe_update"; max_bitrate_bps: number }
  | { type: "error"; code: number; message: string };

/** Pairs that a client makes at least; more when more peers are already there. */
const MIN_PAIRS = 7;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 10_000;
/** After this a renegotiation that got no answer no longer blocks the next one. */
const ANSWER_TIMEOUT_MS = 10_000;
const MIN_BITRATE_BPS = 100_000;
const PRESET_BITRATE_BPS = 800_000;

/** One participant of one room. `onChange` is called whenever the tiles may have changed. */
export class SeedClient {
  readonly id: string = crypto.randomUUID();
  readonly log: string[] = [];
  onChange: () => void = () => {};
  pool: Pool = new Pool();
  speaker: string | undefined;

  readonly #entry: Entry;
  #socket: WebSocket | undefined;
  #connection: RTCPeerConnection | undefined;
  #screen: RTCRtpTransceiver | undefined;
  #left = false;
  #retryMs = FIRST_RETRY_MS;
  #turn: Promise<void> = Promise.resolve();
  /** An offer is out and its answer has not come. */
  #waiting = false;
  #offerAgain = false;
  #answerTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(entry: Entry) {
    this.#entry = entry;
    this.#connect();
  }

  /** State of the media path; `"none"` before the first `ready`. */
  get mediaState(): string {
    return this.#connection?.connectionState ?? "none";
  }

  /** What arrives on each line: for the message of a failed test. */
  async received(): Promise<string[]> {
    const report = await this.#connection?.getStats() ?? new Map();
    const lines: string[] = [];
    for (const stats of report.values()) {
      if (stats.type !== "inbound-rtp") continue;
      const decoded = stats.kind === "video" ? `${stats.framesDecoded} frames` : `energy ${stats.totalAudioEnergy}`;
      lines.push(`mid ${stats.mid} ${stats.kind} ${stats.packetsReceived} packets, ${decoded}`);
    }
    return lines;
  }

  /** Closes the socket, as the seed's client does: it never sends `leave`. */
  leave(): void {
    this.#left = true;
    this.#socket?.close();
    this.#connection?.close();
    this.pool = new Pool();
    this.onChange();
  }

  /** Loses the socket as a network failure would; the client comes back by itself. */
  dropSocket(): void {
    this.#socket?.close();
  }

  /** Starts a screen share: the message first, then an offer with one more video line. */
  async share(track: MediaStreamTrack): Promise<void> {
    if (this.#connection === undefined || this.#screen !== undefined) return;
    this.#screen = this.#connection.addTransceiver(track, { direction: "sendrecv" });
    this.#send({ type: "screen_share_started", from: this.id, room_id: this.#entry.room, track_id: 0 });
    await this.#renegotiate();
  }

  /** Ends it; its line stays in the description as inactive. */
  async stopShare(): Promise<void> {
    const screen = this.#screen;
    if (this.#connection === undefined || screen === undefined) return;
    this.#screen = undefined;
    this.#send({ type: "screen_share_stopped", from: this.id, room_id: this.#entry.room, track_id: 0 });
    screen.sender.track?.stop();
    this.#connection.removeTrack(screen.sender);
    screen.direction = "inactive";
    await this.#renegotiate();
  }

  #connect(): void {
    const socket = new WebSocket(this.#entry.url);
    this.#socket = socket;
    socket.onopen = () => {
      this.#retryMs = FIRST_RETRY_MS;
      const { room, name, tracks } = this.#entry;
      const has = (kind: string) => tracks.some((track) => track.kind === kind);
      this.#send({ type: "join", participant: this.id, room_id: room, display_name: name });
      this.#send({ type: has("video") ? "unmute_video" : "mute_video", from: this.id, room_id: room });
      this.#send({ type: has("audio") ? "unmute_audio" : "mute_audio", from: this.id, room_id: room });
    };
    socket.onmessage = ({ data }) => {
      // Strictly one after another, each to completion.
      this.#turn = this.#turn.then(() => this.#handle(JSON.parse(data))).catch((error) => this.#note(`${error}`));
    };
    socket.onclose = () => {
      if (this.#left) return;
      setTimeout(() => this.#left || this.#connect(), this.#retryMs);
      this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS);
    };
  }

  async #handle(message: Message): Promise<void> {
    if (this.#left) return;
    switch (message.type) {
      case "ready":
        await this.#ready(message);
        break;
      case "room_status":
        this.#roomStatus(message.participants);
        break;
      case "answer":
        await this.#answer(message.sdp);
        break;
      case "ice_candidate":
        await this.#connection?.addIceCandidate({
          candidate: message.candidate,
          sdpMid: message.sdp_mid ?? null,
          sdpMLineIndex: message.sdp_mline_index ?? null,
        });
        break;
      case "request_renegotiation":
        for (let i = 0; i < message.needed_slots; i++) this.#addPair();
        await this.#renegotiate();
        break;
      case "screen_share_started":
        this.#screenStarted(message.from);
        break;
      case "screen_share_stopped":
        this.#screenStopped(message.from);
        break;
      case "active_speaker":
        this.speaker = message.speaker;
        break;
      case "bwe_update":
        await this.#limitBitrate(message.max_bitrate_bps);
        break;
      case "error":
        this.#note(`error ${message.code}: ${message.message}`);
        break;
    }
    this.onChange();
  }

  /** Every `ready` starts over: a new connection, no peers, a new pool. */
  async #ready(message: Message & { type: "ready" }): Promise<void> {
    this.#connection?.close();
    clearTimeout(this.#answerTimer);
    this.#waiting = this.#offerAgain = false;
    this.#screen = undefined;
    this.pool = new Pool();
    const connection = new RTCPeerConnection();
    this.#connection = connection;
    connection.onconnectionstatechange = () => this.onChange();
    connection.ontrack = () => this.onChange();
    connection.onicecandidate = ({ candidate }) => {
      if (candidate !== null) this.#sendCandidate(candidate);
    };
    const { tracks } = this.#entry;
    const stream = new MediaStream([...tracks]);
    for (const track of stream.getTracks()) connection.addTrack(track, stream);
    if (tracks.length === 0) {
      for (const kind of ["audio", "video"]) connection.addTransceiver(kind, { direction: "sendrecv" });
    }
    const { peers } = message;
    for (let i = 0; i < Math.max(MIN_PAIRS, peers.length); i++) this.#addPair();
    for (const transceiver of connection.getTransceivers()) preferVp9(transceiver);
    for (const id of peers) this.pool.add({ id, name: message.display_names?.[id] });
    await this.#offer();
  }

  #addPair(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const audio = connection.addTransceiver("audio", { direction: "sendrecv" });
    const video = connection.addTransceiver("video", { direction: "sendrecv" });
    preferVp9(video);
    this.pool.append({ audio, video });
  }

  #roomStatus(participants: readonly Status[]): void {
    if (this.#connection === undefined) return;
    const others = participants.filter((entry) => entry.id !== this.id);
    this.pool.update(
      others.map((entry) => ({ id: entry.id, name: entry.display_name, videoMuted: entry.video_muted })),
    );
  }

  #screenStarted(from: string): void {
    const peer = this.pool.peer(from);
    if (peer === undefined || this.#connection === undefined) return;
    const transceiver = this.pool.screenTransceiver(this.#connection.getTransceivers());
    if (transceiver !== undefined) peer.screen = transceiver;
  }

  #screenStopped(from: string): void {
    const peer = this.pool.peer(from);
    if (peer !== undefined) peer.screen = undefined;
  }

  /** One offer at a time: a further wish waits for the answer, or for the timeout. */
  async #renegotiate(): Promise<void> {
    if (this.#waiting) {
      this.#offerAgain = true;
      return;
    }
    await this.#offer();
    this.#answerTimer = setTimeout(() => this.#answered(), ANSWER_TIMEOUT_MS);
  }

  async #offer(): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#waiting = true;
    await connection.setLocalDescription(await connection.createOffer());
    const sdp = connection.localDescription?.sdp;
    this.#send({ type: "offer", from: this.id, to: null, room_id: this.#entry.room, sdp });
  }

  async #answer(sdp: string): Promise<void> {
    try {
      await this.#connection?.setRemoteDescription({ type: "answer", sdp });
    } catch (error) {
      this.#note(`answer refused: ${error}`);
    }
    this.#answered();
  }

  #answered(): void {
    clearTimeout(this.#answerTimer);
    this.#waiting = false;
    if (!this.#offerAgain) return;
    this.#offerAgain = false;
    this.#renegotiate().catch((error) => this.#note(`${error}`));
  }

  async #limitBitrate(bitrateBps: number): Promise<void> {
    const maxBitrate = Math.min(Math.max(bitrateBps, MIN_BITRATE_BPS), PRESET_BITRATE_BPS);
    for (const sender of this.#connection?.getSenders() ?? []) {
      if (sender.track?.kind !== "video") continue;
      const parameters = sender.getParameters();
      for (const encoding of parameters.encodings) encoding.maxBitrate = maxBitrate;
      await sender.setParameters(parameters);
    }
  }

  #sendCandidate(candidate: RTCIceCandidate): void {
    this.#send({
      type: "ice_candidate",
      from: this.id,
      to: this.id,
      room_id: this.#entry.room,
      candidate: candidate.candidate,
      sdp_mid: candidate.sdpMid,
      sdp_mline_index: candidate.sdpMLineIndex,
    });
  }

  #send(message: Record<string, unknown>): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #note(text: string): void {
    this.log.push(text);
  }
}

/** The client asks for VP9 first on every video line but the screen's; the answer decides all the same. */
function preferVp9(transceiver: RTCRtpTransceiver): void {
  if (transceiver.receiver.track.kind !== "video") return;
  const codecs = RTCRtpReceiver.getCapabilities("video")?.codecs ?? [];
  const isVp9 = (codec: { mimeType: string }) => codec.mimeType === "video/VP9";
  transceiver.setCodecPreferences([...codecs.filter(isVp9), ...codecs.filter((codec) => !isVp9(codec))]);
}
