/** Sealing and opening one packet with both cipher providers; the engines against the limit of the machine: `seameet bench`. */
import { silentLogger } from "../src/base/log.ts";
import { PAYLOAD_BYTES } from "../src/io/bench/bench_media.ts";
import { chooseEngine } from "../src/io/native/choose_engine.ts";

const LENGTH = PAYLOAD_BYTES.video;

for (const kind of ["native", "portable"] as const) {
  const { ciphers } = chooseEngine(kind === "native" ? "auto" : kind, silentLogger);
  if (ciphers.name !== kind) continue;
  for (const profile of ["AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80"] as const) {
    const salt = new Uint8Array(profile === "AEAD_AES_128_GCM" ? 12 : 14);
    const cipher = ciphers.create(profile, new Uint8Array(16), salt);
    const bytes = new Uint8Array(1_664);
    let index = 0;
    Deno.bench(`${kind} seal and open, ${LENGTH} bytes, ${profile}`, () => {
      const length = cipher.sealRtp(bytes, 20, 20 + LENGTH, 1, ++index);
      cipher.openRtp(bytes, 20, length, 1, index);
    });
  }
}
