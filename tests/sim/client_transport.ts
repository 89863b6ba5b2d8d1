import type { Millis } from "../../src/base/time.ts";
import { PacketPool, type PooledPacket } from "../../src/base/packet_pool.ts";
import { type RtcpPacket, writeRtcp } from "../../src/rtp/rtcp.ts";
import { portableCiphers } from "../../src/io/portable_cipher.ts";
import { demux } from "../../src/transport/demux.ts";
import { HmacSha1 } from "../../src/transport/sha1.ts";
import { SrtpSession } from "../../src/transport/srtp_session.ts";
import { StunClass, StunView } from "../../src/transport/stun_message.ts";
import type { Answer } from "./answer_text.ts";
import type { EventQueue } from "./event_queue.ts";
import { FAKE_PROFILE, type FakeHandshake, writeFakeHello } from "./fake_dtls.ts";
import { iceCheck } from "./ice_check.ts";

/** Checks while there is no answer yet, and afterwards (Chromium's interval). */
const CHECK_INTERVAL_MS = 100;
const CONSENT_INTERVAL_MS = 2_500;
/** A hello without an answer is sent again. */
const HELLO_INTERVAL_MS = 200;
const MAX_RTCP_BYTES = 1_300;

/** What a transport needs of its client. */
export interface TransportPort {
  readonly events: EventQueue;
  /** Puts a datagram on the network. */
  send(bytes: Uint8Array<ArrayBuffer>): void;
  connected(): void;
  /** Plain packets; valid during the call. */
  rtp(packet: PooledPacket): void;
  rtcp(packet: PooledPacket): void;
}

/** Buffers of all simulated clients; the server has a pool of its own, which is checked for leaks. */
const buffers = new PacketPool();

/** The media path of a client as a browser has it: checks with nomination and consent, handshake, SRTP. */
export class ClientTransport {
  /** Datagrams that could not be decrypted; in a peaceful scenario there are none. */
  undecryptable = 0;
  /** Error responses to checks, by code. */
  readonly stunErrors: number[] = [];
  ufrag: string;
  pwd: string;
  readonly #port: TransportPort;
  readonly #handshake: FakeHandshake;
  #server: { readonly ufrag: string; readonly pwd: string } | undefined;
  #srtp: SrtpSession | undefined;
  #checked = false;
  #closed = false;
  #transaction = 1;
  #checks = 0;

  constructor(port: TransportPort, handshake: FakeHandshake, ufrag: string, pwd: string) {
    this.#port = port;
    this.#handshake = handshake;
    this.ufrag = ufrag;
    this.pwd = pwd;
  }

  get isConnected(): boolean {
    return this.#srtp !== undefined && !this.#closed;
  }

  /** Takes the server's credentials; the first answer starts the checks, other ones restart them. */
  setAnswer(answer: Answer): void {
    const { ufrag, pwd } = answer;
    if (this.#server?.ufrag === ufrag && this.#server.pwd === pwd) return;
    this.#server = { ufrag, pwd };
    this.#checked = false;
    this.#runChecks(++this.#checks);
  }

  /** Checks at once, as browsers do when their address has changed. */
  checkNow(): void {
    this.#runChecks(++this.#checks);
  }

  /** Takes a datagram from the network. */
  receive(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#closed) return;
    const kind = demux(bytes, bytes.length);
    if (kind === "stun") this.#receiveStun(bytes);
    else if (kind === "dtls") this.#receiveDtls();
    else if (kind !== "unknown") this.#receiveSrtp(bytes, kind);
  }

  /** Encrypts and sends an RTP packet that `write` puts into a buffer. */
  sendRtp(write: (bytes: Uint8Array) => number): void {
    if (this.#srtp === undefined || this.#closed) return;
    const packet = buffers.acquire();
    packet.length = write(packet.bytes);
    if (this.#srtp.protectRtp(packet)) this.#port.send(packet.bytes.slice(0, packet.length));
    packet.release();
  }

  /** Encrypts and sends a compound RTCP packet. */
  sendRtcp(packets: readonly RtcpPacket[]): void {
    if (this.#srtp === undefined || this.#closed) return;
    const packet = buffers.acquire();
    packet.length = writeRtcp(packets, packet.bytes.subarray(0, MAX_RTCP_BYTES));
    if (packet.length > 0 && this.#srtp.protectRtcp(packet)) this.#port.send(packet.bytes.slice(0, packet.length));
    packet.release();
  }

  /** Encrypts and sends any bytes that SRTP can carry, for those who test what is inside; `false` when it cannot. */
  sendPlain(kind: "rtp" | "rtcp", bytes: Uint8Array): boolean {
    if (this.#srtp === undefined || this.#closed) return false;
    const packet = buffers.acquire();
    packet.bytes.set(bytes);
    packet.length = bytes.length;
    const isSent = kind === "rtp" ? this.#srtp.protectRtp(packet) : this.#srtp.protectRtcp(packet);
    if (isSent) this.#port.send(packet.bytes.slice(0, packet.length));
    packet.release();
    return isSent;
  }

  close(): void {
    this.#closed = true;
    this.#srtp?.close();
  }

  /** Repeats checks; a later run ends the ones before. */
  #runChecks(run: number): void {
    if (this.#closed || run !== this.#checks || this.#server === undefined) return;
    const transaction = this.#transaction++;
    this.#port.send(iceCheck({ local: this.#server, remoteUfrag: this.ufrag, useCandidate: true, transaction }));
    const interval: Millis = this.#checked ? CONSENT_INTERVAL_MS : CHECK_INTERVAL_MS;
    this.#port.events.after(interval, () => this.#runChecks(run));
  }

  #receiveStun(bytes: Uint8Array<ArrayBuffer>): void {
    const view = new StunView();
    if (this.#server === undefined || !view.parse(bytes, bytes.length)) return;
    if (!view.integrityIsRight(new HmacSha1(new TextEncoder().encode(this.#server.pwd)))) return;
    if (view.messageClass === StunClass.error) this.stunErrors.push(view.errorCode);
    if (view.messageClass !== StunClass.success || this.#checked) return;
    this.#checked = true;
    this.#sayHello();
  }

  #sayHello(): void {
    if (this.#srtp !== undefined || this.#closed) return;
    this.#port.send(writeFakeHello(this.#handshake));
    this.#port.events.after(HELLO_INTERVAL_MS, () => this.#sayHello());
  }

  #receiveDtls(): void {
    if (this.#srtp !== undefined) return;
    const { clientKeys, serverKeys } = this.#handshake;
    this.#srtp = new SrtpSession(FAKE_PROFILE, clientKeys, serverKeys, portableCiphers());
    this.#port.connected();
  }

  #receiveSrtp(bytes: Uint8Array<ArrayBuffer>, kind: "rtp" | "rtcp"): void {
    if (this.#srtp === undefined) return;
    const packet = buffers.acquire();
    packet.bytes.set(bytes);
    packet.length = bytes.length;
    const failure = kind === "rtp" ? this.#srtp.unprotectRtp(packet) : this.#srtp.unprotectRtcp(packet);
    if (failure < 0) this.undecryptable++;
    else if (kind === "rtp") this.#port.rtp(packet);
    else this.#port.rtcp(packet);
    packet.release();
  }
}
