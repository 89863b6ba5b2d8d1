import { assertEquals } from "@std/assert";
import { PictureMap } from "./picture_map.ts";

/** The id that a picture goes out with. */
const out = (map: PictureMap, id: number, isLong = true) => (id + map.offsetOf(id, isLong)) & (isLong ? 0x7fff : 0x7f);

Deno.test("the first source keeps its ids, gaps and order", () => {
  const map = new PictureMap();
  assertEquals([100, 101, 103, 102, 104].map((id) => out(map, id)), [100, 101, 103, 102, 104]);
});

Deno.test("pictures left out leave no gap, and late packets get what their picture got", () => {
  const map = new PictureMap();
  assertEquals(out(map, 10), 10);
  map.leaveOut(11, true);
  map.leaveOut(11, true);
  assertEquals(out(map, 12), 11);
  map.leaveOut(13, true);
  assertEquals(out(map, 14), 12);
  assertEquals(out(map, 12), 11);
  assertEquals(out(map, 10), 10);
});

Deno.test("another source goes on with the next id, across the wrap", () => {
  const map = new PictureMap();
  assertEquals(out(map, 0x7fff), 0x7fff);
  map.switchSource();
  assertEquals([500, 501].map((id) => out(map, id)), [0, 1]);
  map.switchSource();
  assertEquals([0x7ffe, 0x7fff, 0, 1].map((id) => out(map, id)), [2, 3, 4, 5]);
});

Deno.test("another source goes on behind a late picture whose follower was left out", () => {
  const map = new PictureMap();
  assertEquals(out(map, 10), 10);
  map.leaveOut(12, true);
  assertEquals(out(map, 11), 11);
  map.switchSource();
  assertEquals(out(map, 500), 12);
});

Deno.test("ids of seven bits wrap at theirs", () => {
  const map = new PictureMap();
  assertEquals([126, 127, 0, 1].map((id) => out(map, id, false)), [126, 127, 0, 1]);
  map.leaveOut(2, false);
  assertEquals(out(map, 3, false), 2);
});

Deno.test("before the first picture nothing can be left out", () => {
  const map = new PictureMap();
  map.leaveOut(7, true);
  assertEquals(out(map, 8), 8);
});
