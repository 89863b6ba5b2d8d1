/** Pictures remembered for packets that come late, a power of two: some four seconds. */
const KEPT = 128;

/** Marks a picture that was left out. */
const LEFT_OUT = -1;

/**
 * Keeps VP8 picture ids continuous where pictures are left out and where another source takes over (RFC 7741 section
 * 4.2: a gap would look like loss).
 *
 * Outgoing = id + offset; the offset changes with each picture that is left out. Late packets get what their picture got.
 */
export class PictureMap {
  readonly #in = new Int32Array(KEPT).fill(-1);
  readonly #offsets = new Int32Array(KEPT);
  #offset = 0;
  #newestIn = -1;
  #newestOut = -1;

  /** The next picture is another source's; its id follows the newest one. */
  switchSource(): void {
    this.#newestIn = -1;
    this.#in.fill(-1);
  }

  /** What has to be added to the id of a picture that is sent; the sum is cut to its bits by whoever writes it. */
  offsetOf(id: number, isLong: boolean): number {
    if (this.#newestIn < 0) {
      this.#offset = this.#newestOut < 0 ? 0 : this.#newestOut + 1 - id;
      this.#advance(id, isLong);
    } else if (this.#isNew(id, isLong)) {
      this.#reserve(id, isLong);
      this.#advance(id, isLong);
    } else {
      const slot = id & (KEPT - 1);
      if (this.#in[slot] !== id || this.#offsets[slot] === LEFT_OUT) return this.#offset;
      const offset = this.#offsets[slot]! >> 1;
      this.#follow(id + offset, isLong);
      return offset;
    }
    return this.#offset;
  }

  /** Leaves a picture out; said again for its other packets, it changes nothing. */
  leaveOut(id: number, isLong: boolean): void {
    if (this.#newestIn < 0 || !this.#isNew(id, isLong)) return;
    this.#reserve(id, isLong);
    this.#newestIn = id;
    this.#in[id & (KEPT - 1)] = id;
    this.#offsets[id & (KEPT - 1)] = LEFT_OUT;
    this.#offset -= 1;
  }

  #advance(id: number, isLong: boolean): void {
    this.#newestIn = id;
    this.#newestOut = (id + this.#offset) & (isLong ? 0x7fff : 0x7f);
    this.#store(id);
  }

  /** A late picture may be the newest that went out: the one after it was left out. Another source goes on behind it. */
  #follow(out: number, isLong: boolean): void {
    if (((out - this.#newestOut) << (isLong ? 17 : 25)) > 0) this.#newestOut = out & (isLong ? 0x7fff : 0x7f);
  }

  /** Pictures in between may still come, and then get the ids that are left free for them. */
  #reserve(id: number, isLong: boolean): void {
    const mask = isLong ? 0x7fff : 0x7f;
    const gap = (id - this.#newestIn) & mask;
    for (let i = Math.max(1, gap - KEPT + 1); i < gap; i++) this.#store((this.#newestIn + i) & mask);
  }

  /** Doubled, so that no offset is LEFT_OUT. */
  #store(id: number): void {
    this.#in[id & (KEPT - 1)] = id;
    this.#offsets[id & (KEPT - 1)] = this.#offset << 1;
  }

  #isNew(id: number, isLong: boolean): boolean {
    return ((id - this.#newestIn) << (isLong ? 17 : 25)) > 0;
  }
}
