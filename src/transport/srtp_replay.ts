/**
 * How many indices back a packet is still accepted, once.
 *
 * RFC 3711 section 3.3.2 asks for at least 64. A video sender of 4 Mbit/s sends 1,024 packets in about
 * three seconds, so retransmissions and everything a jitter buffer could use fit; one window takes 128 bytes.
 */
export const REPLAY_WINDOW = 1_024;

const WORDS = REPLAY_WINDOW / 32;

/** Turns an index into its slot; bit operations take the low 32 bits of larger numbers, which is all it needs. */
const SLOT_MASK = REPLAY_WINDOW - 1;

/**
 * Remembers which of the last 1,024 packet indices were there, so that none counts twice.
 *
 * Checking and remembering are separate: an index may be remembered only after its packet was authenticated,
 * or a forged packet could push the genuine ones out.
 */
export class ReplayWindow {
  readonly #bits = new Uint32Array(WORDS);
  #newest = -1;

  /** The highest index so far, -1 before the first. */
  get newest(): number {
    return this.#newest;
  }

  /** Says whether `index` is new: ahead of all, or inside the window and not yet seen. */
  isFresh(index: number): boolean {
    if (index > this.#newest) return true;
    if (this.#newest - index >= REPLAY_WINDOW) return false;
    const slot = index & SLOT_MASK;
    return ((this.#bits[slot >>> 5]! >>> (slot & 31)) & 1) === 0;
  }

  /** Remembers an index for which `isFresh` said yes. */
  add(index: number): void {
    if (index > this.#newest) this.#advance(index);
    const slot = index & SLOT_MASK;
    this.#bits[slot >>> 5]! |= 1 << (slot & 31);
  }

  #advance(index: number): void {
    if (index - this.#newest >= REPLAY_WINDOW) {
      this.#bits.fill(0);
    } else {
      for (let skipped = this.#newest + 1; skipped < index; skipped++) this.#clear(skipped);
      this.#clear(index);
    }
    this.#newest = index;
  }

  #clear(index: number): void {
    const slot = index & SLOT_MASK;
    this.#bits[slot >>> 5]! &= ~(1 << (slot & 31));
  }
}
