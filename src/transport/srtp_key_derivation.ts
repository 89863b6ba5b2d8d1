import { SRTP_PARAMETERS, type SrtpProfile } from "./cipher_provider.ts";

/** Session keys of RTP or of RTCP in one direction. */
export interface SessionKeys {
  /** Encryption key. */
  readonly key: Uint8Array<ArrayBuffer>;
  /** Salt that goes into every nonce. */
  readonly salt: Uint8Array<ArrayBuffer>;
  /** Authentication key; empty where the cipher authenticates by itself. */
  readonly authKey: Uint8Array<ArrayBuffer>;
}

/** What a master key is turned into: separate keys for RTP and RTCP. */
export interface DirectionKeys {
  /** Keys of RTP. */
  readonly rtp: SessionKeys;
  /** Keys of RTCP. */
  readonly rtcp: SessionKeys;
}

/** AES-128 with the master key: encrypts one block of 16 bytes into a new array. */
export type BlockEncryptor = (block: Uint8Array<ArrayBuffer>) => Uint8Array;

/** First label of the three for RTP; authentication key and salt are the next two (RFC 3711 section 4.3.1). */
const RTP_LABEL = 0;

/** First label of the three for RTCP. */
const RTCP_LABEL = 3;

/** Where the label meets the master salt: x is 14 bytes, the key id 7 of them, and its first byte is the label. */
const LABEL_OFFSET = 7;

const BLOCK_LENGTH = 16;

/**
 * Derives the session keys of one direction from its master key (RFC 3711 section 4.3, key derivation rate 0).
 *
 * The 12-byte salt of the AEAD profile counts as 14 bytes with two zero bytes at its end (RFC 7714 section 11,
 * erratum 4938).
 *
 * @param encryptBlock AES-128 keyed with the master key; whoever has the cipher passes it in
 */
export function deriveSessionKeys(
  profile: SrtpProfile,
  masterSalt: Uint8Array,
  encryptBlock: BlockEncryptor,
): DirectionKeys {
  const { keyLength, saltLength, authKeyLength } = SRTP_PARAMETERS[profile];
  const derive = (label: number, length: number) => deriveKey(masterSalt, label, length, encryptBlock);
  const keysFrom = (firstLabel: number): SessionKeys => ({
    key: derive(firstLabel, keyLength),
    authKey: derive(firstLabel + 1, authKeyLength),
    salt: derive(firstLabel + 2, saltLength),
  });
  return { rtp: keysFrom(RTP_LABEL), rtcp: keysFrom(RTCP_LABEL) };
}

/** One derived key: the AES-CM keystream whose counter starts at (label and master salt) * 2^16. */
export function deriveKey(
  masterSalt: Uint8Array,
  label: number,
  length: number,
  encryptBlock: BlockEncryptor,
): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(BLOCK_LENGTH);
  block.set(masterSalt);
  block[LABEL_OFFSET]! ^= label;
  const derived = new Uint8Array(length);
  for (let offset = 0, counter = 0; offset < length; offset += BLOCK_LENGTH, counter++) {
    block[BLOCK_LENGTH - 1] = counter;
    derived.set(encryptBlock(block).subarray(0, Math.min(BLOCK_LENGTH, length - offset)), offset);
  }
  return derived;
}
