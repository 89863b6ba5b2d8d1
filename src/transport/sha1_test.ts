import { assertEquals } from "@std/assert";
import { parseHex, toHex } from "../base/bytes.ts";
import { HmacSha1, Sha1, SHA1_LENGTH } from "./sha1.ts";

const text = (value: string) => new TextEncoder().encode(value);

function sha1(...parts: Uint8Array[]): string {
  const hash = new Sha1();
  for (const part of parts) hash.update(part);
  const digest = new Uint8Array(SHA1_LENGTH);
  hash.digest(digest);
  return toHex(digest);
}

function hmac(key: Uint8Array, message: Uint8Array): string {
  const mac = new HmacSha1(key);
  const digest = new Uint8Array(SHA1_LENGTH);
  mac.update(text("thrown away"));
  mac.digest(digest);
  mac.start();
  mac.update(message);
  mac.digest(digest);
  return toHex(digest);
}

Deno.test("Sha1 gives the digests of RFC 3174 section 7.3", () => {
  assertEquals(sha1(text("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  assertEquals(
    sha1(text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
    "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
  );
  const block = text("a".repeat(1000));
  assertEquals(sha1(...Array.from({ length: 1000 }, () => block)), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
  const digits = text("01234567".repeat(8));
  assertEquals(sha1(...Array.from({ length: 10 }, () => digits)), "dea356a2cddd90c7a7ecedc5ebb563934f460452");
});

Deno.test("Sha1 agrees with the platform's at every length around block ends", async () => {
  for (let length = 0; length <= 200; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 7 + length);
    const expected = toHex(new Uint8Array(await crypto.subtle.digest("SHA-1", bytes)));
    const cut = length >> 1;
    assertEquals(sha1(bytes.subarray(0, cut), bytes.subarray(cut)), expected, `length ${length}`);
  }
});

Deno.test("HmacSha1 gives the digests of RFC 2202 section 3", () => {
  assertEquals(hmac(new Uint8Array(20).fill(0x0b), text("Hi There")), "b617318655057264e28bc0b6fb378c8ef146be00");
  assertEquals(
    hmac(text("Jefe"), text("what do ya want for nothing?")),
    "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
  );
  assertEquals(
    hmac(parseHex("0102030405060708090a0b0c0d0e0f10111213141516171819")!, new Uint8Array(50).fill(0xcd)),
    "4c9007f4026250c6bc8414f9bf50c86c2d7235da",
  );
  assertEquals(
    hmac(new Uint8Array(80).fill(0xaa), text("Test Using Larger Than Block-Size Key - Hash Key First")),
    "aa4ae5e15272d00e95705637ce8a3b55ed402112",
  );
});
