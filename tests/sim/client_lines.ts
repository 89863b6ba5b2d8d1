import type { ParticipantId } from "../../src/base/ids.ts";
import type { MediaKind, TrackSource } from "../../src/room/track_source.ts";
import type { ClientLine } from "./offer_text.ts";

/** The pairs that a client of the basic protocol makes at least. */
const MIN_POOL_PAIRS = 7;

/** Whose track a client believes to get on one of its lines. */
export interface Binding {
  readonly participant: ParticipantId;
  readonly source: TrackSource;
}

/** Makes a line; the numbers are the client's business. */
export type LineFactory = (
  kind: MediaKind,
  direction: ClientLine["direction"],
  source: TrackSource | undefined,
  msidStream: string,
) => ClientLine;

/** How a client arranges its m-lines, and how it finds out whose track is on which. */
export interface LinePlan {
  /** All lines in order of creation. */
  readonly lines: readonly ClientLine[];
  /** `ready` has come: everything starts over. */
  ready(peers: readonly ParticipantId[], own: readonly TrackSource[]): void;
  /** `room_status` has come; the client itself is not among them. */
  status(others: readonly ParticipantId[]): void;
  addPairs(count: number): void;
  trackMap(tracks: readonly { mid: string; participant: ParticipantId; source: TrackSource }[]): void;
  screenStarted(from: ParticipantId): void;
  screenStopped(from: ParticipantId): void;
  /** Adds the line for an own screen. */
  addScreen(): void;
  removeScreen(): void;
  bindingOf(mid: string): Binding | undefined;
}

/**
 * The lines of a client of the basic protocol, which computes the mapping by itself (signaling specification, 4.1 and
 * 4.2). Written from the description, without a look at the server's model of it.
 */
export class PoolPlan implements LinePlan {
  readonly #make: LineFactory;
  #lines: ClientLine[] = [];
  #pool: { audio: ClientLine; video: ClientLine }[] = [];
  #peers = new Map<ParticipantId, { audio: ClientLine; video: ClientLine; screen: ClientLine | undefined }>();

  constructor(make: LineFactory) {
    this.#make = make;
  }

  get lines(): readonly ClientLine[] {
    return this.#lines;
  }

  ready(peers: readonly ParticipantId[], own: readonly TrackSource[]): void {
    this.#lines = [];
    this.#pool = [];
    this.#peers = new Map();
    const stream = own.length === 0 ? "-" : "camera";
    const source = (wanted: TrackSource) => own.includes(wanted) ? wanted : undefined;
    this.#lines.push(this.#make("audio", "sendrecv", source("microphone"), stream));
    this.#lines.push(this.#make("video", "sendrecv", source("camera"), stream));
    this.addPairs(Math.max(MIN_POOL_PAIRS, peers.length));
    for (const peer of peers) this.#add(peer);
  }

  status(others: readonly ParticipantId[]): void {
    for (const [id, { audio, video }] of [...this.#peers]) {
      if (others.includes(id)) continue;
      this.#peers.delete(id);
      this.#pool.unshift({ audio, video });
    }
    for (const id of others) if (!this.#peers.has(id)) this.#add(id);
  }

  addPairs(count: number): void {
    for (let i = 0; i < count; i++) {
      const audio = this.#make("audio", "sendrecv", undefined, "-");
      const video = this.#make("video", "sendrecv", undefined, "-");
      this.#lines.push(audio, video);
      this.#pool.push({ audio, video });
    }
  }

  /** This kind of client does not know the message. */
  trackMap(): void {}

  screenStarted(from: ParticipantId): void {
    const peer = this.#peers.get(from);
    if (peer === undefined) return;
    const taken = new Set([...this.#peers.values()].flatMap(({ video, screen }) => [video, screen]));
    peer.screen = this.#lines.find((line) => line.kind === "video" && !taken.has(line) && line.source === undefined) ??
      peer.screen;
  }

  screenStopped(from: ParticipantId): void {
    const peer = this.#peers.get(from);
    if (peer !== undefined) peer.screen = undefined;
  }

  addScreen(): void {
    this.#lines.push(this.#make("video", "sendrecv", "screen", "-"));
  }

  removeScreen(): void {
    retireScreen(this.#lines);
  }

  bindingOf(mid: string): Binding | undefined {
    for (const [participant, { audio, video, screen }] of this.#peers) {
      if (screen?.mid === mid) return { participant, source: "screen" };
      if (audio.mid === mid) return { participant, source: "microphone" };
      if (video.mid === mid) return { participant, source: "camera" };
    }
    return undefined;
  }

  #add(id: ParticipantId): void {
    const pair = this.#pool.shift();
    if (pair !== undefined) this.#peers.set(id, { ...pair, screen: undefined });
  }
}

/** The lines of a client that is told by `track_map`: its own to send, and as many to receive as it was asked for. */
export class MappedPlan implements LinePlan {
  readonly #make: LineFactory;
  #lines: ClientLine[] = [];
  #map = new Map<string, Binding>();

  constructor(make: LineFactory) {
    this.#make = make;
  }

  get lines(): readonly ClientLine[] {
    return this.#lines;
  }

  ready(peers: readonly ParticipantId[], own: readonly TrackSource[]): void {
    this.#lines = [];
    this.#map = new Map();
    if (own.includes("microphone")) this.#lines.push(this.#make("audio", "sendonly", "microphone", "camera"));
    if (own.includes("camera")) this.#lines.push(this.#make("video", "sendonly", "camera", "camera"));
    this.addPairs(Math.max(1, peers.length));
  }

  status(): void {}

  addPairs(count: number): void {
    for (let i = 0; i < count; i++) {
      this.#lines.push(
        this.#make("audio", "recvonly", undefined, "-"),
        this.#make("video", "recvonly", undefined, "-"),
      );
    }
  }

  trackMap(tracks: readonly { mid: string; participant: ParticipantId; source: TrackSource }[]): void {
    this.#map = new Map(tracks.map(({ mid, participant, source }) => [mid, { participant, source }]));
  }

  screenStarted(): void {}

  screenStopped(): void {}

  addScreen(): void {
    this.#lines.push(this.#make("video", "sendonly", "screen", "screen"));
  }

  removeScreen(): void {
    retireScreen(this.#lines);
  }

  bindingOf(mid: string): Binding | undefined {
    return this.#map.get(mid);
  }
}

function retireScreen(lines: readonly ClientLine[]): void {
  const screen = lines.find((line) => line.source === "screen");
  if (screen === undefined) return;
  screen.source = undefined;
  screen.direction = "inactive";
}
