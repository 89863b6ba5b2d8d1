import type { TrackView } from "../../../src/client/mod.ts";
import type { TileModel } from "./tiles.ts";

/** What of a tile's place on the page is known. */
export interface TilePlace {
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
  /** A part of it can be seen. */
  readonly inSight: boolean;
}

/** How the whole page is shown. */
export interface PageView {
  /** The tab is in front. */
  readonly visible: boolean;
  /** Device pixels per CSS pixel. */
  readonly pixelRatio: number;
  /** Key of the large tile. */
  readonly featured: string | null;
  /** Key of the tile that was pinned. */
  readonly pinned: string | null;
  /** Key and size of the tile that is also shown in a small window above other programs. */
  readonly window: { readonly key: string; readonly width: number; readonly height: number } | null;
}

/** Sizes are told in steps of this many pixels: a few more or less change no layer. */
const STEP_PX = 16;

/** The widest screens and windows that are shared; a picture that is fitted into its tile needs no more than fills it. */
const SCREEN_ASPECT = 16 / 9;

/** The server takes no longer list; what is not named comes as it does. */
const MAX_VIEWS = 256;

/** Which of two pictures is sharp first where not both can be. */
const PRIORITY = { pinned: 3, featured: 2, other: 0 } as const;

/**
 * What is asked of the server: of each picture of others whether it is seen, how large, and how important it is.
 *
 * A tile without a place is on another page of the grid. Where that is not known yet (`undefined`) nothing is said, and the picture
 * comes as it is.
 */
export function viewsOf(
  tiles: readonly TileModel[],
  placeOf: (key: string) => TilePlace | null | undefined,
  page: PageView,
): TrackView[] {
  const views: TrackView[] = [];
  for (const { key, participant, kind: source, own } of tiles) {
    if (own) continue;
    const window = page.window?.key === key ? page.window : null;
    const place = placeOf(key);
    if (place === undefined && window === null) continue;
    const onPage = place != null && place.inSight && page.visible;
    if (!onPage && window === null) {
      views.push({ participant, source, visible: false });
      continue;
    }
    const shown = onPage ? place : { width: 0, height: 0 };
    const width = Math.max(shown.width, window?.width ?? 0) * page.pixelRatio;
    const height = Math.max(shown.height, window?.height ?? 0) * page.pixelRatio;
    const priority = PRIORITY[key === page.pinned ? "pinned" : key === page.featured ? "featured" : "other"];
    views.push({ participant, source, ...neededSize(source, width, height), priority });
  }
  return views.slice(0, MAX_VIEWS);
}

/** A camera fills its tile and is cut; a screen is fitted in, so that one of the two sides decides. */
function neededSize(source: TileModel["kind"], width: number, height: number): { width: number; height: number } {
  const [w, h] = source === "camera"
    ? [width, height]
    : [Math.min(width, height * SCREEN_ASPECT), Math.min(height, width / SCREEN_ASPECT)];
  return { width: stepped(w), height: stepped(h) };
}

function stepped(pixels: number): number {
  return Math.max(STEP_PX, Math.ceil(pixels / STEP_PX) * STEP_PX);
}
