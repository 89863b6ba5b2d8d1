import { addressKey } from "./ip_address.ts";

/** Something that came from an address. */
export interface Visitor {
  readonly remoteAddress: string;
}

/**
 * Those who have proven nothing yet, at most a fixed number of them.
 *
 * When there is one too many, the address with most of them loses its oldest: whoever crowds in pushes out his own, and
 * somebody who comes alone is served even then.
 */
export class Crowd<T extends Visitor> {
  readonly #max: number;
  readonly #members = new Map<T, string>();

  constructor(max: number) {
    this.#max = max;
  }

  /** How many there are. */
  get size(): number {
    return this.#members.size;
  }

  /** Takes one in; answers who has to go for it, if anybody has to. */
  add(member: T): T | undefined {
    this.#members.set(member, addressKey(member.remoteAddress));
    if (this.#members.size <= this.#max) return undefined;
    const loser = this.#oldestOf(this.#mostFrequentAddress());
    if (loser !== undefined) this.#members.delete(loser);
    return loser;
  }

  /** Takes one out, if it is in. */
  delete(member: T): void {
    this.#members.delete(member);
  }

  #mostFrequentAddress(): string | undefined {
    const counts = new Map<string, number>();
    let most: string | undefined;
    for (const key of this.#members.values()) {
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      if (most === undefined || count > counts.get(most)!) most = key;
    }
    return most;
  }

  #oldestOf(key: string | undefined): T | undefined {
    for (const [member, address] of this.#members) if (address === key) return member;
    return undefined;
  }
}
