/** A page with the client and nothing else, for tests of end-to-end encryption: it can be bundled and run in any browser. */
import { type ConnectOptions, type ParticipantEncryption, SeaMeetClient } from "../../src/client/mod.ts";
import { type Colour, colourOf, colourTrack, Ear, toneTrack } from "../seed_pool_client/media.ts";
import type { Span } from "./patience.ts";

/** How a page joins. */
export interface JoinOptions {
  readonly url: string;
  readonly room: string;
  readonly name: string;
  readonly colour: Colour;
  /** Absent: no microphone; Firefox without a sound card has no `AudioContext`. */
  readonly toneHz?: number | undefined;
  readonly e2ee: boolean;
  /** Uses encoded streams though the browser has something newer. */
  readonly streams?: boolean;
}

/** Somebody as the page sees and hears them. */
export interface SeenPerson {
  readonly id: string;
  readonly name: string;
  readonly colour: Colour | null;
  /** The colour of the shared screen. */
  readonly screen: Colour | null;
  readonly toneHz: number;
  readonly frames: number;
  readonly tracks: readonly string[];
  readonly encryption: ParticipantEncryption | null;
}

/** One line on which video comes in. */
export interface ReceivedLine {
  readonly packets: number;
  readonly frames: number;
  /** The middle of its picture; null while nothing was decoded. */
  readonly colour: Colour | null;
}

/** `globalThis.e2ee` of the page. */
export interface E2eePage {
  join(options: JoinOptions): Promise<string>;
  leave(): void;
  people(): Promise<SeenPerson[]>;
  /** All video that comes in, shown or not, and what a decoder makes of it. */
  received(): Promise<ReceivedLine[]>;
  chat(text: string): boolean;
  /** The lines of chat that can be read; locked ones as `(locked)`. */
  lines(): string[];
  verify(id: string): Promise<void>;
  allowUnencrypted(id: string): void;
  share(colour: Colour): void;
  /** What was reported so far, by name of the event. */
  readonly events: { name: string; event: unknown }[];
  /** From the media path's being there to somebody's first picture, by id. */
  readonly firstFrames: Record<string, Span>;
}

let client: SeaMeetClient | undefined;
const videos = new Map<MediaStreamTrack, HTMLVideoElement>();
const ears = new Map<MediaStreamTrack, Ear>();

/** Every video line as a stranger's decoder shows it, whatever the client thinks of it. */
const rawVideos = new Map<MediaStreamTrack, HTMLVideoElement>();

function rawVideo(track: MediaStreamTrack): HTMLVideoElement {
  const video = document.createElement("video");
  video.muted = video.autoplay = video.playsInline = true;
  video.srcObject = new MediaStream([track]);
  document.body.append(video);
  void video.play();
  return video;
}

function shown(track: MediaStreamTrack | undefined): Colour | null {
  const video = track && videos.get(track);
  return video === undefined ? null : colourOf(video) ?? null;
}

const page: E2eePage = {
  async join({ url, room, name, colour, toneHz, e2ee, streams = false }) {
    let connectedAt = NaN;
    const environment = streams ? { support: "streams" as const } : {};
    const options: ConnectOptions = {
      url,
      roomId: room,
      displayName: name,
      videoTrack: colourTrack(colour),
      audioTrack: toneHz === undefined ? null : toneTrack(toneHz),
      e2ee: { mode: e2ee ? "on" : "off", worker: "/worker.js", environment },
    };
    client = new SeaMeetClient(options);
    for (const name of ["error", "keychanged", "safetynumber", "encryptionchanged", "decryptfailed"] as const) {
      client.on(name, (event) => page.events.push({ name, event: event instanceof Error ? String(event) : event }));
    }
    client.on("mediastate", (state) => {
      if (state === "connected" && Number.isNaN(connectedAt)) connectedAt = Date.now();
    });
    client.on("trackadded", ({ participant, track }) => {
      // Chromium decodes the sound of a track only while an element plays it.
      const video = document.createElement("video");
      video.muted = true;
      video.srcObject = new MediaStream([track]);
      void video.play().catch(() => {});
      videos.set(track, video);
      document.body.append(video);
      if (track.kind === "audio") return void (toneHz !== undefined && ears.set(track, new Ear(track)));
      video.requestVideoFrameCallback(() => page.firstFrames[participant] ??= { from: connectedAt, to: Date.now() });
    });
    client.on("trackremoved", ({ track }) => {
      videos.get(track)?.remove();
      videos.delete(track);
      ears.delete(track);
    });
    await client.join();
    return client.id;
  },
  leave() {
    client?.leave();
    client = undefined;
  },
  async people() {
    const frames = new Map<string, number>();
    for (const stats of (await client?.peerConnection?.getStats())?.values() ?? []) {
      if (stats.type === "inbound-rtp") frames.set(stats.trackIdentifier, stats.framesDecoded ?? 0);
    }
    return [...client?.participants.values() ?? []].map(({ id, displayName, tracks }) => {
      const { camera, microphone } = tracks;
      const ear = microphone && ears.get(microphone);
      return {
        id,
        name: displayName,
        colour: shown(camera),
        screen: shown(tracks.screen),
        toneHz: ear?.tone() ?? 0,
        frames: frames.get(camera?.id ?? "") ?? 0,
        tracks: Object.keys(tracks),
        encryption: client?.encryption?.statusOf(id) ?? null,
      };
    });
  },
  async received() {
    const connection = client?.peerConnection;
    if (!(connection instanceof RTCPeerConnection)) return [];
    const receivers = connection.getReceivers().filter(({ track }) => track.kind === "video");
    return await Promise.all(receivers.map(async (receiver) => {
      const { track } = receiver;
      if (!rawVideos.has(track)) rawVideos.set(track, rawVideo(track));
      const reports = [...(await receiver.getStats()).values()];
      const { packetsReceived, framesDecoded } = reports.find(({ type }) => type === "inbound-rtp") ?? {};
      return {
        packets: packetsReceived ?? 0,
        frames: framesDecoded ?? 0,
        colour: colourOf(rawVideos.get(track)!) ?? null,
      };
    }));
  },
  chat: (text) => client?.sendChat(text) ?? false,
  lines: () => client?.messages.map(({ content, locked }) => locked ? "(locked)" : content) ?? [],
  verify: async (id) => void await client?.encryption?.markVerified(id),
  allowUnencrypted: (id) => client?.encryption?.allowUnencrypted(id),
  share(colour) {
    client?.startScreenShare(new MediaStream([colourTrack(colour)]));
  },
  events: [],
  firstFrames: {},
};
Reflect.set(globalThis, "e2ee", page);
