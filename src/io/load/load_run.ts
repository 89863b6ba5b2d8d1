import { SeaMeetError } from "../../base/errors.ts";
import { silentLogger } from "../../base/log.ts";
import type { Millis } from "../../base/time.ts";
import type { MappedTrack } from "../../signaling/messages.ts";
import { chooseEngine, type Engine } from "../native/choose_engine.ts";
import type { ReceivedRtp } from "../peer/client_peer.ts";
import { PeerNetwork } from "../peer/peer_network.ts";
import { RoomClient, type RoomClientEvent } from "../peer/room_client.ts";
import { LoadAudio, LoadVideo, readLoadMark } from "./load_media.ts";
import type { LoadOptions } from "./load_options.ts";
import { DelayHistogram, type LoadReport, percentiles, TrackTally } from "./load_report.ts";

/** How often publishers look what is due. */
const TICK_MS: Millis = 5;

/** Publishers start within this time: the interval between two pictures. */
const START_SPREAD_MS: Millis = 40;

/** How long a participant may take to connect before the run goes on without it. */
const CONNECT_TIMEOUT_MS: Millis = 30_000;

/** How long after the last packet late ones are waited for: retransmissions and a slow server. */
const DRAIN_MS: Millis = 500;

/** Different reasons of failures that are told apart. */
const MAX_REASONS = 20;

/** What progress says, once a second. */
export interface LoadProgress {
  readonly phase: "joining" | "media" | "ending";
  readonly connected: number;
  readonly failed: number;
  readonly requested: number;
  readonly sent: number;
  readonly received: number;
}

/** Time and randomness of a run, and who hears of it. */
export interface LoadWorld {
  readonly engine?: Engine;
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Ends the run early; the report is about what was until then. */
  readonly signal?: AbortSignal;
}

/** One participant of the run. */
class LoadSession {
  client: RoomClient | undefined;
  audio: LoadAudio | undefined;
  video: LoadVideo | undefined;
  connected = false;
  /** What came, by publisher and track. */
  readonly tallies = new Map<string, TrackTally>();
  readonly startedAt: Millis = performance.now();
  firstPacketAt: Millis | undefined;

  constructor(readonly room: string, readonly publishes: boolean) {}
}

/**
 * Runs a load: joins everybody, lets media flow, counts what comes.
 *
 * Publishers send from their connection on. Rates and delays are those of the time when everybody was there; loss counts
 * from the first packet that a subscriber got of a track, and a track that never came is lost as a whole, except for
 * microphones beyond those that the server has lines for.
 *
 * @throws {SeaMeetError} `config` when the engine that was asked for is not there
 */
export async function runLoad(options: LoadOptions, world: LoadWorld = {}): Promise<LoadReport> {
  const engine = world.engine ?? chooseEngine(options.engine, silentLogger);
  const network = await PeerNetwork.create({ engine, logger: silentLogger });
  const run = new LoadRun(options, network, world);
  try {
    return await run.run(engine.name);
  } finally {
    await run.end();
    await network.close();
  }
}

class LoadRun {
  readonly #options: LoadOptions;
  readonly #network: PeerNetwork;
  readonly #world: LoadWorld;
  readonly #sessions: LoadSession[] = [];
  readonly #failures: Record<string, number> = {};
  readonly #connectMs = new DelayHistogram();
  readonly #firstPacketMs = new DelayHistogram();
  readonly #delay = new DelayHistogram();
  readonly #stopped = Promise.withResolvers<void>();
  #maxDelay = -1;
  #received = 0;
  #receivedBytes = 0;
  #repaired = 0;
  #sentBytes = 0;
  #joined = 0;
  #phase: LoadProgress["phase"] = "joining";

  constructor(options: LoadOptions, network: PeerNetwork, world: LoadWorld) {
    this.#options = options;
    this.#network = network;
    this.#world = world;
    world.signal?.addEventListener("abort", () => this.#stopped.resolve(), { once: true });
  }

  async run(engine: string): Promise<LoadReport> {
    const options = this.#options;
    const progress = setInterval(() => this.#report(), 1_000);
    const ticks = setInterval(() => {
      for (const session of this.#sessions) if (session.connected) this.#produce(session);
    }, TICK_MS);
    try {
      const startedAt = performance.now();
      await this.#joinAll();
      const joinSeconds = (performance.now() - startedAt) / 1000;
      this.#phase = "media";
      const mediaAt = performance.now();
      const before = { packets: this.#sent, bytes: this.#sentBytes };
      await this.#pause(options.seconds * 1000);
      const seconds = (performance.now() - mediaAt) / 1000;
      this.#phase = "ending";
      clearInterval(ticks);
      const sent = { packets: this.#sent - before.packets, bytes: this.#sentBytes - before.bytes };
      await this.#pause(DRAIN_MS);
      return this.#result(engine, joinSeconds, seconds, sent);
    } finally {
      clearInterval(ticks);
      clearInterval(progress);
    }
  }

  /** Everybody leaves. */
  async end(): Promise<void> {
    await Promise.all(this.#sessions.map(({ client }) => client?.leave()));
  }

  get #connected(): LoadSession[] {
    return this.#sessions.filter(({ connected }) => connected);
  }

  async #joinAll(): Promise<void> {
    const { rooms, publishers, subscribers, joinRate } = this.#options;
    const run = crypto.randomUUID().slice(0, 8);
    const joins: Promise<void>[] = [];
    const startedAt = performance.now();
    for (let room = 0; room < rooms; room++) {
      for (let i = 0; i < publishers + subscribers; i++) {
        const wait = startedAt + joins.length * 1000 / joinRate - performance.now();
        if (wait > 0) await this.#pause(wait);
        if (this.#world.signal?.aborted) break;
        joins.push(this.#join(`load-${run}-${room}`, i < publishers));
      }
    }
    await Promise.all(joins);
  }

  async #join(room: string, publishes: boolean): Promise<void> {
    const { url, token, audioRate, videoKbps } = this.#options;
    const session = new LoadSession(room, publishes);
    this.#sessions.push(session);
    const connected = Promise.withResolvers<string | undefined>();
    const timer = setTimeout(() => connected.resolve("connect_timeout"), CONNECT_TIMEOUT_MS);
    this.#stopped.promise.then(() => connected.resolve("stopped"));
    try {
      session.client = await RoomClient.join({
        url,
        room,
        token,
        network: this.#network,
        reconnect: false,
        // A run without any media still has to have a path.
        receive: !publishes || this.#options.publishers > 1 || audioRate + videoKbps === 0,
        publish: publishes
          ? [...(audioRate > 0 ? ["microphone" as const] : []), ...(videoKbps > 0 ? ["camera" as const] : [])]
          : [],
        onEvent: (event) => this.#handle(session, event, connected),
        onRtp: (track, packet) => this.#take(session, track, packet),
      });
      this.#joined++;
      const problem = await connected.promise;
      if (problem !== undefined) return this.#fail(problem);
      session.connected = true;
      this.#startMedia(session);
      this.#connectMs.add(performance.now() - session.startedAt);
    } catch (error) {
      if (!(error instanceof SeaMeetError)) throw error;
      this.#fail(error.message.replace(/^Cannot join room "[^"]*": /, ""));
    } finally {
      clearTimeout(timer);
    }
  }

  /** A publisher sends from its connection on; the start is left to chance, so that not everybody sends at once. */
  #startMedia(session: LoadSession): void {
    const { audioRate, videoKbps } = this.#options;
    if (!session.publishes) return;
    const startAt = performance.now() + START_SPREAD_MS * Math.random();
    if (audioRate > 0) session.audio = new LoadAudio(audioRate, startAt);
    if (videoKbps > 0) session.video = new LoadVideo(videoKbps, startAt);
  }

  #handle(session: LoadSession, event: RoomClientEvent, connected: PromiseWithResolvers<string | undefined>): void {
    if (event.kind === "media" && event.state === "connected") connected.resolve(undefined);
    else if (event.kind === "media" && event.state === "failed") this.#lost(session, connected, event.error ?? "media");
    else if (event.kind === "closed") this.#lost(session, connected, event.reason === "" ? "closed" : event.reason);
    else if (event.kind === "keyframe_request" && event.source === "camera") session.video?.requestKeyframe();
  }

  #lost(session: LoadSession, connected: PromiseWithResolvers<string | undefined>, reason: string): void {
    connected.resolve(reason);
    if (session.connected && this.#phase !== "ending") this.#fail(reason);
  }

  #fail(reason: string): void {
    const known = reason in this.#failures || Object.keys(this.#failures).length < MAX_REASONS;
    const key = known ? reason : "other";
    this.#failures[key] = (this.#failures[key] ?? 0) + 1;
  }

  #take(session: LoadSession, track: MappedTrack, packet: ReceivedRtp): void {
    const kind = track.source === "microphone" ? "audio" : "video";
    const mark = readLoadMark(packet.payload, kind);
    if (mark === undefined) return;
    const key = `${track.participant} ${kind}`;
    let tally = session.tallies.get(key);
    if (tally === undefined) session.tallies.set(key, tally = new TrackTally());
    if (!tally.add(mark.number)) return;
    const now = performance.now();
    if (this.#phase !== "joining") this.#measure(mark.sentAt, packet, now);
    if (session.firstPacketAt !== undefined) return;
    session.firstPacketAt = now;
    this.#firstPacketMs.add(now - session.startedAt);
  }

  #measure(sentAt: Millis, packet: ReceivedRtp, now: Millis): void {
    this.#received++;
    this.#receivedBytes += packet.payload.length;
    if (packet.repaired) this.#repaired++;
    this.#delay.add(now - sentAt);
    this.#maxDelay = Math.max(this.#maxDelay, now - sentAt);
  }

  #produce({ client, audio, video }: LoadSession): void {
    const now = performance.now();
    const sink = (source: "microphone" | "camera") => (payload: Uint8Array, timestamp: number, marker: boolean) => {
      const level = source === "microphone" ? 40 : undefined;
      const sent = client?.send(source, payload, timestamp, marker, level) ?? false;
      if (sent) this.#sentBytes += payload.length;
      return sent;
    };
    audio?.produce(now, sink("microphone"));
    video?.produce(now, sink("camera"));
  }

  async #pause(ms: Millis): Promise<void> {
    const over = Promise.withResolvers<void>();
    const timer = setTimeout(over.resolve, ms);
    await Promise.race([over.promise, this.#stopped.promise]);
    clearTimeout(timer);
  }

  #report(): void {
    this.#world.onProgress?.({
      phase: this.#phase,
      connected: this.#connectMs.total,
      failed: Object.values(this.#failures).reduce((sum, count) => sum + count, 0),
      requested: this.#requested,
      sent: this.#sent,
      received: this.#received,
    });
  }

  get #requested(): number {
    const { rooms, publishers, subscribers } = this.#options;
    return rooms * (publishers + subscribers);
  }

  get #sent(): number {
    return this.#sessions.reduce((sum, { audio, video }) => sum + (audio?.sent ?? 0) + (video?.sent ?? 0), 0);
  }

  /** What every receiver should have got of the other publishers of its room. */
  #expected(): { expected: number; received: number } {
    let expected = 0;
    let received = 0;
    const receives = (session: LoadSession) => !session.publishes || this.#options.publishers > 1;
    for (const session of this.#connected.filter(receives)) {
      for (const other of this.#sessions) {
        if (other === session || other.room !== session.room || !other.connected || !other.publishes) continue;
        for (const [kind, track] of [["audio", other.audio], ["video", other.video]] as const) {
          if (track === undefined || !this.#isPromised(session, other, kind)) continue;
          const tally = session.tallies.get(`${other.client?.id} ${kind}`) ?? new TrackTally();
          expected += tally.expected(track.sent);
          received += tally.received;
        }
      }
    }
    return { expected, received };
  }

  /** In a large room not every microphone has a line: what the server says does not come is not lost. */
  #isPromised(session: LoadSession, other: LoadSession, kind: "audio" | "video"): boolean {
    if (kind === "video" || session.tallies.has(`${other.client?.id} audio`)) return true;
    const tracks = session.client?.tracks ?? [];
    return tracks.length === 0 ||
      tracks.some(({ participant, source }) => participant === other.client?.id && source === "microphone");
  }

  #result(engine: string, joinSeconds: number, seconds: number, sent: LoadReport["sent"]): LoadReport {
    const { expected, received } = this.#expected();
    const { maxLoss } = this.#options;
    const connected = this.#connectMs.total;
    const lossPercent = expected === 0 ? 0 : Math.max(0, 100 * (1 - received / expected));
    const clean = Object.keys(this.#failures).length === 0 && connected === this.#requested;
    return {
      engine,
      sessions: { requested: this.#requested, joined: this.#joined, connected, failures: this.#failures },
      joinsPerSecond: connected / joinSeconds,
      connectMs: percentiles(this.#connectMs),
      firstPacketMs: percentiles(this.#firstPacketMs),
      seconds,
      sent,
      received: { packets: this.#received, bytes: this.#receivedBytes, repaired: this.#repaired },
      expected,
      lossPercent,
      maxLossPercent: maxLoss,
      delayMs: { ...percentiles(this.#delay), max: this.#maxDelay < 0 ? null : this.#maxDelay },
      keyframes: this.#sessions.reduce((sum, { video }) => sum + (video?.keyframes ?? 0), 0),
      passed: clean && lossPercent <= maxLoss,
    };
  }
}
