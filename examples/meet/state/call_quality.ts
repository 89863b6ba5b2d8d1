import type {
  ConnectionQualityEvent,
  ParticipantId,
  SeaMeetClient,
  TrackQualityEvent,
} from "../../../src/client/mod.ts";
import {
  judgeIncoming,
  judgeOwn,
  type PersonFigures,
  type PictureQuality,
  type Quality,
  ratesBetween,
  readSample,
  type Sample,
  type StreamRates,
} from "./quality.ts";
import { Store } from "./store.ts";

/** Long enough for a rate to mean something, short enough to be seen in time. */
const INTERVAL_MS = 2_000;

/** The connection as it was during the last seconds. */
export interface CallQualityState {
  /** Judgements by participant, our own among them; absent where nothing was counted. */
  readonly people: ReadonlyMap<ParticipantId, Quality>;
  readonly figures: readonly PersonFigures[];
  readonly sentKbps: number;
  readonly receivedKbps: number;
  /** Milliseconds there and back. */
  readonly roundTripMs: number | null;
  readonly sendLoss: number | null;
  /** What the server says about each picture it sends us, by {@linkcode pictureKey}. */
  readonly pictures: ReadonlyMap<string, PictureQuality>;
  /** What the server says about our connection. */
  readonly connection: ConnectionQualityEvent | null;
}

/** Names one picture of somebody. */
export function pictureKey(participant: ParticipantId, source: string): string {
  return `${participant} ${source}`;
}

/** Watches the counters of a call while somebody looks at them. */
export class CallQuality extends Store<CallQualityState> {
  #client: SeaMeetClient;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Pictures that stood still at the last look because nothing of them is sent. */
  #quiet: ReadonlySet<string> = new Set();
  #last: { readonly connection: unknown; readonly sample: Sample } | undefined;

  constructor(client: SeaMeetClient) {
    super({
      people: new Map(),
      figures: [],
      sentKbps: 0,
      receivedKbps: 0,
      roundTripMs: null,
      sendLoss: null,
      pictures: new Map(),
      connection: null,
    });
    this.#client = client;
  }

  /** Starts watching, until the returned function is called. */
  start(): () => void {
    this.#timer ??= setInterval(() => void this.#look(), INTERVAL_MS);
    const client = this.#client;
    const removers = [
      client.on("trackquality", (event) => this.#setPicture(event)),
      client.on("connectionquality", (connection) => this.update({ connection })),
      client.on("participantleft", ({ id }) => this.#forget(id)),
      client.on("state", ({ state }) => {
        // Another connection, and everything is told anew.
        if (state !== "joined") this.update({ pictures: new Map(), connection: null });
      }),
    ];
    return () => {
      for (const remove of removers) remove();
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  #setPicture({ participant, source, layer, layers, width, height, reason }: TrackQualityEvent): void {
    const pictures = new Map(this.value.pictures);
    pictures.set(pictureKey(participant, source), { layer, layers, width, height, reason });
    this.update({ pictures });
  }

  #forget(participant: ParticipantId): void {
    const pictures = [...this.value.pictures].filter(([key]) => !key.startsWith(`${participant} `));
    this.update({ pictures: new Map(pictures) });
  }

  async #look(): Promise<void> {
    const connection = this.#client.peerConnection;
    const report = await connection?.getStats();
    if (report === undefined) return;
    const sample = readSample(report.values(), performance.now());
    const last = this.#last;
    this.#last = { connection, sample };
    // Another connection counts from zero again.
    if (last !== undefined && last.connection === connection) this.#compare(last.sample, sample);
  }

  #compare(before: Sample, now: Sample): void {
    const rates = ratesBetween(before, now);
    const people = new Map<ParticipantId, Quality>([[this.#client.id, judgeOwn(now, this.value.connection)]]);
    const { pictures } = this.value;
    const quiet = new Set(
      [...pictures].filter(([, { reason }]) => reason === "hidden" || reason === "paused").map(([key]) => key),
    );
    const figures: PersonFigures[] = [];
    for (const { id, tracks, audioMuted, videoMuted } of this.#client.participants.values()) {
      const streams = new Map<string, StreamRates>();
      for (const [source, track] of Object.entries(tracks)) {
        const found = rates.get(track.id);
        if (found !== undefined) streams.set(source, found);
      }
      if (streams.size === 0) continue;
      const all = [...streams.values()];
      // A picture that was switched off or is not shown stands still, and that is all right; browsers count it when it goes on again.
      const live = [...streams].filter(([source]) => {
        const key = pictureKey(id, source);
        if (quiet.has(key) || this.#quiet.has(key)) return false;
        return !(source === "camera" ? videoMuted : audioMuted && source === "microphone");
      });
      const picture = pictures.get(pictureKey(id, "camera"));
      people.set(id, judgeIncoming(live.map(([, stream]) => stream), picture));
      const camera = streams.get("camera");
      figures.push({
        id,
        kbps: sum(all.map(({ kbps }) => kbps)),
        loss: Math.max(...all.map(({ loss }) => loss)),
        fps: camera?.fps ?? 0,
        picture,
        size: camera === undefined || camera.width === 0 ? "" : `${camera.width}×${camera.height}`,
      });
    }
    this.#quiet = quiet;
    const seconds = (now.at - before.at) / 1_000;
    this.update({
      people,
      figures,
      sentKbps: Math.max(0, now.bytesSent - before.bytesSent) * 8 / 1_000 / seconds,
      receivedKbps: sum([...rates.values()].map(({ kbps }) => kbps)),
      roundTripMs: now.roundTrip === null ? null : now.roundTrip * 1_000,
      sendLoss: now.sendLoss,
    });
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
