/** Silence in the audio level extension: 127 dB below the loudest possible (RFC 6464 section 3). */
export const SILENT_LEVEL = 127;

/** Weight of the newest level; at fifty packets a second the average follows within some 60 ms. */
const NEWEST_WEIGHT = 0.3;

/** The running loudness of one talker: 0 silent … 127 loudest, an exponential average. */
export class Loudness {
  #value = 0;

  /** The average now. */
  get value(): number {
    return this.#value;
  }

  /**
   * Takes one audio level in.
   *
   * @param level Seven bits, 0 loudest … 127 silent, as the extension carries them; more bits are ignored.
   */
  add(level: number): void {
    const loudness = SILENT_LEVEL - (level & 0x7f);
    this.#value = NEWEST_WEIGHT * loudness + (1 - NEWEST_WEIGHT) * this.#value;
  }

  /** Lets the average fade, for talkers whose packets have stopped. */
  decay(factor: number): void {
    this.#value *= factor;
  }

  /** Back to silence. */
  reset(): void {
    this.#value = 0;
  }
}
