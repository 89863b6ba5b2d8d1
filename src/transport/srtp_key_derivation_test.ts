import { assertEquals } from "@std/assert";
import { parseHex, toHex } from "../base/bytes.ts";
import { RFC3711_DERIVATION } from "../../tests/data/srtp_vectors.ts";
import { deriveKey, deriveSessionKeys } from "./srtp_key_derivation.ts";

/** Stands in for AES: records the block and answers with one that says which call it was. */
function recorder(): { blocks: string[]; encryptBlock: (block: Uint8Array) => Uint8Array } {
  const blocks: string[] = [];
  return {
    blocks,
    encryptBlock: (block) => new Uint8Array(16).fill(blocks.push(toHex(block).toUpperCase())),
  };
}

Deno.test("deriveKey() feeds AES the input blocks of RFC 3711 B.3", () => {
  const salt = parseHex(RFC3711_DERIVATION.masterSalt)!;
  const aes = recorder();
  deriveKey(salt, 0, 16, aes.encryptBlock);
  deriveKey(salt, 2, 14, aes.encryptBlock);
  const authKey = deriveKey(salt, 1, 94, aes.encryptBlock);
  assertEquals(aes.blocks, [
    RFC3711_DERIVATION.keyInput,
    RFC3711_DERIVATION.saltInput,
    ...RFC3711_DERIVATION.authKeyInputs,
  ]);
  assertEquals(toHex(authKey), [3, 4, 5, 6, 7].map((n) => `0${n}`.repeat(16)).join("") + "08".repeat(14));
});

Deno.test("deriveSessionKeys() uses six labels and the lengths of the profile", () => {
  const aes = recorder();
  const keys = deriveSessionKeys("AES_CM_128_HMAC_SHA1_80", new Uint8Array(14), aes.encryptBlock);
  const lengths = [keys.rtp, keys.rtcp].map((k) => [k.key.length, k.authKey.length, k.salt.length]);
  assertEquals(lengths, [[16, 20, 14], [16, 20, 14]]);
  // The authentication key takes two blocks.
  assertEquals(aes.blocks.map((block) => Number(block.slice(14, 16))), [0, 1, 1, 2, 3, 4, 4, 5]);
});

Deno.test("deriveSessionKeys() pads the salt of AEAD_AES_128_GCM at its end", () => {
  const aes = recorder();
  const keys = deriveSessionKeys("AEAD_AES_128_GCM", new Uint8Array(12).fill(0xee), aes.encryptBlock);
  const lengths = [keys.rtp, keys.rtcp].map((k) => [k.key.length, k.authKey.length, k.salt.length]);
  assertEquals(lengths, [[16, 0, 12], [16, 0, 12]]);
  assertEquals(aes.blocks, ["EE", "EC", "ED", "EB"].map((mixed) => `EEEEEEEEEEEEEE${mixed}EEEEEEEE00000000`));
});
