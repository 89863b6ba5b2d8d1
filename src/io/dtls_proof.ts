import { createHash, createHmac, timingSafeEqual, verify, X509Certificate } from "node:crypto";
import { readU16 } from "../base/bytes.ts";
import type { DtlsRecord } from "../transport/dtls_handshake.ts";
import type { Fingerprint } from "../transport/dtls_port.ts";
import { openGcmRecord } from "./dtls_gcm.ts";

/** Bytes of `verify_data` (RFC 5246 section 7.4.9). */
const VERIFY_DATA_LENGTH = 12;

/** The two signature schemes that our CertificateRequest lists, and the key each needs. */
const SCHEMES: ReadonlyMap<number, string> = new Map([[0x0403, "ec"], [0x0401, "rsa"]]);

const HASHES: readonly [string, string][] = [["sha-256", "sha256"], ["sha-384", "sha384"], ["sha-512", "sha512"]];

/** The secrets and hellos that the keys of one handshake come from. */
export interface HandshakeSecrets {
  /** The master secret. */
  readonly master: Uint8Array;
  /** `ClientHello.random`. */
  readonly clientRandom: Uint8Array;
  /** `ServerHello.random`. */
  readonly serverRandom: Uint8Array;
}

/** The hashes of a certificate that an offer may name. */
export function certificateFingerprints(der: Uint8Array): Fingerprint[] {
  return HASHES.map(([algorithm, name]) => {
    const digits = createHash(name).update(der).digest("hex").toUpperCase();
    return { algorithm, value: digits.match(/../g)!.join(":") };
  });
}

/**
 * Whether a CertificateVerify message was made with the private key of a certificate (RFC 5246 section 7.4.8).
 *
 * Without this check a certificate proves nothing: it is sent in the clear and anybody can repeat it.
 *
 * @param transcript All handshake messages from the ClientHello with the cookie up to ClientKeyExchange.
 */
export function certificateVerifies(certificate: Uint8Array, transcript: Uint8Array, body: Uint8Array): boolean {
  if (body.length < 4 || readU16(body, 2) !== body.length - 4) return false;
  const wanted = SCHEMES.get(readU16(body, 0));
  try {
    const key = new X509Certificate(certificate).publicKey;
    if (wanted === undefined || key.asymmetricKeyType !== wanted) return false;
    return verify("sha256", transcript, key, body.subarray(4));
  } catch {
    return false; // not a certificate, or a key of a kind that we cannot use
  }
}

/** What a client's Finished message must hold (RFC 5246 section 7.4.9). */
export function clientVerifyData(master: Uint8Array, transcript: Uint8Array): Uint8Array {
  const hash = createHash("sha256").update(transcript).digest();
  return prf(master, "client finished", hash, VERIFY_DATA_LENGTH);
}

/** Whether two byte strings are equal, in constant time. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** What a client encrypts its records with. */
export interface ClientRecordKeys {
  /** AES-128. */
  readonly key: Uint8Array;
  /** The implicit part of the nonce. */
  readonly salt: Uint8Array;
}

/** Derives the keys of the client's records: once, since that costs ten times what a record does. */
export function clientRecordKeys({ master, clientRandom, serverRandom }: HandshakeSecrets): ClientRecordKeys {
  const block = prf(master, "key expansion", new Uint8Array([...serverRandom, ...clientRandom]), 40);
  return { key: block.subarray(0, 16), salt: block.subarray(32, 36) };
}

/** Decrypts a record of the client (TLS_ECDHE_*_WITH_AES_128_GCM_SHA256); `undefined` when it is not authentic. */
export function openClientRecord({ key, salt }: ClientRecordKeys, record: DtlsRecord): Uint8Array | undefined {
  return openGcmRecord(record, key, salt);
}

/**
 * The pseudo-random function of TLS 1.2 with SHA-256 (RFC 5246 section 5).
 *
 * @param length Bytes wanted.
 */
export function prf(secret: Uint8Array, label: string, seed: Uint8Array, length: number): Uint8Array {
  const labelled = new Uint8Array([...new TextEncoder().encode(label), ...seed]);
  const output = new Uint8Array(Math.ceil(length / 32) * 32);
  let chained: Uint8Array = labelled;
  for (let at = 0; at < length; at += 32) {
    chained = createHmac("sha256", secret).update(chained).digest();
    output.set(createHmac("sha256", secret).update(chained).update(labelled).digest(), at);
  }
  return output.subarray(0, length);
}
