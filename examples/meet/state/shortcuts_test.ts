import { assertEquals } from "@std/assert";
import { shortcutOf } from "./shortcuts.ts";

const press = (key: string, change = {}) =>
  shortcutOf({ key, ctrlKey: false, metaKey: false, altKey: false, ...change });

Deno.test("shortcutOf() knows its keys, in either case, and leaves the browser's alone", () => {
  assertEquals([press("m"), press("M"), press("v"), press("?")], ["mic", "mic", "camera", "help"]);
  assertEquals([press("x"), press("Enter"), press("")], [undefined, undefined, undefined]);
  assertEquals([press("c", { ctrlKey: true }), press("v", { metaKey: true })], [undefined, undefined]);
});
