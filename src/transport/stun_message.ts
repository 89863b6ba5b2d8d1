import { equalConstantTime, readU16, readU32 } from "../base/bytes.ts";
import { crc32 } from "./crc32.ts";
import { type HmacSha1, SHA1_LENGTH } from "./sha1.ts";

/** The four message classes (RFC 8489 section 5). */
export const StunClass = { request: 0, indication: 1, success: 2, error: 3 } as const;

/** The only method ICE uses. */
export const STUN_BINDING = 0x001;

/** Attribute types that an ICE agent meets (RFC 8489 section 18.3, RFC 8445 section 16.1). */
export const StunAttribute = {
  mappedAddress: 0x0001,
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  unknownAttributes: 0x000a,
  realm: 0x0014,
  nonce: 0x0015,
  xorMappedAddress: 0x0020,
  priority: 0x0024,
  useCandidate: 0x0025,
  fingerprint: 0x8028,
  iceControlled: 0x8029,
  iceControlling: 0x802a,
} as const;

/** Bytes of a STUN header. */
export const STUN_HEADER_LENGTH = 20;
/** What every STUN message has at offset 4. */
export const STUN_MAGIC_COOKIE = 0x2112a442;
/** RFC 8489 section 14.7: tells STUN's checksum from that of another protocol in the same datagram. */
export const STUN_FINGERPRINT_XOR = 0x5354554e;
/** Types below this one must be understood, or the request refused (RFC 8489 section 14). */
const FIRST_OPTIONAL = 0x8000;
/** How many unknown types an answer names; a request holds more only to make us work. */
const MAX_UNKNOWN = 8;
/** The longest ufrag that a lookup is tried with; ours are shorter. */
const MAX_UFRAG_LENGTH = 64;

const KNOWN_REQUIRED: ReadonlySet<number> = new Set(
  Object.values(StunAttribute).filter((type) => type < FIRST_OPTIONAL),
);

/** Attributes whose length is fixed. */
const FIXED_LENGTH: ReadonlyMap<number, number> = new Map([
  [StunAttribute.messageIntegrity, SHA1_LENGTH],
  [StunAttribute.priority, 4],
  [StunAttribute.useCandidate, 0],
  [StunAttribute.fingerprint, 4],
  [StunAttribute.iceControlled, 8],
  [StunAttribute.iceControlling, 8],
]);

/**
 * Says where things are in one STUN message; reusable, `parse()` fills it.
 *
 * Offsets are those of values, -1 where the attribute is missing. Of attributes that come twice the first
 * counts, and whatever follows MESSAGE-INTEGRITY is not looked at, except FINGERPRINT (RFC 8489 section 14.5).
 */
export class StunView {
  /** The message, as given to `parse()`. */
  bytes: Uint8Array = new Uint8Array(0);
  /** Bytes of the message. */
  length = 0;
  /** One of `StunClass`. */
  messageClass: number = StunClass.request;
  /** The method; `STUN_BINDING` is the one that ICE uses. */
  method = 0;
  /** Where USERNAME is. */
  usernameOffset: number = -1;
  /** Bytes of USERNAME. */
  usernameLength = 0;
  /** Where the 20 bytes of MESSAGE-INTEGRITY are. */
  integrityOffset: number = -1;
  /** Where the 4 bytes of FINGERPRINT are. */
  fingerprintOffset: number = -1;
  /** Where XOR-MAPPED-ADDRESS is. */
  mappedOffset: number = -1;
  /** The number of ERROR-CODE, 0 when there is none. */
  errorCode = 0;
  /** PRIORITY, 0 when there is none. */
  priority = 0;
  /** The client nominates this pair. */
  useCandidate = false;
  /** The client says that it is the controlled side. */
  controlled = false;
  /** The client says that it is the controlling side. */
  controlling = false;
  /** Types that must be understood and are not, at most eight of them. */
  readonly unknown: number[] = [];

  /** Reads a message; `false` when it is not a well-formed one. */
  parse(bytes: Uint8Array, length: number): boolean {
    this.#clear(bytes, length);
    if (length < STUN_HEADER_LENGTH || length > bytes.length || length % 4 !== 0) return false;
    const type = readU16(bytes, 0);
    if (type > 0x3fff || readU16(bytes, 2) !== length - STUN_HEADER_LENGTH) return false;
    if (readU32(bytes, 4) !== STUN_MAGIC_COOKIE) return false;
    this.messageClass = ((type >> 7) & 2) | ((type >> 4) & 1);
    this.method = ((type >> 2) & 0xf80) | ((type >> 1) & 0x70) | (type & 0xf);
    let at = STUN_HEADER_LENGTH;
    while (at < length) {
      const attribute = readU16(bytes, at);
      const size = readU16(bytes, at + 2);
      const value = at + 4;
      at = value + size + (-size & 3);
      if (at > length || this.fingerprintOffset >= 0) return false;
      if (this.integrityOffset >= 0 && attribute !== StunAttribute.fingerprint) continue;
      const fixed = FIXED_LENGTH.get(attribute);
      if (fixed !== undefined && fixed !== size) return false;
      this.#take(attribute, value, size);
    }
    return true;
  }

  /** The part of USERNAME before the colon, which is the receiver's ufrag; `undefined` when there is none. */
  localUfrag(): string | undefined {
    if (this.usernameOffset < 0) return undefined;
    const limit = Math.min(this.usernameLength, MAX_UFRAG_LENGTH + 1);
    let text = "";
    for (let i = 0; i < limit; i++) {
      const byte = this.bytes[this.usernameOffset + i]!;
      if (byte === 0x3a) return text;
      text += String.fromCharCode(byte);
    }
    return undefined;
  }

  /** Whether USERNAME is exactly these bytes. */
  usernameIs(expected: Uint8Array): boolean {
    if (this.usernameOffset < 0 || this.usernameLength !== expected.length) return false;
    for (let i = 0; i < expected.length; i++) {
      if (this.bytes[this.usernameOffset + i] !== expected[i]) return false;
    }
    return true;
  }

  /** Whether MESSAGE-INTEGRITY is there and right; `key` is the keyed hash of the receiver's password. */
  integrityIsRight(key: HmacSha1): boolean {
    if (this.integrityOffset < 0) return false;
    const end = this.integrityOffset - 4;
    const expected = new Uint8Array(SHA1_LENGTH);
    stunIntegrity(key, this.bytes, end, expected);
    return equalConstantTime(expected, this.bytes.subarray(this.integrityOffset, this.integrityOffset + SHA1_LENGTH));
  }

  /** Whether FINGERPRINT is missing or right. */
  fingerprintIsRight(): boolean {
    if (this.fingerprintOffset < 0) return true;
    const expected = (crc32(this.bytes, 0, this.fingerprintOffset - 4) ^ STUN_FINGERPRINT_XOR) >>> 0;
    return readU32(this.bytes, this.fingerprintOffset) === expected;
  }

  #take(attribute: number, value: number, size: number): void {
    switch (attribute) {
      case StunAttribute.username:
        if (this.usernameOffset >= 0) return;
        this.usernameOffset = value;
        this.usernameLength = size;
        return;
      case StunAttribute.messageIntegrity:
        this.integrityOffset = value;
        return;
      case StunAttribute.fingerprint:
        this.fingerprintOffset = value;
        return;
      case StunAttribute.xorMappedAddress:
        if (this.mappedOffset < 0) this.mappedOffset = value;
        return;
      case StunAttribute.errorCode:
        if (size >= 4) this.errorCode = (this.bytes[value + 2]! & 7) * 100 + this.bytes[value + 3]!;
        return;
      case StunAttribute.priority:
        this.priority = readU32(this.bytes, value);
        return;
      case StunAttribute.useCandidate:
        this.useCandidate = true;
        return;
      case StunAttribute.iceControlled:
        this.controlled = true;
        return;
      case StunAttribute.iceControlling:
        this.controlling = true;
        return;
    }
    if (attribute < FIRST_OPTIONAL && !KNOWN_REQUIRED.has(attribute) && this.unknown.length < MAX_UNKNOWN) {
      this.unknown.push(attribute);
    }
  }

  #clear(bytes: Uint8Array, length: number): void {
    this.bytes = bytes;
    this.length = length;
    this.usernameOffset =
      this.integrityOffset =
      this.fingerprintOffset =
      this.mappedOffset =
        -1;
    this.usernameLength = this.errorCode = this.priority = 0;
    this.useCandidate = this.controlled = this.controlling = false;
    this.unknown.length = 0;
  }
}

/** Shared by all lookups: parsing leaves nothing behind that a later call needs. */
const lookup = new StunView();

/**
 * Finds out for whom a binding request is: the first half of its USERNAME.
 *
 * Nothing is proven by that; it only says whose password to check the message with.
 */
export function stunLocalUfrag(bytes: Uint8Array, length: number): string | undefined {
  if (!lookup.parse(bytes, length) || lookup.messageClass !== StunClass.request) return undefined;
  return lookup.localUfrag();
}

/**
 * Computes the integrity of a message whose MESSAGE-INTEGRITY begins at `end`.
 *
 * The header that is hashed says that the message ends right after it (RFC 8489 section 14.5), whatever the real one says.
 */
export function stunIntegrity(key: HmacSha1, bytes: Uint8Array, end: number, into: Uint8Array, offset = 0): void {
  lengthField[0] = (end + 4 + SHA1_LENGTH - STUN_HEADER_LENGTH) >>> 8;
  lengthField[1] = end + 4 + SHA1_LENGTH - STUN_HEADER_LENGTH;
  key.start();
  key.update(bytes, 0, 2);
  key.update(lengthField);
  key.update(bytes, 4, end);
  key.digest(into, offset);
}

/** The length field that is hashed in place of the real one. */
const lengthField = new Uint8Array(2);
