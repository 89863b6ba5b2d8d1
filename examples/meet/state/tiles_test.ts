import { assertEquals } from "@std/assert";
import type { ParticipantEncryption, RemoteParticipant } from "../../../src/client/mod.ts";
import { gridCapacity, gridColumns, rowStart } from "./grid.ts";
import { featuredTile, type Focus, initials, type OwnTile, tilesOf } from "./tiles.ts";

const own: OwnTile = { id: "me", name: "Eve", camera: null, micOn: false, screen: null, handOrder: 0, e2ee: false };

const other = (id: string, change: Partial<RemoteParticipant> = {}): RemoteParticipant => ({
  id,
  displayName: `Name of ${id}`,
  audioMuted: false,
  videoMuted: false,
  screenSharing: false,
  e2ee: false,
  handOrder: 0,
  tracks: {},
  ...change,
});

Deno.test("tilesOf() puts our own tile first and each screen behind its owner", () => {
  const tiles = tilesOf(own, [other("a", { screenSharing: true }), other("b", { videoMuted: true, displayName: "" })]);
  assertEquals(tiles.map(({ label, on }) => `${label}: ${on}`), [
    "Eve (You): false",
    "Name of a: true",
    "Name of a's screen: true",
    "Someone: false",
  ]);
});

Deno.test("tilesOf() gives every tile a key of its own", () => {
  const tiles = tilesOf(own, [other("a", { screenSharing: true }), other("b", { screenSharing: true })]);
  assertEquals(new Set(tiles.map(({ key }) => key)).size, 5);
});

const focus = (change: Partial<Focus>): Focus => ({ speaker: null, pinned: null, view: "auto", ...change });

Deno.test("featuredTile() is a speaker from five tiles on, and a screen always", () => {
  const four = tilesOf(own, ["a", "b", "c"].map((id) => other(id)));
  assertEquals(featuredTile(four, focus({ speaker: "a" })), undefined);
  const five = tilesOf(own, ["a", "b", "c", "d"].map((id) => other(id)));
  assertEquals(featuredTile(five, focus({ speaker: "c" }))?.participant, "c");
  assertEquals(featuredTile(five, focus({})), undefined);
  assertEquals(featuredTile(five, focus({ speaker: "gone" })), undefined);
  const shared = tilesOf(own, [other("a", { screenSharing: true })]);
  assertEquals(featuredTile(shared, focus({}))?.kind, "screen");
});

Deno.test("featuredTile() follows what the person has chosen", () => {
  const three = tilesOf(own, [other("a"), other("b", { screenSharing: true })]);
  assertEquals(featuredTile(three, focus({ pinned: "a" }))?.key, "a");
  assertEquals(featuredTile(three, focus({ view: "grid", pinned: "a" }))?.key, "a");
  assertEquals(featuredTile(three, focus({ view: "grid", speaker: "a" })), undefined);
  const two = tilesOf(own, [other("a")]);
  assertEquals(featuredTile(two, focus({ view: "speaker" }))?.key, "a");
  assertEquals(featuredTile(tilesOf(own, []), focus({ view: "speaker", pinned: "me" })), undefined);
  assertEquals(featuredTile(two, focus({ pinned: "who left" })), undefined);
});

Deno.test("tilesOf() withholds what one side has no key for, and what was not agreed to", () => {
  const status = (change: Partial<ParticipantEncryption>): ParticipantEncryption => ({
    state: "encrypted",
    trust: "new",
    safetyNumber: "1",
    unencryptedAllowed: false,
    ...change,
  });
  const plain = tilesOf(own, [other("a", { e2ee: true })]);
  assertEquals([plain[1]?.on, plain[1]?.withheld], [false, "needs_encryption"]);
  const people = ["a", "b", "c", "d", "e"].map((id) => other(id, { screenSharing: id === "c" }));
  const tiles = tilesOf(
    { ...own, e2ee: true },
    people,
    new Map([
      ["a", status({})],
      ["b", status({ trust: "verified" })],
      ["c", status({ state: "unencrypted" })],
      ["d", status({ state: "unencrypted", unencryptedAllowed: true })],
      ["e", status({ state: "held", trust: "changed" })],
    ]),
  );
  assertEquals(tiles.map(({ key, withheld, protection }) => `${key} ${withheld} ${protection}`), [
    "me null encrypted",
    "a null encrypted",
    "b null verified",
    "c unencrypted none",
    "c screen unencrypted none",
    "d null none",
    "e held none",
  ]);
});

Deno.test("initials() takes up to two letters as people see them", () => {
  const cases = [["Ada Lovelace", "AL"], ["ada", "A"], ["Ada de la Cruz", "AC"], ["", "?"], ["  ", "?"]] as const;
  for (const [name, letters] of cases) assertEquals(initials(name), letters);
  assertEquals(initials("é́ Å"), "É́Å");
  assertEquals(initials("👩‍🚀 Kim"), "👩‍🚀K");
});

Deno.test("gridColumns() has two columns for two to four on wide pages and stacks on narrow ones", () => {
  assertEquals([1, 2, 3, 4].map((count) => gridColumns(count, 1200, 650)), [1, 2, 2, 2]);
  assertEquals([1, 2, 3].map((count) => gridColumns(count, 344, 600)), [1, 1, 1]);
  assertEquals(gridColumns(8, 344, 600), 2);
  assertEquals(gridColumns(9, 1200, 650), 3);
  assertEquals(gridColumns(5, 0, 0), 1);
});

Deno.test("gridColumns() never makes a tile narrower than 300 pixels on wide pages", () => {
  for (let count = 5; count <= 25; count++) {
    for (const width of [620, 900, 1280, 1920, 3840]) {
      const columns = gridColumns(count, width, 700);
      assertEquals(width / columns >= 300, true, `${count} tiles on ${width}: ${columns} columns`);
    }
  }
});

Deno.test("rowStart() centres a last row that is not full", () => {
  assertEquals([0, 1, 2].map((index) => rowStart(index, 3, 2)), [undefined, undefined, 2]);
  assertEquals([3, 4].map((index) => rowStart(index, 5, 3)), [2, undefined]);
  assertEquals([0, 1, 2, 3].map((index) => rowStart(index, 4, 2)), [undefined, undefined, undefined, undefined]);
});

Deno.test("gridCapacity() is what can be recognised, four at least", () => {
  assertEquals([gridCapacity(1248, 640), gridCapacity(374, 640), gridCapacity(300, 100)], [16, 8, 4]);
  assertEquals(gridCapacity(4000, 2000), 16);
});
