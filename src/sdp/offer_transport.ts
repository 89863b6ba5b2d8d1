import type { DescribedMedia, Fingerprint, Section, SessionDescription } from "./session_description.ts";

/** Characters of ufrag and password (RFC 8839 section 5.4). */
const ICE_TEXT = /^[A-Za-z0-9+/]+$/;

/** Length of the value of each certificate hash that is not broken, in bytes (RFC 8122 section 5). */
const HASH_BYTES: ReadonlyMap<string, number> = new Map([["sha-256", 32], ["sha-384", 48], ["sha-512", 64]]);

/** How the client wants to do ICE and DTLS on the one path that all m-lines share. */
export interface OfferTransport {
  /** The client's ICE user name fragment. */
  ufrag: string;
  /** The client's ICE password. */
  pwd: string;
  /** Hashes of the client's certificate; a certificate must fit one of them. */
  fingerprints: Fingerprint[];
  /** Which DTLS role the client offers to take. */
  setup: "actpass" | "active" | "passive";
}

/**
 * Reads the transport that all accepted m-lines share.
 *
 * They share it because they are in one BUNDLE group (RFC 8843), so all that say something about it must say the
 * same; bundle-only m-lines may leave it out.
 *
 * @returns The transport, or what is wrong.
 */
export function readTransport(
  session: SessionDescription,
  accepted: readonly DescribedMedia[],
): OfferTransport | string {
  const mids = accepted.map((media) => media.mid ?? "");
  if (!session.bundles.some((bundle) => mids.every((mid) => bundle.includes(mid)))) {
    return "all m-lines must be in one BUNDLE group";
  }
  const ufrag = agreed(session, accepted, (section) => section.ufrag);
  if (ufrag === undefined || ufrag.length < 4 || ufrag.length > 256 || !ICE_TEXT.test(ufrag)) {
    return 'all m-lines must have the same "a=ice-ufrag" of 4 to 256 characters';
  }
  const pwd = agreed(session, accepted, (section) => section.pwd);
  if (pwd === undefined || pwd.length < 22 || pwd.length > 256 || !ICE_TEXT.test(pwd)) {
    return 'all m-lines must have the same "a=ice-pwd" of 22 to 256 characters';
  }
  const setup = agreed(session, accepted, (section) => section.setup);
  if (setup !== "actpass" && setup !== "active" && setup !== "passive") {
    return 'all m-lines must have the same "a=setup": actpass, active or passive';
  }
  const lines = agreed(session, accepted, (section) => section.fingerprints.toSorted().join("\n") || undefined);
  const fingerprints = readFingerprints(lines ?? "");
  if (fingerprints.length === 0) return 'all m-lines must have the same "a=fingerprint" of sha-256, sha-384 or sha-512';
  return { ufrag, pwd, fingerprints, setup };
}

/** The one value that m-lines have (the session's where they have none), `undefined` if there is none or they differ. */
function agreed(
  session: Section,
  accepted: readonly Section[],
  read: (section: Section) => string | undefined,
): string | undefined {
  const inherited = read(session);
  const values = new Set<string>();
  for (const section of accepted) {
    const value = read(section) ?? inherited;
    if (value !== undefined) values.add(value);
  }
  const [value] = values;
  return values.size === 1 ? value : undefined;
}

function readFingerprints(lines: string): Fingerprint[] {
  return lines.split("\n").flatMap((line) => {
    const [name = "", hash = "", ...rest] = line.split(" ");
    const algorithm = name.toLowerCase();
    const value = hash.toUpperCase();
    const sound = rest.length === 0 && /^[0-9A-F]{2}(?::[0-9A-F]{2})*$/.test(value) &&
      value.length === 3 * (HASH_BYTES.get(algorithm) ?? 0) - 1;
    return sound ? [{ algorithm, value }] : [];
  });
}
