import { equalConstantTime, readU16, readU24, writeU16, writeU24 } from "../base/bytes.ts";

/** Content types of DTLS records (RFC 5246 section 6.2.1). */
export const DtlsContent = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;

/** The handshake messages of a DTLS 1.2 handshake with client certificate (RFC 5246 section 7.4, RFC 6347 section 4.3.2). */
export const HandshakeType = {
  clientHello: 1,
  serverHello: 2,
  helloVerifyRequest: 3,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
} as const;

/** DTLS 1.2 on the wire; lower numbers are newer versions. */
export const DTLS_1_2 = 0xfefd;

/** Bytes of a record header. */
export const DTLS_RECORD_HEADER = 13;

/** Bytes of a handshake message header. */
export const DTLS_HANDSHAKE_HEADER = 12;

/** The longest message that is put together. A ClientHello takes 1.4 KB and a certificate of a browser 0.3 KB to 1 KB. */
export const MAX_HANDSHAKE_LENGTH = 8_192;

/** How many messages are put together at a time; a client's flight has four. */
const MAX_PENDING = 6;

/** Records looked at per datagram; a client's flight has five. */
const MAX_RECORDS = 32;

/** Where one DTLS 1.2 record lies in a datagram. */
export interface DtlsRecord {
  /** One of `DtlsContent`, or something unknown. */
  readonly contentType: number;
  /** 0 until the keys are in use. */
  readonly epoch: number;
  /** The whole record, header included. */
  readonly bytes: Uint8Array;
  /** What the record carries. */
  readonly payload: Uint8Array;
}

/** One handshake message, whole. */
export interface HandshakeMessage {
  /** One of `HandshakeType`, or something unknown. */
  readonly type: number;
  /** `message_seq`. */
  readonly sequence: number;
  /** The message without its header. */
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Cuts a datagram into DTLS 1.2 records; what is malformed, and all that follows it, is left out. */
export function parseDtlsRecords(bytes: Uint8Array): DtlsRecord[] {
  const records: DtlsRecord[] = [];
  for (let at = 0; at + DTLS_RECORD_HEADER <= bytes.length && records.length < MAX_RECORDS;) {
    const contentType = bytes[at]!;
    if (contentType < DtlsContent.changeCipherSpec || contentType > DtlsContent.applicationData) break;
    // ClientHellos may name 1.0 in the record (RFC 6347 section 4.2.1).
    if (bytes[at + 1] !== 0xfe) break;
    const end = at + DTLS_RECORD_HEADER + readU16(bytes, at + 11);
    if (end > bytes.length) break;
    records.push({
      contentType,
      epoch: readU16(bytes, at + 3),
      bytes: bytes.subarray(at, end),
      payload: bytes.subarray(at + DTLS_RECORD_HEADER, end),
    });
    at = end;
  }
  return records;
}

interface Pending {
  readonly type: number;
  readonly sequence: number;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly have: Uint8Array<ArrayBuffer>;
  missing: number;
}

/**
 * Puts handshake messages together from fragments, in whatever order and cut they come (RFC 6347 section 4.2.3).
 *
 * Browsers send their ClientHello in two datagrams and cut it differently when they repeat it. Memory is
 * bounded: few messages at a time, each of bounded length; the oldest gives way.
 */
export class HandshakeReassembler {
  #pending: Pending[] = [];

  /** Takes the payload of a handshake record, which holds one or more fragments; returns the messages that it completes. */
  add(payload: Uint8Array): HandshakeMessage[] {
    const complete: HandshakeMessage[] = [];
    for (let at = 0; at + DTLS_HANDSHAKE_HEADER <= payload.length;) {
      const length = readU24(payload, at + 1);
      const offset = readU24(payload, at + 6);
      const start = at + DTLS_HANDSHAKE_HEADER;
      const end = start + readU24(payload, at + 9);
      if (end > payload.length || length > MAX_HANDSHAKE_LENGTH || offset + (end - start) > length) break;
      const pending = this.#pendingFor(payload[at]!, readU16(payload, at + 4), length);
      fill(pending, offset, payload.subarray(start, end));
      if (pending.missing === 0) {
        this.#pending.splice(this.#pending.indexOf(pending), 1);
        complete.push({ type: pending.type, sequence: pending.sequence, body: pending.body });
      }
      at = end;
    }
    return complete;
  }

  /** Bytes held for messages that are not complete. */
  get pendingBytes(): number {
    return this.#pending.reduce((sum, { body }) => sum + body.length, 0);
  }

  #pendingFor(type: number, sequence: number, length: number): Pending {
    const at = this.#pending.findIndex((pending) => pending.sequence === sequence);
    const known = this.#pending[at];
    if (known !== undefined && known.type === type && known.body.length === length) return known;
    // A message that is something else now: the newer fragment wins, so that a forged one cannot block it for good.
    const [dropped] = at >= 0 || this.#pending.length >= MAX_PENDING ? this.#pending.splice(Math.max(0, at), 1) : [];
    const fresh = { type, sequence, ...roomFor(length, dropped), missing: length };
    this.#pending.push(fresh);
    return fresh;
  }
}

/** A whole message as handshake hashes see it: as if it had been sent in one fragment (RFC 6347 section 4.2.6). */
export function handshakeBytes(message: HandshakeMessage): Uint8Array<ArrayBuffer> {
  const { body } = message;
  const bytes = new Uint8Array(DTLS_HANDSHAKE_HEADER + body.length);
  bytes[0] = message.type;
  writeU24(bytes, 1, body.length);
  writeU16(bytes, 4, message.sequence);
  writeU24(bytes, 6, 0);
  writeU24(bytes, 9, body.length);
  bytes.set(body, DTLS_HANDSHAKE_HEADER);
  return bytes;
}

/** A whole message in one record of epoch 0. */
export function handshakeRecord(message: HandshakeMessage, recordSequence = 0): Uint8Array<ArrayBuffer> {
  const content = handshakeBytes(message);
  const bytes = new Uint8Array(DTLS_RECORD_HEADER + content.length);
  bytes[0] = DtlsContent.handshake;
  writeU16(bytes, 1, DTLS_1_2);
  writeU16(bytes, 9, recordSequence);
  writeU16(bytes, 11, content.length);
  bytes.set(content, DTLS_RECORD_HEADER);
  return bytes;
}

/** What is looked at in a ClientHello before anything is computed for it. */
export interface ClientHello {
  /** `client_version`. */
  readonly version: number;
  /** The 32 random bytes. */
  readonly random: Uint8Array;
  /** The cookie, empty in the first ClientHello. */
  readonly cookie: Uint8Array;
  /** The same message with an empty cookie. */
  readonly withoutCookie: HandshakeMessage;
}

/** Reads the start of a ClientHello; `undefined` when it is none. */
export function parseClientHello(message: HandshakeMessage): ClientHello | undefined {
  const { body } = message;
  if (message.type !== HandshakeType.clientHello || body.length < 36) return undefined;
  const cookieAt = 35 + body[34]!;
  if (body[34]! > 32 || cookieAt >= body.length) return undefined;
  const cookieEnd = cookieAt + 1 + body[cookieAt]!;
  if (cookieEnd > body.length) return undefined;
  const rest = new Uint8Array(body.length - body[cookieAt]!);
  rest.set(body.subarray(0, cookieAt));
  rest.set(body.subarray(cookieEnd), cookieAt + 1);
  return {
    version: readU16(body, 0),
    random: body.subarray(2, 34),
    cookie: body.subarray(cookieAt + 1, cookieEnd),
    withoutCookie: { type: message.type, sequence: 0, body: rest },
  };
}

/** Whether a ClientHello brings this cookie back. */
export function hasCookie(hello: ClientHello, cookie: Uint8Array): boolean {
  return equalConstantTime(hello.cookie, cookie);
}

/** The datagram that asks a client to repeat its ClientHello with a cookie (RFC 6347 section 4.2.1). */
export function helloVerifyRequest(cookie: Uint8Array): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(3 + cookie.length);
  writeU16(body, 0, DTLS_1_2);
  body[2] = cookie.length;
  body.set(cookie, 3);
  return handshakeRecord({ type: HandshakeType.helloVerifyRequest, sequence: 0, body });
}

/** The certificates of a Certificate message, DER each; `undefined` when it is malformed. */
export function parseCertificates(body: Uint8Array): Uint8Array<ArrayBuffer>[] | undefined {
  if (body.length < 3 || readU24(body, 0) !== body.length - 3) return undefined;
  const certificates: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 3; at < body.length;) {
    if (at + 3 > body.length) return undefined;
    const end = at + 3 + readU24(body, at);
    if (end > body.length || end === at + 3) return undefined;
    certificates.push(body.slice(at + 3, end));
    at = end;
  }
  return certificates;
}

/** The arrays of a message, those of one that was given up where they are large enough: a datagram can begin a hundred. */
function roomFor(length: number, dropped: Pending | undefined): Pick<Pending, "body" | "have"> {
  if (dropped === undefined || dropped.body.buffer.byteLength < length) {
    return { body: new Uint8Array(length), have: new Uint8Array(length) };
  }
  const have = new Uint8Array(dropped.have.buffer, 0, length).fill(0);
  return { body: new Uint8Array(dropped.body.buffer, 0, length), have };
}

function fill(pending: Pending, offset: number, bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) {
    if (pending.have[offset + i] === 1) continue;
    pending.have[offset + i] = 1;
    pending.body[offset + i] = bytes[i]!;
    pending.missing--;
  }
}
