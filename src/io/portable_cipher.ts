import { createCipheriv, createDecipheriv, createHash } from "node:crypto";
import { readU32, writeU32 } from "../base/bytes.ts";
import {
  type CipherProvider,
  type PacketCipher,
  RTCP_CLEAR_LENGTH,
  SRTCP_ENCRYPTED,
  SRTCP_INDEX_LENGTH,
  SRTP_PARAMETERS,
  type SrtpProfile,
} from "../transport/cipher_provider.ts";
import { CounterBlocks } from "../transport/srtp_counter_blocks.ts";
import { deriveSessionKeys, type DirectionKeys, type SessionKeys } from "../transport/srtp_key_derivation.ts";
import { GCM_NONCE_LENGTH, writeGcmRtcpNonce, writeGcmRtpNonce } from "../transport/srtp_nonce.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Block size of SHA-1, to which HMAC pads its key (RFC 2104). */
const SHA1_BLOCK_LENGTH = 64;

/** Bytes of the rollover counter that AES-CM's tag covers without their being sent (RFC 3711 section 4.2). */
const ROLLOVER_LENGTH = 4;

/**
 * A cipher provider over `node:crypto`, which works wherever Deno does.
 *
 * @example
 * ```ts
 * import { portableCiphers } from "@seameet/cli/sfu";
 * import { assertEquals } from "@std/assert";
 *
 * const cipher = portableCiphers().create("AEAD_AES_128_GCM", new Uint8Array(16), new Uint8Array(12));
 * const packet = new Uint8Array(64); // 12 bytes of header, 8 of payload, room for the tag
 * const sealed = cipher.sealRtp(packet, 12, 20, 7, 1);
 * assertEquals([sealed, cipher.openRtp(packet, 12, sealed, 7, 1)], [36, 20]);
 * ```
 */
export function portableCiphers(): CipherProvider {
  return {
    name: "portable",
    create(profile, masterKey, masterSalt) {
      return createPortableCipher(profile, derivePortableKeys(profile, masterKey, masterSalt));
    },
  };
}

/**
 * Derives the session keys of one direction.
 *
 * @throws {RangeError} when key or salt do not have the length of the profile
 */
export function derivePortableKeys(
  profile: SrtpProfile,
  masterKey: Uint8Array,
  masterSalt: Uint8Array,
): DirectionKeys {
  const { keyLength, saltLength } = SRTP_PARAMETERS[profile];
  if (masterKey.length !== keyLength || masterSalt.length !== saltLength) {
    throw new RangeError(
      `Cannot set up ${profile}: it takes ${keyLength} and ${saltLength} bytes of key and salt, not ${masterKey.length} and ${masterSalt.length}`,
    );
  }
  const aes = createBlockCipher(masterKey);
  const keys = deriveSessionKeys(profile, masterSalt, (block) => aes.update(block));
  aes.final();
  return keys;
}

/** A packet cipher from session keys; test vectors come with those, everything else has master keys. */
export function createPortableCipher(profile: SrtpProfile, keys: DirectionKeys): PacketCipher {
  return profile === "AEAD_AES_128_GCM" ? new GcmCipher(keys) : new CmCipher(keys);
}

/** AES-128 without mode or padding: each update encrypts the blocks it is given. */
function createBlockCipher(key: Uint8Array): ReturnType<typeof createCipheriv> {
  return createCipheriv("aes-128-ecb", key, null).setAutoPadding(false);
}

/** AEAD_AES_128_GCM (RFC 7714). */
class GcmCipher implements PacketCipher {
  readonly #keys: DirectionKeys;
  readonly #nonce = new Uint8Array(GCM_NONCE_LENGTH);
  readonly #rtcpAad = new Uint8Array(RTCP_CLEAR_LENGTH + SRTCP_INDEX_LENGTH);

  constructor(keys: DirectionKeys) {
    this.#keys = keys;
  }

  sealRtp(bytes: Bytes, headerLength: number, length: number, ssrc: number, index: number): number {
    const { key, salt } = this.#keys.rtp;
    writeGcmRtpNonce(this.#nonce, salt, ssrc, index);
    return this.#seal(key, bytes.subarray(0, headerLength), bytes, headerLength, length);
  }

  openRtp(bytes: Bytes, headerLength: number, length: number, ssrc: number, index: number): number {
    const { key, salt } = this.#keys.rtp;
    writeGcmRtpNonce(this.#nonce, salt, ssrc, index);
    return this.#open(key, bytes.subarray(0, headerLength), bytes, headerLength, length);
  }

  sealRtcp(bytes: Bytes, length: number, ssrc: number, index: number): number {
    const { key, salt } = this.#keys.rtcp;
    writeGcmRtcpNonce(this.#nonce, salt, ssrc, index);
    const sealed = this.#seal(key, this.#writeRtcpAad(bytes, index), bytes, RTCP_CLEAR_LENGTH, length);
    writeU32(bytes, sealed, index + SRTCP_ENCRYPTED);
    return sealed + SRTCP_INDEX_LENGTH;
  }

  openRtcp(bytes: Bytes, length: number, ssrc: number, index: number): number {
    const { key, salt } = this.#keys.rtcp;
    writeGcmRtcpNonce(this.#nonce, salt, ssrc, index);
    const aad = this.#writeRtcpAad(bytes, index);
    return this.#open(key, aad, bytes, RTCP_CLEAR_LENGTH, length - SRTCP_INDEX_LENGTH);
  }

  close(): void {
    forget(this.#keys);
  }

  /** Associated data of RTCP: the clear part and the word that follows the tag (RFC 7714 section 9.2). */
  #writeRtcpAad(bytes: Bytes, index: number): Bytes {
    const aad = this.#rtcpAad;
    writeU32(aad, 0, readU32(bytes, 0));
    writeU32(aad, 4, readU32(bytes, 4));
    writeU32(aad, RTCP_CLEAR_LENGTH, index + SRTCP_ENCRYPTED);
    return aad;
  }

  #seal(key: Bytes, aad: Bytes, bytes: Bytes, start: number, end: number): number {
    const cipher = createCipheriv("aes-128-gcm", key, this.#nonce);
    cipher.setAAD(aad);
    bytes.set(cipher.update(bytes.subarray(start, end)), start);
    cipher.final();
    const tag = cipher.getAuthTag();
    bytes.set(tag, end);
    return end + tag.length;
  }

  #open(key: Bytes, aad: Bytes, bytes: Bytes, start: number, length: number): number {
    const end = length - SRTP_PARAMETERS.AEAD_AES_128_GCM.tagLength;
    const decipher = createDecipheriv("aes-128-gcm", key, this.#nonce);
    decipher.setAAD(aad);
    decipher.setAuthTag(bytes.subarray(end, length));
    const plain = decipher.update(bytes.subarray(start, end));
    try {
      decipher.final();
    } catch {
      return -1; // how node:crypto says that the tag is wrong
    }
    bytes.set(plain, start);
    return end;
  }
}

/** AES_CM_128_HMAC_SHA1_80 (RFC 3711). */
class CmCipher implements PacketCipher {
  readonly #keys: DirectionKeys;
  readonly #rtp: CmDirection;
  readonly #rtcp: CmDirection;

  constructor(keys: DirectionKeys) {
    this.#keys = keys;
    this.#rtp = new CmDirection(keys.rtp);
    this.#rtcp = new CmDirection(keys.rtcp);
  }

  sealRtp(bytes: Bytes, headerLength: number, length: number, ssrc: number, index: number): number {
    this.#rtp.apply(bytes, headerLength, length, ssrc, index);
    // The tag overwrites the rollover counter: both begin where the packet ends.
    writeU32(bytes, length, Math.floor(index / 0x10000));
    return this.#rtp.writeTag(bytes, length + ROLLOVER_LENGTH, length);
  }

  openRtp(bytes: Bytes, headerLength: number, length: number, ssrc: number, index: number): number {
    const end = length - SRTP_PARAMETERS.AES_CM_128_HMAC_SHA1_80.tagLength;
    if (!this.#rtp.verifyRtp(bytes, end, Math.floor(index / 0x10000))) return -1;
    this.#rtp.apply(bytes, headerLength, end, ssrc, index);
    return end;
  }

  sealRtcp(bytes: Bytes, length: number, ssrc: number, index: number): number {
    this.#rtcp.apply(bytes, RTCP_CLEAR_LENGTH, length, ssrc, index);
    writeU32(bytes, length, index + SRTCP_ENCRYPTED);
    return this.#rtcp.writeTag(bytes, length + SRTCP_INDEX_LENGTH, length + SRTCP_INDEX_LENGTH);
  }

  openRtcp(bytes: Bytes, length: number, ssrc: number, index: number): number {
    const tagOffset = length - SRTP_PARAMETERS.AES_CM_128_HMAC_SHA1_80.tagLength;
    if (!this.#rtcp.verify(bytes, tagOffset, tagOffset)) return -1;
    const end = tagOffset - SRTCP_INDEX_LENGTH;
    this.#rtcp.apply(bytes, RTCP_CLEAR_LENGTH, end, ssrc, index);
    return end;
  }

  close(): void {
    this.#rtp.close();
    this.#rtcp.close();
    forget(this.#keys);
  }
}

/**
 * Keystream and tag with one set of session keys.
 *
 * Under Deno setting up a cipher or an HMAC costs more than its work on one packet. So one AES context
 * lives as long as the key and encrypts the counter blocks of a packet in one call, and HMAC starts from
 * copies of two hashes that have taken in the padded key. Twice as fast as a new counter-mode cipher and HMAC per packet.
 */
class CmDirection {
  readonly #salt: Bytes;
  readonly #aes: ReturnType<typeof createBlockCipher>;
  readonly #inner: ReturnType<typeof createHash>;
  readonly #outer: ReturnType<typeof createHash>;
  readonly #counters = new CounterBlocks();
  readonly #tag = new Uint8Array(SRTP_PARAMETERS.AES_CM_128_HMAC_SHA1_80.tagLength);

  constructor(keys: SessionKeys) {
    this.#salt = keys.salt;
    this.#aes = createBlockCipher(keys.key);
    this.#inner = createHash("sha1").update(paddedKey(keys.authKey, 0x36));
    this.#outer = createHash("sha1").update(paddedKey(keys.authKey, 0x5c));
  }

  /** Encrypts or decrypts, which is the same: adds the keystream. */
  apply(bytes: Bytes, start: number, end: number, ssrc: number, index: number): void {
    const length = end - start;
    if (length === 0) return;
    const keystream = this.#aes.update(this.#counters.fill(this.#salt, ssrc, index, length));
    for (let i = 0; i < length; i++) bytes[start + i]! ^= keystream[i]!;
  }

  /** Writes the tag of the first `length` bytes at `offset`; returns where it ends. */
  writeTag(bytes: Bytes, length: number, offset: number): number {
    const { tagLength } = SRTP_PARAMETERS.AES_CM_128_HMAC_SHA1_80;
    bytes.set(this.#digest(bytes, length).subarray(0, tagLength), offset);
    return offset + tagLength;
  }

  /** Says whether the tag at `offset` is that of the first `length` bytes, in constant time. */
  verify(bytes: Bytes, length: number, offset: number): boolean {
    return equalsTag(this.#digest(bytes, length), bytes, offset);
  }

  /** As `verify`, for RTP, where the rollover counter is authenticated in the place of the tag. */
  verifyRtp(bytes: Bytes, end: number, rolloverCounter: number): boolean {
    const { tagLength } = SRTP_PARAMETERS.AES_CM_128_HMAC_SHA1_80;
    const tag = this.#tag;
    for (let i = 0; i < tagLength; i++) tag[i] = bytes[end + i]!;
    writeU32(bytes, end, rolloverCounter);
    const matches = equalsTag(this.#digest(bytes, end + ROLLOVER_LENGTH), tag, 0);
    bytes.set(tag, end);
    return matches;
  }

  close(): void {
    this.#aes.final();
  }

  #digest(bytes: Bytes, length: number): Uint8Array {
    const inner = this.#inner.copy().update(bytes.subarray(0, length)).digest();
    return this.#outer.copy().update(inner).digest();
  }
}

/** The key padded to a block and combined with HMAC's inner or outer byte (RFC 2104). */
function paddedKey(key: Bytes, pad: number): Bytes {
  const padded = new Uint8Array(SHA1_BLOCK_LENGTH).fill(pad);
  for (let i = 0; i < key.length; i++) padded[i]! ^= key[i]!;
  return padded;
}

/** Compares a digest cut to the tag's length with the tag, in time that does not depend on where they differ. */
function equalsTag(digest: Uint8Array, bytes: Uint8Array, offset: number): boolean {
  let difference = 0;
  for (let i = 0; i < SRTP_PARAMETERS.AES_CM_128_HMAC_SHA1_80.tagLength; i++) {
    difference |= digest[i]! ^ bytes[offset + i]!;
  }
  return difference === 0;
}

function forget(keys: DirectionKeys): void {
  for (const { key, salt, authKey } of [keys.rtp, keys.rtcp]) {
    key.fill(0);
    salt.fill(0);
    authKey.fill(0);
  }
}
