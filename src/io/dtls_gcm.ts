import { createDecipheriv } from "node:crypto";
import { writeU16 } from "../base/bytes.ts";
import { DTLS_1_2, DTLS_RECORD_HEADER, type DtlsRecord } from "../transport/dtls_handshake.ts";

/** Bytes of the explicit nonce before an AES-GCM record (RFC 5288 section 3). */
export const NONCE_LENGTH = 8;

/** Bytes of the tag behind it. */
export const TAG_LENGTH = 16;

/** Decrypts a record (TLS_ECDHE_*_WITH_AES_128_GCM_SHA256); `undefined` when it is not authentic. */
export function openGcmRecord(
  record: DtlsRecord,
  key: Uint8Array,
  implicitNonce: Uint8Array,
): Uint8Array | undefined {
  const { payload } = record;
  const length = payload.length - NONCE_LENGTH - TAG_LENGTH;
  if (length < 0) return undefined;
  const nonce = new Uint8Array([...implicitNonce, ...payload.subarray(0, NONCE_LENGTH)]);
  try {
    const cipher = createDecipheriv("aes-128-gcm", key, nonce);
    cipher.setAAD(additionalData(record.bytes, record.contentType, length));
    cipher.setAuthTag(payload.subarray(NONCE_LENGTH + length));
    const plain = cipher.update(payload.subarray(NONCE_LENGTH, NONCE_LENGTH + length));
    cipher.final();
    return Uint8Array.from(plain);
  } catch {
    return undefined; // the tag is wrong
  }
}

/** What is authenticated beside the content (RFC 5246 section 6.2.3.3): epoch, sequence number, type, version, length. */
export function additionalData(record: Uint8Array, contentType: number, length: number): Uint8Array {
  const additional = new Uint8Array(DTLS_RECORD_HEADER);
  additional.set(record.subarray(3, 11));
  additional[8] = contentType;
  writeU16(additional, 9, DTLS_1_2);
  writeU16(additional, 11, length);
  return additional;
}
