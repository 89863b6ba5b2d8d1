import type { PeerId } from "../base/ids.ts";
import type { SrtpProfile } from "./cipher_provider.ts";
import type { SrtpKeys } from "./srtp_session.ts";

/** A hash of a certificate, as `a=fingerprint` writes it (RFC 8122 section 5). */
export interface Fingerprint {
  /** Name of the hash, e.g. `sha-256`. */
  readonly algorithm: string;
  /** Two hexadecimal digits per byte, colons in between; either case. */
  readonly value: string;
}

/** A handshake is complete; nothing is said about whose certificate it was. */
export interface DtlsConnected {
  /** Tells the events apart. */
  readonly kind: "dtls_connected";
  /** Whose handshake. */
  readonly peer: PeerId;
  /** The protection profile that was negotiated. */
  readonly profile: SrtpProfile;
  /** What we protect with. */
  readonly localKeys: SrtpKeys;
  /** What the client protects with. */
  readonly remoteKeys: SrtpKeys;
  /** The client's certificate, DER; its owner has proven to hold the private key. */
  readonly remoteCertificate: Uint8Array;
  /** Hashes of that certificate, computed by us. */
  readonly remoteFingerprints: readonly Fingerprint[];
}

/** What the core hears from DTLS: bytes to send, a complete handshake, or the end. */
export type DtlsEvent =
  | { readonly kind: "dtls_send"; readonly peer: PeerId; readonly bytes: Uint8Array }
  | DtlsConnected
  | { readonly kind: "dtls_closed"; readonly peer: PeerId; readonly reason: string };

/**
 * The hashes that count, strongest first. SHA-1 and MD5 are not among them: RFC 8122 keeps them only for old
 * systems, and every browser sends SHA-256.
 */
const ACCEPTED_HASHES: readonly string[] = ["sha-512", "sha-384", "sha-256"];

/**
 * Whether a certificate is one of those that the offer announced.
 *
 * Only the strongest hash that the offer uses counts (RFC 8122 section 5.1), so that a weaker one beside it
 * cannot let another certificate in. An offer without an acceptable hash matches nothing.
 */
export function fingerprintMatches(announced: readonly Fingerprint[], actual: readonly Fingerprint[]): boolean {
  const wanted = announced.map(normalise);
  const own = actual.map(normalise);
  for (const algorithm of ACCEPTED_HASHES) {
    const values = wanted.filter((fingerprint) => fingerprint.algorithm === algorithm);
    const hash = own.find((fingerprint) => fingerprint.algorithm === algorithm);
    if (values.length === 0 || hash === undefined) continue;
    return hash.value !== "" && values.some((fingerprint) => fingerprint.value === hash.value);
  }
  return false;
}

/** Whether two lists of fingerprints hold the same ones, in whichever order and case. */
export function sameFingerprints(a: readonly Fingerprint[], b: readonly Fingerprint[]): boolean {
  const text = (list: readonly Fingerprint[]) =>
    [...new Set(list.map(normalise).map(({ algorithm, value }) => `${algorithm} ${value}`))].sort().join("\n");
  return text(a) === text(b);
}

function normalise(fingerprint: Fingerprint): Fingerprint {
  return { algorithm: fingerprint.algorithm.toLowerCase(), value: fingerprint.value.toUpperCase() };
}
