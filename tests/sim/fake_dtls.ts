import type { PeerId } from "../../src/base/ids.ts";
import type { DtlsEvent } from "../../src/transport/dtls_port.ts";
import type { SrtpKeys } from "../../src/transport/srtp_session.ts";

/** The profile of every simulated call. */
export const FAKE_PROFILE = "AEAD_AES_128_GCM";

const CERTIFICATE_LENGTH = 32;
const KEY_LENGTH = 16;
const SALT_LENGTH = 12;
/** Handshake record of DTLS 1.2: enough for the demultiplexer. */
const RECORD_HEADER = [22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/** What a handshake agrees on; the fake sends all of it in the open, in the first flight. */
export interface FakeHandshake {
  readonly certificate: Uint8Array<ArrayBuffer>;
  readonly clientKeys: SrtpKeys;
  readonly serverKeys: SrtpKeys;
}

/** Makes up certificate and keys. */
export function fakeHandshake(random: { fill(bytes: Uint8Array<ArrayBuffer>): void }): FakeHandshake {
  const bytes = (length: number) => {
    const made = new Uint8Array(length);
    random.fill(made);
    return made;
  };
  const keys = () => ({ masterKey: bytes(KEY_LENGTH), masterSalt: bytes(SALT_LENGTH) });
  return { certificate: bytes(CERTIFICATE_LENGTH), clientKeys: keys(), serverKeys: keys() };
}

/** What stands for the SHA-256 of a fake certificate: its own bytes. */
export function fakeFingerprint(certificate: Uint8Array): string {
  return [...certificate].map((byte) => byte.toString(16).padStart(2, "0")).join(":").toUpperCase();
}

/** The client's one flight. */
export function writeFakeHello(handshake: FakeHandshake): Uint8Array<ArrayBuffer> {
  const { certificate, clientKeys, serverKeys } = handshake;
  const parts = [clientKeys, serverKeys].flatMap((keys) => [...keys.masterKey, ...keys.masterSalt]);
  return Uint8Array.from([...RECORD_HEADER, ...certificate, ...parts]);
}

/** Stands for every DTLS endpoint of the server: the client's first datagram completes the handshake. */
export class FakeDtls {
  readonly #emit: (event: DtlsEvent) => void;
  /** Open endpoints, and whether their handshake is over. */
  readonly #open = new Map<PeerId, boolean>();

  constructor(emit: (event: DtlsEvent) => void) {
    this.#emit = emit;
  }

  /** How many endpoints are open. */
  get size(): number {
    return this.#open.size;
  }

  open(peer: PeerId): void {
    this.#open.set(peer, false);
  }

  close(peer: PeerId): void {
    this.#open.delete(peer);
  }

  /** Takes a client's datagram; what is not a hello of ours is ignored, as real endpoints do with noise. */
  receive(peer: PeerId, bytes: Uint8Array): void {
    const done = this.#open.get(peer);
    const keysLength = KEY_LENGTH + SALT_LENGTH;
    if (done === undefined || bytes.length !== RECORD_HEADER.length + CERTIFICATE_LENGTH + 2 * keysLength) return;
    this.#emit({ kind: "dtls_send", peer, bytes: Uint8Array.from(RECORD_HEADER) });
    if (done) return;
    this.#open.set(peer, true);
    const certificate = bytes.slice(RECORD_HEADER.length, RECORD_HEADER.length + CERTIFICATE_LENGTH);
    const keysAt = (at: number) => ({
      masterKey: bytes.slice(at, at + KEY_LENGTH),
      masterSalt: bytes.slice(at + KEY_LENGTH, at + keysLength),
    });
    const at = RECORD_HEADER.length + CERTIFICATE_LENGTH;
    this.#emit({
      kind: "dtls_connected",
      peer,
      profile: FAKE_PROFILE,
      remoteKeys: keysAt(at),
      localKeys: keysAt(at + keysLength),
      remoteCertificate: certificate,
      remoteFingerprints: [{ algorithm: "sha-256", value: fakeFingerprint(certificate) }],
    });
  }
}
