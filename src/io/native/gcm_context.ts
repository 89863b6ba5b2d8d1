import { writeU32 } from "../../base/bytes.ts";
import {
  RTCP_CLEAR_LENGTH,
  SRTCP_ENCRYPTED,
  SRTCP_INDEX_LENGTH,
  SRTP_PARAMETERS,
} from "../../transport/cipher_provider.ts";
import type { SessionKeys } from "../../transport/srtp_key_derivation.ts";
import { type CipherContext, closed, createContext, failed, type Scratch } from "./cipher_context.ts";
import type { Libcrypto } from "./library.ts";
import { addressOf, movedBy } from "./memory.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const GCM_TAG = SRTP_PARAMETERS.AEAD_AES_128_GCM.tagLength;

/** `EVP_CTRL_AEAD_GET_TAG` and `EVP_CTRL_AEAD_SET_TAG` of openssl/evp.h. */
const GET_TAG = 0x10;
const SET_TAG = 0x11;

/**
 * AEAD_AES_128_GCM (RFC 7714).
 *
 * The salt is kept as three words of memory order in fields of the context, and the nonce is written as three words: with a
 * thousand receivers a salt in an array of its own means two more misses of the caches per packet.
 */
export class GcmContext implements CipherContext {
  readonly tagLength = GCM_TAG;
  readonly #crypto: Libcrypto;
  readonly #scratch: Scratch;
  // In this order at this place: what a packet needs lies together.
  readonly #salt0: number;
  readonly #salt1: number;
  readonly #salt2: number;
  #context: bigint;

  constructor(crypto: Libcrypto, scratch: Scratch, keys: SessionKeys) {
    this.#crypto = crypto;
    this.#scratch = scratch;
    const salt = keys.salt;
    this.#salt0 = wordOf(salt[0]!, salt[1]!, salt[2]!, salt[3]!);
    this.#salt1 = wordOf(salt[4]!, salt[5]!, salt[6]!, salt[7]!);
    this.#salt2 = wordOf(salt[8]!, salt[9]!, salt[10]!, salt[11]!);
    this.#context = createContext(crypto, scratch, crypto.EVP_aes_128_gcm(), keys.key);
  }

  sealRtp(bytes: Bytes, start: number, end: number, ssrc: number, index: number): void {
    this.#writeNonce(ssrc, Math.floor(index / 0x10000), index);
    this.#seal(addressOf(bytes), start, end, false);
  }

  openRtp(bytes: Bytes, start: number, end: number, ssrc: number, index: number): boolean {
    this.#writeNonce(ssrc, Math.floor(index / 0x10000), index);
    return this.#open(addressOf(bytes), start, end, false);
  }

  sealRtcp(bytes: Bytes, end: number, ssrc: number, index: number): void {
    this.#prepareRtcp(ssrc, index);
    this.#seal(addressOf(bytes), RTCP_CLEAR_LENGTH, end, true);
    writeU32(bytes, end + GCM_TAG, index + SRTCP_ENCRYPTED);
  }

  openRtcp(bytes: Bytes, end: number, ssrc: number, index: number): boolean {
    this.#prepareRtcp(ssrc, index);
    return this.#open(addressOf(bytes), RTCP_CLEAR_LENGTH, end, true);
  }

  close(): void {
    if (this.#context !== 0n) this.#crypto.EVP_CIPHER_CTX_free(this.#context);
    this.#context = 0n;
  }

  /** The word with E flag and index is associated data too, behind the clear part (RFC 7714 section 9.2). */
  #prepareRtcp(ssrc: number, index: number): void {
    this.#writeNonce(ssrc, index >>> 16, index);
    writeU32(this.#scratch.word, 0, index + SRTCP_ENCRYPTED);
  }

  /**
   * SSRC, then 48 bits of which `upper` are the first 32 and `lower` ends in the last 16: rollover counter and sequence number
   * of RTP (section 8.1), two zero bytes and index of RTCP (section 9.1).
   */
  #writeNonce(ssrc: number, upper: number, lower: number): void {
    const { nonceWords } = this.#scratch;
    nonceWords[0] = this.#salt0 ^ wordOf(0, 0, ssrc >>> 24, ssrc >>> 16);
    nonceWords[1] = this.#salt1 ^ wordOf(ssrc >>> 8, ssrc, upper >>> 24, upper >>> 16);
    nonceWords[2] = this.#salt2 ^ wordOf(upper >>> 8, upper, lower >>> 8, lower);
  }

  #seal(base: bigint, start: number, end: number, withWord: boolean): void {
    const crypto = this.#crypto;
    const { lengthAddress, digestAddress } = this.#scratch;
    this.#run(base, start, end, withWord, 1);
    if (
      crypto.EVP_CipherFinal_ex(this.#context, digestAddress, lengthAddress) !== 1 ||
      crypto.EVP_CIPHER_CTX_ctrl(this.#context, GET_TAG, GCM_TAG, movedBy(base, end)) !== 1
    ) throw failed("AES-GCM");
  }

  #open(base: bigint, start: number, end: number, withWord: boolean): boolean {
    const crypto = this.#crypto;
    const { lengthAddress, digestAddress } = this.#scratch;
    this.#run(base, start, end, withWord, 0);
    if (crypto.EVP_CIPHER_CTX_ctrl(this.#context, SET_TAG, GCM_TAG, movedBy(base, end)) !== 1) throw failed("AES-GCM");
    if (crypto.EVP_CipherFinal_ex(this.#context, digestAddress, lengthAddress) === 1) return true;
    // The packet was decrypted in place before its tag was known. The keystream is the same in both directions: adding it once more restores it.
    this.#run(base, start, end, withWord, 1);
    return false;
  }

  /** Takes associated data in and runs over the payload, in place. */
  #run(base: bigint, start: number, end: number, withWord: boolean, encrypt: number): void {
    const crypto = this.#crypto;
    const context = this.#context;
    const { ivAddress, lengthAddress, wordAddress } = this.#scratch;
    if (context === 0n) throw closed();
    const payload = movedBy(base, start);
    if (
      crypto.EVP_CipherInit_ex(context, 0n, 0n, 0n, ivAddress, encrypt) !== 1 ||
      crypto.EVP_CipherUpdate(context, 0n, lengthAddress, base, start) !== 1 ||
      (withWord && crypto.EVP_CipherUpdate(context, 0n, lengthAddress, wordAddress, SRTCP_INDEX_LENGTH) !== 1) ||
      (end > start && crypto.EVP_CipherUpdate(context, payload, lengthAddress, payload, end - start) !== 1)
    ) throw failed("AES-GCM");
  }
}

/** Four bytes, of which the low eight bits count, as one word in the memory order of the machines that Linux and Deno run on. */
function wordOf(a: number, b: number, c: number, d: number): number {
  return (a & 0xff) | ((b & 0xff) << 8) | ((c & 0xff) << 16) | (d << 24);
}
