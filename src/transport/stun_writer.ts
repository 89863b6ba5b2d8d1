import { writeU16, writeU32 } from "../base/bytes.ts";
import { crc32 } from "./crc32.ts";
import { type HmacSha1, SHA1_LENGTH } from "./sha1.ts";
import {
  STUN_FINGERPRINT_XOR,
  STUN_HEADER_LENGTH,
  STUN_MAGIC_COOKIE,
  StunAttribute,
  stunIntegrity,
} from "./stun_message.ts";

/**
 * Writes one STUN message into a buffer.
 *
 * Attributes go in by order of the calls; `integrity()` and `fingerprint()` come last, in this order. The
 * caller sees to it that the buffer is large enough (a response needs less than 150 bytes).
 */
export class StunWriter {
  readonly #bytes: Uint8Array;
  #length = STUN_HEADER_LENGTH;

  /** Starts a message with the transaction id found at `transaction` in `idFrom` (at 8 in another message). */
  constructor(bytes: Uint8Array, messageClass: number, method: number, idFrom: Uint8Array, transaction = 8) {
    this.#bytes = bytes;
    const type = ((method & 0xf80) << 2) | ((messageClass & 2) << 7) | ((method & 0x70) << 1) |
      ((messageClass & 1) << 4) | (method & 0xf);
    writeU16(bytes, 0, type);
    writeU32(bytes, 4, STUN_MAGIC_COOKIE);
    for (let i = 0; i < 12; i++) bytes[8 + i] = idFrom[transaction + i]!;
    writeU16(bytes, 2, 0);
  }

  /** Bytes written so far; after the last attribute the length of the message. */
  get length(): number {
    return this.#length;
  }

  /** Adds an attribute. */
  attribute(type: number, value: Uint8Array): this {
    const at = this.#begin(type, value.length);
    this.#bytes.set(value, at);
    return this;
  }

  /** Adds XOR-MAPPED-ADDRESS; `address` has 4 or 16 bytes (RFC 8489 section 14.2). */
  xorMappedAddress(address: Uint8Array, port: number): this {
    const at = this.#begin(StunAttribute.xorMappedAddress, 4 + address.length);
    this.#bytes[at] = 0;
    this.#bytes[at + 1] = address.length === 4 ? 1 : 2;
    writeU16(this.#bytes, at + 2, port ^ (STUN_MAGIC_COOKIE >>> 16));
    for (let i = 0; i < address.length; i++) this.#bytes[at + 4 + i] = address[i]! ^ this.#bytes[4 + i]!;
    return this;
  }

  /** Adds ERROR-CODE; the reason is ASCII text for people. */
  errorCode(code: number, reason: string): this {
    const at = this.#begin(StunAttribute.errorCode, 4 + reason.length);
    writeU16(this.#bytes, at, 0);
    this.#bytes[at + 2] = Math.floor(code / 100);
    this.#bytes[at + 3] = code % 100;
    for (let i = 0; i < reason.length; i++) this.#bytes[at + 4 + i] = reason.charCodeAt(i);
    return this;
  }

  /** Adds UNKNOWN-ATTRIBUTES. */
  unknownAttributes(types: readonly number[]): this {
    const at = this.#begin(StunAttribute.unknownAttributes, 2 * types.length);
    for (const [i, type] of types.entries()) writeU16(this.#bytes, at + 2 * i, type);
    return this;
  }

  /** Adds MESSAGE-INTEGRITY. */
  integrity(key: HmacSha1): this {
    const at = this.#begin(StunAttribute.messageIntegrity, SHA1_LENGTH);
    stunIntegrity(key, this.#bytes, at - 4, this.#bytes, at);
    return this;
  }

  /** Adds FINGERPRINT. */
  fingerprint(): this {
    const at = this.#begin(StunAttribute.fingerprint, 4);
    writeU32(this.#bytes, at, (crc32(this.#bytes, 0, at - 4) ^ STUN_FINGERPRINT_XOR) >>> 0);
    return this;
  }

  /** Writes an attribute header and its padding, brings the message length up to date; returns where the value goes. */
  #begin(type: number, size: number): number {
    const at = this.#length;
    writeU16(this.#bytes, at, type);
    writeU16(this.#bytes, at + 2, size);
    const end = at + 4 + size;
    this.#length = end + (-size & 3);
    this.#bytes.fill(0, end, this.#length);
    writeU16(this.#bytes, 2, this.#length - STUN_HEADER_LENGTH);
    return at + 4;
  }
}
