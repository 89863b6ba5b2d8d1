import { createHash, X509Certificate } from "node:crypto";
import { CipherContext, HashAlgorithm, NamedCurveAlgorithm, SignatureAlgorithm } from "werift";

/** What the server identifies itself with; one for the whole process. */
export interface DtlsCertificate {
  /** SHA-256 of the certificate, as `a=fingerprint` writes it. */
  readonly fingerprint: string;
  /** The certificate, PEM. */
  readonly certificatePem: string;
  /** Its private key, PEM. */
  readonly keyPem: string;
}

/**
 * Makes a self-signed certificate with a new ECDSA P-256 key.
 *
 * Clients know it by its fingerprint in the SDP only. It lives as long as the process: a new one per
 * participant would cost more and hide nothing, as the server is the same.
 */
export async function createCertificate(): Promise<DtlsCertificate> {
  const made = await CipherContext.createSelfSignedCertificateWithKey(
    { signature: SignatureAlgorithm.ecdsa_3, hash: HashAlgorithm.sha256_4 },
    NamedCurveAlgorithm.secp256r1_23,
  );
  const digits = createHash("sha256").update(new X509Certificate(made.certPem).raw).digest("hex").toUpperCase();
  return { fingerprint: digits.match(/../g)!.join(":"), certificatePem: made.certPem, keyPem: made.keyPem };
}
