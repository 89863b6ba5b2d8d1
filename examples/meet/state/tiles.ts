import type { ParticipantEncryption, ParticipantId, RemoteParticipant } from "../../../src/client/mod.ts";
import { texts } from "../texts.ts";

/** Why a picture that is sent is not shown: keys that one side lacks, or a decision that is the person's. */
export type Withheld = "needs_encryption" | "unencrypted" | "held";

/** How well a picture is protected. */
export type Protection = "none" | "encrypted" | "verified";

/** One picture on the stage. */
export interface TileModel {
  readonly key: string;
  readonly participant: ParticipantId;
  readonly kind: "camera" | "screen";
  /** Without any addition, as tests and screen readers know the tile. */
  readonly name: string;
  readonly label: string;
  readonly own: boolean;
  readonly on: boolean;
  readonly audioMuted: boolean;
  readonly track: MediaStreamTrack | null;
  readonly withheld: Withheld | null;
  readonly protection: Protection;
  /** Place in the order of raised hands; 0 while the hand is down, and for screens. */
  readonly handOrder: number;
}

/** What we ourselves show. */
export interface OwnTile {
  readonly id: ParticipantId;
  readonly name: string;
  readonly camera: MediaStreamTrack | null;
  readonly micOn: boolean;
  readonly screen: MediaStreamTrack | null;
  readonly handOrder: number;
  /** We encrypt from end to end. */
  readonly e2ee: boolean;
}

/** What is known about encryption with the others; empty while it is off. */
export type EncryptionMap = ReadonlyMap<ParticipantId, ParticipantEncryption>;

/** How the stage is arranged: by what goes on, always all alike, or always one large. */
export type StageView = "auto" | "grid" | "speaker";

/** From this many tiles on, the one who speaks is shown large. */
const SPOTLIGHT_TILES = 5;

/** Own camera, own screen, then each of the others followed by their screen. */
export function tilesOf(
  own: OwnTile,
  others: readonly RemoteParticipant[],
  encryption: EncryptionMap = new Map(),
): TileModel[] {
  const { id, name, camera, screen, micOn, e2ee, handOrder } = own;
  const protection = e2ee ? "encrypted" : "none";
  const tiles: TileModel[] = [{
    key: id,
    participant: id,
    kind: "camera",
    name,
    label: texts.tile.you(name),
    own: true,
    on: camera !== null,
    audioMuted: !micOn,
    track: camera,
    withheld: null,
    protection,
    handOrder,
  }];
  if (screen !== null) tiles.push(screenTile({ id, name, track: screen, own: true, withheld: null, protection }));
  for (const other of others) {
    const name = other.displayName || texts.tile.nobody;
    const status = encryption.get(other.id);
    const withheld = withheldOf(other, e2ee, status);
    const protection = protectionOf(status);
    tiles.push({
      key: other.id,
      participant: other.id,
      kind: "camera",
      name,
      label: name,
      own: false,
      on: !other.videoMuted && withheld === null,
      audioMuted: other.audioMuted,
      track: other.tracks.camera ?? null,
      withheld,
      protection,
      handOrder: other.handOrder,
    });
    if (other.screenSharing) {
      const track = withheld === null ? other.tracks.screen ?? null : null;
      tiles.push(screenTile({ id: other.id, name, track, own: false, withheld, protection }));
    }
  }
  return tiles;
}

function withheldOf(
  { e2ee }: RemoteParticipant,
  ownE2ee: boolean,
  status: ParticipantEncryption | undefined,
): Withheld | null {
  if (!ownE2ee) return e2ee ? "needs_encryption" : null;
  if (status?.state === "held") return "held";
  return status?.state === "unencrypted" && !status.unencryptedAllowed ? "unencrypted" : null;
}

function protectionOf(status: ParticipantEncryption | undefined): Protection {
  if (status?.state !== "encrypted") return "none";
  return status.trust === "verified" ? "verified" : "encrypted";
}

/** What decides which tile is large. */
export interface Focus {
  readonly speaker: ParticipantId | null;
  /** Key of the tile that was pinned. */
  readonly pinned: string | null;
  readonly view: StageView;
}

/**
 * The tile that is shown large: the pinned one, somebody's screen, since text must be readable, else the speaker of a larger round.
 * `undefined` for a plain grid.
 */
export function featuredTile(tiles: readonly TileModel[], { speaker, pinned, view }: Focus): TileModel | undefined {
  const chosen = tiles.find(({ key }) => key === pinned);
  if (chosen !== undefined && tiles.length > 1) return chosen;
  if (view === "grid") return undefined;
  const screen = tiles.findLast((tile) => tile.kind === "screen" && !tile.own);
  if (screen !== undefined) return screen;
  const cameras = tiles.filter(({ kind }) => kind === "camera");
  const speaking = cameras.find(({ participant }) => participant === speaker);
  if (view === "speaker") return cameras.length < 2 ? undefined : speaking ?? cameras.find(({ own }) => !own);
  return tiles.length < SPOTLIGHT_TILES ? undefined : speaking;
}

/** Up to two letters that stand for a name. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter((word) => word !== "");
  const [first = "", last = ""] = words.length > 1 ? [words[0], words.at(-1)] : [words[0] ?? ""];
  return (firstLetter(first) + firstLetter(last)).toUpperCase() || "?";
}

/** A letter may be several code units (accents, emoji), so it is cut as people see it. */
function firstLetter(word: string): string {
  for (const { segment } of new Intl.Segmenter().segment(word)) return segment;
  return "";
}

interface ScreenFacts extends Pick<TileModel, "track" | "own" | "withheld" | "protection"> {
  readonly id: ParticipantId;
  readonly name: string;
}

function screenTile({ id, name, ...facts }: ScreenFacts): TileModel {
  const label = texts.tile.screenOf(name);
  return {
    key: `${id} screen`,
    participant: id,
    kind: "screen",
    name: label,
    label,
    on: true,
    audioMuted: false,
    handOrder: 0,
    ...facts,
  };
}
