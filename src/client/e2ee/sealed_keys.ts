import type { ParticipantId, RoomId } from "../../base/ids.ts";
import { encodeFields } from "./encoding.ts";
import { NONCE_BYTES, SENDER_KEY_BYTES } from "./key_chain.ts";

/** What an identity key signs begins with this, so that no signature can be taken for one about something else. */
const STATEMENT = "seameet e2ee public key 1";

/** The same for keys that seal sender keys. */
const SEALING = "seameet e2ee sender key 1";

const CURVE = { name: "ECDH", namedCurve: "P-256" };

/** A short-lived key pair for the exchange of sender keys. */
export interface ExchangeKeys {
  /** Cannot be read out. */
  readonly privateKey: CryptoKey;
  /** Uncompressed point, 65 bytes. */
  readonly point: Uint8Array<ArrayBuffer>;
}

/** One end of an exchange. */
export interface ExchangeEnd {
  /** The member. */
  readonly id: ParticipantId;
  /** Its short-lived public key. */
  readonly point: Uint8Array<ArrayBuffer>;
  /** Its identity key; absent for clients of the basic protocol. */
  readonly identity: Uint8Array<ArrayBuffer> | undefined;
}

/** Who sends a sealed key to whom. */
export interface SealContext {
  /** The room. */
  readonly roomId: RoomId;
  /** Who sends the key. */
  readonly from: ExchangeEnd;
  /** Who receives it. */
  readonly to: ExchangeEnd;
  /** Number of the key that is sealed. */
  readonly keyId: number;
}

/** Makes a key pair. */
export async function makeExchangeKeys(): Promise<ExchangeKeys> {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);
  return { privateKey, point: new Uint8Array(await crypto.subtle.exportKey("raw", publicKey)) };
}

/** Says whether the bytes are a point of the curve. */
export async function isPoint(point: Uint8Array<ArrayBuffer>): Promise<boolean> {
  return await importPoint(point).then(() => true, () => false);
}

/** What an identity key signs to say that a short-lived key is its own: in this room, as this participant. */
export function publicKeyStatement(
  roomId: RoomId,
  participant: ParticipantId,
  point: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return encodeFields(STATEMENT, roomId, participant, point);
}

/** Seals a sender key for one other member: 12 bytes of nonce, 32 sealed, 16 of tag. */
export async function sealKey(
  own: ExchangeKeys,
  context: SealContext,
  senderKey: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const key = await sealingKey(own, context.to.point, context);
  const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const sealed = new Uint8Array(await crypto.subtle.encrypt(sealingAlgorithm(iv, context), key, senderKey));
  const message = new Uint8Array(iv.length + sealed.length);
  message.set(iv);
  message.set(sealed, iv.length);
  return message;
}

/** Opens a sealed sender key; `undefined` when it is not from there, not for us, or damaged. */
export async function openKey(
  own: ExchangeKeys,
  context: SealContext,
  message: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const key = await sealingKey(own, context.from.point, context);
    const algorithm = sealingAlgorithm(message.subarray(0, NONCE_BYTES), context);
    const opened = new Uint8Array(await crypto.subtle.decrypt(algorithm, key, message.subarray(NONCE_BYTES)));
    return opened.length === SENDER_KEY_BYTES ? opened : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The key that seals.
 *
 * Between two clients with identity keys it is bound to the room, both participants, both identities and both short-lived keys.
 * The basic protocol takes the shared secret as it is.
 */
async function sealingKey(
  own: ExchangeKeys,
  theirs: Uint8Array<ArrayBuffer>,
  context: SealContext,
): Promise<CryptoKey> {
  const { from, to, roomId } = context;
  const secret = await crypto.subtle.deriveBits(
    { name: "ECDH", public: await importPoint(theirs) },
    own.privateKey,
    256,
  );
  if (from.identity === undefined || to.identity === undefined) {
    return await crypto.subtle.importKey("raw", secret, "AES-GCM", false, ["encrypt", "decrypt"]);
  }
  const info = encodeFields(SEALING, roomId, from.id, to.id, from.identity, to.identity, from.point, to.point);
  const material = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveKey"]);
  const derivation = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(16), info };
  return await crypto.subtle.deriveKey(derivation, material, { name: "AES-GCM", length: 256 }, false, [
    "encrypt",
    "decrypt",
  ]);
}

function sealingAlgorithm(iv: Uint8Array<ArrayBuffer>, { from, to, keyId }: SealContext): AesGcmParams {
  const isBound = from.identity !== undefined && to.identity !== undefined;
  return isBound ? { name: "AES-GCM", iv, additionalData: encodeFields(String(keyId)) } : { name: "AES-GCM", iv };
}

async function importPoint(point: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return await crypto.subtle.importKey("raw", point, CURVE, false, []);
}
