import { createCipheriv, createHash } from "node:crypto";
import { writeU16, writeU32 } from "../../base/bytes.ts";
import { SRTP_PARAMETERS, type SrtpProfile } from "../../transport/cipher_provider.ts";
import { DTLS_1_2, DTLS_RECORD_HEADER, type DtlsRecord } from "../../transport/dtls_handshake.ts";
import type { SrtpKeys } from "../../transport/srtp_session.ts";
import { prf } from "../dtls_proof.ts";
import { additionalData, NONCE_LENGTH, openGcmRecord, TAG_LENGTH } from "../dtls_gcm.ts";

const MASTER_SECRET_LENGTH = 48;

/** Bytes of `verify_data` (RFC 5246 section 7.4.9). */
const VERIFY_DATA_LENGTH = 12;

/** Two keys of 16 bytes and two implicit nonces of 4. */
const KEY_BLOCK_LENGTH = 40;

/** The secrets of one DTLS 1.2 association, as its client uses them (TLS_ECDHE_*_WITH_AES_128_GCM_SHA256). */
export class ClientSecrets {
  readonly #master: Uint8Array;
  readonly #clientRandom: Uint8Array;
  readonly #serverRandom: Uint8Array;
  readonly #keys: Uint8Array;

  /**
   * Derives everything.
   *
   * @param preMaster The secret that both sides have agreed on.
   * @param transcript All handshake messages from the ClientHello with the cookie up to ClientKeyExchange (RFC 7627).
   */
  constructor(preMaster: Uint8Array, transcript: Uint8Array, clientRandom: Uint8Array, serverRandom: Uint8Array) {
    this.#master = prf(preMaster, "extended master secret", sha256(transcript), MASTER_SECRET_LENGTH);
    this.#clientRandom = clientRandom;
    this.#serverRandom = serverRandom;
    const seed = new Uint8Array([...serverRandom, ...clientRandom]);
    this.#keys = prf(this.#master, "key expansion", seed, KEY_BLOCK_LENGTH);
  }

  /** What a Finished message must hold (RFC 5246 section 7.4.9). */
  verifyData(side: "client" | "server", transcript: Uint8Array): Uint8Array {
    return prf(this.#master, `${side} finished`, sha256(transcript), VERIFY_DATA_LENGTH);
  }

  /** Encrypts a record of ours; the sequence number of epoch 1 must be a new one each time. */
  seal(contentType: number, sequence: number, plain: Uint8Array): Uint8Array<ArrayBuffer> {
    const record = new Uint8Array(DTLS_RECORD_HEADER + NONCE_LENGTH + plain.length + TAG_LENGTH);
    record[0] = contentType;
    writeU16(record, 1, DTLS_1_2);
    writeU16(record, 3, 1);
    writeU32(record, 7, sequence);
    writeU16(record, 11, NONCE_LENGTH + plain.length + TAG_LENGTH);
    record.set(record.subarray(3, 11), DTLS_RECORD_HEADER);
    const nonce = new Uint8Array([...this.#keys.subarray(32, 36), ...record.subarray(3, 11)]);
    const cipher = createCipheriv("aes-128-gcm", this.#keys.subarray(0, 16), nonce);
    cipher.setAAD(additionalData(record, contentType, plain.length));
    record.set(cipher.update(plain), DTLS_RECORD_HEADER + NONCE_LENGTH);
    cipher.final();
    record.set(cipher.getAuthTag(), DTLS_RECORD_HEADER + NONCE_LENGTH + plain.length);
    return record;
  }

  /** Decrypts a record of the server; `undefined` when it is not authentic. */
  open(record: DtlsRecord): Uint8Array | undefined {
    return openGcmRecord(record, this.#keys.subarray(16, 32), this.#keys.subarray(36, 40));
  }

  /** Exports the keys of SRTP (RFC 5764 section 4.2): ours first. */
  srtpKeys(profile: SrtpProfile): { local: SrtpKeys; remote: SrtpKeys } {
    const { keyLength, saltLength } = SRTP_PARAMETERS[profile];
    const seed = new Uint8Array([...this.#clientRandom, ...this.#serverRandom]);
    const material = prf(this.#master, "EXTRACTOR-dtls_srtp", seed, 2 * (keyLength + saltLength));
    const salts = 2 * keyLength;
    return {
      local: { masterKey: material.slice(0, keyLength), masterSalt: material.slice(salts, salts + saltLength) },
      remote: { masterKey: material.slice(keyLength, salts), masterSalt: material.slice(salts + saltLength) },
    };
  }
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}
