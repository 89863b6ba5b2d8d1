import type { PacketPool, PooledPacket } from "../../base/packet_pool.ts";
import type { RandomSource } from "../../base/random.ts";
import { type Millis, NEVER } from "../../base/time.ts";
import { type RtcpPacket, writeRtcp } from "../../rtp/rtcp.ts";
import type { CipherProvider } from "../../transport/cipher_provider.ts";
import { demux } from "../../transport/demux.ts";
import type { Fingerprint } from "../../transport/dtls_port.ts";
import { sameFingerprints } from "../../transport/dtls_port.ts";
import { IceControlling, type IceRemote } from "../../transport/ice_controlling.ts";
import { Path } from "../../transport/path.ts";
import { SrtpSession } from "../../transport/srtp_session.ts";
import { type ClientIdentity, DtlsClient } from "./dtls_client.ts";

/** The longest plain RTCP datagram: leaves room for the SRTCP index and tag within an Ethernet frame. */
const MAX_RTCP_BYTES = 1_400;

/** How long a peer may take from the answer to the end of the handshake, as on the server's side. */
const CONNECT_TIMEOUT_MS: Millis = 30_000;

/** Life of a client's media path. */
export type ClientPeerState = "new" | "connecting" | "connected" | "failed" | "closed";

/** What a transport is made with. */
export interface ClientTransportOptions {
  readonly random: RandomSource;
  readonly ciphers: CipherProvider;
  readonly identity: ClientIdentity;
  readonly pool: PacketPool;
  /** Takes a datagram and owns its packet. */
  readonly send: (packet: PooledPacket, path: Path) => void;
  /** The state is another one. */
  readonly onState: (state: ClientPeerState) => void;
}

/** What of the server's answer concerns the transport. */
export interface ServerTransport extends IceRemote {
  readonly fingerprints: readonly Fingerprint[];
}

/**
 * One client's path to a server: ICE, DTLS and SRTP, datagrams on one side and plain packets on the other.
 *
 * No media key is used before the server has proven to own the certificate of its answer, and nothing is sent to an
 * address that has not answered a check.
 */
export class ClientTransport {
  readonly ice: IceControlling;
  /** Datagrams that were not for us or not authentic. */
  dropped = 0;
  readonly #options: ClientTransportOptions;
  #dtls: DtlsClient | undefined;
  #srtp: SrtpSession | undefined;
  #fingerprints: readonly Fingerprint[] | undefined;
  #state: ClientPeerState = "new";
  #error: string | undefined;
  #connectBy: Millis = NEVER;

  /** Makes credentials for the first offer. */
  constructor(options: ClientTransportOptions) {
    this.#options = options;
    this.ice = new IceControlling(options.random);
  }

  get state(): ClientPeerState {
    return this.#state;
  }

  /** Why it failed; a stable word. */
  get error(): string | undefined {
    return this.#error;
  }

  /** Takes an answer; `false`: the certificate is another one than before, which needs a new peer (RFC 8842 section 4). */
  setRemote(remote: ServerTransport, paths: readonly Path[], now: Millis): boolean {
    if (this.#fingerprints !== undefined && !sameFingerprints(this.#fingerprints, remote.fingerprints)) return false;
    this.#fingerprints = remote.fingerprints;
    this.ice.start(remote, paths, now);
    if (this.#state !== "new") return true;
    this.#connectBy = now + CONNECT_TIMEOUT_MS;
    this.#dtls = new DtlsClient(this.#options.identity, remote.fingerprints, {
      send: (bytes) => this.#sendBytes(bytes),
      connected: (result) => {
        const { profile, localKeys, remoteKeys } = result;
        this.#srtp = new SrtpSession(profile, localKeys, remoteKeys, this.#options.ciphers);
        this.#connectBy = NEVER;
        this.#setState("connected");
      },
      closed: (reason) => this.#fail(reason),
    });
    this.#setState("connecting");
    return true;
  }

  /** Takes a datagram; what is left in `packet` is a plain packet when the answer is `rtp` or `rtcp`. The caller owns it. */
  handleDatagram(
    packet: PooledPacket,
    socket: number,
    address: string,
    port: number,
    now: Millis,
  ): "rtp" | "rtcp" | undefined {
    const kind = demux(packet.bytes, packet.length);
    if (kind === "stun") {
      const reply = this.#options.pool.acquire();
      const outcome = this.ice.handle(packet.bytes, packet.length, socket, address, port, now, reply);
      if (reply.length > 0) this.#options.send(reply, new Path(socket, address, port));
      else reply.release();
      if (outcome === "selected") this.#dtls?.start(now);
      else if (outcome !== "answered" && outcome !== "checked") this.dropped++;
      this.#checkIce();
      this.#sendChecks(now);
      return undefined;
    }
    // Only the nominated path is a way to the server; a forged source port would have to be guessed.
    const { path } = this.ice;
    if (path === undefined || path.port !== port || path.socket !== socket) {
      this.dropped++;
      return undefined;
    }
    if (kind === "dtls") {
      this.#dtls?.receive(packet.bytes.subarray(0, packet.length), now);
      return undefined;
    }
    if (this.#srtp === undefined || kind === "unknown") {
      this.dropped++;
      return undefined;
    }
    const failure = kind === "rtp" ? this.#srtp.unprotectRtp(packet) : this.#srtp.unprotectRtcp(packet);
    if (failure === 0) return kind;
    this.dropped++;
    return undefined;
  }

  /** Encrypts and sends a plain RTP packet, and owns it; `false` when it was not sent. */
  sendRtp(packet: PooledPacket): boolean {
    const { path } = this.ice;
    if (path !== undefined && this.#srtp !== undefined && this.#srtp.protectRtp(packet)) {
      this.#options.send(packet, path);
      return true;
    }
    packet.release();
    return false;
  }

  /** Encrypts and sends one compound packet. */
  sendRtcp(packets: readonly RtcpPacket[]): void {
    const { path } = this.ice;
    if (path === undefined || this.#srtp === undefined) return;
    const packet = this.#options.pool.acquire();
    packet.length = writeRtcp(packets, packet.bytes.subarray(0, MAX_RTCP_BYTES));
    if (packet.length > 0 && this.#srtp.protectRtcp(packet)) this.#options.send(packet, path);
    else packet.release();
  }

  /** When `handleTimeout` wants to be called. */
  nextTimeout(): Millis {
    if (this.#state === "failed" || this.#state === "closed") return NEVER;
    return Math.min(this.ice.nextTimeout(), this.#dtls?.nextTimeout() ?? NEVER, this.#connectBy);
  }

  /** Sends checks, consent and handshake flights that are due; gives up what has taken too long. */
  handleTimeout(now: Millis): void {
    if (this.#state === "failed" || this.#state === "closed") return;
    this.#sendChecks(now);
    if (now >= this.#connectBy) return this.#fail("connect_timeout");
    this.#dtls?.handleTimeout(now);
  }

  /** Says goodbye and forgets the keys; works any number of times. */
  close(): void {
    if (this.#state === "failed" || this.#state === "closed") return;
    this.#dtls?.close();
    this.#release();
    this.#setState("closed");
  }

  #sendChecks(now: Millis): void {
    for (;;) {
      const packet = this.#options.pool.acquire();
      const path = this.ice.pollCheck(now, packet);
      if (path === undefined) {
        packet.release();
        break;
      }
      this.#options.send(packet, path);
    }
    this.#checkIce();
  }

  #checkIce(): void {
    if (this.ice.state === "failed") this.#fail(this.ice.error ?? "no_path");
  }

  #sendBytes(bytes: Uint8Array): void {
    const { path } = this.ice;
    if (path === undefined) return;
    const packet = this.#options.pool.acquire();
    packet.bytes.set(bytes);
    packet.length = bytes.length;
    this.#options.send(packet, path);
  }

  #fail(reason: string): void {
    if (this.#state === "failed" || this.#state === "closed") return;
    this.#error = reason;
    this.#release();
    this.#setState("failed");
  }

  #release(): void {
    this.#dtls?.close();
    this.#srtp?.close();
    this.#srtp = undefined;
    this.#connectBy = NEVER;
  }

  #setState(state: ClientPeerState): void {
    this.#state = state;
    this.#options.onState(state);
  }
}
