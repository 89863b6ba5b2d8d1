/** Narrowest tile of a grid of five and more, in CSS pixels; below it faces are hard to read and the grid scrolls instead. */
const MIN_TILE_WIDTH = 300;

/** Tiles may get this narrow where the whole page is narrower than two of the above (phones). */
const MIN_PHONE_TILE_WIDTH = 150;

/** Width to height of a picture as it looks best. */
const ASPECT = 16 / 10;

/**
 * How many columns a grid of `count` tiles gets in an area of the given size: those that make the tiles largest.
 *
 * One tile has the whole area. Two to four stand in two columns where the area is wide, as people expect.
 */
export function gridColumns(count: number, width: number, height: number): number {
  if (count <= 1 || width <= 0 || height <= 0) return 1;
  const wide = width >= 2 * MIN_TILE_WIDTH;
  if (count <= 4 && wide && width >= height) return 2;
  const minimum = wide ? MIN_TILE_WIDTH : MIN_PHONE_TILE_WIDTH;
  const most = Math.max(1, Math.min(count, Math.floor(width / minimum)));
  let best = 1;
  let bestArea = 0;
  for (let columns = 1; columns <= most; columns++) {
    const tileWidth = width / columns;
    const tileHeight = height / Math.ceil(count / columns);
    // The part of the tile that a picture of the usual shape fills.
    const shown = Math.min(tileWidth, tileHeight * ASPECT);
    const area = shown * shown;
    if (area > bestArea * 1.01) [best, bestArea] = [columns, area];
  }
  return best;
}

/** Lowest tile of a grid, in CSS pixels. */
const MIN_TILE_HEIGHT = 150;

/** Pictures on one page of a grid at most: more cost more decoding than they show. */
const MAX_PER_PAGE = 16;

/** How many tiles fit into an area at a size at which they can be recognised; the others are on further pages. */
export function gridCapacity(width: number, height: number): number {
  if (width <= 0 || height <= 0) return MAX_PER_PAGE;
  const minimum = width >= 2 * MIN_TILE_WIDTH ? MIN_TILE_WIDTH : MIN_PHONE_TILE_WIDTH;
  const fits = Math.max(1, Math.floor(width / minimum)) * Math.max(1, Math.floor(height / MIN_TILE_HEIGHT));
  return Math.min(MAX_PER_PAGE, Math.max(4, fits));
}

/**
 * Where the first tile of a last row that is not full begins, so that the row stands in the middle: a line of a grid with two lines per
 * column. `undefined` for all other tiles.
 */
export function rowStart(index: number, count: number, columns: number): number | undefined {
  const last = count % columns;
  return last !== 0 && index === count - last ? columns - last + 1 : undefined;
}
