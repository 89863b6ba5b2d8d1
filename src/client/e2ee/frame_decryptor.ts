import type { Millis } from "../../base/time.ts";
import { additionalData, type EncryptedFrame, readFrame } from "./frame_layout.ts";
import { KeyChain } from "./key_chain.ts";

/**
 * How far behind the newest frame one may still be.
 *
 * All tracks of a sender share the count, some 110 a second; a video packet that is sent again comes up to two seconds late.
 */
const WINDOW = 512;

/** Chain steps for one frame: five minutes of a sender that nothing was heard of, as after a late join. */
const MAX_STEPS = 30_000;

/** Steps beyond which a frame has cost enough to be careful with the next. */
const CHEAP_STEPS = WINDOW;

/**
 * How long no more long leaps are tried after one, forged or not: each costs a tenth of a second, and a member could leap
 * with each frame of its own until nobody had time for those of others.
 */
const LEAP_PAUSE_MS: Millis = 1_000;

/** Keys of a sender at a time: current, next, and some for a sender that changes hastily. */
const MAX_KEYS = 8;

/** Why a frame of somebody else is not shown. */
export type DecryptFailure = "no_key" | "malformed" | "replayed" | "forged";

interface ReceiverKey {
  readonly keyId: number;
  readonly raw: Uint8Array;
  chain: KeyChain;
  /** Keys of frames up to the newest one that have not come yet. */
  readonly skipped: Map<number, Uint8Array<ArrayBuffer>>;
}

/** A frame key with what becomes of the state once it has proved right. */
interface Candidate {
  readonly messageKey: Uint8Array<ArrayBuffer>;
  readonly steps: number;
  readonly commit: () => void;
}

/**
 * Decrypts the frames of one sender.
 *
 * Nothing a frame says is believed before it was authenticated: neither the replay window nor the chain moves for a
 * forged one.
 */
export class FrameDecryptor {
  #sender: string;
  /** Newest first. */
  #keys: ReceiverKey[] = [];
  #lastLeap: Millis = -Infinity;
  #queue: Promise<unknown> = Promise.resolve();

  /** Creates a decryptor without a key for frames that must be of `sender`. */
  constructor(sender: string) {
    this.#sender = sender;
  }

  /** Whether there is a key at all. */
  get hasKey(): boolean {
    return this.#keys.length > 0;
  }

  /** Adds a key (32 bytes). The same one again changes nothing; another one of the same number takes its place. */
  addKey(keyId: number, senderKey: Uint8Array): void {
    const known = this.#keys.find((key) => key.keyId === keyId);
    if (known !== undefined && known.raw.every((byte, i) => byte === senderKey[i])) return;
    const key: ReceiverKey = {
      keyId,
      raw: senderKey.slice(),
      chain: KeyChain.start(senderKey, keyId),
      skipped: new Map(),
    };
    this.#keys = [key, ...this.#keys.filter((other) => other.keyId !== keyId)].slice(0, MAX_KEYS);
  }

  /** Forgets all keys with a lower number. */
  purge(keepKeyId: number): void {
    this.#keys = this.#keys.filter((key) => key.keyId >= keepKeyId);
  }

  /** Decrypts a frame, or says why not. Frames are handled one after another, so that two tracks cannot get in each other's way. */
  decrypt(frame: Uint8Array<ArrayBuffer>, now: Millis): Promise<Uint8Array<ArrayBuffer> | DecryptFailure> {
    const result = this.#queue.then(() => this.#decrypt(frame, now));
    this.#queue = result.catch(() => {});
    return result;
  }

  async #decrypt(bytes: Uint8Array<ArrayBuffer>, now: Millis): Promise<Uint8Array<ArrayBuffer> | DecryptFailure> {
    if (this.#keys.length === 0) return "no_key";
    const frame = readFrame(bytes);
    if (frame === undefined) return "malformed";
    // Only the low byte of the number is in the frame: two keys can share it, so all that fit are tried.
    let failure: DecryptFailure = "no_key";
    for (const key of this.#keys.filter(({ keyId }) => (keyId & 0xff) === frame.kid)) {
      const candidate = this.#candidate(key, frame.counter, now);
      if (candidate === undefined) {
        if (failure === "no_key") failure = "replayed";
        continue;
      }
      if (candidate.steps > CHEAP_STEPS) this.#lastLeap = now;
      const plain = await open(candidate.messageKey, key.chain.nonce(frame.counter), this.#sender, frame);
      if (plain !== undefined) {
        candidate.commit();
        return plain;
      }
      failure = "forged";
    }
    return failure;
  }

  #candidate(key: ReceiverKey, counter: number, now: Millis): Candidate | undefined {
    const { chain, skipped } = key;
    if (counter < chain.next) {
      const messageKey = skipped.get(counter);
      return messageKey && { messageKey, steps: 0, commit: () => void skipped.delete(counter) };
    }
    const steps = counter - chain.next;
    if (steps > MAX_STEPS || (steps > CHEAP_STEPS && now - this.#lastLeap < LEAP_PAUSE_MS)) return undefined;
    const ahead = chain.fork();
    const passed = new Map<number, Uint8Array<ArrayBuffer>>();
    while (ahead.next < counter) {
      if (counter - ahead.next > WINDOW) ahead.skip();
      else passed.set(ahead.next, ahead.take());
    }
    return { messageKey: ahead.take(), steps, commit: () => advance(key, ahead, passed) };
  }
}

function advance(key: ReceiverKey, chain: KeyChain, passed: ReadonlyMap<number, Uint8Array<ArrayBuffer>>): void {
  key.chain = chain;
  for (const [counter, messageKey] of passed) key.skipped.set(counter, messageKey);
  const oldest = chain.next - 1 - WINDOW;
  for (const counter of key.skipped.keys()) if (counter < oldest) key.skipped.delete(counter);
}

async function open(
  messageKey: Uint8Array<ArrayBuffer>,
  iv: Uint8Array<ArrayBuffer>,
  sender: string,
  { clear, sealed, header }: EncryptedFrame,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const key = await crypto.subtle.importKey("raw", messageKey, "AES-GCM", false, ["decrypt"]);
  try {
    const algorithm = { name: "AES-GCM", iv, additionalData: additionalData(sender, header) };
    const plain = await crypto.subtle.decrypt(algorithm, key, sealed);
    const frame = new Uint8Array(clear.length + plain.byteLength);
    frame.set(clear);
    frame.set(new Uint8Array(plain), clear.length);
    return frame;
  } catch {
    return undefined;
  }
}
