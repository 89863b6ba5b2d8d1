import type { PeerId } from "../base/ids.ts";
import type { DtlsEvent } from "../transport/dtls_port.ts";
import type { DtlsCertificate } from "./certificate.ts";
import { DtlsSession } from "./dtls_session.ts";

/** What `WeriftDtls` is made with. */
export interface WeriftDtlsOptions {
  /** What we show to clients. */
  readonly certificate: DtlsCertificate;
  /** Hears everything; may call back into the object. */
  readonly onEvent: (event: DtlsEvent) => void;
}

/**
 * The DTLS endpoints of all peers, in memory: datagrams in, datagrams and results out.
 *
 * We are always the server, so the client's role can only be that of a DTLS client. A client without a certificate,
 * or with one that it cannot prove to own, never connects; whether it is the announced one is for the core to say.
 */
export class WeriftDtls {
  readonly #certificate: DtlsCertificate;
  readonly #onEvent: (event: DtlsEvent) => void;
  readonly #sessions = new Map<PeerId, DtlsSession>();
  readonly #working = new Set<Promise<void>>();

  /** Opens nothing yet. */
  constructor(options: WeriftDtlsOptions) {
    this.#certificate = options.certificate;
    this.#onEvent = options.onEvent;
  }

  /** Starts waiting for a peer's handshake; does nothing when it is open already. */
  open(peer: PeerId): void {
    if (this.#sessions.has(peer)) return;
    const events = {
      send: (bytes: Uint8Array) => this.#onEvent({ kind: "dtls_send", peer, bytes }),
      connected: (result: Parameters<ConstructorParameters<typeof DtlsSession>[1]["connected"]>[0]) =>
        this.#onEvent({ kind: "dtls_connected", peer, ...result }),
      closed: (reason: string) => this.#onEvent({ kind: "dtls_closed", peer, reason }),
      working: (promise: Promise<void>) => this.#track(promise),
    };
    this.#sessions.set(peer, new DtlsSession(this.#certificate, events));
  }

  /** Takes a datagram of a peer; the bytes are free for other uses afterwards. Peers that are not open are ignored. */
  receive(peer: PeerId, bytes: Uint8Array): void {
    this.#sessions.get(peer)?.receive(bytes);
  }

  /** Forgets a peer; no event follows. */
  close(peer: PeerId): void {
    this.#sessions.get(peer)?.close();
    this.#sessions.delete(peer);
  }

  /**
   * Forgets all peers.
   *
   * @returns when no timer of a handshake is left: half a second after the last one began, up to five seconds
   * when a handshake was being repeated
   */
  async closeAll(): Promise<void> {
    for (const peer of [...this.#sessions.keys()]) this.close(peer);
    await Promise.all(this.#working);
  }

  #track(promise: Promise<void>): void {
    this.#working.add(promise);
    promise.then(() => this.#working.delete(promise));
  }
}
