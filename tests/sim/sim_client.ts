import type { ParticipantId } from "../../src/base/ids.ts";
import { randomIceString } from "../../src/base/random.ts";
import type { TrackSource } from "../../src/room/track_source.ts";
import type { Permission, ServerMessage } from "../../src/signaling/messages.ts";
import { type Answer, readAnswer } from "./answer_text.ts";
import { type Binding, type LinePlan, MappedPlan, PoolPlan } from "./client_lines.ts";
import { type ClientOptions, RESUMING } from "./client_options.ts";
import { ClientMedia } from "./client_media.ts";
import { ClientTransport } from "./client_transport.ts";
import { fakeFingerprint, type FakeHandshake, fakeHandshake } from "./fake_dtls.ts";
import { Link } from "./link.ts";
import type { MediaReceiver } from "./media_receiver.ts";
import { MessageLog } from "./message_log.ts";
import type { MediaSender } from "./media_sender.ts";
import { makeLine, senderEncodings, senderStart } from "./publishing.ts";
import { isNumbered } from "../../src/signaling/numbered.ts";
import { type ClientLine, DIALECTS, writeOffer } from "./offer_text.ts";
import type { Content } from "./payloads.ts";
import type { SimWorld } from "./sim_world.ts";
import { Tile } from "./tile.ts";

/** One browser: signaling, media path, what it publishes and what it shows. */
export class SimClient extends MessageLog {
  readonly name: string;
  readonly number: number;
  readonly id: ParticipantId;
  readonly room: string;
  /** Where its datagrams come from. */
  address: string;
  port = 40_000;
  readonly up: Link;
  readonly down: Link;
  /** What no browser would have accepted. */
  readonly violations: string[] = [];
  /** Why the server closed the connection. */
  closedBecause: string | undefined;
  plan: LinePlan;
  /** There from `ready` on. */
  media: ClientMedia | undefined;
  transport: ClientTransport | undefined;
  /** Every datagram sent, for those who replay. */
  readonly sent: Uint8Array<ArrayBuffer>[] = [];
  answer: Answer | undefined;
  /** The newest offer's text. */
  lastOffer = "";
  readonly #world: SimWorld;
  readonly #options: ClientOptions;
  readonly #tiles = new Map<string, Tile>();
  #connection: number | undefined;
  #handshake: FakeHandshake | undefined;
  #fingerprint = "";
  #nextMid = 0;
  #answerAwaited = false;
  #offerAgain = false;
  #received = 0;

  constructor(world: SimWorld, name: string, number: number, options: ClientOptions) {
    super();
    this.#world = world;
    this.#options = options;
    this.name = name;
    this.number = options.as?.number ?? number;
    this.id = options.as?.id ?? `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
    this.room = options.room ?? "room";
    this.address = `198.51.100.${number}`;
    this.up = new Link(world.events, world.random, options.link ?? {});
    this.down = options.behind?.down ?? new Link(world.events, world.random, options.link ?? {});
    const make = (
      kind: ClientLine["kind"],
      direction: ClientLine["direction"],
      source: TrackSource | undefined,
      msidStream: string,
    ) => makeLine(world.random, options, String(this.#nextMid++), kind, direction, source, msidStream);
    this.plan = options.kind === "track_map" ? new MappedPlan(make) : new PoolPlan(make);
    this.#connect();
  }

  /** The WebSocket that it listens to. */
  get connection(): number | undefined {
    return this.#connection;
  }

  /** What the gate lets it do, where that differs from the others. */
  get permissions(): readonly Permission[] | undefined {
    return this.#options.permissions;
  }

  // What people do.

  /** Says that own sound or picture is off; the track goes on sending, as the server must not rely on it. */
  mute(kind: "audio" | "video"): void {
    this.send({ type: `mute_${kind}`, from: this.id });
  }

  unmute(kind: "audio" | "video"): void {
    this.send({ type: `unmute_${kind}`, from: this.id });
  }

  chat(content: string): void {
    const timestamp = 1_700_000_000_000 + Math.floor(this.#world.now);
    this.send({ type: "chat_message", from: this.id, content, timestamp });
  }

  shareScreen(): void {
    this.plan.addScreen();
    this.send({ type: "screen_share_started", from: this.id, track_id: 0 });
    this.#offer();
  }

  stopScreen(): void {
    this.send({ type: "screen_share_stopped", from: this.id, track_id: 0 });
    this.plan.removeScreen();
    this.media?.unpublish("screen");
    this.#offer();
  }

  /** Closes the tab: socket and media end without a word. */
  disconnect(): void {
    this.#closeMedia();
    if (this.#connection !== undefined) this.#world.disconnect(this.#connection);
    this.#connection = undefined;
  }

  /** Its WebSocket breaks off and both sides know; media goes on. */
  loseSocket(): void {
    if (this.#connection !== undefined) this.#world.disconnect(this.#connection, true);
    this.deafen();
  }

  /** Nothing comes over its WebSocket any more, in either direction, and nobody has noticed yet. */
  deafen(): void {
    this.#connection = undefined;
    if (this.#answerAwaited && this.media !== undefined) this.media.answerLost = true;
  }

  /** Comes back to its session over another WebSocket. */
  resume(join: Readonly<Record<string, unknown>> = {}): void {
    this.#connection = this.#world.openConnection(this);
    const secret = { resume: this.last("ready")?.resume, resume_from: this.#received };
    this.send({ type: "join", participant: this.id, ...RESUMING.join, ...secret, ...join });
  }

  /** Gives up membership; the socket stays. */
  leave(): void {
    this.send({ type: "leave", participant: this.id });
    this.#closeMedia();
  }

  /** Joins again over the same socket, or another room. */
  joinAgain(room: string = this.room): void {
    this.send({ type: "join", participant: this.id, room_id: room, ...this.#options.join });
  }

  /** Gets another port from its NAT, or another address in another network; `aware` clients check their path at once, others at the next check. */
  moveTo(port: number, aware = false, address = this.address): void {
    this.port = port;
    this.address = address;
    if (aware) this.transport?.checkNow();
  }

  /** Restarts ICE, as browsers do when a path has failed: new credentials in a new offer. */
  restartIce(): void {
    if (this.transport === undefined) return;
    this.transport.ufrag = randomIceString(this.#world.random, 4);
    this.transport.pwd = randomIceString(this.#world.random, 24);
    this.#offer();
  }

  /** Nothing gets through any more, in either direction. */
  cutNetwork(): void {
    this.up.conditions.loss = this.down.conditions.loss = 1;
  }

  /** Makes a new peer connection without a new `join`, as after `media_failed`. */
  restartMedia(): void {
    this.#closeMedia();
    const last = this.last("room_status");
    const others = (last?.participants ?? []).map((entry) => entry.id).filter((id) => id !== this.id);
    this.#startMedia(others);
  }

  /** Sends any message; the room is added. */
  send(message: Readonly<Record<string, unknown>>): void {
    if (this.#connection !== undefined) this.#world.signal(this.#connection, { room_id: this.room, ...message });
  }

  /** Sends a datagram as it is. */
  sendDatagram(bytes: Uint8Array<ArrayBuffer>): void {
    this.#world.carryUp(this, bytes);
  }

  // What a test looks at.

  /** Where this client shows `other`: sound, picture or screen. */
  tile(other: { readonly id: ParticipantId }, source: TrackSource = "camera"): Tile {
    return this.#tile(other.id, source);
  }

  /** All tiles there ever were. */
  get tiles(): readonly Tile[] {
    return [...this.#tiles.values()];
  }

  /** What it publishes. */
  sender(source: TrackSource = "camera"): MediaSender {
    const sender = this.media?.senders.get(source);
    if (sender === undefined) throw new Error(`${this.name} publishes no ${source}`);
    return sender;
  }

  /** The stream on which it gets a track now. */
  receiver(other: SimClient, source: TrackSource = "camera"): MediaReceiver {
    for (const [mid, receiver] of this.media?.receivers ?? []) {
      const binding = this.plan.bindingOf(mid);
      if (binding?.participant === other.id && binding.source === source) return receiver;
    }
    throw new Error(`${this.name} has no line for the ${source} of ${other.name}`);
  }

  // What the world calls.

  receiveMessage(message: ServerMessage): void {
    this.messages.push(message);
    if (message.type === "ready" && !message.session?.resumed) this.#received = 0;
    if (isNumbered(message)) this.#received++;
    switch (message.type) {
      case "ready":
        // An answer that was lost with the connection does not come any more.
        if (message.session?.media) {
          if (this.#answerAwaited) this.#offer(true);
        } else if (!this.#options.silent && message.room_id === this.room) this.#startMedia(message.peers);
        break;
      case "room_status":
        if (message.room_id !== this.room) break;
        this.plan.status(message.participants.map((entry) => entry.id).filter((id) => id !== this.id));
        break;
      case "track_map":
        if (message.room_id === this.room) this.plan.trackMap(message.tracks);
        break;
      case "answer":
        this.#takeAnswer(message.sdp);
        break;
      case "bwe_update":
        for (const sender of this.media?.encodings ?? []) sender.maxBps = message.max_bitrate_bps;
        break;
      case "encodings":
        this.media?.activate(message.tracks);
        break;
      case "video_demand":
        this.media?.demand(message.tracks);
        break;
      case "request_renegotiation":
        this.plan.addPairs(message.needed_slots);
        this.#offer();
        break;
      case "screen_share_started":
        this.plan.screenStarted(message.from);
        break;
      case "screen_share_stopped":
        this.plan.screenStopped(message.from);
        break;
      default:
        break;
    }
  }

  receiveClose(reason: string): void {
    this.closedBecause = reason;
    this.#connection = undefined;
    this.#closeMedia();
  }

  receiveDatagram(bytes: Uint8Array<ArrayBuffer>): void {
    this.transport?.receive(bytes);
  }

  #connect(): void {
    this.#connection = this.#world.openConnection(this);
    const { kind, join, publish } = this.#options;
    const capabilities = kind === "track_map" ? { capabilities: ["track_map"] } : {};
    this.send({ type: "join", participant: this.id, display_name: this.name, ...capabilities, ...join });
    // Clients tell their initial state at once, before they are answered.
    const has = (source: TrackSource) => publish?.includes(source) ?? true;
    this.send({ type: has("camera") ? "unmute_video" : "mute_video", from: this.id });
    this.send({ type: has("microphone") ? "unmute_audio" : "mute_audio", from: this.id });
  }

  #startMedia(peers: readonly ParticipantId[]): void {
    this.#closeMedia();
    const world = this.#world;
    this.#nextMid = 0;
    this.#answerAwaited = this.#offerAgain = false;
    this.#handshake = fakeHandshake(world.random);
    const offered = this.#options.wrongCertificate ? fakeHandshake(world.random) : this.#handshake;
    this.#fingerprint = fakeFingerprint(offered.certificate);
    const transport = this.#makeTransport(this.#handshake);
    this.transport = transport;
    this.media = new ClientMedia({
      owner: this.number,
      dialect: this.#dialect,
      events: world.events,
      unixMs: () => world.unixMs + (this.#options.clockOffsetMs ?? 0),
      sendRtp: (write) => transport.sendRtp(write),
      sendRtcp: (packets) => transport.sendRtcp(packets),
      frame: (mid, content, clockErrorMs) => this.#show(mid, content, clockErrorMs),
      violation: (text) => this.violations.push(text),
      givesFeedback: !this.#options.mute,
      red: this.#options.red ?? false,
    });
    this.plan.ready(peers, this.#options.publish ?? ["microphone", "camera"]);
    this.#offer();
  }

  #makeTransport(handshake: FakeHandshake): ClientTransport {
    const { random, events } = this.#world;
    const transport: ClientTransport = new ClientTransport(
      {
        events,
        send: (bytes) => this.sendDatagram(bytes),
        connected: () => this.media?.start(),
        rtp: (packet) => this.media?.receiveRtp(packet),
        rtcp: (packet) => this.media?.receiveRtcp(packet),
      },
      handshake,
      randomIceString(random, 4),
      randomIceString(random, 24),
    );
    return transport;
  }

  #closeMedia(): void {
    this.transport?.close();
    this.media?.close();
    this.transport = this.media = undefined;
  }

  #offer(repeats = false): void {
    if (this.transport === undefined) return;
    if (this.#answerAwaited && !repeats) {
      this.#offerAgain = true;
      return;
    }
    this.#answerAwaited = true;
    const { ufrag, pwd } = this.transport;
    const identity = {
      ufrag,
      pwd,
      fingerprint: this.#fingerprint,
      namesSsrcs: !this.#options.hidesSsrcs,
      red: this.#options.red ?? false,
    };
    const sdp = writeOffer(this.plan.lines, this.#dialect, identity);
    this.lastOffer = sdp;
    const tracks = this.plan.lines.flatMap(({ mid, source }) => source === undefined ? [] : [{ mid, source }]);
    const declared = this.#options.kind === "track_map" ? { tracks } : {};
    this.send({ type: "offer", from: this.id, to: null, sdp, ...declared });
  }

  #takeAnswer(sdp: string): void {
    const { media, transport } = this;
    if (media === undefined || transport === undefined) return;
    this.#answerAwaited = false;
    this.answer = readAnswer(sdp);
    const offered = this.plan.lines.map((line) => line.mid).slice(0, this.answer.lines.length);
    const answered = this.answer.lines.map((line) => line.mid);
    if (answered.join() !== offered.join()) this.violations.push(`Answered mids ${answered} for ${offered}`);
    media.setAnswer(this.answer.lines);
    for (const line of this.plan.lines.slice(0, answered.length)) {
      if (line.source !== undefined && !media.senders.has(line.source)) {
        const start = senderStart(this.#world.random, this.#options);
        const rids = this.answer.lines.find(({ mid }) => mid === line.mid)?.rids ?? [];
        media.publish(line, line.source, start, senderEncodings(this.#world.random, this.#options, line, rids));
        const { audioLevel } = this.#options;
        if (audioLevel !== undefined) media.senders.get(line.source)!.audioLevel = audioLevel;
      }
    }
    transport.setAnswer(this.answer);
    if (!this.#offerAgain) return;
    this.#offerAgain = false;
    this.#offer();
  }

  #show(mid: string, content: Content, clockErrorMs: number | undefined): void {
    const binding: Binding | undefined = this.plan.bindingOf(mid);
    if (binding === undefined) return;
    const owner = content.source === binding.source ? this.#world.numberOf(binding.participant) : -1;
    this.#tile(binding.participant, binding.source).show(content, owner, clockErrorMs, this.#world.now);
  }

  #tile(id: ParticipantId, source: TrackSource): Tile {
    const key = `${id} ${source}`;
    let tile = this.#tiles.get(key);
    if (tile === undefined) this.#tiles.set(key, tile = new Tile());
    return tile;
  }

  get #dialect() {
    return DIALECTS[this.number % DIALECTS.length]!;
  }
}
