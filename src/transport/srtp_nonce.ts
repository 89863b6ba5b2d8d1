import { writeU16, writeU32 } from "../base/bytes.ts";

/** Bytes of an AES-GCM nonce. */
export const GCM_NONCE_LENGTH = 12;

/** Bytes of an AES-CM counter block. */
export const CM_BLOCK_LENGTH = 16;

/** Writes the AES-GCM nonce of an RTP packet into `nonce`: SSRC, rollover counter, sequence number (RFC 7714 section 8.1). */
export function writeGcmRtpNonce(nonce: Uint8Array, salt: Uint8Array, ssrc: number, index: number): void {
  writeU16(nonce, 0, 0);
  writeU32(nonce, 2, ssrc);
  writeIndex(nonce, 6, index);
  mix(nonce, salt);
}

/** Writes the AES-GCM nonce of an RTCP packet into `nonce`: SSRC, two zero bytes, index (RFC 7714 section 9.1). */
export function writeGcmRtcpNonce(nonce: Uint8Array, salt: Uint8Array, ssrc: number, index: number): void {
  writeU16(nonce, 0, 0);
  writeU32(nonce, 2, ssrc);
  writeU16(nonce, 6, 0);
  writeU32(nonce, 8, index);
  mix(nonce, salt);
}

/**
 * Writes the first AES-CM counter block of a packet into `block`; its last two bytes count the blocks from zero.
 *
 * RTP and RTCP differ in the width of the index only (RFC 3711 section 4.1.1).
 */
export function writeCmBlock(block: Uint8Array, salt: Uint8Array, ssrc: number, index: number): void {
  writeU32(block, 0, 0);
  writeU32(block, 4, ssrc);
  writeIndex(block, 8, index);
  writeU16(block, 14, 0);
  mix(block, salt);
}

function writeIndex(bytes: Uint8Array, offset: number, index: number): void {
  writeU32(bytes, offset, Math.floor(index / 0x10000));
  writeU16(bytes, offset + 4, index);
}

function mix(bytes: Uint8Array, salt: Uint8Array): void {
  for (let i = 0; i < salt.length; i++) bytes[i]! ^= salt[i]!;
}
