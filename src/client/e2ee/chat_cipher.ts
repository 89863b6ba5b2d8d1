import { MAX_CHAT_LENGTH } from "../../signaling/limits.ts";
import { fromBase64, toBase64 } from "./encoding.ts";
import { NONCE_BYTES } from "./key_chain.ts";
import { TAG_BYTES } from "./frame_layout.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Says whether an encrypted text still fits into a message. */
export function fitsEncrypted(text: string): boolean {
  return 4 * Math.ceil((NONCE_BYTES + encoder.encode(text).length + TAG_BYTES) / 3) <= MAX_CHAT_LENGTH;
}

/** Encrypts a line of chat with a sender key (32 bytes); base64 of nonce, ciphertext and tag. */
export async function encryptText(senderKey: Uint8Array<ArrayBuffer>, text: string): Promise<string> {
  const key = await crypto.subtle.importKey("raw", senderKey, "AES-GCM", false, ["encrypt"]);
  const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, encoder.encode(text)));
  const message = new Uint8Array(iv.length + sealed.length);
  message.set(iv);
  message.set(sealed, iv.length);
  return toBase64(message);
}

/** Reads a line of chat; `undefined` when none of the keys fits. */
export async function decryptText(
  senderKeys: readonly Uint8Array<ArrayBuffer>[],
  content: string,
): Promise<string | undefined> {
  const message = fromBase64(content);
  if (message === undefined || message.length < NONCE_BYTES + TAG_BYTES) return undefined;
  for (const senderKey of senderKeys) {
    try {
      const key = await crypto.subtle.importKey("raw", senderKey, "AES-GCM", false, ["decrypt"]);
      const algorithm = { name: "AES-GCM", iv: message.subarray(0, NONCE_BYTES) };
      return decoder.decode(await crypto.subtle.decrypt(algorithm, key, message.subarray(NONCE_BYTES)));
    } catch {
      // The next one, if there is another.
    }
  }
  return undefined;
}
