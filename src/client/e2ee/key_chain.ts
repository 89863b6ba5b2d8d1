import { HmacSha256 } from "./sha256.ts";

/** Bytes of a sender key. */
export const SENDER_KEY_BYTES = 32;

/** Bytes of the nonce of AES-GCM. */
export const NONCE_BYTES = 12;

/** Extraction of HKDF (RFC 5869 section 2.2), with the sixteen zero bytes that this protocol uses for salt. */
const extract = new HmacSha256(new Uint8Array(16));

const encoder = new TextEncoder();
const MESSAGE_INFO = encoder.encode("msg");
const CHAIN_INFO = encoder.encode("chain");

/**
 * The keys of the frames of one sender key: a key per frame, by a chain that cannot be run backwards.
 *
 * Whoever gets hold of the state after some frame can read the later ones of this sender key, and none before.
 */
export class KeyChain {
  /** Number of the frame whose key comes next; the first is 1. */
  next: number;
  #chain: Uint8Array<ArrayBuffer>;
  #salt: Uint8Array<ArrayBuffer>;

  private constructor(chain: Uint8Array<ArrayBuffer>, salt: Uint8Array<ArrayBuffer>, next: number) {
    this.#chain = chain;
    this.#salt = salt;
    this.next = next;
  }

  /** Starts the chain of a sender key (32 bytes) with its number. */
  static start(senderKey: Uint8Array, keyId: number): KeyChain {
    const expand = new HmacSha256(extract.sign(senderKey));
    const chain = expandTo(expand, encoder.encode(`seameet-chain-${keyId}`));
    const salt = expandTo(expand, encoder.encode(`seameet-salt-${keyId}`)).slice(0, NONCE_BYTES);
    return new KeyChain(chain, salt, 1);
  }

  /** The key of frame `next`, and one step forward. */
  take(): Uint8Array<ArrayBuffer> {
    const expand = new HmacSha256(extract.sign(this.#chain));
    this.#chain = expandTo(expand, CHAIN_INFO);
    this.next++;
    return expandTo(expand, MESSAGE_INFO);
  }

  /** Steps forward without making the key of frame `next`. */
  skip(): void {
    this.#chain = expandTo(new HmacSha256(extract.sign(this.#chain)), CHAIN_INFO);
    this.next++;
  }

  /** A second chain at the same place, to try a counter that nobody has vouched for yet. */
  fork(): KeyChain {
    return new KeyChain(this.#chain, this.#salt, this.next);
  }

  /** The nonce of a frame: no two frames of a sender key have the same. */
  nonce(counter: number): Uint8Array<ArrayBuffer> {
    const nonce = this.#salt.slice();
    const view = new DataView(nonce.buffer);
    const at = NONCE_BYTES - 4;
    view.setUint32(at, (view.getUint32(at) ^ counter) >>> 0);
    return nonce;
  }
}

/** HKDF-Expand (RFC 5869 section 2.3) for up to 32 bytes: one round. */
function expandTo(expand: HmacSha256, info: Uint8Array): Uint8Array<ArrayBuffer> {
  const input = new Uint8Array(info.length + 1);
  input.set(info);
  input[info.length] = 1;
  return expand.sign(input);
}
