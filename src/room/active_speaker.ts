import { type Millis, NEVER } from "../base/time.ts";
import { Loudness, SILENT_LEVEL } from "../stream/loudness.ts";

/** How often the speaker is chosen: often enough to follow a conversation, seldom enough not to flicker. */
export const SPEAKER_TICK_MS = 500;

/** Nobody quieter is a speaker: digital silence and the rounding of the average stay below it. */
const THRESHOLD = 10;

/** Applied at each tick, so that a talker whose packets have stopped falls below the threshold in seven seconds. */
const DECAY_PER_TICK = 0.85;

/** How much louder a challenger must be. One unit is one decibel; voices of equal distance differ by less. */
const CHALLENGE_MARGIN = 6;

/** … at this many ticks in a row, so that neither a cough nor the pause between two words moves the tile. */
const CHALLENGE_TICKS = 2;

/** From this loudness on it is speech (-50 dBov): quiet voices lie above, fans and keyboards far away below. */
const SPEECH_LOUDNESS = 77;

/** Once speaking, the end of a sentence may be this much quieter. */
const SPEECH_HYSTERESIS = 6;

/** Speech must last this long, or a click would count. */
const SPEECH_ONSET_MS = 100;

/** Speech ends after this much silence; pauses between words are shorter. */
const SPEECH_HANGOVER_MS = 800;

/** A pause is reported as silence when it has lasted this long: an application may then take its turn. */
const SILENCE_AFTER_MS = 3_000;

/**
 * Speech events nobody has fetched. A participant causes at most three in four seconds, so only an owner who
 * never polls gets here; the oldest go first.
 */
const MAX_EVENTS = 256;

/** The speaker of a room has changed. */
export interface SpeakerChange {
  /** The participant's id. */
  readonly speaker: string;
  /** 0 silent … 127 loudest. */
  readonly level: number;
}

/** What a participant's voice did; durations in milliseconds. */
export type SpeechEvent =
  /** Began to speak. */
  | { readonly kind: "speech_started"; readonly participant: string }
  /** Stopped, after having spoken for `duration`. */
  | { readonly kind: "speech_ended"; readonly participant: string; readonly duration: Millis }
  /** Has not spoken for `duration`; said once in each pause. */
  | { readonly kind: "silence"; readonly participant: string; readonly duration: Millis };

/** What one participant's audio tells; made by `ActiveSpeaker.add`, so that packets need no lookup. */
export class SpeakerMeter {
  /** The participant's id. */
  readonly participant: string;
  /** Place in the order of who spoke last, 0 for the first; kept by `ActiveSpeaker`. */
  place = 0;
  readonly #owner: MeterOwner;
  readonly #loudness = new Loudness();
  #speaking = false;
  /** When the present loud stretch began. */
  #loudSince: Millis | undefined;
  /** The last moment that was loud. */
  #loudAt: Millis | undefined;
  #silenceDue = false;
  #closed = false;

  /** Called by `ActiveSpeaker.add` only. */
  constructor(participant: string, owner: MeterOwner) {
    this.participant = participant;
    this.#owner = owner;
  }

  /** The average loudness now, 0 … 127. */
  get loudness(): number {
    return this.#loudness.value;
  }

  /** Whether it is speaking, pauses between words included. */
  get isSpeaking(): boolean {
    return this.#speaking;
  }

  /** Whether time alone can still change something. */
  get restless(): boolean {
    return this.#loudness.value >= THRESHOLD || this.#speaking || this.#silenceDue || this.#loudSince !== undefined;
  }

  /** Takes the audio level of one packet in: 0 loudest … 127 silent (RFC 6464). */
  level(level: number, now: Millis): void {
    if (this.#closed) return;
    this.#loudness.add(level);
    const limit = this.#speaking ? SPEECH_LOUDNESS - SPEECH_HYSTERESIS : SPEECH_LOUDNESS;
    if (this.#loudness.value >= limit) {
      this.#loudSince ??= now;
      this.#loudAt = now;
      if (!this.#speaking && now - this.#loudSince >= SPEECH_ONSET_MS) {
        this.#speaking = true;
        this.#silenceDue = false;
        this.#owner.emit({ kind: "speech_started", participant: this.participant });
      }
    } else {
      this.#settle(now);
    }
    if (this.restless) this.#owner.wake(now);
  }

  /** Ends what is being said at once: the microphone was muted or has gone. */
  mute(): void {
    this.#loudness.reset();
    if (this.#speaking) this.#endSpeech();
    this.#loudSince = undefined;
    this.#silenceDue = false;
  }

  /** Ends like `mute` and takes no more levels in; called by `ActiveSpeaker.remove`. */
  close(): void {
    this.mute();
    this.#closed = true;
  }

  /** Lets time pass for a participant whose packets may have stopped; called by `ActiveSpeaker`. */
  tick(now: Millis): void {
    this.#loudness.decay(DECAY_PER_TICK);
    this.#settle(now);
  }

  #settle(now: Millis): void {
    const quietMs = this.#loudAt === undefined ? 0 : now - this.#loudAt;
    if (this.#speaking) {
      if (quietMs < SPEECH_HANGOVER_MS) return;
      this.#endSpeech();
      this.#silenceDue = true;
    } else if (quietMs >= SPEECH_ONSET_MS) {
      // It was a click. While loud packets keep coming, a tick between two of them must not end the stretch.
      this.#loudSince = undefined;
    }
    if (this.#silenceDue && quietMs >= SILENCE_AFTER_MS) {
      this.#silenceDue = false;
      this.#owner.emit({ kind: "silence", participant: this.participant, duration: quietMs });
    }
  }

  #endSpeech(): void {
    const duration = (this.#loudAt ?? 0) - (this.#loudSince ?? 0);
    this.#speaking = false;
    this.#loudSince = undefined;
    this.#owner.emit({ kind: "speech_ended", participant: this.participant, duration });
  }
}

/** What a meter needs of its room. */
export interface MeterOwner {
  /** Keeps an event until it is polled. */
  emit(event: SpeechEvent): void;
  /** Makes sure that a tick comes. */
  wake(now: Millis): void;
}

/**
 * Chooses who speaks in a room, over all members that are not muted.
 *
 * The loudest becomes the speaker; somebody else only by being louder by a margin for two ticks, so that the
 * picture stays where the conversation is. Who has stopped stays the speaker until another one talks.
 *
 * Beside that it keeps an order of everybody by who spoke last, for rooms in which not all can be shown: first those who
 * speak, in the order in which they began, the speaker before the others; then those who have spoken, the latest first;
 * then the rest as they came. It changes at the beginning and end of speech only, so that nothing flickers.
 */
export class ActiveSpeaker {
  readonly #meters = new Map<string, SpeakerMeter>();
  readonly #events: SpeechEvent[] = [];
  readonly #owner: MeterOwner = {
    emit: (event) => {
      if (this.#events.length >= MAX_EVENTS) this.#events.shift();
      this.#events.push(event);
      const meter = this.#meters.get(event.participant);
      if (meter !== undefined && event.kind !== "silence") this.#reorder(meter);
    },
    wake: (now) => {
      if (this.#tickAt === NEVER) this.#tickAt = now + SPEAKER_TICK_MS;
      if (this.#events.length > 0) this.#newsAt = Math.min(this.#newsAt, now);
    },
  };
  /** Everybody, by who spoke last. */
  #order: SpeakerMeter[] = [];
  #tickAt: Millis = NEVER;
  /** Since when events wait that should not wait for the next tick. */
  #newsAt: Millis = NEVER;
  #current: SpeakerMeter | undefined;
  #challenger: SpeakerMeter | undefined;
  #challengeTicks = 0;

  /** The speaker's id, once there is one. */
  get speaker(): string | undefined {
    return this.#current?.participant;
  }

  /** Adds a participant and returns the meter that its audio packets go to; a known one keeps its meter. */
  add(participant: string): SpeakerMeter {
    const known = this.#meters.get(participant);
    if (known !== undefined) return known;
    const meter = new SpeakerMeter(participant, this.#owner);
    this.#meters.set(participant, meter);
    meter.place = this.#order.push(meter) - 1;
    return meter;
  }

  /** Removes a participant; its meter does nothing any more. */
  remove(participant: string): void {
    const meter = this.#meters.get(participant);
    if (meter === undefined) return;
    meter.close();
    this.#meters.delete(participant);
    this.#order.splice(this.#order.indexOf(meter), 1);
    this.#number();
    if (this.#current === meter) this.#current = undefined;
    if (this.#challenger === meter) this.#challenger = undefined;
  }

  /** Place of a participant in the order of who spoke last, 0 for the first; those that are not here come last. */
  placeOf(participant: string): number {
    return this.#meters.get(participant)?.place ?? Infinity;
  }

  /** Takes an audio level in for callers that keep no meter; unknown participants are ignored. */
  handleLevel(participant: string, level: number, now: Millis): void {
    this.#meters.get(participant)?.level(level, now);
  }

  /** When `handleTimeout` has something to do; NEVER when nobody has spoken lately. */
  nextTimeout(): Millis {
    return Math.min(this.#tickAt, this.#newsAt);
  }

  /** Chooses the speaker when a tick is due; returns it only if it is another one than before. */
  handleTimeout(now: Millis): SpeakerChange | undefined {
    this.#newsAt = NEVER;
    if (now < this.#tickAt) return undefined;
    const chosen = this.#choose();
    let change: SpeakerChange | undefined;
    if (chosen !== undefined && chosen !== this.#current) {
      this.#current = chosen;
      this.#reorder(chosen);
      const level = Math.min(SILENT_LEVEL, Math.max(0, Math.round(chosen.loudness)));
      change = { speaker: chosen.participant, level };
    }
    let restless = false;
    for (const meter of this.#meters.values()) {
      meter.tick(now);
      if (meter.restless) restless = true;
    }
    this.#tickAt = restless ? now + SPEAKER_TICK_MS : NEVER;
    return change;
  }

  /** Takes the oldest speech event; `undefined` when there is none. */
  pollEvent(): SpeechEvent | undefined {
    return this.#events.shift();
  }

  /** Puts a meter where it belongs now: the speaker to the front, everybody else behind those who are speaking. */
  #reorder(meter: SpeakerMeter): void {
    this.#order.splice(this.#order.indexOf(meter), 1);
    const isFirst = meter === this.#current && meter.isSpeaking;
    const behind = this.#order.findIndex((other) => !other.isSpeaking);
    this.#order.splice(isFirst ? 0 : behind < 0 ? this.#order.length : behind, 0, meter);
    this.#number();
  }

  #number(): void {
    this.#order.forEach((meter, place) => meter.place = place);
  }

  #choose(): SpeakerMeter | undefined {
    let loudest: SpeakerMeter | undefined;
    for (const meter of this.#meters.values()) {
      if (meter.loudness > THRESHOLD && (loudest === undefined || meter.loudness > loudest.loudness)) loudest = meter;
    }
    const current = this.#current;
    if (loudest === undefined || loudest === current || current === undefined || current.loudness <= THRESHOLD) {
      this.#challenger = undefined;
      return loudest;
    }
    if (loudest.loudness < current.loudness + CHALLENGE_MARGIN) {
      this.#challenger = undefined;
      return current;
    }
    this.#challengeTicks = this.#challenger === loudest ? this.#challengeTicks + 1 : 1;
    this.#challenger = loudest;
    if (this.#challengeTicks < CHALLENGE_TICKS) return current;
    this.#challenger = undefined;
    return loudest;
  }
}
