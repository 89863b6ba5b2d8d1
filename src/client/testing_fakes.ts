import type { Millis } from "../base/time.ts";
import type { ClientMessage, ServerMessage, SessionState } from "../signaling/messages.ts";
import { SeaMeetClient } from "./client.ts";
import type { ConnectOptions } from "./options.ts";
import type { WebSocketLike } from "../signaling/web_socket.ts";
import type { PeerConnectionLike, SenderLike, TransceiverLike } from "./ports.ts";
import type { Scheduler } from "./scheduler.ts";
import type { ClientEvents } from "./types.ts";

/** A scheduler whose clock is moved by hand. */
export class ManualScheduler implements Scheduler {
  /** The time now. */
  now: Millis = 0;
  #tasks = new Map<number, { at: Millis; callback: () => void }>();
  #nextId = 0;

  /** Waits without waiting. */
  after(delay: Millis, callback: () => void): () => void {
    const id = this.#nextId++;
    this.#tasks.set(id, { at: this.now + delay, callback });
    return () => this.#tasks.delete(id);
  }

  /** Moves the clock and runs what is due, in order of time, with all that follows from it at once. */
  async advance(span: Millis): Promise<void> {
    const end = this.now + span;
    for (;;) {
      const due = [...this.#tasks].filter(([, task]) => task.at <= end).sort((a, b) => a[1].at - b[1].at)[0];
      if (due === undefined) break;
      this.#tasks.delete(due[0]);
      this.now = due[1].at;
      due[1].callback();
      await settle();
    }
    this.now = end;
  }
}

/** Lets everything run that waits for a promise of a fake. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
}

/** A socket whose other end is the test. */
export class FakeSocket implements WebSocketLike {
  readyState = 0;
  sent: ClientMessage[] = [];
  closedWith: number | undefined;
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;

  #sending: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(readonly url: string) {}

  send(text: string): void {
    this.sent.push(JSON.parse(text));
    this.#sending.resolve();
    this.#sending = Promise.withResolvers();
  }

  close(code = 1005): void {
    this.readyState = 3;
    this.closedWith = code;
  }

  open(): void {
    this.readyState = 1;
    this.onopen?.(new Event("open"));
  }

  async receive(message: ServerMessage): Promise<void> {
    this.onmessage?.(new MessageEvent("message", { data: JSON.stringify(message) }));
    await settle();
  }

  async lose(code = 1006, reason = ""): Promise<void> {
    this.readyState = 3;
    this.onclose?.(new CloseEvent("close", { code, reason }));
    await settle();
  }

  /** The first message of one type, as soon as the client has sent one. */
  async sends<T extends ClientMessage["type"]>(type: T): Promise<Extract<ClientMessage, { type: T }>> {
    for (;;) {
      const [first] = this.of(type);
      if (first !== undefined) return first;
      await this.#sending.promise;
    }
  }

  /** The messages of one type that the client sent. */
  of<T extends ClientMessage["type"]>(type: T): Extract<ClientMessage, { type: T }>[] {
    return this.sent.filter((message): message is Extract<ClientMessage, { type: T }> => message.type === type);
  }
}

/** A track without a device. */
export class FakeTrack extends EventTarget implements MediaStreamTrack {
  contentHint = "";
  enabled = true;
  readonly id: string = crypto.randomUUID();
  readonly label = "fake";
  readonly muted = false;
  onended = null;
  onmute = null;
  onunmute = null;
  readyState: MediaStreamTrackState = "live";

  constructor(readonly kind: "audio" | "video") {
    super();
  }

  applyConstraints(): Promise<void> {
    return Promise.resolve();
  }

  clone(): MediaStreamTrack {
    return new FakeTrack(this.kind);
  }

  getCapabilities(): MediaTrackCapabilities {
    return {};
  }

  getConstraints(): MediaTrackConstraints {
    return {};
  }

  getSettings(): MediaTrackSettings {
    return {};
  }

  stop(): void {
    this.readyState = "ended";
  }
}

/** A sender that remembers what it was told. */
export class FakeSender implements SenderLike {
  parameters: RTCRtpSendParameters;

  constructor(public track: MediaStreamTrack | null, encodings: RTCRtpEncodingParameters[]) {
    this.parameters = { codecs: [], headerExtensions: [], rtcp: {}, transactionId: "", encodings };
  }

  replaceTrack(track: MediaStreamTrack | null): Promise<void> {
    this.track = track;
    return Promise.resolve();
  }

  getParameters(): RTCRtpSendParameters {
    return structuredClone(this.parameters);
  }

  setParameters(parameters: RTCRtpSendParameters): Promise<void> {
    this.parameters = parameters;
    return Promise.resolve();
  }
}

/** One m-line. */
export class FakeTransceiver implements TransceiverLike {
  mid: string | null = null;
  readonly sender: FakeSender;
  readonly receiver: { readonly track: MediaStreamTrack };
  /** What was chosen for the next offer. */
  preferences: RTCRtpCodec[] | undefined;

  constructor(
    readonly kind: "audio" | "video",
    track: MediaStreamTrack | null,
    public direction: RTCRtpTransceiverDirection,
    encodings: RTCRtpEncodingParameters[],
  ) {
    this.sender = new FakeSender(track, encodings);
    this.receiver = { track: new FakeTrack(kind) };
  }

  setCodecPreferences(codecs: RTCRtpCodec[]): void {
    this.preferences = codecs;
  }
}

/** A peer connection that gives its lines mids as browsers do, and remembers its descriptions. */
export class FakePeerConnection implements PeerConnectionLike {
  iceConnectionState: RTCIceConnectionState = "new";
  connectionState: RTCPeerConnectionState = "new";
  signalingState: RTCSignalingState = "stable";
  localDescription: RTCSessionDescriptionInit | null = null;
  remoteDescription: RTCSessionDescriptionInit | null = null;
  onicecandidate: ((event: RTCPeerConnectionIceEvent) => void) | null = null;
  oniceconnectionstatechange: ((event: Event) => void) | null = null;
  onconnectionstatechange: ((event: Event) => void) | null = null;
  transceivers: FakeTransceiver[] = [];
  iceRestarts = 0;
  rollbacks = 0;
  closed = false;
  answersAreBad = false;
  #offers = 0;

  constructor(readonly configuration: RTCConfiguration) {}

  addTransceiver(track: MediaStreamTrack | "audio" | "video", init: RTCRtpTransceiverInit = {}): FakeTransceiver {
    const kind = typeof track === "string" ? track : track.kind === "audio" ? "audio" : "video";
    const sent = typeof track === "string" ? null : track;
    const line = new FakeTransceiver(kind, sent, init.direction ?? "sendrecv", init.sendEncodings ?? [{}]);
    this.transceivers.push(line);
    return line;
  }

  createOffer(): Promise<RTCSessionDescriptionInit> {
    return Promise.resolve({ type: "offer", sdp: `offer ${++this.#offers}` });
  }

  setLocalDescription(description: RTCSessionDescriptionInit): Promise<void> {
    if (description.type === "rollback") {
      this.rollbacks++;
      this.signalingState = "stable";
      return Promise.resolve();
    }
    this.signalingState = "have-local-offer";
    this.localDescription = description;
    this.transceivers.forEach((line, index) => line.mid = String(index));
    return Promise.resolve();
  }

  setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    if (this.answersAreBad) return Promise.reject(new DOMException("bad answer", "InvalidAccessError"));
    this.signalingState = "stable";
    this.remoteDescription = description;
    return Promise.resolve();
  }

  restartIce(): void {
    this.iceRestarts++;
  }

  /** What has come in; a connection without counters has none. */
  bytesReceived: number | undefined;

  getStats(): Promise<RTCStatsReport> {
    const { bytesReceived } = this;
    if (bytesReceived === undefined) return Promise.reject(new DOMException("no counters", "NotSupportedError"));
    return Promise.resolve(new Map([["T", { type: "transport", bytesReceived }]]));
  }

  close(): void {
    this.closed = true;
  }

  /** Reports a state of the path the way browsers do: two events. */
  async report(ice: RTCIceConnectionState, connection: RTCPeerConnectionState): Promise<void> {
    this.iceConnectionState = ice;
    this.oniceconnectionstatechange?.(new Event("iceconnectionstatechange"));
    this.connectionState = connection;
    this.onconnectionstatechange?.(new Event("connectionstatechange"));
    await settle();
  }
}

/** Our id in the tests. */
export const SELF = "00000000-0000-4000-8000-000000000001";
/** Two others. */
export const ADA = "00000000-0000-4000-8000-00000000000a";
export const BOB = "00000000-0000-4000-8000-00000000000b";
/** The room of the tests. */
export const ROOM = "daily";

/** A client in a made-up browser. */
export class Bench {
  readonly scheduler = new ManualScheduler();
  readonly sockets: FakeSocket[] = [];
  readonly connections: FakePeerConnection[] = [];
  readonly log: { name: keyof ClientEvents; event: unknown }[] = [];
  readonly client: SeaMeetClient;
  time = 1_000;
  #networkChanged: () => void = () => {};

  constructor(options: Partial<ConnectOptions> = {}) {
    this.client = new SeaMeetClient({
      url: "ws://test/",
      roomId: ROOM,
      displayName: "Eve",
      participantId: SELF,
      ...options,
      environment: {
        createSocket: (url) => {
          const socket = new FakeSocket(url);
          this.sockets.push(socket);
          return socket;
        },
        createPeerConnection: (configuration) => {
          const connection = new FakePeerConnection(configuration);
          this.connections.push(connection);
          return connection;
        },
        scheduler: this.scheduler,
        random: () => 0.5,
        now: () => this.time,
        watchNetwork: (onChange) => {
          this.#networkChanged = onChange;
          return () => this.#networkChanged = () => {};
        },
        ...options.environment,
      },
    });
    const names: (keyof ClientEvents)[] = ["state", "mediastate", "participantjoined", "participantleft"];
    names.push("participantchanged", "trackadded", "trackremoved", "chat", "activespeaker", "screenshare", "error");
    names.push("hand", "reaction", "moderated", "trackquality", "connectionquality");
    for (const name of names) this.client.on(name, (event) => this.log.push({ name, event }));
  }

  /** The newest socket. */
  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("no socket yet");
    return socket;
  }

  /** The newest peer connection. */
  get connection(): FakePeerConnection {
    const connection = this.connections.at(-1);
    if (connection === undefined) throw new Error("no peer connection yet");
    return connection;
  }

  /** Connects, joins, and answers the first offer. */
  async enter(peers: string[] = []): Promise<void> {
    void this.client.join();
    this.socket.open();
    await this.ready(peers);
    await this.answer();
  }

  /** The server takes us in. */
  ready(peers: string[] = []): Promise<void> {
    const rest = {
      initiator: false,
      resume: "secret",
      permissions: ["publish" as const, "screen" as const, "chat" as const],
    };
    return this.socket.receive({ type: "ready", room_id: ROOM, peers, ...rest });
  }

  /** The server takes us in and keeps our session when the connection is lost; with `resumed` it goes on. */
  readyToResume(session: Partial<SessionState> = {}): Promise<void> {
    return this.socket.receive({
      type: "ready",
      room_id: ROOM,
      initiator: false,
      peers: [ADA],
      resume: `secret ${this.sockets.length}`,
      permissions: ["publish", "screen", "chat"],
      session: { keep_ms: 30_000, resumed: false, received: 0, media: false, ...session },
    });
  }

  /** The browser says that the network is another one. */
  async changeNetwork(): Promise<void> {
    this.#networkChanged();
    await settle();
  }

  /** The server answers the open offer. */
  answer(): Promise<void> {
    return this.socket.receive({ type: "answer", from: SELF, to: SELF, room_id: "sfu", sdp: "answer" });
  }

  /** The server tells who is there. */
  members(...ids: string[]): Promise<void> {
    const flags = { audio_muted: false, video_muted: false, screen_sharing: false, e2ee: false };
    const participants = ids.map((id) => ({ id, display_name: `name of ${id.slice(-1)}`, ...flags }));
    return this.socket.receive({ type: "room_status", room_id: ROOM, participants, e2ee_required: false });
  }

  /** The events of one kind, oldest first. */
  events<K extends keyof ClientEvents>(name: K): ClientEvents[K][] {
    return this.log.filter((entry) => entry.name === name).map((entry) => entry.event as ClientEvents[K]);
  }
}
