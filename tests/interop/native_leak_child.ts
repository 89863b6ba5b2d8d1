/**
 * Child of `native_leak_test.ts`: makes and closes ciphers over and over and prints how resident memory grows.
 *
 * With the argument `keep` it closes none, so that the garbage collector takes the objects and their native memory stays.
 */
import { nativeCiphers } from "../../src/io/native/libcrypto_cipher.ts";
import { openNative } from "../../src/io/native/library.ts";
import type { SrtpProfile } from "../../src/transport/cipher_provider.ts";

const WARM_UP = 1_000;
const CYCLES = 10_000;

const libraries = openNative();
if ("unavailable" in libraries) throw new Error(libraries.unavailable);
const keep = Deno.args[0] === "keep";
const provider = nativeCiphers(libraries);
const bytes = new Uint8Array(1_664);

function cycles(count: number): void {
  for (let i = 0; i < count; i++) {
    const profile: SrtpProfile = i % 2 === 0 ? "AEAD_AES_128_GCM" : "AES_CM_128_HMAC_SHA1_80";
    const cipher = provider.create(profile, new Uint8Array(16), new Uint8Array(i % 2 === 0 ? 12 : 14));
    const length = cipher.sealRtp(bytes, 12, 1_112, 1, i);
    if (cipher.openRtp(bytes, 12, length, 1, i) !== 1_112) throw new Error("It did not open");
    if (!keep) cipher.close();
  }
}

/** Resident bytes once what JavaScript no longer needs is gone. */
function resident(): number {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error("Run with --v8-flags=--expose-gc");
  for (let i = 0; i < 5; i++) gc();
  return Deno.memoryUsage().rss;
}

cycles(WARM_UP);
const before = resident();
cycles(CYCLES);
const after = resident();
console.log(JSON.stringify({ before, after }));
