import type { PeerId } from "../base/ids.ts";
import type { PooledPacket } from "../base/packet_pool.ts";
import type { RandomSource } from "../base/random.ts";
import { type Millis, NEVER } from "../base/time.ts";
import type { CipherProvider } from "./cipher_provider.ts";
import { type DtlsConnected, type Fingerprint, fingerprintMatches, sameFingerprints } from "./dtls_port.ts";
import { IceLite, type StunOutcome } from "./ice_lite.ts";
import type { Path } from "./path.ts";
import { SrtpSession } from "./srtp_session.ts";

/** How long a peer may take from its creation to the end of the DTLS handshake. */
export const CONNECT_TIMEOUT: Millis = 30_000;

/** How long a peer lives without an authentic check (RFC 7675 section 5.1). */
export const CONSENT_TIMEOUT: Millis = 30_000;

/** What `unprotectRtp` and `unprotectRtcp` return before the handshake and after the end. */
export const NOT_CONNECTED: number = -16;

/** Life of a peer's transport; `failed` has a word in `error`, `closed` is what `close()` leaves. */
export type TransportState = "new" | "connecting" | "connected" | "failed" | "closed";

/** What of the client's offer concerns the transport. */
export interface RemoteTransport {
  /** `a=ice-ufrag`. */
  readonly ufrag: string;
  /** `a=ice-pwd`. */
  readonly pwd: string;
  /** `a=fingerprint` lines. */
  readonly fingerprints: readonly Fingerprint[];
  /** `a=setup`; we answer `passive`, so the client must be able to be active. */
  readonly setup: "actpass" | "active" | "passive";
}

/** What `setRemote` found; after `ice_restart` the answer needs the new credentials, and `PeerIndex.add` a call. */
export type RemoteOutcome = "ok" | "ice_restart" | "fingerprint_changed" | "bad_setup";

/** What a `PeerTransport` is made with. */
export interface PeerTransportOptions {
  /** Who it is for. */
  readonly id: PeerId;
  /** Source of credentials. */
  readonly random: RandomSource;
  /** Ciphers for SRTP. */
  readonly ciphers: CipherProvider;
  /** Start of the connect timeout. */
  readonly now: Millis;
}

/**
 * One peer's path between datagrams and plain packets: ICE, what DTLS found out, SRTP.
 *
 * No media key is installed before the certificate of the handshake was found in the offer. When anything
 * goes wrong for good, `state` becomes `failed` and `error` says why; the owner then removes the peer.
 */
export class PeerTransport {
  /** Who this is. */
  readonly id: PeerId;
  readonly #ice: IceLite;
  readonly #ciphers: CipherProvider;
  readonly #createdAt: Millis;
  #fingerprints: readonly Fingerprint[] | undefined = undefined;
  #srtp: SrtpSession | undefined = undefined;
  #state: TransportState = "new";
  #error: string | undefined = undefined;

  /** Starts the connect timeout; credentials are made at once. */
  constructor(options: PeerTransportOptions) {
    this.id = options.id;
    this.#ice = new IceLite(options.id, options.random);
    this.#ciphers = options.ciphers;
    this.#createdAt = options.now;
  }

  /** Where the peer is in its life. */
  get state(): TransportState {
    return this.#state;
  }

  /** Why it failed: a stable word such as `consent_lost`; `undefined` unless `state` is `failed`. */
  get error(): string | undefined {
    return this.#error;
  }

  /** Our ufrag, for the answer. */
  get localUfrag(): string {
    return this.#ice.localUfrag;
  }

  /** Our password, for the answer. */
  get localPwd(): string {
    return this.#ice.localPwd;
  }

  /** The selected path, where everything is sent to; `undefined` before the first authentic check. */
  get path(): Path | undefined {
    return this.#ice.path;
  }

  /** When the last authentic check came, on whichever path; minus infinity before the first. */
  get lastCheckAt(): Millis {
    return this.#ice.lastCheckAt;
  }

  /** Whether checks for this ufrag are answered: the current one and, during an ICE restart, the one before. */
  acceptsUfrag(ufrag: string): boolean {
    return !this.#isOver() && this.#ice.acceptsUfrag(ufrag);
  }

  /**
   * Takes what an offer says.
   *
   * `bad_setup` and `fingerprint_changed` change nothing: the offer is to be refused. A certificate cannot be
   * replaced under a running DTLS association (RFC 8842 section 4 wants a new one, hence a new peer).
   */
  setRemote(remote: RemoteTransport): RemoteOutcome {
    if (remote.setup !== "actpass" && remote.setup !== "active") return "bad_setup";
    if (this.#fingerprints !== undefined && !sameFingerprints(this.#fingerprints, remote.fingerprints)) {
      return "fingerprint_changed";
    }
    this.#fingerprints ??= [...remote.fingerprints];
    if (this.#state === "new") this.#state = "connecting";
    return this.#ice.setRemote(remote.ufrag, remote.pwd) ? "ice_restart" : "ok";
  }

  /**
   * Takes a STUN message that came over `from`.
   *
   * When `reply.length` is above 0 afterwards, the reply goes back to `from`, whichever path is selected. After
   * `checked` and `selected` the path is the peer's: `PeerIndex.bind` it. All else leaves no state behind.
   */
  handleStun(bytes: Uint8Array, length: number, from: Path, now: Millis, reply: PooledPacket): StunOutcome {
    if (this.#isOver()) {
      reply.length = 0;
      return "ignored";
    }
    return this.#ice.handle(bytes, length, from, now, reply);
  }

  /** Whether DTLS from this path is for this peer: only after an authentic check has come over it. */
  acceptsDtls(from: Path): boolean {
    return !this.#isOver() && from.peer === this.id && from.checkedAt > -Infinity;
  }

  /**
   * Takes the result of the handshake; SRTP starts only when the certificate is one that the offer announced.
   *
   * @returns false when the peer is not connected by it: then `state` is `failed`, and the DTLS endpoint and
   * the peer are to be closed (or it was over before)
   */
  handleDtlsConnected(event: DtlsConnected): boolean {
    if (this.#isOver() || event.peer !== this.id) return false;
    // A second handshake would bring new keys for sequence numbers that were used: never on one transport.
    if (this.#srtp !== undefined) return this.#fail("dtls_repeated");
    if (this.#fingerprints === undefined) return this.#fail("no_remote_description");
    if (this.#ice.path === undefined) return this.#fail("no_path");
    if (!fingerprintMatches(this.#fingerprints, event.remoteFingerprints)) return this.#fail("fingerprint_mismatch");
    this.#srtp = new SrtpSession(event.profile, event.localKeys, event.remoteKeys, this.#ciphers);
    this.#state = "connected";
    return true;
  }

  /** Takes the end of the DTLS association; `reason` becomes the error word. */
  handleDtlsClosed(reason: string): void {
    if (!this.#isOver()) this.#fail(reason);
  }

  /** Decrypts an RTP packet in place; 0, or a negative number of `SrtpFailure` or `NOT_CONNECTED`. */
  unprotectRtp(packet: PooledPacket): number {
    return this.#srtp === undefined ? NOT_CONNECTED : this.#srtp.unprotectRtp(packet);
  }

  /** Decrypts an RTCP packet in place; 0, or a negative number of `SrtpFailure` or `NOT_CONNECTED`. */
  unprotectRtcp(packet: PooledPacket): number {
    return this.#srtp === undefined ? NOT_CONNECTED : this.#srtp.unprotectRtcp(packet);
  }

  /** Encrypts an RTP packet in place; false: not to be sent. */
  protectRtp(packet: PooledPacket): boolean {
    return this.#srtp !== undefined && this.#srtp.protectRtp(packet);
  }

  /** Encrypts an RTCP packet in place; false: not to be sent. */
  protectRtcp(packet: PooledPacket): boolean {
    return this.#srtp !== undefined && this.#srtp.protectRtcp(packet);
  }

  /** When `handleTimeout` wants to be called. */
  nextTimeout(): Millis {
    if (this.#isOver()) return NEVER;
    if (this.#state !== "connected") return this.#createdAt + CONNECT_TIMEOUT;
    return this.#ice.lastCheckAt + CONSENT_TIMEOUT;
  }

  /** Ends a peer that did not connect in time, or whose client has stopped checking. */
  handleTimeout(now: Millis): void {
    if (now < this.nextTimeout()) return;
    this.#fail(this.#state === "connected" ? "consent_lost" : "connect_timeout");
  }

  /** Ends it; works any number of times. */
  close(): void {
    if (this.#state !== "failed") this.#state = "closed";
    this.#srtp?.close();
    this.#srtp = undefined;
  }

  #isOver(): boolean {
    return this.#state === "failed" || this.#state === "closed";
  }

  #fail(error: string): false {
    this.#state = "failed";
    this.#error = error;
    this.close();
    return false;
  }
}
