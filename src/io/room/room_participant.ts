import type { ParticipantId } from "../../base/ids.ts";
import type { PcmFrame, RawVideoFrame } from "../../processing/frames.ts";
import type { Processor } from "../../processing/processor.ts";
import type { ParticipantMedia } from "./participant_media.ts";

/** What a participant of a room asks of it. */
export interface ParticipantActions {
  /** Takes it out of the room. */
  remove(): void;
  /** Its name now. */
  displayName(): string | undefined;
}

/**
 * A participant of a room as the application sees it: its decoded sound and pictures, and what is done to them.
 *
 * Streams begin with the next frame and end when the participant leaves; any number of them at a time. Nothing is
 * decoded while none is open and no processor works.
 *
 * @example
 * ```ts
 * import { gain, Room } from "@seameet/cli";
 * import { assertEquals } from "@std/assert";
 *
 * await using room = new Room({ mediaAddresses: ["127.0.0.1"], udpPort: 0 });
 * const bot = await room.addBot({ name: "tone" });
 * const participant = room.participant(bot.participantId);
 * participant.processor = gain(-6); // what the others hear of it is half as loud
 * participant.close();
 * await participant.left;
 * assertEquals(room.participants.size, 0);
 * ```
 */
export class RoomParticipant {
  /** The participant's id. */
  readonly participantId: ParticipantId;
  /** Settles when it has left. */
  readonly left: Promise<void>;
  readonly #media: ParticipantMedia;
  readonly #actions: ParticipantActions;
  #settle: () => void = () => {};

  /** Made by the room. */
  constructor(participantId: ParticipantId, media: ParticipantMedia, actions: ParticipantActions) {
    this.participantId = participantId;
    this.#media = media;
    this.#actions = actions;
    this.left = new Promise((resolve) => this.#settle = resolve);
  }

  /** The name shown to others. */
  get displayName(): string | undefined {
    return this.#actions.displayName();
  }

  /** What its microphone sounds, after the processors: 48 kHz, 20 ms a frame as a rule, at an even pace. */
  audio(): ReadableStream<PcmFrame> {
    return this.#media.sound("microphone");
  }

  /** What its camera shows, after the processors, as I420. */
  video(): ReadableStream<RawVideoFrame> {
    return this.#media.pictures("camera");
  }

  /** The screen or window it shares, after the processors. */
  screen(): ReadableStream<RawVideoFrame> {
    return this.#media.pictures("screen");
  }

  /** The sound of what it shares. */
  screenAudio(): ReadableStream<PcmFrame> {
    return this.#media.sound("screen_audio");
  }

  /** What is done to its media now. */
  get processor(): Processor {
    return this.#media.processor;
  }

  set processor(processor: Processor) {
    this.#media.process(processor);
  }

  /** Takes it out of the room and ends its connection. Any number of times. */
  close(): void {
    this.#actions.remove();
  }

  /** The same as `close`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Called by the room when it has left. */
  end(): void {
    this.#media.close();
    this.#settle();
  }
}
