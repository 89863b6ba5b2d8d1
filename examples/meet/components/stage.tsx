import { type CSSProperties, type ReactNode, type RefObject, useEffect, useRef, useState } from "react";
import type { ParticipantId } from "../../../src/client/mod.ts";
import type { ShownReaction } from "../state/call.ts";
import type { CallQuality } from "../state/call_quality.ts";
import { gridCapacity, gridColumns, rowStart } from "../state/grid.ts";
import { featuredTile, type StageView, type TileModel } from "../state/tiles.ts";
import type { ViewWatch } from "../state/view_watch.ts";
import { texts } from "../texts.ts";
import { NextIcon, PreviousIcon } from "./icons.tsx";
import { Tile } from "./tile.tsx";

/** What the stage shows and calls. */
export interface StageProps {
  readonly tiles: readonly TileModel[];
  readonly speaker: ParticipantId | null;
  readonly pinned: string | null;
  readonly view: StageView;
  readonly mirror: boolean;
  readonly quality: CallQuality;
  readonly views: ViewWatch;
  readonly reactions: readonly ShownReaction[];
  readonly onMenu: (tile: TileModel) => void;
  readonly onReveal: (tile: TileModel) => void;
}

/**
 * All pictures: a grid that fills its area, with further pages where they would get too small, or one large picture with the others
 * in a strip.
 *
 * The tiles are one list in either layout and the style sheet places them; a tile that moved between two parents would be made anew and
 * its picture would flash.
 */
export function Stage({ tiles, speaker, pinned, view, onMenu, onReveal, reactions, ...rest }: StageProps): ReactNode {
  const stage = useRef<HTMLDivElement>(null);
  const { width, height } = useSize(stage);
  const [wantedPage, setPage] = useState(0);
  const featured = featuredTile(tiles, { speaker, pinned, view });
  const layout = featured === undefined ? "grid" : "spotlight";
  const capacity = gridCapacity(width, height);
  const pages = layout === "grid" ? Math.ceil(tiles.length / capacity) : 1;
  const page = Math.min(wantedPage, pages - 1);
  const shown = layout === "grid" ? tiles.slice(page * capacity, (page + 1) * capacity) : tiles;
  useEffect(() =>
    rest.views.show({ tiles, shown: new Set(shown.map(({ key }) => key)), featured: featured?.key ?? null, pinned })
  );
  const columns = gridColumns(shown.length, width, height);
  const style: CSSProperties & Record<"--columns", number> = { "--columns": columns };
  return (
    <div ref={stage} className={`stage stage-${layout}`} data-layout={layout}>
      <div
        className="stage-tiles"
        data-testid="video-grid"
        role="group"
        aria-label={texts.room.people}
        tabIndex={layout === "spotlight" ? 0 : -1}
        style={style}
      >
        {shown.map((tile, index) => (
          <Tile
            {...rest}
            key={tile.key}
            tile={tile}
            featured={tile === featured}
            start={layout === "grid" ? rowStart(index, shown.length, columns) : undefined}
            speaking={tile.kind === "camera" && tile.participant === speaker && !tile.audioMuted && tiles.length > 1}
            reactions={reactions.filter(({ participant }) => participant === tile.participant)}
            onMenu={() => onMenu(tile)}
            onReveal={() => onReveal(tile)}
          />
        ))}
      </div>
      {pages > 1 ? <Pager page={page} pages={pages} onPage={setPage} /> : null}
    </div>
  );
}

function Pager({ page, pages, onPage }: { page: number; pages: number; onPage: (page: number) => void }): ReactNode {
  const { previous, next } = texts.tile;
  return (
    <nav className="pager" aria-label={texts.room.people} data-testid="pager">
      <button
        type="button"
        className="icon-button"
        aria-label={previous}
        disabled={page === 0}
        onClick={() => onPage(page - 1)}
      >
        <PreviousIcon />
      </button>
      <span role="status">{texts.tile.page(page + 1, pages)}</span>
      <button
        type="button"
        className="icon-button"
        data-testid="pager-next"
        aria-label={next}
        disabled={page === pages - 1}
        onClick={() => onPage(page + 1)}
      >
        <NextIcon />
      </button>
    </nav>
  );
}

/** The stage's size, kept right while the window changes. */
function useSize(stage: RefObject<HTMLDivElement | null>): { readonly width: number; readonly height: number } {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    if (stage.current === null) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setSize({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    observer.observe(stage.current);
    return () => observer.disconnect();
  }, [stage]);
  return size;
}
