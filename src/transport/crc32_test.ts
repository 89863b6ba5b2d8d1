import { assertEquals } from "@std/assert";
import { crc32 } from "./crc32.ts";

Deno.test("crc32() gives the check value of the ITU polynomial", () => {
  assertEquals(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
  assertEquals(crc32(new TextEncoder().encode("xx123456789y"), 2, 11), 0xcbf43926);
  assertEquals(crc32(new Uint8Array(0)), 0);
});
