import { writeU32 } from "../../base/bytes.ts";
import {
  RTCP_CLEAR_LENGTH,
  SRTCP_ENCRYPTED,
  SRTCP_INDEX_LENGTH,
  SRTP_PARAMETERS,
} from "../../transport/cipher_provider.ts";
import type { SessionKeys } from "../../transport/srtp_key_derivation.ts";
import { writeCmBlock } from "../../transport/srtp_nonce.ts";
import { type CipherContext, closed, createContext, failed, type Scratch } from "./cipher_context.ts";
import type { Libcrypto } from "./library.ts";
import { addressOf, movedBy } from "./memory.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const CM_TAG = SRTP_PARAMETERS.AES_CM_128_HMAC_SHA1_80.tagLength;

/** Bytes of the rollover counter that the tag covers without their being sent (RFC 3711 section 4.2). */
const ROLLOVER_LENGTH = 4n;

/** AES_CM_128_HMAC_SHA1_80 (RFC 3711). */
export class CmContext implements CipherContext {
  readonly tagLength = CM_TAG;
  readonly #crypto: Libcrypto;
  readonly #scratch: Scratch;
  readonly #salt: Bytes;
  #context: bigint;
  #hmac: bigint;

  constructor(crypto: Libcrypto, scratch: Scratch, keys: SessionKeys) {
    this.#crypto = crypto;
    this.#scratch = scratch;
    this.#salt = keys.salt;
    this.#hmac = createHmac(crypto, scratch, keys.authKey);
    try {
      this.#context = createContext(crypto, scratch, crypto.EVP_aes_128_ctr(), keys.key);
    } catch (error) {
      crypto.HMAC_CTX_free(this.#hmac);
      throw error;
    }
  }

  sealRtp(bytes: Bytes, start: number, end: number, ssrc: number, index: number): void {
    const base = addressOf(bytes);
    this.#apply(base, start, end, ssrc, index);
    this.#digestRtp(base, end, index);
    this.#writeTag(bytes, end);
  }

  openRtp(bytes: Bytes, start: number, end: number, ssrc: number, index: number): boolean {
    const base = addressOf(bytes);
    this.#digestRtp(base, end, index);
    if (!this.#hasTag(bytes, end)) return false;
    this.#apply(base, start, end, ssrc, index);
    return true;
  }

  sealRtcp(bytes: Bytes, end: number, ssrc: number, index: number): void {
    const base = addressOf(bytes);
    this.#apply(base, RTCP_CLEAR_LENGTH, end, ssrc, index);
    writeU32(bytes, end, index + SRTCP_ENCRYPTED);
    this.#digest(base, end + SRTCP_INDEX_LENGTH, false);
    this.#writeTag(bytes, end + SRTCP_INDEX_LENGTH);
  }

  openRtcp(bytes: Bytes, end: number, ssrc: number, index: number): boolean {
    const base = addressOf(bytes);
    this.#digest(base, end + SRTCP_INDEX_LENGTH, false);
    if (!this.#hasTag(bytes, end + SRTCP_INDEX_LENGTH)) return false;
    this.#apply(base, RTCP_CLEAR_LENGTH, end, ssrc, index);
    return true;
  }

  close(): void {
    if (this.#context === 0n) return;
    this.#crypto.EVP_CIPHER_CTX_free(this.#context);
    this.#crypto.HMAC_CTX_free(this.#hmac);
    this.#context = this.#hmac = 0n;
  }

  /** Encrypts or decrypts, which is the same: adds the keystream, in place. */
  #apply(base: bigint, start: number, end: number, ssrc: number, index: number): void {
    const crypto = this.#crypto;
    const { iv, ivAddress, lengthAddress } = this.#scratch;
    if (this.#context === 0n) throw closed();
    if (end === start) return;
    writeCmBlock(iv, this.#salt, ssrc, index);
    const payload = movedBy(base, start);
    if (
      crypto.EVP_CipherInit_ex(this.#context, 0n, 0n, 0n, ivAddress, 1) !== 1 ||
      crypto.EVP_CipherUpdate(this.#context, payload, lengthAddress, payload, end - start) !== 1
    ) throw failed("AES-CM");
  }

  #digestRtp(base: bigint, end: number, index: number): void {
    writeU32(this.#scratch.word, 0, Math.floor(index / 0x10000));
    this.#digest(base, end, true);
  }

  /** Leaves the HMAC of the first `length` bytes, and of the rollover counter, in the scratch. */
  #digest(base: bigint, length: number, withRollover: boolean): void {
    const crypto = this.#crypto;
    const hmac = this.#hmac;
    const { wordAddress, digestAddress, lengthAddress } = this.#scratch;
    if (hmac === 0n) throw closed();
    if (
      crypto.HMAC_Init_ex(hmac, 0n, 0, 0n, 0n) !== 1 ||
      crypto.HMAC_Update(hmac, base, BigInt(length)) !== 1 ||
      (withRollover && crypto.HMAC_Update(hmac, wordAddress, ROLLOVER_LENGTH) !== 1) ||
      crypto.HMAC_Final(hmac, digestAddress, lengthAddress) !== 1
    ) throw failed("HMAC-SHA1");
  }

  #writeTag(bytes: Bytes, offset: number): void {
    const { digest } = this.#scratch;
    for (let i = 0; i < CM_TAG; i++) bytes[offset + i] = digest[i]!;
  }

  /** In time that does not depend on where they differ. */
  #hasTag(bytes: Bytes, offset: number): boolean {
    const { digest } = this.#scratch;
    let difference = 0;
    for (let i = 0; i < CM_TAG; i++) difference |= digest[i]! ^ bytes[offset + i]!;
    return difference === 0;
  }
}

function createHmac(crypto: Libcrypto, scratch: Scratch, key: Bytes): bigint {
  const hmac = crypto.HMAC_CTX_new();
  if (hmac === 0n) throw failed("An HMAC context");
  scratch.digest.set(key);
  const made = crypto.HMAC_Init_ex(hmac, scratch.digestAddress, key.length, crypto.EVP_sha1(), 0n);
  scratch.digest.fill(0);
  if (made === 1) return hmac;
  crypto.HMAC_CTX_free(hmac);
  throw failed("An HMAC context");
}
