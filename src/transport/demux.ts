/** What a datagram is, by its first bytes. */
export type DatagramKind = "stun" | "dtls" | "rtp" | "rtcp" | "unknown";

/** A STUN header (RFC 8489 section 5). */
const MIN_STUN = 20;
/** A DTLS record header (RFC 6347 section 4.1). */
const MIN_DTLS = 13;
/** A fixed RTP header (RFC 3550 section 5.1). */
const MIN_RTP = 12;
/** The header and first SSRC of an RTCP packet, which SRTCP leaves in the clear (RFC 3711 section 3.4). */
const MIN_RTCP = 8;

/**
 * Says what kind of datagram this is (RFC 7983 section 7; RTP or RTCP by RFC 5761 section 4).
 *
 * @param length Bytes of `bytes` that are the datagram.
 */
export function demux(bytes: Uint8Array, length: number): DatagramKind {
  if (length < MIN_RTCP) return "unknown";
  const first = bytes[0]!;
  if (first >= 128 && first <= 191) {
    const type = bytes[1]! & 0x7f;
    if (type >= 64 && type <= 95) return "rtcp";
    return length >= MIN_RTP ? "rtp" : "unknown";
  }
  if (first >= 20 && first <= 63) return length >= MIN_DTLS ? "dtls" : "unknown";
  if (first <= 3) return length >= MIN_STUN ? "stun" : "unknown";
  return "unknown";
}
