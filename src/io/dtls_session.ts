import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import {
  DtlsServer,
  HashAlgorithm,
  ProtectionProfileAeadAes128Gcm,
  ProtectionProfileAes128CmHmacSha1_80,
  SignatureAlgorithm,
} from "werift";
import { readU24 } from "../base/bytes.ts";
import { SRTP_PARAMETERS, type SrtpProfile } from "../transport/cipher_provider.ts";
import {
  type ClientHello,
  DTLS_1_2,
  DTLS_HANDSHAKE_HEADER,
  DtlsContent,
  type DtlsRecord,
  handshakeBytes,
  type HandshakeMessage,
  HandshakeReassembler,
  handshakeRecord,
  HandshakeType,
  hasCookie,
  helloVerifyRequest,
  parseCertificates,
  parseClientHello,
  parseDtlsRecords,
} from "../transport/dtls_handshake.ts";
import type { DtlsConnected } from "../transport/dtls_port.ts";
import type { DtlsCertificate } from "./certificate.ts";
import {
  certificateFingerprints,
  certificateVerifies,
  type ClientRecordKeys,
  clientRecordKeys,
  clientVerifyData,
  openClientRecord,
  sameBytes,
} from "./dtls_proof.ts";

/** How often a flight is sent again because the client repeats its own; enough for a line that loses most packets. */
const MAX_RESENDS = 16;

/** A number above werift's last flight: its retransmission loop ends when it sees it. */
const NO_MORE_FLIGHTS = 99;

/** Room for an encrypted Finished record that overtakes the rest of its flight. */
const MAX_EARLY_RECORD = 256;

/**
 * Records with a wrong tag that are looked at after the handshake; then no more are. A try costs ten times what a packet of
 * media does, and all that can still come is a close, which the end of the checks tells as well.
 */
const MAX_FORGED = 64;

/** What the client sends after its second ClientHello, in this order; Finished follows, encrypted. */
const CLIENT_FLIGHT: readonly number[] = [
  HandshakeType.certificate,
  HandshakeType.clientKeyExchange,
  HandshakeType.certificateVerify,
];

/** What a session tells its owner. */
export interface DtlsSessionEvents {
  /** A datagram for the client. */
  send(bytes: Uint8Array): void;
  /** The handshake is complete. */
  connected(result: Omit<DtlsConnected, "kind" | "peer">): void;
  /** It failed or the client closed it; comes at most once, and nothing comes after it. */
  closed(reason: string): void;
  /** werift works on something; it may hold timers until the promise settles. */
  working(promise: Promise<void>): void;
}

/**
 * One DTLS 1.2 association in the server's role: werift's `DtlsServer` behind a gate.
 *
 * werift 0.25.2 checks neither CertificateVerify nor Finished, starts over at any ClientHello, takes an unencrypted
 * Finished, uses the last of several ClientKeyExchanges, believes unauthenticated alerts and loses fragments that come
 * out of order. So the gate answers the cookie exchange itself, puts messages together, lets each one pass once and in
 * order, checks both proofs against a transcript of its own, and repeats flights when the client does.
 */
export class DtlsSession {
  readonly #certificate: DtlsCertificate;
  readonly #events: DtlsSessionEvents;
  readonly #cookie = randomBytes(20);
  readonly #inbox = new HandshakeReassembler();
  readonly #outbox = new HandshakeReassembler();
  /** Whole messages of the client's flight that are not their turn yet, by position. */
  readonly #waiting = new Map<number, HandshakeMessage>();
  #server: DtlsServer | undefined = undefined;
  #deliver: (bytes: Uint8Array) => void = () => {};
  #stage: "hello" | "client_flight" | "await_finished" | "finishing" | "connected" | "over" = "hello";
  #mute = false;
  #hello: ClientHello | undefined = undefined;
  #helloSequence = 0;
  #serverRandom: Uint8Array = new Uint8Array(0);
  #peerCertificate: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #transcript: Uint8Array[] = [];
  #lastFlight: Uint8Array[] = [];
  #position = 0;
  #early: DtlsRecord | undefined = undefined;
  #master: Uint8Array = new Uint8Array(0);
  #keys: ClientRecordKeys | undefined = undefined;
  #forged = 0;
  #resends = 0;

  /** Waits for a ClientHello. */
  constructor(certificate: DtlsCertificate, events: DtlsSessionEvents) {
    this.#certificate = certificate;
    this.#events = events;
  }

  /** Takes a datagram of the client; whatever is in it, nothing is thrown. */
  receive(bytes: Uint8Array): void {
    for (const record of parseDtlsRecords(bytes)) {
      if (this.#stage === "over") return;
      if (record.epoch === 1) {
        // What shares a datagram with a forged record is not worth a try either.
        if (!this.#handleEncrypted(record)) return;
      } else if (record.epoch === 0 && record.contentType === DtlsContent.handshake && this.#takesClear) {
        for (const message of this.#inbox.add(record.payload)) this.#handleMessage(message);
      }
    }
  }

  /** Ends the session without an event; what werift still does comes to nothing. */
  close(): void {
    this.#stage = "over";
    if (this.#server !== undefined) this.#server.dtls.flight = NO_MORE_FLIGHTS;
    this.#waiting.clear();
    this.#transcript = [];
    this.#lastFlight = [];
    this.#early = undefined;
  }

  #fail(reason: string): void {
    if (this.#stage === "over") return;
    this.close();
    this.#events.closed(reason);
  }

  /** Nothing in the clear means anything once the client's flight is complete. */
  get #takesClear(): boolean {
    return this.#stage === "hello" || this.#stage === "client_flight";
  }

  #handleMessage(message: HandshakeMessage): void {
    if (this.#stage === "over") return;
    if (message.type === HandshakeType.clientHello) return this.#handleHello(message);
    if (this.#stage !== "client_flight") return;
    const position = message.sequence - this.#helloSequence - 1;
    if (position < this.#position || position >= CLIENT_FLIGHT.length) return;
    this.#waiting.set(position, message);
    for (let next = this.#takeNext(); next !== undefined; next = this.#takeNext()) this.#handleInOrder(next);
  }

  #takeNext(): HandshakeMessage | undefined {
    const next = this.#stage === "client_flight" ? this.#waiting.get(this.#position) : undefined;
    this.#waiting.delete(this.#position);
    return next;
  }

  #handleHello(message: HandshakeMessage): void {
    const hello = parseClientHello(message);
    if (hello === undefined) return;
    if (this.#stage === "client_flight" && hasCookie(hello, this.#cookie)) return this.#resend();
    if (this.#stage !== "hello") return;
    // The first ClientHello leaves no trace, so a forged one cannot spoil the genuine one.
    if (!hasCookie(hello, this.#cookie)) return this.#events.send(helloVerifyRequest(this.#cookie));
    if ((hello.version >> 8) !== 0xfe || hello.version > DTLS_1_2) return this.#fail("dtls_version");
    this.#start(hello, message);
  }

  /** Starts werift with the ClientHello that brought the cookie back; its whole first flight comes out at once. */
  #start(hello: ClientHello, message: HandshakeMessage): void {
    this.#hello = hello;
    this.#helloSequence = message.sequence;
    const server = this.#createServer();
    this.#server = server;
    server.dtls.cookie = Buffer.from(this.#cookie);
    // werift learns the client's wishes from a ClientHello without cookie; what it answers is ours to say.
    this.#mute = true;
    this.#deliver(handshakeRecord(hello.withoutCookie));
    this.#mute = false;
    if (server.cipher.localKeyPair === undefined) return this.#fail("dtls_no_common_parameters");
    if (server.srtp.srtpProfile === undefined) return this.#fail("no_srtp_profile");
    if (!server.dtls.remoteExtendedMasterSecret) return this.#fail("no_extended_master_secret");
    this.#transcript = [handshakeBytes(message)];
    this.#stage = "client_flight";
    this.#deliver(handshakeRecord(message));
    if (this.#serverRandom.length === 0) this.#fail("dtls_handshake");
  }

  #createServer(): DtlsServer {
    let closed = false;
    const transport = {
      type: "memory",
      address: { address: "", family: "IPv4", port: 0 },
      get closed() {
        return closed;
      },
      onData: (_data: Buffer, _from: readonly [string, number]) => {},
      send: (data: Buffer) => {
        this.#handleOutput(Uint8Array.from(data));
        return Promise.resolve();
      },
      close: () => {
        closed = true;
        return Promise.resolve();
      },
    };
    const server = new DtlsServer({
      transport,
      cert: this.#certificate.certificatePem,
      key: this.#certificate.keyPem,
      signatureHash: { signature: SignatureAlgorithm.ecdsa_3, hash: HashAlgorithm.sha256_4 },
      srtpProfiles: [ProtectionProfileAeadAes128Gcm, ProtectionProfileAes128CmHmacSha1_80],
      certificateRequest: true,
      extendedMasterSecret: true,
    });
    const handle = server.onHandleHandshakes;
    server.onHandleHandshakes = (messages) => {
      const done = handle(messages).catch(() => this.#fail("dtls_handshake"));
      this.#events.working(done);
      return done;
    };
    server.onConnect.subscribe(() => this.#handleConnect());
    this.#deliver = (bytes) => {
      try {
        transport.onData(Buffer.from(bytes), ["", 0]);
      } catch {
        this.#fail("dtls_handshake");
      }
    };
    return server;
  }

  /** Takes a datagram of werift's: notes the messages in it for the transcript and passes it on. */
  #handleOutput(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#mute || this.#stage === "over") return;
    if (this.#stage === "client_flight" && this.#position === 0) this.#noteFlight(bytes);
    else if (this.#stage === "finishing") this.#lastFlight.push(bytes);
    this.#events.send(bytes);
  }

  #noteFlight(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#lastFlight.some((sent) => sameBytes(sent, bytes))) return;
    this.#lastFlight.push(bytes);
    for (const record of parseDtlsRecords(bytes)) {
      for (const message of this.#outbox.add(record.payload)) {
        this.#transcript.push(handshakeBytes(message));
        if (message.type === HandshakeType.serverHello) this.#serverRandom = message.body.slice(2, 34);
      }
    }
  }

  #handleInOrder(message: HandshakeMessage): void {
    if (message.type !== CLIENT_FLIGHT[this.#position]) {
      const missing = this.#position === 0 ? "no_client_certificate" : "dtls_unexpected_message";
      return this.#fail(missing);
    }
    if (message.type === HandshakeType.certificate) {
      const [certificate] = parseCertificates(message.body) ?? [];
      if (certificate === undefined) return this.#fail("no_client_certificate");
      this.#peerCertificate = certificate;
    }
    if (message.type === HandshakeType.certificateVerify) {
      const signed = Buffer.concat(this.#transcript);
      if (!certificateVerifies(this.#peerCertificate, signed, message.body)) {
        return this.#fail("certificate_not_proven");
      }
    }
    this.#transcript.push(handshakeBytes(message));
    this.#position++;
    this.#deliver(handshakeRecord(message));
    if (this.#position === CLIENT_FLIGHT.length) this.#expectFinished();
  }

  #expectFinished(): void {
    const master = this.#server?.cipher.masterSecret;
    if (master === undefined || this.#hello === undefined) return this.#fail("dtls_handshake");
    this.#master = master;
    this.#keys = clientRecordKeys({ master, clientRandom: this.#hello.random, serverRandom: this.#serverRandom });
    this.#stage = "await_finished";
    this.#lastFlight = [];
    this.#resends = 0;
    if (this.#early !== undefined) this.#handleEncrypted(this.#early);
    this.#early = undefined;
  }

  /** Takes an encrypted record; `false` when it is not authentic. */
  #handleEncrypted(record: DtlsRecord): boolean {
    if (this.#stage === "client_flight") {
      if (record.contentType !== DtlsContent.handshake || record.bytes.length > MAX_EARLY_RECORD) return true;
      const bytes = record.bytes.slice();
      this.#early = parseDtlsRecords(bytes)[0];
      return true;
    }
    if (this.#keys === undefined || this.#forged >= MAX_FORGED) return false;
    const plain = openClientRecord(this.#keys, record);
    if (plain === undefined) {
      if (this.#stage === "connected") this.#forged++;
      return false;
    }
    if (record.contentType === DtlsContent.alert) this.#handleAlert(plain);
    else if (record.contentType === DtlsContent.handshake && plain[0] === HandshakeType.finished) {
      if (this.#stage === "await_finished") this.#handleFinished(plain, record);
      else this.#resend();
    }
    return true;
  }

  #handleFinished(plain: Uint8Array, record: DtlsRecord): void {
    const body = plain.subarray(DTLS_HANDSHAKE_HEADER);
    const expected = clientVerifyData(this.#master, Buffer.concat(this.#transcript));
    if (readU24(plain, 1) !== body.length || !sameBytes(body, expected)) return this.#fail("dtls_bad_finished");
    this.#stage = "finishing";
    this.#deliver(record.bytes);
  }

  #handleConnect(): void {
    const server = this.#server;
    if (this.#stage !== "finishing" || server === undefined) return;
    this.#stage = "connected";
    this.#server = undefined;
    this.#transcript = [];
    const profile: SrtpProfile = server.srtp.srtpProfile === ProtectionProfileAeadAes128Gcm
      ? "AEAD_AES_128_GCM"
      : "AES_CM_128_HMAC_SHA1_80";
    const { keyLength, saltLength } = SRTP_PARAMETERS[profile];
    const keys = server.extractSessionKeys(keyLength, saltLength);
    this.#events.connected({
      profile,
      localKeys: { masterKey: Uint8Array.from(keys.localKey), masterSalt: Uint8Array.from(keys.localSalt) },
      remoteKeys: { masterKey: Uint8Array.from(keys.remoteKey), masterSalt: Uint8Array.from(keys.remoteSalt) },
      remoteCertificate: this.#peerCertificate,
      remoteFingerprints: certificateFingerprints(this.#peerCertificate),
    });
  }

  /** close_notify (RFC 5246 section 7.2.1) and fatal alerts end the session; warnings do not. */
  #handleAlert(plain: Uint8Array): void {
    if (plain.length !== 2) return;
    if (plain[1] === 0) this.#fail("dtls_close_notify");
    else if (plain[0] === 2) this.#fail("dtls_alert");
  }

  #resend(): void {
    if (++this.#resends > MAX_RESENDS) return;
    for (const bytes of this.#lastFlight) this.#events.send(bytes);
  }
}
