/** A page with the client and nothing else, for tests of bad networks: it publishes the browser's camera, or watches. */
import { SeaMeetClient, type TrackQualityEvent, type VideoConfig } from "../../src/client/mod.ts";

/** How a page joins. */
export interface LinkJoin {
  readonly url: string;
  readonly room: string;
  readonly name: string;
  /** The camera to publish; without one the page only watches. */
  readonly camera?: VideoConfig;
  /** What the client is told of it, where that differs. */
  readonly videoConfig?: VideoConfig;
  /** Publishes a microphone too. */
  readonly sound?: boolean;
}

/** Somebody's camera as this page decodes it. */
export interface SeenCamera {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Decoded so far. */
  readonly frames: number;
  /** In the last second. */
  readonly fps: number;
  readonly freezes: number;
  /** All freezes together. */
  readonly frozenMs: number;
  readonly keyframes: number;
  /** What the server says it sends: 0 the lowest, -1 nothing. */
  readonly layer: number;
  readonly layers: number;
  readonly reason: string;
}

/** One encoding that this page sends. */
export interface SentEncoding {
  readonly rid: string;
  readonly width: number;
  readonly frames: number;
  readonly bytes: number;
  readonly active: boolean;
  /** Why the encoder does not do what it was asked for. */
  readonly limited: string;
}

/** `globalThis.linkPage` of the page. */
export interface LinkPage {
  join(options: LinkJoin): Promise<void>;
  seen(): Promise<SeenCamera[]>;
  /** Packets of sound that came so far, and that were sent. */
  sound(): Promise<{ readonly came: number; readonly sent: number }>;
  sent(): Promise<SentEncoding[]>;
}

let client: SeaMeetClient | undefined;
const qualities = new Map<string, TrackQualityEvent>();
const elements = new Map<MediaStreamTrack, HTMLMediaElement>();

async function stats(): Promise<Record<string, unknown>[]> {
  return [...(await client?.peerConnection?.getStats())?.values() ?? []];
}

function numberOf(entry: Record<string, unknown> | undefined, name: string): number {
  const value = entry?.[name];
  return typeof value === "number" ? value : 0;
}

/** Publishers look at nobody: decoding is work too. */
function hideOthers(client: SeaMeetClient): void {
  client.on("participantjoined", () => {
    const others = [...client.participants.keys()];
    client.views.set(others.map((participant) => ({ participant, source: "camera", visible: false })));
  });
}

const page: LinkPage = {
  async join({ url, room, name, camera, videoConfig = camera, sound = false }) {
    const stream = camera === undefined ? undefined : await navigator.mediaDevices.getUserMedia({
      audio: sound,
      video: { width: camera.width, height: camera.height, frameRate: camera.fps },
    });
    client = new SeaMeetClient({
      url,
      roomId: room,
      displayName: name,
      audioTrack: stream?.getAudioTracks()[0] ?? null,
      videoTrack: stream?.getVideoTracks()[0] ?? null,
      ...(videoConfig && { videoConfig }),
    });
    client.on("trackquality", (event) => {
      if (event.source === "camera") qualities.set(event.participant, event);
    });
    client.on("trackadded", ({ track }) => {
      const element = document.createElement(track.kind === "video" ? "video" : "audio");
      element.muted = true;
      element.srcObject = new MediaStream([track]);
      void element.play().catch(() => {});
      document.body.append(element);
      elements.set(track, element);
    });
    client.on("trackremoved", ({ track }) => {
      elements.get(track)?.remove();
      elements.delete(track);
    });
    if (camera !== undefined) hideOthers(client);
    await client.join();
  },
  async seen() {
    const entries = await stats();
    return [...client?.participants.values() ?? []].flatMap(({ id, displayName, tracks }) => {
      if (tracks.camera === undefined) return [];
      const entry = entries.find((one) => one.type === "inbound-rtp" && one.trackIdentifier === tracks.camera?.id);
      const quality = qualities.get(id);
      return [{
        name: displayName,
        width: numberOf(entry, "frameWidth"),
        height: numberOf(entry, "frameHeight"),
        frames: numberOf(entry, "framesDecoded"),
        fps: numberOf(entry, "framesPerSecond"),
        freezes: numberOf(entry, "freezeCount"),
        frozenMs: numberOf(entry, "totalFreezesDuration") * 1_000,
        keyframes: numberOf(entry, "keyFramesDecoded"),
        layer: quality?.layer ?? -1,
        layers: quality?.layers ?? 0,
        reason: quality?.reason ?? "",
      }];
    });
  },
  async sound() {
    const sounds = (await stats()).filter(({ kind }) => kind === "audio");
    const sum = (type: string, counter: string) =>
      sounds.filter((entry) => entry.type === type).reduce((sum, entry) => sum + numberOf(entry, counter), 0);
    return { came: sum("inbound-rtp", "packetsReceived"), sent: sum("outbound-rtp", "packetsSent") };
  },
  async sent() {
    return (await stats()).filter((entry) => entry.type === "outbound-rtp" && entry.kind === "video").map((entry) => ({
      rid: String(entry.rid ?? ""),
      width: numberOf(entry, "frameWidth"),
      frames: numberOf(entry, "framesEncoded"),
      bytes: numberOf(entry, "bytesSent"),
      active: entry.active === true,
      limited: String(entry.qualityLimitationReason ?? ""),
    }));
  },
};
Reflect.set(globalThis, "linkPage", page);
