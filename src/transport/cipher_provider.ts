/** The SRTP protection profiles we negotiate, most wanted first (RFC 7714, RFC 3711). */
export type SrtpProfile = "AEAD_AES_128_GCM" | "AES_CM_128_HMAC_SHA1_80";

/** Sizes in bytes that a profile fixes. */
export interface SrtpParameters {
  /** Master and session key. */
  readonly keyLength: number;
  /** Master and session salt. */
  readonly saltLength: number;
  /** Session authentication key; 0 where the cipher authenticates by itself. */
  readonly authKeyLength: number;
  /** Authentication tag, of RTP and of RTCP. */
  readonly tagLength: number;
  /** How far before the end of an SRTCP packet the word with E flag and index begins (the tag comes before or after it). */
  readonly rtcpIndexDistance: number;
}

/** The sizes of every profile: RFC 7714 section 12, RFC 3711 section 8.2; the index placement is RFC 7714 section 9.4, RFC 3711 section 3.4. */
export const SRTP_PARAMETERS: Readonly<Record<SrtpProfile, SrtpParameters>> = {
  AEAD_AES_128_GCM: { keyLength: 16, saltLength: 12, authKeyLength: 0, tagLength: 16, rtcpIndexDistance: 4 },
  AES_CM_128_HMAC_SHA1_80: { keyLength: 16, saltLength: 14, authKeyLength: 20, tagLength: 10, rtcpIndexDistance: 14 },
};

/** Bytes of the word with E flag and index that SRTCP adds to a packet (RFC 3711 section 3.4). */
export const SRTCP_INDEX_LENGTH = 4;

/** Bytes at the start of an RTCP packet that SRTCP leaves in the clear: first header word and SSRC. */
export const RTCP_CLEAR_LENGTH = 8;

/** The E flag: the RTCP packet is encrypted. WebRTC allows nothing else. */
export const SRTCP_ENCRYPTED: number = 0x8000_0000;

/**
 * Seals or opens packets of one direction with one set of keys, in place.
 *
 * It knows nothing of streams, windows or rollover: the caller has found the packet index, has checked that
 * the lengths are sound (`bytes` has at most `PACKET_CAPACITY` of them) and, for sealing, that the tag fits into `bytes`. It allocates nothing for the
 * interface itself, so that a native implementation can hand `bytes` on as it is.
 */
export interface PacketCipher {
  /**
   * Encrypts everything after the header and appends the tag.
   *
   * @param headerLength where the payload begins: fixed header, CSRCs and header extension stay in the clear
   * @param index 48 bits: rollover counter * 65536 + sequence number; never twice for one SSRC
   * @returns the new length
   */
  sealRtp(bytes: Uint8Array<ArrayBuffer>, headerLength: number, length: number, ssrc: number, index: number): number;
  /**
   * Verifies the tag and decrypts; leaves `bytes` as they were when the tag is wrong.
   *
   * @returns the length without the tag, or -1
   */
  openRtp(bytes: Uint8Array<ArrayBuffer>, headerLength: number, length: number, ssrc: number, index: number): number;
  /**
   * Encrypts a compound RTCP packet and appends tag and E flag with index, in the order of the profile.
   *
   * @param index 31 bits; never twice for one SSRC
   * @returns the new length
   */
  sealRtcp(bytes: Uint8Array<ArrayBuffer>, length: number, ssrc: number, index: number): number;
  /**
   * Verifies the tag and decrypts a packet whose E flag is set; leaves `bytes` as they were when the tag is wrong.
   *
   * @param index the 31 bits read from the packet
   * @returns the length without tag and index, or -1
   */
  openRtcp(bytes: Uint8Array<ArrayBuffer>, length: number, ssrc: number, index: number): number;
  /** Forgets the keys; the cipher must not be used after it. */
  close(): void;
}

/**
 * Makes packet ciphers; the portable one is over `node:crypto`, a native one over libcrypto.
 *
 * A provider derives the session keys with `deriveSessionKeys` and its own AES, and builds its nonces with the
 * functions of `srtp_nonce.ts`.
 */
export interface CipherProvider {
  /** A word for the log: `portable`, `native`. */
  readonly name: string;
  /**
   * Derives the session keys of one direction and sets up its cipher.
   *
   * @throws {RangeError} when key or salt do not have the length of the profile
   */
  create(profile: SrtpProfile, masterKey: Uint8Array, masterSalt: Uint8Array): PacketCipher;
}
