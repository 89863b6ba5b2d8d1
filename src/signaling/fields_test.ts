import { assert, assertEquals } from "@std/assert";
import { cleanDisplayName, fitsCharacters, isMid } from "./fields.ts";

const FAMILY = "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}"; // 5 code points, one visible character

Deno.test("cleanDisplayName() removes control characters and direction overrides", () => {
  assertEquals(cleanDisplayName(" Al\u0000ic\u001b[31me\u0085\u202e "), "Alic[31me");
  assertEquals(cleanDisplayName("נועה \u200f"), "נועה \u200f".trim());
  for (const nothing of ["", " ", "\u0000\n\t", "\u2028"]) assertEquals(cleanDisplayName(nothing), undefined);
});

Deno.test("cleanDisplayName() cuts to 64 characters, never inside one", () => {
  assertEquals(cleanDisplayName("a".repeat(65)), "a".repeat(64));
  assertEquals(cleanDisplayName("😀".repeat(100)), "😀".repeat(64));
  assertEquals(cleanDisplayName("é".repeat(64)), "é".repeat(64));
  assertEquals(cleanDisplayName(FAMILY.repeat(20)), FAMILY.repeat(12));
  assertEquals(cleanDisplayName("a".repeat(63) + "\u{1f1e9}\u{1f1ea}"), "a".repeat(63));
});

Deno.test("cleanDisplayName() bounds marks on one character", () => {
  const name = cleanDisplayName("a" + "\u0301".repeat(500))!;
  assertEquals([...name].length, 64);
});

Deno.test("cleanDisplayName() repairs halves of surrogate pairs and copes with huge names", () => {
  assert(cleanDisplayName("x\ud83d")!.isWellFormed());
  assert(cleanDisplayName("x".repeat(1_023) + "😀".repeat(200_000))!.isWellFormed());
});

Deno.test("fitsCharacters() counts code points", () => {
  assert(fitsCharacters("😀😀", 2));
  assert(!fitsCharacters("😀😀😀", 2));
  assert(!fitsCharacters("aaa", 2));
});

Deno.test("isMid() accepts short tokens only", () => {
  for (const good of ["0", "15", "audio-1", "sdparta_0", "{7}"]) assert(isMid(good), good);
  for (const bad of ["", "a b", "a\r\n", "ä", "a:b", "x".repeat(17)]) assert(!isMid(bad), bad);
});
