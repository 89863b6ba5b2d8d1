/** A page with the client and nothing else, which tells what of the others' sound and picture is decoded. */
import { type ConnectOptions, SeaMeetClient, type TrackView } from "../../src/client/mod.ts";
import { Ear, toneTrack } from "../seed_pool_client/media.ts";

/** How a page joins. */
export interface JoinOptions {
  readonly url: string;
  readonly name: string;
  readonly toneHz?: number;
  /** Size and rate of the camera; absent: none. */
  readonly camera?: { readonly width: number; readonly height: number; readonly fps: number };
  /** More options of the client. */
  readonly options?: Partial<ConnectOptions>;
  /** Media goes to this port in place of the server's. */
  readonly relayPort?: number;
  /** Offers are made without the dependency descriptor, as by clients that do not know it. */
  readonly withoutDependencies?: boolean;
}

/** What comes in of one participant. */
export interface Seen {
  /** The m-line that it comes on. */
  readonly mid: string;
  readonly width: number;
  readonly height: number;
  readonly framesDecoded: number;
  readonly framesPerSecond: number;
  readonly keyFramesDecoded: number;
  /** How often the browser has asked for a keyframe, because something was lost or came too late. */
  readonly picturesLost: number;
  readonly freezeCount: number;
  readonly freezeSeconds: number;
  readonly codec: string;
  /** Bytes of picture so far. */
  readonly bytes: number;
  readonly audioCodec: string;
  readonly audioBytes: number;
  readonly audioPackets: number;
  readonly concealedSamples: number;
  readonly totalSamples: number;
  readonly audioPacketsLost: number;
  readonly toneHz: number;
}

/** What goes out of one encoding. */
export interface Sent {
  readonly rid: string;
  readonly codec: string;
  readonly mode: string;
  /** Why the encoder does less than it was asked for. */
  readonly limited: string;
  readonly width: number;
  readonly frames: number;
  readonly bytes: number;
}

/** `globalThis.layers` of the page. */
export interface LayersPage {
  join(options: JoinOptions): Promise<string>;
  /** By participant, of its camera; of its screen with ` screen` behind the name. */
  seen(): Promise<Record<string, Seen>>;
  /** Shares something that moves. */
  share(size: NonNullable<JoinOptions["camera"]>): void;
  sent(): Promise<Sent[]>;
  views(tracks: readonly TrackView[]): void;
  /** The newest quality event of each participant's camera. */
  readonly qualities: Record<string, { layer: number; layers: number; reason: string }>;
}

let client: SeaMeetClient | undefined;
const ears = new Map<MediaStreamTrack, Ear>();

/** Something that moves, and costs an encoder bits. */
function movingTrack({ width, height, fps }: NonNullable<JoinOptions["camera"]>): MediaStreamTrack {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d")!;
  let step = 0;
  const paint = () => {
    step++;
    for (let i = 0; i < 12; i++) {
      context.fillStyle = `hsl(${(i * 30 + step) % 360} 80% ${40 + (i % 3) * 15}%)`;
      context.fillRect((i * width / 12 + step * 3) % width, 0, width / 12 + 1, height);
    }
    context.fillStyle = "white";
    context.fillText(`frame ${step}`, width / 4, height / 2);
  };
  paint();
  setInterval(paint, 1_000 / fps);
  return canvas.captureStream(fps).getVideoTracks()[0]!;
}

/** A socket whose answers name another port for media. */
function relayed(url: string, port: number): WebSocket {
  const socket = new WebSocket(url);
  socket.addEventListener("message", (event) => {
    const changed = String(event.data).replaceAll(/(a=candidate:\S+ 1 udp \d+ \S+) \d+ /g, `$1 ${port} `);
    Object.defineProperty(event, "data", { value: changed });
  });
  return socket;
}

/** A socket over which offers say nothing of one header extension. */
function withoutDependencies(url: string): WebSocket {
  const socket = new WebSocket(url);
  const send = socket.send.bind(socket);
  socket.send = (text) => send(String(text).replaceAll(/a=extmap:\d+ [^\\]*dependency-descriptor[^\\]*\\r\\n/g, ""));
  return socket;
}

async function reports(): Promise<ReturnType<typeof JSON.parse>[]> {
  return [...(await client?.peerConnection?.getStats())?.values() ?? []];
}

const page: LayersPage = {
  async join({ url, name, toneHz, camera, options, relayPort, withoutDependencies: isPlain }) {
    client = new SeaMeetClient({
      url,
      roomId: "layers",
      displayName: name,
      audioTrack: toneHz === undefined ? null : toneTrack(toneHz),
      videoTrack: camera === undefined ? null : movingTrack(camera),
      ...(camera === undefined ? {} : { videoConfig: camera }),
      ...(relayPort === undefined ? {} : { environment: { createSocket: (url) => relayed(url, relayPort) } }),
      ...(isPlain === true ? { environment: { createSocket: withoutDependencies } } : {}),
      ...options,
    });
    client.on("trackadded", ({ track }) => {
      // Chromium decodes a track only while an element plays it.
      const element = document.createElement("video");
      element.muted = true;
      element.srcObject = new MediaStream([track]);
      document.body.append(element);
      void element.play().catch(() => {});
      if (track.kind === "audio" && toneHz !== undefined) ears.set(track, new Ear(track));
    });
    client.on("trackquality", ({ participant, source, layer, layers, reason }) => {
      if (source === "camera") page.qualities[participant] = { layer, layers, reason };
    });
    await client.join();
    return client.id;
  },
  async seen() {
    const all = await reports();
    const of = (track: MediaStreamTrack | undefined) =>
      all.find(({ type, trackIdentifier }) => type === "inbound-rtp" && trackIdentifier === track?.id) ?? {};
    const codecOf = (id: string | undefined) => all.find((report) => report.id === id)?.mimeType ?? "";
    const people = [...client?.participants.values() ?? []];
    const pictures = people.flatMap(({ id, tracks }) => [
      { id, tracks, picture: tracks.camera },
      ...(tracks.screen === undefined ? [] : [{ id: `${id} screen`, tracks, picture: tracks.screen }]),
    ]);
    return Object.fromEntries(pictures.map(({ id, tracks, picture }) => {
      const [video, audio] = [of(picture), of(tracks.microphone)];
      const seen: Seen = {
        mid: video.mid ?? "",
        width: video.frameWidth ?? 0,
        height: video.frameHeight ?? 0,
        framesDecoded: video.framesDecoded ?? 0,
        framesPerSecond: video.framesPerSecond ?? 0,
        keyFramesDecoded: video.keyFramesDecoded ?? 0,
        picturesLost: (video.pliCount ?? 0) + (video.firCount ?? 0),
        freezeCount: video.freezeCount ?? 0,
        freezeSeconds: video.totalFreezesDuration ?? 0,
        codec: codecOf(video.codecId),
        bytes: video.bytesReceived ?? 0,
        audioCodec: codecOf(audio.codecId),
        audioBytes: audio.bytesReceived ?? 0,
        audioPackets: audio.packetsReceived ?? 0,
        concealedSamples: audio.concealedSamples ?? 0,
        totalSamples: audio.totalSamplesReceived ?? 0,
        audioPacketsLost: audio.packetsLost ?? 0,
        toneHz: tracks.microphone === undefined ? 0 : ears.get(tracks.microphone)?.tone() ?? 0,
      };
      return [id, seen];
    }));
  },
  async sent() {
    const all = await reports();
    return all.filter(({ type }) => type === "outbound-rtp").map((report) => ({
      rid: report.rid ?? "",
      codec: all.find(({ id }) => id === report.codecId)?.mimeType ?? "",
      mode: report.scalabilityMode ?? "",
      limited: report.qualityLimitationReason ?? "",
      width: report.frameWidth ?? 0,
      frames: report.framesEncoded ?? 0,
      bytes: report.kind === "video" ? report.bytesSent ?? 0 : 0,
    }));
  },
  share(size) {
    const track = movingTrack(size);
    client?.startScreenShare({ getVideoTracks: () => [track], getAudioTracks: () => [] });
  },
  views: (tracks) => client?.views.set(tracks),
  qualities: {},
};
Reflect.set(globalThis, "layers", page);
