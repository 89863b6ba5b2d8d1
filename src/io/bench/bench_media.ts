import { writeU16, writeU32 } from "../../base/bytes.ts";
import type { PooledPacket } from "../../base/packet_pool.ts";
import type { MediaKind } from "../../room/track_source.ts";
import type { CipherProvider } from "../../transport/cipher_provider.ts";
import { SrtpSession } from "../../transport/srtp_session.ts";

/** Payload bytes of a packet: what browsers send; Opus at 48 kbit/s with 50 packets a second has 120. */
export const PAYLOAD_BYTES: Readonly<Record<MediaKind, number>> = { audio: 120, video: 1_100 };

/** Fixed header and one extension element. */
export const HEADER_BYTES = 20;

/** Payload types of the offers. */
export const PAYLOAD_TYPES: Readonly<Record<MediaKind, number>> = { audio: 111, video: 96 };

/** Video packets from keyframe to keyframe. */
const KEYFRAME_INTERVAL = 100;

const FIRST_SSRC: Readonly<Record<MediaKind, number>> = { audio: 0x1000_0000, video: 0x2000_0000 };
const INDEX_MASK = 0x0fff_ffff;

/** The SSRC on which participant `index` sends. */
export function ssrcOf(media: MediaKind, index: number): number {
  return FIRST_SSRC[media] + index;
}

/** Whose an SSRC is. */
export function indexOfSsrc(ssrc: number): number {
  return ssrc & INDEX_MASK;
}

/** The keys of one participant's session, as a DTLS handshake would have given them. */
export function benchKeys(
  index: number,
  side: "client" | "server",
): { masterKey: Uint8Array<ArrayBuffer>; masterSalt: Uint8Array<ArrayBuffer> } {
  const fill = (length: number) => {
    const bytes = new Uint8Array(length).fill(side === "client" ? 1 : 2);
    writeU32(bytes, 0, index);
    return bytes;
  };
  return { masterKey: fill(16), masterSalt: fill(12) };
}

/** The packets that one participant publishes, encrypted. */
export class PublishedMedia {
  readonly #index: number;
  readonly #session: SrtpSession;
  readonly #next: Record<MediaKind, number> = { audio: 0, video: 0 };

  /** Makes the client side of participant `index`. */
  constructor(index: number, ciphers: CipherProvider) {
    this.#index = index;
    this.#session = new SrtpSession(
      "AEAD_AES_128_GCM",
      benchKeys(index, "client"),
      benchKeys(index, "server"),
      ciphers,
    );
  }

  /** Writes the next packet into `packet` and returns its sequence number. */
  write(packet: PooledPacket, media: MediaKind): number {
    const { bytes } = packet;
    const sequence = this.#next[media]++;
    bytes.set([0x90, PAYLOAD_TYPES[media]]);
    writeU16(bytes, 2, sequence & 0xffff);
    writeU32(bytes, 4, (sequence * (media === "video" ? 3_000 : 960)) >>> 0);
    writeU32(bytes, 8, ssrcOf(media, this.#index));
    // One-byte extensions: the mid of the line, or for audio a level of -40 dB with the voice flag.
    bytes.set([0xbe, 0xde, 0, 1, ...(media === "video" ? [0x40, 0x31] : [0x10, 0x80 | 40]), 0, 0], 12);
    // VP8: start of a frame with a 15-bit picture id.
    const keyframe = sequence % KEYFRAME_INTERVAL === 0;
    if (media === "video") {
      bytes.set([0x90, 0x80, 0x80 | ((sequence >> 8) & 0x7f), sequence & 0xff, keyframe ? 0 : 1], HEADER_BYTES);
    }
    packet.length = HEADER_BYTES + PAYLOAD_BYTES[media];
    this.#session.protectRtp(packet);
    return sequence & 0xffff;
  }

  /** Frees the keys. */
  close(): void {
    this.#session.close();
  }
}
