import type { ParticipantId } from "../base/ids.ts";
import type { Millis } from "../base/time.ts";
import { TokenBucket } from "../base/token_bucket.ts";
import { Loudness, SILENT_LEVEL } from "../stream/loudness.ts";

/** A packet this loud is speech and gets a place at once (-50 dBov): noise and digital silence lie below. */
const SPEECH_LOUDNESS = 77;

/** Who has said nothing for so long gives up the place to whoever speaks; pauses between words are shorter. */
const QUIET_MS: Millis = 1_000;

/** Where everybody on a place speaks, another one must be louder than the quietest of them by so many decibels … */
const CHALLENGE_MARGIN = 6;

/** … and heard at all (-70 dBov): silence does not challenge silence. */
const AUDIBLE_LOUDNESS = 57;

/** A challenged place was held at least this long, so that two of the same loudness do not cut each other's words. */
const MIN_HOLD_MS: Millis = 1_000;

/** A voice whose packets have stopped for so long is silent: browsers stop sending in pauses. */
const STALE_MS: Millis = 400;

/** How many places may change hands a second for long: each change is told to everybody, and people do not talk faster. */
const CHANGES_PER_SECOND = 4;

/** One microphone, as the floor of its room sees it. */
export class Voice {
  readonly participant: ParticipantId;
  /** Index of its place, -1 without one. */
  place = -1;
  /** When it spoke last. */
  loudAt: Millis = -Infinity;
  /** When it got its place. */
  since: Millis = -Infinity;
  /** It can be heard: there is a microphone, and it is not muted. */
  isOpen = false;
  readonly #loudness = new Loudness();
  #heardAt: Millis = -Infinity;

  /** Made with the participant. */
  constructor(participant: ParticipantId) {
    this.participant = participant;
  }

  /** Takes the loudness of a packet in. */
  hear(loudness: number, now: Millis): void {
    if (now - this.#heardAt > STALE_MS) this.#loudness.reset();
    this.#loudness.add(SILENT_LEVEL - loudness);
    this.#heardAt = now;
    if (loudness >= SPEECH_LOUDNESS) this.loudAt = now;
  }

  /** The average loudness, 0 … 127. */
  loudness(now: Millis): number {
    return now - this.#heardAt > STALE_MS ? 0 : this.#loudness.value;
  }
}

/**
 * Chooses whose sound everybody gets in a room with more microphones than places.
 *
 * The places are fixed, and the same for all receivers: a place is a line of each of them, and stays that line whoever
 * has it. A voice without a place gets one with its first loud packet, so that no syllable is lost: a free one, or that
 * of whoever has been quiet for longest. Only where everybody on a place speaks, it must be louder than one of them.
 */
export class SoundFloor {
  /** Who has which place. Lives as long as the floor: whoever looks at it sees changes. */
  readonly places: readonly (ParticipantId | undefined)[];
  /** There are more microphones than places; else everybody is heard anyway and nothing is chosen. */
  isActive = false;
  readonly #holders: (Voice | undefined)[];
  readonly #places: (ParticipantId | undefined)[];
  readonly #changes: TokenBucket;

  /** Makes a floor of so many places. */
  constructor(size: number, now: Millis) {
    this.#holders = new Array(size).fill(undefined);
    this.places = this.#places = new Array(size).fill(undefined);
    this.#changes = new TokenBucket(Math.max(1, size), CHANGES_PER_SECOND, now);
  }

  /**
   * Takes the level of a packet in, before it is forwarded: 0 loudest … 127 silent (RFC 6464), -1 where it is not told,
   * which counts as speech.
   *
   * @returns whether a place has changed hands
   */
  hear(voice: Voice, level: number, now: Millis): boolean {
    const loudness = level < 0 ? SPEECH_LOUDNESS : SILENT_LEVEL - (level & SILENT_LEVEL);
    voice.hear(loudness, now);
    if (voice.place >= 0 || !voice.isOpen || !this.isActive) return false;
    const place = this.#placeFor(voice, loudness, now);
    if (place < 0 || !this.#changes.take(now)) return false;
    this.#give(place, voice, now);
    return true;
  }

  /**
   * Follows who is there: `voices` are all of the room, in join order. Places of those who have gone are freed, and free
   * ones, and those of the muted, are given to whoever can be heard and has none.
   *
   * @returns whether a place has changed hands
   */
  settle(voices: readonly Voice[], now: Millis): boolean {
    let changed = false;
    for (let place = 0; place < this.#holders.length; place++) {
      const holder = this.#holders[place];
      if (holder === undefined || voices.includes(holder)) continue;
      this.#give(place, undefined, now);
      changed = true;
    }
    for (const voice of voices) {
      if (!voice.isOpen || voice.place >= 0) continue;
      const place = this.#holders.findIndex((holder) => holder === undefined || !holder.isOpen);
      if (place < 0) break;
      this.#give(place, voice, now);
      changed = true;
    }
    return changed;
  }

  #placeFor(voice: Voice, loudness: number, now: Millis): number {
    let quiet = -1;
    let quietest = -1;
    for (let place = 0; place < this.#holders.length; place++) {
      const holder = this.#holders[place];
      if (holder === undefined || !holder.isOpen) return place;
      if (now - holder.loudAt >= QUIET_MS && (quiet < 0 || holder.loudAt < this.#holders[quiet]!.loudAt)) quiet = place;
      if (quietest < 0 || holder.loudness(now) < this.#holders[quietest]!.loudness(now)) quietest = place;
    }
    if (loudness >= SPEECH_LOUDNESS && quiet >= 0) return quiet;
    if (quietest < 0) return -1;
    const holder = this.#holders[quietest]!;
    const average = voice.loudness(now);
    const isLouder = average >= AUDIBLE_LOUDNESS && average >= holder.loudness(now) + CHALLENGE_MARGIN;
    return isLouder && now - holder.since >= MIN_HOLD_MS ? quietest : -1;
  }

  #give(place: number, voice: Voice | undefined, now: Millis): void {
    const before = this.#holders[place];
    if (before !== undefined) before.place = -1;
    this.#holders[place] = voice;
    this.#places[place] = voice?.participant;
    if (voice === undefined) return;
    voice.place = place;
    voice.since = now;
  }
}
