/** Looks at the meeting app from inside its page: what each tile shows, what is heard, how soon the first picture came. */
import type { SeaMeetClient } from "../../src/client/mod.ts";
import type { Colour } from "./fake_media.ts";

/** A tile as a person sees it. */
export interface TileView {
  /** `data-participant` of the tile. */
  readonly name: string;
  readonly own: boolean;
  /** The initials are shown in place of a picture. */
  readonly avatar: boolean;
  /** In the middle of the picture; `null` while there is none or it is not shown. */
  readonly colour: Colour | null;
  /** Frames decoded of the track the tile plays; -1 without one, and for one's own. */
  readonly frames: number;
}

/** A sound that comes out of the page. */
export interface SoundView {
  readonly name: string;
  readonly source: "microphone" | "screen_audio";
  /** The loudest frequency; 0 in silence, and where the browser cannot tell. */
  readonly toneHz: number;
  /** Level of the whole signal, 0 to 1. */
  readonly level: number;
}

/** `globalThis.callProbe` of a page. */
export interface CallProbe {
  tiles(): Promise<TileView[]>;
  sounds(): Promise<SoundView[]>;
  /** The lines of chat, oldest first. */
  chat(): string[];
  /** Everything worth knowing after a failure. */
  inspect(): Promise<string>;
  /** Closes the page's WebSockets, as a broken network would. */
  dropSockets(): void;
  /** Milliseconds from each connection's `connected` to the first picture of any of its tracks; 0 where the event came later. */
  readonly firstPictureMs: number[];
  /** How many peer connections were opened so far. */
  connections: number;
}

/** Installs {@linkcode CallProbe}. Runs in the page before its scripts, so it can use nothing from outside. */
export function installProbe(): void {
  const sockets: WebSocket[] = [];
  const ears = new Map<string, AnalyserNode>();
  const silenceDb = -70;
  let audio: AudioContext | undefined;

  const NativeSocket = globalThis.WebSocket;
  globalThis.WebSocket = class extends NativeSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      sockets.push(this);
    }
  };

  const NativeConnection = globalThis.RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends NativeConnection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      probe.connections++;
      const videos: HTMLVideoElement[] = [];
      let connectedAt = NaN;
      this.addEventListener("connectionstatechange", () => {
        if (this.connectionState === "connected" && Number.isNaN(connectedAt)) connectedAt = performance.now();
      });
      this.addEventListener("track", ({ track }) => {
        if (track.kind !== "video") return;
        const video = document.createElement("video");
        video.muted = true;
        video.srcObject = new MediaStream([track]);
        videos.push(video);
        void video.play().catch(() => {});
        video.requestVideoFrameCallback((now) => {
          if (videos.length > 0) probe.firstPictureMs.push(Math.max(0, Math.round(now - connectedAt) || 0));
          for (const each of videos.splice(0)) each.srcObject = null;
        });
      });
    }
  };

  const client = (): SeaMeetClient | undefined => Reflect.get(globalThis, "seameetClient");

  /** What has arrived, by the id of its track. */
  const arrivals = async (kind: "audio" | "video"): Promise<Map<string, { frames: number; level: number }>> => {
    const found = new Map<string, { frames: number; level: number }>();
    const report = await client()?.peerConnection?.getStats();
    for (const stats of report?.values() ?? []) {
      if (stats.type !== "inbound-rtp" || stats.kind !== kind) continue;
      found.set(stats.trackIdentifier, { frames: stats.framesDecoded ?? 0, level: stats.audioLevel ?? 0 });
    }
    return found;
  };

  const visible = (element: Element | null): boolean => element?.checkVisibility() ?? false;

  const middleOf = (video: HTMLVideoElement | null): Colour | null => {
    if (video === null || !visible(video) || video.videoWidth === 0 || video.srcObject === null) return null;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 1;
    const context = canvas.getContext("2d", { willReadFrequently: true })!;
    context.drawImage(video, video.videoWidth / 2, video.videoHeight / 2, 1, 1, 0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
    return [red, green, blue];
  };

  const listen = (track: MediaStreamTrack): { toneHz: number; level: number } => {
    audio ??= new AudioContext({ sampleRate: 48_000 });
    let ear = ears.get(track.id);
    if (ear === undefined) {
      ear = new AnalyserNode(audio, { fftSize: 4096, smoothingTimeConstant: 0 });
      new MediaStreamAudioSourceNode(audio, { mediaStream: new MediaStream([track]) }).connect(ear);
      ears.set(track.id, ear);
    }
    const spectrum = new Float32Array(ear.frequencyBinCount);
    ear.getFloatFrequencyData(spectrum);
    let peak = 1;
    for (let i = 1; i < spectrum.length; i++) if (spectrum[i]! > spectrum[peak]!) peak = i;
    const wave = new Float32Array(ear.fftSize);
    ear.getFloatTimeDomainData(wave);
    const level = Math.sqrt(wave.reduce((sum, value) => sum + value * value, 0) / wave.length);
    return { toneHz: spectrum[peak]! > silenceDb ? peak * 48_000 / ear.fftSize : 0, level };
  };

  /** Tracks that really come out of a loudspeaker. */
  const playing = (): Set<string> => {
    const tracks = [...document.querySelectorAll("audio, video")].flatMap((element) => {
      if (!(element instanceof HTMLMediaElement) || element.paused || element.muted || element.volume === 0) return [];
      return element.srcObject instanceof MediaStream ? element.srcObject.getAudioTracks() : [];
    });
    return new Set(tracks.map(({ id }) => id));
  };

  const probe: CallProbe = {
    async tiles() {
      const arrived = await arrivals("video");
      return [...document.querySelectorAll("[data-testid=video-tile]")].map((tile) => {
        const video = tile.querySelector("video");
        const stream = video?.srcObject;
        const track = stream instanceof MediaStream ? stream.getVideoTracks()[0] : undefined;
        return {
          name: tile.getAttribute("data-participant") ?? "",
          own: tile.classList.contains("tile-own"),
          avatar: visible(tile.querySelector("[data-testid=avatar-placeholder]")),
          colour: middleOf(video),
          frames: arrived.get(track?.id ?? "")?.frames ?? -1,
        };
      });
    },
    async sounds() {
      const heard = playing();
      const arrived = await arrivals("audio");
      return [...client()?.participants.values() ?? []].flatMap(({ displayName: name, tracks }) =>
        (["microphone", "screen_audio"] as const).flatMap((source) => {
          const track = tracks[source];
          if (track === undefined || !heard.has(track.id)) return [];
          const sound = listen(track);
          // Firefox without a sound card has no running context, but it decodes and says how loud it is.
          if (audio?.state !== "running") sound.level = arrived.get(track.id)?.level ?? 0;
          return [{ name, source, ...sound }];
        })
      );
    },
    chat() {
      return [...document.querySelectorAll("[data-testid=chat-message] .chat-bubble")].map((line) =>
        line.textContent ?? ""
      );
    },
    async inspect() {
      const { status, mediaState, participants } = client() ?? {};
      const counters: unknown[] = [];
      for (const stats of (await client()?.peerConnection?.getStats())?.values() ?? []) {
        if (!["inbound-rtp", "outbound-rtp", "transport"].includes(stats.type)) continue;
        const { type, kind, mid, packetsSent, packetsReceived, framesDecoded, framesEncoded, dtlsState } = stats;
        const { frameWidth, keyFramesDecoded, keyFramesEncoded, pliCount, nackCount, packetsLost, rid, targetBitrate } =
          stats;
        counters.push({
          ...{ type, kind, mid, rid, packetsSent, packetsReceived, framesDecoded, framesEncoded, dtlsState },
          ...{ frameWidth, keyFramesDecoded, keyFramesEncoded, pliCount, nackCount, packetsLost, targetBitrate },
        });
      }
      const people = [...participants?.values() ?? []].map(({ displayName, videoMuted, screenSharing, tracks }) => ({
        displayName,
        videoMuted,
        screenSharing,
        tracks: Object.keys(tracks),
      }));
      const text = (value: unknown) => JSON.stringify(value);
      return [
        `at ${location.pathname}, status ${text(status)}, media ${text(mediaState)}`,
        ...(await probe.tiles()).map((tile) => `tile ${text(tile)}`),
        ...(await probe.sounds()).map((sound) => `sound ${text(sound)}`),
        ...people.map((person) => `person ${text(person)}`),
        ...counters.map((counter) => `stats ${text(counter)}`),
        `says ${document.body.innerText.replaceAll("\n", " | ")}`,
      ].join("\n  ");
    },
    dropSockets() {
      for (const socket of sockets) socket.close();
    },
    firstPictureMs: [],
    connections: 0,
  };
  Reflect.set(globalThis, "callProbe", probe);
}
