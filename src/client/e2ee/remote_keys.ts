import type { ParticipantId } from "../../base/ids.ts";
import type { E2eeSenderKeyMessage } from "../../signaling/messages.ts";
import { sameBytes, toBase64 } from "./encoding.ts";
import type { Trust } from "./trust_book.ts";

/** Short-lived public keys that are tried: the newest, and the one before, which sealed what is still under way. */
const MAX_POINTS = 2;

/** Sealed keys that wait for the public key they need, or for `acceptKey()`. */
const MAX_EARLY = 4;

/** Sender keys at a time; five seconds of a sender that changes hastily. */
const MAX_KEYS = 8;

/** A numbered sender key. */
export interface SenderKey {
  /** Counted by its sender. */
  readonly keyId: number;
  /** 32 bytes. */
  readonly raw: Uint8Array<ArrayBuffer>;
}

/** An identity and a short-lived key that came together. */
export interface OfferedKeys {
  /** 65 bytes; absent for clients of the basic protocol. */
  readonly identity: Uint8Array<ArrayBuffer> | undefined;
  /** 65 bytes. */
  readonly point: Uint8Array<ArrayBuffer>;
}

/** What is known of another member's keys. */
export class RemoteKeys {
  /** Whose. */
  readonly id: ParticipantId;
  /** Its name, under which its identity is pinned. */
  name: string;
  /** Says that it has announced a key, by the server's word. */
  e2ee = false;
  identity: Uint8Array<ArrayBuffer> | undefined;
  trust: Trust = "none";
  held = false;
  /** It has been told our current public key. */
  told = false;
  /** It has been given a key of ours since it last asked. */
  given = false;
  /** Clear media of it may be shown. */
  unencryptedAllowed = false;
  /** Keys under another identity than the one it came with; taken only by `acceptKey()`. */
  offered: OfferedKeys | undefined;
  /** Newest first. */
  points: Uint8Array<ArrayBuffer>[] = [];
  /** Newest first. */
  keys: SenderKey[] = [];
  /** Highest number of a key so far, -1 before the first. */
  highest = -1;
  #early: E2eeSenderKeyMessage[] = [];

  /** Somebody of whom nothing is known yet. */
  constructor(id: ParticipantId, name: string) {
    this.id = id;
    this.name = name;
  }

  /** The identity key in base64, by which it is pinned. */
  get identityText(): string | undefined {
    return this.identity === undefined ? undefined : toBase64(this.identity);
  }

  /** Takes a short-lived public key; says whether it is new. */
  addPoint(point: Uint8Array<ArrayBuffer>): boolean {
    if (this.points.some((known) => sameBytes(known, point))) return false;
    this.points = [point, ...this.points].slice(0, MAX_POINTS);
    return true;
  }

  /** Takes a sender key; says whether it is new. Numbers only go up, so that an old message cannot bring an old key back. */
  addKey(key: SenderKey): boolean {
    if (key.keyId <= this.highest) return false;
    this.highest = key.keyId;
    this.keys = [key, ...this.keys].slice(0, MAX_KEYS);
    return true;
  }

  /** Forgets sender keys with a lower number. */
  purge(keepKeyId: number): void {
    this.keys = this.keys.filter(({ keyId }) => keyId >= keepKeyId);
  }

  /** Keeps a sealed key for later. */
  defer(message: E2eeSenderKeyMessage): void {
    this.#early = [...this.#early.slice(-(MAX_EARLY - 1)), message];
  }

  /** The sealed keys that were kept, which are kept no more. */
  takeDeferred(): E2eeSenderKeyMessage[] {
    const early = this.#early;
    this.#early = [];
    return early;
  }
}
