import type { ParticipantId } from "../../base/ids.ts";
import { toBase64 } from "./encoding.ts";
import type { ExchangeKeys } from "./sealed_keys.ts";
import { sha256 } from "./sha256.ts";

/** Members who have left and are still known by their identity, oldest forgotten first. */
const MAX_LEFT = 512;

/**
 * What must outlive a member's leaving: the server says who leaves, and could make somebody come anew to bring old keys
 * back with their frames, or another identity without a word.
 */
export class PastKeys {
  #left = new Map<ParticipantId, Uint8Array<ArrayBuffer>>();
  /** Digests of sender keys, by the pair of ours that opened them; they go with it. */
  #opened = new WeakMap<ExchangeKeys, Set<string>>();

  /** Somebody of this identity has left. */
  left(id: ParticipantId, identity: Uint8Array<ArrayBuffer> | undefined): void {
    if (identity === undefined) return;
    this.#left.delete(id);
    this.#left.set(id, identity);
    for (const oldest of this.#left.keys()) {
      if (this.#left.size <= MAX_LEFT) break;
      this.#left.delete(oldest);
    }
  }

  /** The identity that somebody who has left had. */
  identityOf(id: ParticipantId): Uint8Array<ArrayBuffer> | undefined {
    return this.#left.get(id);
  }

  /** The person takes whatever identity comes under this id. */
  forget(id: ParticipantId): void {
    this.#left.delete(id);
  }

  /** Says, once, that a sender key which `exchange` opened was not there before. */
  isFresh(exchange: ExchangeKeys, senderKey: Uint8Array): boolean {
    const opened = this.#opened.get(exchange) ?? new Set();
    this.#opened.set(exchange, opened);
    const digest = toBase64(sha256(senderKey));
    if (opened.has(digest)) return false;
    opened.add(digest);
    return true;
  }
}
