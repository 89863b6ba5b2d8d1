import { InvariantError } from "../../base/errors.ts";
import {
  type CipherProvider,
  type PacketCipher,
  RTCP_CLEAR_LENGTH,
  SRTCP_INDEX_LENGTH,
  type SrtpProfile,
} from "../../transport/cipher_provider.ts";
import type { DirectionKeys } from "../../transport/srtp_key_derivation.ts";
import { derivePortableKeys } from "../portable_cipher.ts";
import { type CipherContext, Scratch } from "./cipher_context.ts";
import { CmContext } from "./cm_context.ts";
import { GcmContext } from "./gcm_context.ts";
import type { NativeLibraries } from "./library.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * A cipher provider over libcrypto.
 *
 * Its ciphers hold memory that the garbage collector does not know: each one must be closed. With GCM an RTP packet of 1,100
 * bytes takes about one microsecond, a twentieth of the portable provider.
 */
export function nativeCiphers(libraries: NativeLibraries): CipherProvider {
  const scratch = new Scratch();
  return {
    name: "native",
    create(profile, masterKey, masterSalt) {
      return createNativeCipher(libraries, profile, derivePortableKeys(profile, masterKey, masterSalt), scratch);
    },
  };
}

/** A packet cipher from session keys, which are forgotten; test vectors come with those, everything else has master keys. */
export function createNativeCipher(
  libraries: NativeLibraries,
  profile: SrtpProfile,
  keys: DirectionKeys,
  scratch: Scratch = new Scratch(),
): PacketCipher {
  const { crypto } = libraries;
  const kind = profile === "AEAD_AES_128_GCM" ? GcmContext : CmContext;
  let rtp: CipherContext | undefined;
  try {
    rtp = new kind(crypto, scratch, keys.rtp);
    return new NativeCipher(rtp, new kind(crypto, scratch, keys.rtcp));
  } catch (error) {
    rtp?.close();
    throw error;
  } finally {
    // The contexts have copies; the salts are still needed for nonces.
    for (const { key, authKey } of [keys.rtp, keys.rtcp]) {
      key.fill(0);
      authKey.fill(0);
    }
  }
}

/** Lengths and memory are checked here, before anything native sees them. */
class NativeCipher implements PacketCipher {
  readonly #rtp: CipherContext;
  readonly #rtcp: CipherContext;
  readonly #tagLength: number;

  constructor(rtp: CipherContext, rtcp: CipherContext) {
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    this.#tagLength = rtp.tagLength;
  }

  sealRtp(bytes: Bytes, headerLength: number, length: number, ssrc: number, index: number): number {
    const sealed = length + this.#tagLength;
    check(bytes, headerLength, length, sealed);
    this.#rtp.sealRtp(bytes, headerLength, length, ssrc, index);
    return sealed;
  }

  openRtp(bytes: Bytes, headerLength: number, length: number, ssrc: number, index: number): number {
    const plain = length - this.#tagLength;
    check(bytes, headerLength, plain, length);
    return this.#rtp.openRtp(bytes, headerLength, plain, ssrc, index) ? plain : -1;
  }

  sealRtcp(bytes: Bytes, length: number, ssrc: number, index: number): number {
    const sealed = length + this.#tagLength + SRTCP_INDEX_LENGTH;
    check(bytes, RTCP_CLEAR_LENGTH, length, sealed);
    this.#rtcp.sealRtcp(bytes, length, ssrc, index);
    return sealed;
  }

  openRtcp(bytes: Bytes, length: number, ssrc: number, index: number): number {
    const plain = length - this.#tagLength - SRTCP_INDEX_LENGTH;
    check(bytes, RTCP_CLEAR_LENGTH, plain, length);
    return this.#rtcp.openRtcp(bytes, plain, ssrc, index) ? plain : -1;
  }

  close(): void {
    this.#rtp.close();
    this.#rtcp.close();
  }
}

/** What must hold before an address is handed on: header, payload and tag lie in the buffer, in this order. */
function check(bytes: Bytes, start: number, end: number, sealedEnd: number): void {
  if (
    !(start >= 0 && start <= end && sealedEnd <= bytes.length) || !Number.isInteger(start) || !Number.isInteger(end)
  ) {
    throw new InvariantError(`Cannot run a cipher from ${start} to ${end} of ${bytes.length} bytes`);
  }
}
