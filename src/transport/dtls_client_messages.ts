import { readU16, writeU16, writeU24 } from "../base/bytes.ts";
import type { SrtpProfile } from "./cipher_provider.ts";
import { DTLS_1_2 } from "./dtls_handshake.ts";

/** TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 and the same with RSA certificates (RFC 5289 section 3.2). */
const CIPHER_SUITES: readonly number[] = [0xc02b, 0xc02f];

/** secp256r1, the one curve that every DTLS 1.2 server has (RFC 8422 section 5.1.1). */
const SECP256R1 = 23;

/** ecdsa_secp256r1_sha256 and rsa_pkcs1_sha256. */
const SIGNATURE_SCHEMES: readonly number[] = [0x0403, 0x0401];

/** Numbers of the SRTP profiles (RFC 7714 section 14.2, RFC 5764 section 4.1.2), most wanted first. */
const PROFILE_NUMBERS: readonly [SrtpProfile, number][] = [
  ["AEAD_AES_128_GCM", 0x0007],
  ["AES_CM_128_HMAC_SHA1_80", 0x0001],
];

const EXTENSION = {
  supportedGroups: 10,
  pointFormats: 11,
  signatureAlgorithms: 13,
  useSrtp: 14,
  extendedMasterSecret: 23,
  renegotiationInfo: 0xff01,
} as const;

/** Bytes of an uncompressed point of secp256r1: 4, then both coordinates. */
const POINT_LENGTH = 65;

/** The longest cookie (RFC 6347 section 4.2.1). */
const MAX_COOKIE = 255;

/** What of a ServerHello matters to us. */
export interface ServerHello {
  /** The 32 random bytes. */
  readonly random: Uint8Array<ArrayBuffer>;
  readonly profile: SrtpProfile;
}

/** What a ServerKeyExchange says. */
export interface ServerKeyExchange {
  /** The server's point of secp256r1. */
  readonly publicKey: Uint8Array<ArrayBuffer>;
  /** The part of the message that is signed, after both randoms. */
  readonly parameters: Uint8Array<ArrayBuffer>;
  /** Scheme, length and signature: written like a CertificateVerify. */
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** Writes the body of a ClientHello: two suites, one curve, SRTP, and the extended master secret (RFC 7627). */
export function clientHelloBody(random: Uint8Array, cookie: Uint8Array): Uint8Array<ArrayBuffer> {
  const extensions = [
    extension(EXTENSION.supportedGroups, vector16(u16(SECP256R1))),
    extension(EXTENSION.pointFormats, Uint8Array.of(1, 0)),
    extension(EXTENSION.signatureAlgorithms, vector16(join(SIGNATURE_SCHEMES.map(u16)))),
    extension(
      EXTENSION.useSrtp,
      join([vector16(join(PROFILE_NUMBERS.map(([, number]) => u16(number)))), Uint8Array.of(0)]),
    ),
    extension(EXTENSION.extendedMasterSecret, new Uint8Array(0)),
    extension(EXTENSION.renegotiationInfo, Uint8Array.of(0)),
  ];
  return join([
    u16(DTLS_1_2),
    random,
    Uint8Array.of(0, cookie.length),
    cookie,
    vector16(join(CIPHER_SUITES.map(u16))),
    Uint8Array.of(1, 0),
    vector16(join(extensions)),
  ]);
}

/** The cookie of a HelloVerifyRequest; `undefined` when it is malformed. */
export function parseHelloVerify(body: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  if (body.length < 3 || body[2]! > MAX_COOKIE || body.length !== 3 + body[2]!) return undefined;
  return body.slice(3);
}

/**
 * Reads a ServerHello.
 *
 * @returns a word that says what we cannot accept: another version or suite, no SRTP profile, no extended master secret
 */
export function parseServerHello(body: Uint8Array): ServerHello | string {
  if (body.length < 38 || readU16(body, 0) !== DTLS_1_2) return "dtls_version";
  const at = 35 + body[34]!;
  if (at + 3 > body.length || !CIPHER_SUITES.includes(readU16(body, at)) || body[at + 2] !== 0) {
    return "dtls_no_common_parameters";
  }
  const found = parseExtensions(body, at + 3);
  if (found === undefined) return "dtls_handshake";
  if (!found.has(EXTENSION.extendedMasterSecret)) return "no_extended_master_secret";
  const srtp = found.get(EXTENSION.useSrtp);
  // One profile, and no MKI, since we offered none.
  if (srtp === undefined || srtp.length !== 5 || readU16(srtp, 0) !== 2 || srtp[4] !== 0) return "no_srtp_profile";
  const profile = PROFILE_NUMBERS.find(([, number]) => number === readU16(srtp, 2))?.[0];
  return profile === undefined ? "no_srtp_profile" : { random: body.slice(2, 34), profile };
}

/** Reads a ServerKeyExchange over secp256r1 (RFC 8422 section 5.4); `undefined` for anything else. */
export function parseServerKeyExchange(body: Uint8Array): ServerKeyExchange | undefined {
  const end = 4 + POINT_LENGTH;
  if (body.length < end + 4 || body[0] !== 3 || readU16(body, 1) !== SECP256R1 || body[3] !== POINT_LENGTH) {
    return undefined;
  }
  if (body.length !== end + 4 + readU16(body, end + 2)) return undefined;
  return { publicKey: body.slice(4, end), parameters: body.slice(0, end), signature: body.slice(end) };
}

/** The body of a Certificate message with one certificate. */
export function certificateBody(der: Uint8Array): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(6 + der.length);
  writeU24(body, 0, der.length + 3);
  writeU24(body, 3, der.length);
  body.set(der, 6);
  return body;
}

/** The body of a ClientKeyExchange: our point. */
export function clientKeyExchangeBody(publicKey: Uint8Array): Uint8Array<ArrayBuffer> {
  return join([Uint8Array.of(publicKey.length), publicKey]);
}

/** The body of a CertificateVerify with an ECDSA signature. */
export function certificateVerifyBody(signature: Uint8Array): Uint8Array<ArrayBuffer> {
  return join([u16(SIGNATURE_SCHEMES[0]!), vector16(signature)]);
}

function parseExtensions(body: Uint8Array, start: number): Map<number, Uint8Array> | undefined {
  const found = new Map<number, Uint8Array>();
  if (start === body.length) return found;
  if (start + 2 > body.length || start + 2 + readU16(body, start) !== body.length) return undefined;
  for (let at = start + 2; at < body.length;) {
    if (at + 4 > body.length) return undefined;
    const end = at + 4 + readU16(body, at + 2);
    if (end > body.length || found.has(readU16(body, at))) return undefined;
    found.set(readU16(body, at), body.subarray(at + 4, end));
    at = end;
  }
  return found;
}

function u16(value: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(2);
  writeU16(bytes, 0, value);
  return bytes;
}

function vector16(content: Uint8Array): Uint8Array<ArrayBuffer> {
  return join([u16(content.length), content]);
}

function extension(type: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  return join([u16(type), vector16(content)]);
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
