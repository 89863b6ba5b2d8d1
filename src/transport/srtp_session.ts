import { readU16, readU32 } from "../base/bytes.ts";
import type { PooledPacket } from "../base/packet_pool.ts";
import {
  type CipherProvider,
  type PacketCipher,
  RTCP_CLEAR_LENGTH,
  SRTCP_ENCRYPTED,
  SRTCP_INDEX_LENGTH,
  SRTP_PARAMETERS,
  type SrtpParameters,
  type SrtpProfile,
} from "./cipher_provider.ts";
import { estimateIndex } from "./srtp_index.ts";
import { ReplayWindow } from "./srtp_replay.ts";

/** Master key and salt of one direction, as the DTLS exporter gives them (RFC 5764 section 4.2). */
export interface SrtpKeys {
  /** Master key. */
  readonly masterKey: Uint8Array;
  /** Master salt. */
  readonly masterSalt: Uint8Array;
}

/** Why a packet was not unprotected. */
export const SrtpFailure = {
  /** Too short, wrong version, a header that does not fit, or RTCP without encryption. */
  malformed: -1,
  /** The tag is wrong: forged, damaged, or protected with another key or rollover counter. */
  authentication: -2,
  /** Seen before, or too old to tell. */
  replay: -3,
  /** A genuine packet of one SSRC too many. */
  tooManySsrcs: -4,
  /** The session was closed. */
  closed: -5,
} as const;

/**
 * SSRCs we send on in one session, RTP and RTCP each: some 200 media lines with RTX, and room for lines that were
 * replaced. State of an SSRC is never dropped, since forgetting what was sent would repeat nonces.
 */
export const MAX_LOCAL_SSRCS = 1_024;

/**
 * SSRCs one authenticated peer may send on, RTP and RTCP each. A publisher uses about ten at a time, but each
 * restart of a track may bring new ones, and dropping state would open the old ones to replays. 512 windows
 * take about 100 KB.
 */
export const MAX_REMOTE_SSRCS = 512;

/** Highest SRTCP index; after it the keys are used up (RFC 3711 section 9.2). */
const MAX_RTCP_INDEX = 0x7fff_ffff;

const RTP_HEADER_LENGTH = 12;

/**
 * SRTP and SRTCP of one peer, both directions (RFC 3711, RFC 7714).
 *
 * Packets are changed in place. A packet from the network changes state only after its tag was verified,
 * and no bytes make a method throw. Sending the same index twice is refused: with AES-GCM a repeated nonce gives
 * the authentication key away. So lost packets are sent again as RTX, on an SSRC of its own; a packet that
 * is late but was never sent goes out as long as it is within the last 1,024.
 */
export class SrtpSession {
  readonly #parameters: SrtpParameters;
  readonly #local: PacketCipher;
  readonly #remote: PacketCipher;
  // Keys are SSRCs as signed numbers: those are small integers to the engine, the unsigned ones are not.
  readonly #sentRtp = new Map<number, ReplayWindow>();
  readonly #sentRtcp = new Map<number, number>();
  readonly #receivedRtp = new Map<number, ReplayWindow>();
  readonly #receivedRtcp = new Map<number, ReplayWindow>();
  /** The window that was used last, and its SSRC: in most sessions the next packet is on the same one. */
  #lastWindow: ReplayWindow | undefined;
  #lastSsrc = 0;
  #closed = false;

  /**
   * Sets up both directions.
   *
   * @throws {RangeError} when a key or salt does not have the length of the profile
   */
  constructor(profile: SrtpProfile, localKeys: SrtpKeys, remoteKeys: SrtpKeys, ciphers: CipherProvider) {
    this.#parameters = SRTP_PARAMETERS[profile];
    this.#local = ciphers.create(profile, localKeys.masterKey, localKeys.masterSalt);
    this.#remote = ciphers.create(profile, remoteKeys.masterKey, remoteKeys.masterSalt);
  }

  /**
   * Encrypts an RTP packet and appends the tag.
   *
   * @returns false, with the packet unchanged, when it is malformed, the tag does not fit, its number was sent before or is
   * too old, there are too many SSRCs, or the session is closed
   */
  protectRtp(packet: PooledPacket): boolean {
    const { bytes, length } = packet;
    if (this.#closed || length + this.#parameters.tagLength > bytes.length) return false;
    const headerLength = rtpHeaderLength(bytes, length);
    if (headerLength < 0) return false;
    const ssrc = readU32(bytes, 8);
    const known = this.#lastWindow !== undefined && this.#lastSsrc === (ssrc | 0)
      ? this.#lastWindow
      : this.#sentRtp.get(ssrc | 0);
    if (known === undefined && this.#sentRtp.size >= MAX_LOCAL_SSRCS) return false;
    const sent = known ?? new ReplayWindow();
    const index = estimateIndex(sent.newest, readU16(bytes, 2));
    if (index < 0 || !sent.isFresh(index)) return false;
    if (known === undefined) this.#sentRtp.set(ssrc | 0, sent);
    this.#lastWindow = sent;
    this.#lastSsrc = ssrc | 0;
    sent.add(index);
    packet.length = this.#local.sealRtp(bytes, headerLength, length, ssrc, index);
    return true;
  }

  /**
   * Encrypts a compound RTCP packet and appends tag and index.
   *
   * @returns false, with the packet unchanged, when it is malformed, the additions do not fit, there are too many SSRCs,
   * the indices are used up, or the session is closed
   */
  protectRtcp(packet: PooledPacket): boolean {
    const { bytes, length } = packet;
    if (this.#closed || length + this.#parameters.tagLength + SRTCP_INDEX_LENGTH > bytes.length) return false;
    if (length < RTCP_CLEAR_LENGTH || !isVersion2(bytes)) return false;
    const ssrc = readU32(bytes, 4);
    const index = this.#sentRtcp.get(ssrc | 0) ?? 0;
    if (index > MAX_RTCP_INDEX) return false;
    if (index === 0 && this.#sentRtcp.size >= MAX_LOCAL_SSRCS) return false;
    this.#sentRtcp.set(ssrc | 0, index + 1);
    packet.length = this.#local.sealRtcp(bytes, length, ssrc, index);
    return true;
  }

  /**
   * Verifies and decrypts an SRTP packet.
   *
   * @returns 0, or a negative `SrtpFailure` with `packet.length` unchanged
   */
  unprotectRtp(packet: PooledPacket): number {
    const { bytes, length } = packet;
    if (this.#closed) return SrtpFailure.closed;
    if (length > bytes.length) return SrtpFailure.malformed;
    const headerLength = rtpHeaderLength(bytes, length - this.#parameters.tagLength);
    if (headerLength < 0) return SrtpFailure.malformed;
    const ssrc = readU32(bytes, 8);
    const known = this.#receivedRtp.get(ssrc | 0);
    const index = estimateIndex(known === undefined ? -1 : known.newest, readU16(bytes, 2));
    if (index < 0 || (known !== undefined && !known.isFresh(index))) return SrtpFailure.replay;
    const plainLength = this.#remote.openRtp(bytes, headerLength, length, ssrc, index);
    if (plainLength < 0) return SrtpFailure.authentication;
    return this.#accept(this.#receivedRtp, known, ssrc, index, packet, plainLength);
  }

  /**
   * Verifies and decrypts an SRTCP packet.
   *
   * @returns 0, or a negative `SrtpFailure` with `packet.length` unchanged
   */
  unprotectRtcp(packet: PooledPacket): number {
    const { bytes, length } = packet;
    const { tagLength, rtcpIndexDistance } = this.#parameters;
    if (this.#closed) return SrtpFailure.closed;
    if (length > bytes.length || length < RTCP_CLEAR_LENGTH + SRTCP_INDEX_LENGTH + tagLength) {
      return SrtpFailure.malformed;
    }
    const word = readU32(bytes, length - rtcpIndexDistance);
    if (!isVersion2(bytes) || word < SRTCP_ENCRYPTED) return SrtpFailure.malformed;
    const index = word - SRTCP_ENCRYPTED;
    const ssrc = readU32(bytes, 4);
    const known = this.#receivedRtcp.get(ssrc | 0);
    if (known !== undefined && !known.isFresh(index)) return SrtpFailure.replay;
    const plainLength = this.#remote.openRtcp(bytes, length, ssrc, index);
    if (plainLength < 0) return SrtpFailure.authentication;
    return this.#accept(this.#receivedRtcp, known, ssrc, index, packet, plainLength);
  }

  /** Forgets keys and state; every later packet is refused. May be called again. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#local.close();
    this.#remote.close();
    this.#sentRtp.clear();
    this.#lastWindow = undefined;
    this.#sentRtcp.clear();
    this.#receivedRtp.clear();
    this.#receivedRtcp.clear();
  }

  /** The only place where a packet from the network changes state: it is authentic by now. */
  #accept(
    windows: Map<number, ReplayWindow>,
    known: ReplayWindow | undefined,
    ssrc: number,
    index: number,
    packet: PooledPacket,
    plainLength: number,
  ): number {
    let window = known;
    if (window === undefined) {
      if (windows.size >= MAX_REMOTE_SSRCS) return SrtpFailure.tooManySsrcs;
      window = new ReplayWindow();
      windows.set(ssrc | 0, window);
    }
    window.add(index);
    packet.length = plainLength;
    return 0;
  }
}

/**
 * Where the payload of an RTP packet begins: after fixed header, CSRCs and header extension (RFC 3550 section 5.1).
 *
 * @param length bytes that header and payload have; without the tag
 * @returns -1 when the version is not 2 or the header does not fit
 */
function rtpHeaderLength(bytes: Uint8Array, length: number): number {
  if (length < RTP_HEADER_LENGTH || !isVersion2(bytes)) return -1;
  const first = bytes[0]!;
  let headerLength = RTP_HEADER_LENGTH + 4 * (first & 0x0f);
  if ((first & 0x10) !== 0) {
    if (headerLength + 4 > length) return -1;
    headerLength += 4 + 4 * readU16(bytes, headerLength + 2);
  }
  return headerLength <= length ? headerLength : -1;
}

function isVersion2(bytes: Uint8Array): boolean {
  return bytes[0]! >>> 6 === 2;
}
