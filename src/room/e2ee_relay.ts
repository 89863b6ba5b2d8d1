import type { ParticipantId } from "../base/ids.ts";

/**
 * Keeps the endless key exchange of older clients from becoming a storm.
 *
 * Those clients answer every public key with their own. The same key is passed on to the same recipient a few times
 * only; once would not do, because a client drops a media key that arrives while it still imports the public key.
 */
export class E2eeRelay {
  readonly #maxRepeats: number;
  #passed: Map<ParticipantId, Map<ParticipantId, { key: string; count: number }>> = new Map();

  constructor(maxRepeats: number) {
    this.#maxRepeats = maxRepeats;
  }

  /** Says whether this public key goes to this recipient once more, and counts it. */
  pass(from: ParticipantId, to: ParticipantId, publicKey: string): boolean {
    let senders = this.#passed.get(to);
    if (senders === undefined) this.#passed.set(to, senders = new Map());
    const last = senders.get(from);
    if (last === undefined || last.key !== publicKey) {
      senders.set(from, { key: publicKey, count: 1 });
      return true;
    }
    if (last.count >= this.#maxRepeats) return false;
    last.count++;
    return true;
  }

  /** Forgets a member, as sender and as recipient. */
  remove(participant: ParticipantId): void {
    this.#passed.delete(participant);
    for (const senders of this.#passed.values()) senders.delete(participant);
  }
}
