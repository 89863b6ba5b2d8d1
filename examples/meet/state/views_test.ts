import { assertEquals } from "@std/assert";
import type { RemoteParticipant } from "../../../src/client/mod.ts";
import { type OwnTile, tilesOf } from "./tiles.ts";
import { type PageView, type TilePlace, viewsOf } from "./views.ts";

const own: OwnTile = { id: "me", name: "Eve", camera: null, micOn: false, screen: null, handOrder: 0, e2ee: false };

const other = (id: string, change: Partial<RemoteParticipant> = {}): RemoteParticipant => ({
  id,
  displayName: id,
  audioMuted: false,
  videoMuted: false,
  screenSharing: false,
  e2ee: false,
  handOrder: 0,
  tracks: {},
  ...change,
});

const page = (change: Partial<PageView> = {}): PageView => ({
  visible: true,
  pixelRatio: 1,
  featured: null,
  pinned: null,
  window: null,
  ...change,
});

const place = (width: number, height: number, inSight = true): TilePlace => ({ width, height, inSight });

Deno.test("viewsOf() asks for what is seen in device pixels, and for nothing of what is not", () => {
  const tiles = tilesOf(own, ["a", "b", "c", "d"].map((id) => other(id)));
  const places = new Map<string, TilePlace | null>([
    ["me", place(400, 300)],
    ["a", place(401, 300)],
    ["b", null], // on another page
    ["c", place(192, 128, false)], // scrolled out of the strip
  ]);
  assertEquals(viewsOf(tiles, (key) => places.get(key), page({ pixelRatio: 2, featured: "a" })), [
    { participant: "a", source: "camera", width: 816, height: 608, priority: 2 },
    { participant: "b", source: "camera", visible: false },
    { participant: "c", source: "camera", visible: false },
  ]);
  const hidden = viewsOf(tiles, (key) => places.get(key), page({ visible: false }));
  assertEquals(hidden.map(({ visible }) => visible), [false, false, false]);
});

Deno.test("viewsOf() puts what is pinned first, and fits screens into their tiles", () => {
  const tiles = tilesOf(own, [other("a", { screenSharing: true })]);
  const views = viewsOf(tiles, () => place(320, 800), page({ pinned: "a screen", featured: "a screen" }));
  assertEquals(views, [
    { participant: "a", source: "camera", width: 320, height: 800, priority: 0 },
    { participant: "a", source: "screen", width: 320, height: 192, priority: 3 },
  ]);
});

Deno.test("viewsOf() goes on with a picture in a window of its own while the tab is hidden", () => {
  const tiles = tilesOf(own, [other("a"), other("b")]);
  const window = { key: "a", width: 320, height: 240 };
  const views = viewsOf(tiles, () => place(640, 480), page({ visible: false, window }));
  assertEquals(views, [
    { participant: "a", source: "camera", width: 320, height: 240, priority: 0 },
    { participant: "b", source: "camera", visible: false },
  ]);
});
