import type { TrackView } from "../../../src/client/mod.ts";
import type { TileModel } from "./tiles.ts";
import { type TilePlace, viewsOf } from "./views.ts";

/** What has come into sight is asked for at once, but no more often than this. */
const INTERVAL_MS = 200;

/** Who looks at another tab for a moment only shall not wait for every picture afterwards. */
const TAB_HIDDEN_MS = 1_500;

/** What the stage shows. */
export interface StageContent {
  /** All tiles, those on other pages too. */
  readonly tiles: readonly TileModel[];
  /** Keys of those that are on the page. */
  readonly shown: ReadonlySet<string>;
  readonly featured: string | null;
  readonly pinned: string | null;
}

/** Watches which tiles can be seen and how large they are, and says what is needed of the others' pictures. */
export class ViewWatch {
  #set: (views: TrackView[]) => void;
  #content: StageContent = { tiles: [], shown: new Set(), featured: null, pinned: null };
  #places = new Map<string, TilePlace>();
  #keys = new Map<Element, string>();
  #sizes: ResizeObserver | undefined;
  #sights: IntersectionObserver | undefined;
  #window: { readonly key: string; readonly size: PictureInPictureWindow } | null = null;
  #visible = true;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hideTimer: ReturnType<typeof setTimeout> | undefined;
  #toldAt = -Infinity;
  #told = "";

  /** @param set Is given all views each time one changes. */
  constructor(set: (views: TrackView[]) => void) {
    this.#set = set;
  }

  /** Starts watching the page, until the returned function is called. */
  start(): () => void {
    this.#follow();
    const ending = new AbortController();
    const { signal } = ending;
    document.addEventListener("visibilitychange", () => this.#follow(), { signal });
    document.addEventListener("enterpictureinpicture", (event) => this.#enterWindow(event), { signal });
    document.addEventListener("leavepictureinpicture", () => this.#leaveWindow(), { signal });
    return () => {
      ending.abort();
      clearTimeout(this.#timer);
      clearTimeout(this.#hideTimer);
      this.#timer = this.#hideTimer = undefined;
    };
  }

  /** Watches a tile's element until the returned function is called. */
  observe(element: Element, key: string): () => void {
    this.#sizes ??= new ResizeObserver((entries) => {
      for (const { target, contentRect: { width, height } } of entries) this.#place(target, { width, height });
    });
    this.#sights ??= new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) this.#place(target, { inSight: isIntersecting });
    });
    this.#keys.set(element, key);
    this.#sizes.observe(element);
    this.#sights.observe(element);
    return () => {
      this.#sizes?.unobserve(element);
      this.#sights?.unobserve(element);
      this.#keys.delete(element);
      this.#places.delete(key);
      this.#schedule();
    };
  }

  /** Takes note of what the stage shows now. */
  show(content: StageContent): void {
    this.#content = content;
    this.#schedule();
  }

  #place(element: Element, change: Partial<TilePlace>): void {
    const key = this.#keys.get(element);
    if (key === undefined) return;
    // Its size comes first, and a tile that was just made is in sight as far as is known.
    this.#places.set(key, { width: 0, height: 0, inSight: true, ...this.#places.get(key), ...change });
    this.#schedule();
  }

  #follow(): void {
    clearTimeout(this.#hideTimer);
    if (document.visibilityState === "visible") {
      this.#visible = true;
      return this.#schedule();
    }
    this.#hideTimer = setTimeout(() => {
      this.#visible = false;
      this.#schedule();
    }, TAB_HIDDEN_MS);
  }

  #enterWindow(event: Event): void {
    const key = event.target instanceof Element ? event.target.closest("[data-tile]")?.getAttribute("data-tile") : null;
    if (key == null || !("pictureInPictureWindow" in event)) return;
    const size = event.pictureInPictureWindow;
    if (!(size instanceof PictureInPictureWindow)) return;
    size.addEventListener("resize", () => this.#schedule());
    this.#window = { key, size };
    this.#schedule();
  }

  #leaveWindow(): void {
    this.#window = null;
    this.#schedule();
  }

  #schedule(): void {
    const wait = Math.max(0, this.#toldAt + INTERVAL_MS - performance.now());
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#tell();
    }, wait);
  }

  #tell(): void {
    const { tiles, shown, featured, pinned } = this.#content;
    const window = this.#window;
    const views = viewsOf(
      tiles,
      (key) => {
        const place = this.#places.get(key);
        // Nothing is known of a tile that is being made.
        return shown.has(key) ? (place?.width === 0 ? undefined : place) : null;
      },
      {
        visible: this.#visible,
        pixelRatio: devicePixelRatio,
        featured,
        pinned,
        window: window === null ? null : { key: window.key, width: window.size.width, height: window.size.height },
      },
    );
    const text = JSON.stringify(views);
    if (text === this.#told) return;
    this.#told = text;
    this.#toldAt = performance.now();
    this.#set(views);
  }
}
