import type { IdentityStore } from "./identity_store.ts";

/** Name of the key pair in the store. */
const NAME = "key";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" };

/** The key by which a device is known again: it lives in the store, and its private half cannot be read out. */
export class DeviceIdentity {
  /** The public half: an uncompressed P-256 point, 65 bytes. */
  readonly publicKey: Uint8Array<ArrayBuffer>;
  #privateKey: CryptoKey;

  private constructor(privateKey: CryptoKey, publicKey: Uint8Array<ArrayBuffer>) {
    this.#privateKey = privateKey;
    this.publicKey = publicKey;
  }

  /** The device's own key, made on first use. @throws what the store throws. */
  static async load(store: IdentityStore): Promise<DeviceIdentity> {
    const stored = await store.get(NAME);
    if (isKeyPair(stored)) return await fromPair(stored);
    const made = await crypto.subtle.generateKey(ALGORITHM, false, ["sign", "verify"]);
    const kept = await store.setIfAbsent(NAME, made);
    return await fromPair(isKeyPair(kept) ? kept : made);

    async function fromPair({ privateKey, publicKey }: CryptoKeyPair): Promise<DeviceIdentity> {
      return new DeviceIdentity(privateKey, new Uint8Array(await crypto.subtle.exportKey("raw", publicKey)));
    }
  }

  /** Signs `data`: 64 bytes (IEEE P1363). */
  async sign(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await crypto.subtle.sign(SIGNATURE, this.#privateKey, data));
  }
}

/** Says whether the holder of an identity key signed `data`; a malformed key or signature is a no. */
export async function isSignedBy(
  publicKey: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
  data: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey("raw", publicKey, ALGORITHM, false, ["verify"]);
    return await crypto.subtle.verify(SIGNATURE, key, signature, data);
  } catch {
    return false;
  }
}

function isKeyPair(value: unknown): value is CryptoKeyPair {
  if (typeof value !== "object" || value === null) return false;
  return Reflect.get(value, "privateKey") instanceof CryptoKey && Reflect.get(value, "publicKey") instanceof CryptoKey;
}
