import { Buffer } from "node:buffer";
import {
  createECDH,
  createPrivateKey,
  type ECDH,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from "node:crypto";
import { readU24, writeU16, writeU32 } from "../../base/bytes.ts";
import { type Millis, NEVER } from "../../base/time.ts";
import type { SrtpProfile } from "../../transport/cipher_provider.ts";
import {
  certificateBody,
  certificateVerifyBody,
  clientHelloBody,
  clientKeyExchangeBody,
  parseHelloVerify,
  parseServerHello,
  parseServerKeyExchange,
} from "../../transport/dtls_client_messages.ts";
import {
  DTLS_1_2,
  DTLS_HANDSHAKE_HEADER,
  DTLS_RECORD_HEADER,
  DtlsContent,
  type DtlsRecord,
  handshakeBytes,
  type HandshakeMessage,
  HandshakeReassembler,
  HandshakeType,
  parseCertificates,
  parseDtlsRecords,
} from "../../transport/dtls_handshake.ts";
import { type Fingerprint, fingerprintMatches } from "../../transport/dtls_port.ts";
import type { SrtpKeys } from "../../transport/srtp_session.ts";
import type { DtlsCertificate } from "../certificate.ts";
import { certificateFingerprints, certificateVerifies, sameBytes } from "../dtls_proof.ts";
import { ClientSecrets } from "./dtls_secrets.ts";

/** A flight without an answer is sent again after this time, then after twice as long (RFC 6347 section 4.2.4.1). */
const FIRST_RETRY_MS: Millis = 500;
const LONGEST_RETRY_MS: Millis = 8_000;

/** How long the whole handshake may take. */
const HANDSHAKE_TIMEOUT_MS: Millis = 20_000;

/** Bytes of records in one datagram: the smallest path that IPv6 allows (1,280) without its headers. */
const MAX_DATAGRAM = 1_200;

/** Messages of the server's flight that wait for an earlier one. */
const MAX_WAITING = 8;

/** `close_notify` as a warning (RFC 5246 section 7.2.1). */
const CLOSE_NOTIFY = Uint8Array.of(1, 0);

/** The order in which the server's flight must come; it may leave the CertificateRequest out. */
const SERVER_FLIGHT: readonly number[] = [
  HandshakeType.serverHello,
  HandshakeType.certificate,
  HandshakeType.serverKeyExchange,
  HandshakeType.certificateRequest,
  HandshakeType.serverHelloDone,
];

/** What a client identifies itself with; one may serve many peers. */
export interface ClientIdentity {
  readonly certificate: Uint8Array;
  readonly key: KeyObject;
  /** SHA-256, as `a=fingerprint` writes it. */
  readonly fingerprint: string;
}

/** Reads a certificate and its key once for all handshakes with it. */
export function clientIdentity(certificate: DtlsCertificate): ClientIdentity {
  return {
    certificate: new X509Certificate(certificate.certificatePem).raw,
    key: createPrivateKey(certificate.keyPem),
    fingerprint: certificate.fingerprint,
  };
}

/** What a handshake has come to. */
export interface DtlsClientResult {
  readonly profile: SrtpProfile;
  readonly localKeys: SrtpKeys;
  readonly remoteKeys: SrtpKeys;
}

/** What a `DtlsClient` tells its owner. */
export interface DtlsClientEvents {
  /** A datagram for the server. */
  send(bytes: Uint8Array): void;
  /** The server has proven to own the announced certificate, and both sides have the same keys. */
  connected(result: DtlsClientResult): void;
  /** It failed or the server closed it; comes at most once, and nothing comes after it. */
  closed(reason: string): void;
}

interface OutgoingMessage {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly encrypted: boolean;
}

/**
 * One DTLS 1.2 association in the client's role, in memory, without timers of its own.
 *
 * It is ours because werift 0.25.2's client verifies neither the signature in ServerKeyExchange nor the server's
 * Finished, takes an unencrypted Finished and holds timers for seconds after its end. Here a key exists only after the
 * certificate was found among the announced fingerprints and the signature over this handshake's key was verified with
 * it; media keys are handed out only after the server's Finished. Alerts count only when they are encrypted.
 */
export class DtlsClient {
  readonly #identity: ClientIdentity;
  readonly #announced: readonly Fingerprint[];
  readonly #events: DtlsClientEvents;
  readonly #random = new Uint8Array(randomBytes(32));
  readonly #inbox = new HandshakeReassembler();
  readonly #waiting = new Map<number, HandshakeMessage>();
  readonly #ecdh: ECDH = createECDH("prime256v1");
  #stage: "new" | "hello" | "server_flight" | "finishing" | "connected" | "over" = "new";
  /** Number of our next message, and of the next one that we expect. */
  #sequence = 0;
  #expected = 0;
  #position = 0;
  #recordSequence = 0;
  #sealedSequence = 0;
  #transcript: Uint8Array[] = [];
  #flight: OutgoingMessage[] = [];
  #serverRandom: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #serverCertificate: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #serverKey: Uint8Array<ArrayBuffer> | undefined;
  #profile: SrtpProfile = "AEAD_AES_128_GCM";
  #certificateWanted = false;
  #secrets: ClientSecrets | undefined;
  #retryAt: Millis = NEVER;
  #retryMs = FIRST_RETRY_MS;
  #deadline: Millis = NEVER;

  /** Waits for `start`. `announced` is what the server's description says of its certificate. */
  constructor(identity: ClientIdentity, announced: readonly Fingerprint[], events: DtlsClientEvents) {
    this.#identity = identity;
    this.#announced = announced;
    this.#events = events;
  }

  /** Whether `start` was called. */
  get started(): boolean {
    return this.#stage !== "new";
  }

  /** Sends the first ClientHello. */
  start(now: Millis): void {
    if (this.#stage !== "new") return;
    this.#ecdh.generateKeys();
    this.#stage = "hello";
    this.#deadline = now + HANDSHAKE_TIMEOUT_MS;
    this.#sendHello(new Uint8Array(0), now);
  }

  /** Takes a datagram of the server; whatever is in it, nothing is thrown. */
  receive(bytes: Uint8Array, now: Millis): void {
    for (const record of parseDtlsRecords(bytes)) {
      if (this.#stage === "over" || this.#stage === "new") return;
      if (record.epoch === 1) this.#handleEncrypted(record);
      else if (record.epoch === 0 && record.contentType === DtlsContent.handshake) {
        for (const message of this.#inbox.add(record.payload)) this.#handleMessage(message, now);
      }
    }
  }

  /** When `handleTimeout` wants to be called. */
  nextTimeout(): Millis {
    return Math.min(this.#retryAt, this.#deadline);
  }

  /** Sends the last flight again, or gives up. */
  handleTimeout(now: Millis): void {
    if (now >= this.#deadline) return this.#fail("dtls_timeout");
    if (now < this.#retryAt) return;
    this.#retryMs = Math.min(LONGEST_RETRY_MS, 2 * this.#retryMs);
    this.#retryAt = now + this.#retryMs;
    this.#sendFlight();
  }

  /** Says goodbye to a connected server and ends without an event. */
  close(): void {
    if (this.#stage === "connected") {
      this.#events.send(this.#secrets!.seal(DtlsContent.alert, this.#sealedSequence++, CLOSE_NOTIFY));
    }
    this.#end();
  }

  #end(): void {
    this.#stage = "over";
    this.#retryAt = this.#deadline = NEVER;
    this.#transcript = [];
    this.#flight = [];
    this.#waiting.clear();
  }

  #fail(reason: string): void {
    if (this.#stage === "over") return;
    this.#end();
    this.#events.closed(reason);
  }

  #handleMessage(message: HandshakeMessage, now: Millis): void {
    if (this.#stage === "hello" && message.type === HandshakeType.helloVerifyRequest) {
      const cookie = parseHelloVerify(message.body);
      if (cookie === undefined || this.#sequence > 1) return;
      this.#expected = message.sequence + 1;
      // The first ClientHello and the request for the cookie are not part of the transcript (RFC 6347 section 4.2.1).
      this.#transcript = [];
      return this.#sendHello(cookie, now);
    }
    if (this.#stage !== "hello" && this.#stage !== "server_flight") return;
    if (message.sequence < this.#expected || this.#waiting.size >= MAX_WAITING) return;
    this.#waiting.set(message.sequence, message);
    for (let next = this.#takeNext(); next !== undefined; next = this.#takeNext()) {
      this.#handleInOrder(next, now);
    }
  }

  #takeNext(): HandshakeMessage | undefined {
    const next = this.#waiting.get(this.#expected);
    if (next !== undefined) this.#waiting.delete(this.#expected++);
    return next;
  }

  #handleInOrder(message: HandshakeMessage, now: Millis): void {
    if (this.#stage !== "hello" && this.#stage !== "server_flight") return;
    this.#stage = "server_flight";
    const skipsRequest = SERVER_FLIGHT[this.#position] === HandshakeType.certificateRequest &&
      message.type === HandshakeType.serverHelloDone;
    if (skipsRequest) this.#position++;
    if (message.type !== SERVER_FLIGHT[this.#position]) return this.#fail("dtls_unexpected_message");
    this.#position++;
    this.#transcript.push(handshakeBytes(message));
    const problem = this.#read(message);
    if (problem !== undefined) return this.#fail(problem);
    if (message.type === HandshakeType.serverHelloDone) this.#answer(now);
  }

  /** Reads a message of the server's flight; answers what is wrong with it. */
  #read({ type, body }: HandshakeMessage): string | undefined {
    switch (type) {
      case HandshakeType.serverHello: {
        const hello = parseServerHello(body);
        if (typeof hello === "string") return hello;
        this.#serverRandom = hello.random;
        this.#profile = hello.profile;
        return undefined;
      }
      case HandshakeType.certificate: {
        const [certificate] = parseCertificates(body) ?? [];
        if (certificate === undefined) return "dtls_handshake";
        this.#serverCertificate = certificate;
        const known = fingerprintMatches(this.#announced, certificateFingerprints(certificate));
        return known ? undefined : "fingerprint_mismatch";
      }
      case HandshakeType.serverKeyExchange: {
        const exchange = parseServerKeyExchange(body);
        if (exchange === undefined) return "dtls_no_common_parameters";
        const signed = Buffer.concat([this.#random, this.#serverRandom, exchange.parameters]);
        if (!certificateVerifies(this.#serverCertificate, signed, exchange.signature)) return "certificate_not_proven";
        this.#serverKey = exchange.publicKey;
        return undefined;
      }
      case HandshakeType.certificateRequest:
        this.#certificateWanted = true;
        return undefined;
      default:
        return undefined;
    }
  }

  /** Sends our second flight: what proves who we are, and the first encrypted message. */
  #answer(now: Millis): void {
    this.#flight = [];
    if (this.#certificateWanted) this.#add(HandshakeType.certificate, certificateBody(this.#identity.certificate));
    this.#add(HandshakeType.clientKeyExchange, clientKeyExchangeBody(this.#ecdh.getPublicKey()));
    let preMaster: Uint8Array;
    try {
      preMaster = this.#ecdh.computeSecret(this.#serverKey!);
    } catch {
      return this.#fail("dtls_bad_key"); // not a point of the curve
    }
    const transcript = Buffer.concat(this.#transcript);
    const secrets = new ClientSecrets(preMaster, transcript, this.#random, this.#serverRandom);
    this.#secrets = secrets;
    if (this.#certificateWanted) {
      this.#add(HandshakeType.certificateVerify, certificateVerifyBody(sign("sha256", transcript, this.#identity.key)));
    }
    const verifyData = secrets.verifyData("client", Buffer.concat(this.#transcript));
    this.#add(HandshakeType.finished, new Uint8Array(verifyData), true);
    this.#stage = "finishing";
    this.#sendFirst(now);
  }

  #handleEncrypted(record: DtlsRecord): void {
    if (this.#secrets === undefined) return;
    const plain = this.#secrets.open(record);
    if (plain === undefined) return;
    if (record.contentType === DtlsContent.alert) return this.#handleAlert(plain);
    if (record.contentType !== DtlsContent.handshake || plain[0] !== HandshakeType.finished) return;
    if (this.#stage !== "finishing") return;
    const body = plain.subarray(DTLS_HANDSHAKE_HEADER);
    const expected = this.#secrets.verifyData("server", Buffer.concat(this.#transcript));
    if (plain.length < DTLS_HANDSHAKE_HEADER || readU24(plain, 1) !== body.length || !sameBytes(body, expected)) {
      return this.#fail("dtls_bad_finished");
    }
    this.#stage = "connected";
    this.#retryAt = this.#deadline = NEVER;
    this.#transcript = [];
    this.#flight = [];
    const keys = this.#secrets.srtpKeys(this.#profile);
    this.#events.connected({ profile: this.#profile, localKeys: keys.local, remoteKeys: keys.remote });
  }

  /** close_notify (RFC 5246 section 7.2.1) and fatal alerts end the session; warnings do not. */
  #handleAlert(plain: Uint8Array): void {
    if (plain.length !== 2) return;
    if (plain[1] === 0) this.#fail("dtls_close_notify");
    else if (plain[0] === 2) this.#fail("dtls_alert");
  }

  #sendHello(cookie: Uint8Array, now: Millis): void {
    this.#flight = [];
    this.#add(HandshakeType.clientHello, clientHelloBody(this.#random, cookie));
    this.#sendFirst(now);
  }

  #add(type: number, body: Uint8Array<ArrayBuffer>, encrypted = false): void {
    const bytes = handshakeBytes({ type, sequence: this.#sequence++, body });
    this.#transcript.push(bytes);
    this.#flight.push({ bytes, encrypted });
  }

  #sendFirst(now: Millis): void {
    this.#retryMs = FIRST_RETRY_MS;
    this.#retryAt = now + this.#retryMs;
    this.#sendFlight();
  }

  /** Sends the flight with new record numbers (RFC 6347 section 4.2.4), as many records in a datagram as fit. */
  #sendFlight(): void {
    const records = this.#flight.flatMap(({ bytes, encrypted }) =>
      encrypted
        ? [this.#record(DtlsContent.changeCipherSpec, Uint8Array.of(1)), this.#sealed(bytes)]
        : [this.#record(DtlsContent.handshake, bytes)]
    );
    let datagram: Uint8Array[] = [];
    let length = 0;
    for (const record of records) {
      if (length > 0 && length + record.length > MAX_DATAGRAM) {
        this.#events.send(Buffer.concat(datagram));
        datagram = [];
        length = 0;
      }
      datagram.push(record);
      length += record.length;
    }
    if (length > 0) this.#events.send(Buffer.concat(datagram));
  }

  #sealed(bytes: Uint8Array): Uint8Array {
    return this.#secrets!.seal(DtlsContent.handshake, this.#sealedSequence++, bytes);
  }

  #record(contentType: number, content: Uint8Array): Uint8Array {
    const record = new Uint8Array(DTLS_RECORD_HEADER + content.length);
    record[0] = contentType;
    writeU16(record, 1, DTLS_1_2);
    writeU32(record, 7, this.#recordSequence++);
    writeU16(record, 11, content.length);
    record.set(content, DTLS_RECORD_HEADER);
    return record;
  }
}
