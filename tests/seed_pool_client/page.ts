/** The page of the seed's client: one tile per participant, and `seed`, by which a test acts and looks. */
import { SeedClient } from "./client.ts";
import { type Colour, colourOf, colourTrack, Ear, toneTrack } from "./media.ts";

/** What a test enters a room with. */
export interface JoinOptions {
  readonly url: string;
  readonly room: string;
  readonly name: string;
  /** Absent: this participant has neither camera nor microphone. */
  readonly colour?: Colour;
  readonly toneHz?: number;
}

/** What one tile shows and lets be heard. */
export interface TileState {
  readonly participant: string;
  readonly kind: "camera" | "screen";
  readonly colour: Colour | null;
  readonly toneHz: number;
}

/** The methods of `globalThis.seed`. */
export interface SeedApi {
  join(options: JoinOptions): void;
  share(colour: Colour): Promise<void>;
  stopShare(): Promise<void>;
  leave(): void;
  dropSocket(): void;
  tiles(): TileState[];
  received(): Promise<string[]>;
  state(): { id: string; media: string; peers: string[]; free: number; speaker: string | null; log: string[] };
}

interface Tile {
  readonly participant: string;
  readonly kind: "camera" | "screen";
  readonly tracks: readonly MediaStreamTrack[];
  readonly video: HTMLVideoElement;
  readonly ear: Ear | undefined;
}

let client: SeedClient | undefined;
const tiles = new Map<string, Tile>();

const seed: SeedApi = {
  join({ url, room, name, colour, toneHz }) {
    client?.leave();
    const tracks = colour === undefined ? [] : [toneTrack(toneHz ?? 440), colourTrack(colour)];
    client = new SeedClient({ url, room, name, tracks });
    client.onChange = render;
  },
  async share(colour) {
    await client?.share(colourTrack(colour));
  },
  async stopShare() {
    await client?.stopShare();
  },
  leave() {
    client?.leave();
    render();
  },
  dropSocket() {
    client?.dropSocket();
  },
  tiles() {
    return [...tiles.values()].map(({ participant, kind, video, ear }) => ({
      participant,
      kind,
      colour: colourOf(video) ?? null,
      toneHz: ear?.tone() ?? 0,
    }));
  },
  async received() {
    return await client?.received() ?? [];
  },
  state() {
    return {
      id: client?.id ?? "",
      media: client?.mediaState ?? "none",
      peers: client?.pool.peers.map((peer) => peer.name) ?? [],
      free: client?.pool.free ?? 0,
      speaker: client?.speaker ?? null,
      log: client?.log ?? [],
    };
  },
};
Reflect.set(globalThis, "seed", seed);

/** Makes the tiles what the pool says; a tile whose tracks have not changed keeps playing. */
function render(): void {
  const wanted = new Map<string, Omit<Tile, "video" | "ear">>();
  for (const { id, name, pair, screen } of client?.pool.peers ?? []) {
    const tracks = [pair.audio.receiver.track, pair.video.receiver.track];
    wanted.set(id, { participant: name, kind: "camera", tracks });
    if (screen !== undefined) {
      wanted.set(`${id} screen`, { participant: name, kind: "screen", tracks: [screen.receiver.track] });
    }
  }
  for (const [key, tile] of tiles) {
    const next = wanted.get(key);
    if (next?.participant === tile.participant && next.tracks.every((track) => tile.tracks.includes(track))) continue;
    tile.ear?.close();
    tile.video.remove();
    tiles.delete(key);
  }
  for (const [key, tile] of wanted) if (!tiles.has(key)) tiles.set(key, play(tile));
}

function play(tile: Omit<Tile, "video" | "ear">): Tile {
  const video = document.createElement("video");
  video.autoplay = true;
  video.playsInline = true;
  video.width = 160;
  video.dataset.participant = tile.kind === "camera" ? tile.participant : `${tile.participant}'s screen`;
  video.srcObject = new MediaStream([...tile.tracks]);
  document.body.append(video);
  const sound = tile.tracks.find((track) => track.kind === "audio");
  return { ...tile, video, ear: sound && new Ear(sound) };
}
