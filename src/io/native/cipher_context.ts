import { InvariantError } from "../../base/errors.ts";
import { CM_BLOCK_LENGTH } from "../../transport/srtp_nonce.ts";
import type { Libcrypto } from "./library.ts";
import { NativeBlock } from "./memory.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Seals and opens with the keys of RTP or with those of RTCP, in place.
 *
 * The caller has checked that `start` to `end` and the tag behind it lie within `bytes`.
 */
export interface CipherContext {
  /** Bytes of the tag. */
  readonly tagLength: number;
  sealRtp(bytes: Bytes, start: number, end: number, ssrc: number, index: number): void;
  openRtp(bytes: Bytes, start: number, end: number, ssrc: number, index: number): boolean;
  sealRtcp(bytes: Bytes, end: number, ssrc: number, index: number): void;
  openRtcp(bytes: Bytes, end: number, ssrc: number, index: number): boolean;
  /** Frees what it has; may be called again, everything else throws from then on. */
  close(): void;
}

/**
 * Small inputs and outputs of one call, in memory that does not move.
 *
 * All ciphers of a provider share it: they run one after the other on one thread, and nothing in it outlives a packet.
 */
export class Scratch {
  readonly #block = new NativeBlock(256);
  /** Nonce of GCM or first counter block of CM. */
  readonly iv: Bytes = this.#block.bytes.subarray(0, CM_BLOCK_LENGTH);
  /** The first three are the nonce of GCM. */
  readonly nonceWords: Uint32Array = this.#block.words;
  readonly ivAddress: bigint = this.#block.address;
  /** Where libcrypto writes lengths that we know already. */
  readonly lengthAddress: bigint = this.#block.address + 32n;
  /** Associated data of GCM beyond the packet: the word with E flag and index; or the rollover counter of CM. */
  readonly word: Bytes = this.#block.bytes.subarray(48, 52);
  readonly wordAddress: bigint = this.#block.address + 48n;
  /** Room for a whole SHA-1 digest, or a key. */
  readonly digest: Bytes = this.#block.bytes.subarray(64, 96);
  readonly digestAddress: bigint = this.#block.address + 64n;
}

/** A context for AES-128 of that type with its key set; the caller frees it. */
export function createContext(crypto: Libcrypto, scratch: Scratch, type: bigint, key: Bytes): bigint {
  const context = type === 0n ? 0n : crypto.EVP_CIPHER_CTX_new();
  if (context === 0n) throw failed("A cipher context");
  scratch.digest.set(key);
  const made = crypto.EVP_CipherInit_ex(context, type, 0n, scratch.digestAddress, 0n, 1);
  scratch.digest.fill(0);
  if (made === 1) return context;
  crypto.EVP_CIPHER_CTX_free(context);
  throw failed("A cipher context");
}

/** An error for a call that cannot fail with sound arguments: out of memory, or a libcrypto that forbids the cipher. */
export function failed(what: string): InvariantError {
  return new InvariantError(`${what} of libcrypto has failed`);
}

/** An error for the use of a cipher after its end. */
export function closed(): InvariantError {
  return new InvariantError("Cannot use a cipher that is closed");
}
