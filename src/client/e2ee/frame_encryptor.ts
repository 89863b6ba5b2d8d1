import { additionalData, clearBytes, frameHeader, writeFrame } from "./frame_layout.ts";
import { KeyChain } from "./key_chain.ts";

/** The counter has 32 bits; the key changes every two minutes, so this is never reached. */
const MAX_COUNTER = 0xffffffff;

/** Why a frame of ours was not sent. Never is one sent in the clear instead. */
export type EncryptFailure = "no_key" | "codec_unsupported" | "key_used_up" | "failed";

/** Encrypts all frames of one participant: microphone, camera and screen share one key and one count. */
export class FrameEncryptor {
  #sender: string;
  #key: { readonly chain: KeyChain; readonly kid: number } | undefined;

  /** Creates an encryptor without a key for the frames of `sender`, whose id is bound to each of them. */
  constructor(sender: string) {
    this.#sender = sender;
  }

  /** Uses this key from now on; the one before is forgotten. */
  setKey(keyId: number, senderKey: Uint8Array): void {
    this.#key = { chain: KeyChain.start(senderKey, keyId), kid: keyId & 0xff };
  }

  /** Encrypts a frame, or says why not. */
  async encrypt(
    kind: "audio" | "video",
    mimeType: string | undefined,
    frame: Uint8Array<ArrayBuffer>,
  ): Promise<Uint8Array<ArrayBuffer> | EncryptFailure> {
    const clearLength = clearBytes(kind, mimeType, frame);
    if (clearLength === undefined) return "codec_unsupported";
    if (this.#key === undefined) return "no_key";
    const { chain, kid } = this.#key;
    if (chain.next > MAX_COUNTER) return "key_used_up";
    // Everything that counts happens before the first wait, so frames of several tracks cannot get the same number.
    const counter = chain.next;
    const nonce = chain.nonce(counter);
    const messageKey = chain.take();
    const header = frameHeader(frame.subarray(0, clearLength), kid, counter);
    try {
      const key = await crypto.subtle.importKey("raw", messageKey, "AES-GCM", false, ["encrypt"]);
      const additional = additionalData(this.#sender, header);
      const algorithm = { name: "AES-GCM", iv: nonce, additionalData: additional };
      return writeFrame(
        header,
        new Uint8Array(await crypto.subtle.encrypt(algorithm, key, frame.subarray(clearLength))),
      );
    } catch {
      return "failed";
    }
  }
}
