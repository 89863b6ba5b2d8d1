import type { ParticipantId } from "../../base/ids.ts";
import type { AudioInput, VideoInput } from "./media_source.ts";
import type { Publications, PublishAudioOptions, PublishVideoOptions } from "./publications.ts";
import type { TrackHandle } from "./track_handle.ts";

/** What a bot asks of its room. */
export interface BotActions {
  /** Takes it out of the room. */
  remove(): void;
  /** Writes to the room's chat. */
  chat(content: string): void;
}

/**
 * A participant that lives in this process: the others see and hear it like anybody else.
 *
 * It hears them by `room.participants`: each has `audio()`, `video()` and `screen()`.
 *
 * @example
 * ```ts
 * import { Room } from "@seameet/cli";
 * import { assertEquals } from "@std/assert";
 *
 * await using room = new Room({ mediaAddresses: ["127.0.0.1"], udpPort: 0 });
 * const bot = await room.addBot({ name: "tone" });
 * const track = await bot.publishAudio({ sampleRate: 48_000, channels: 1, read: (into) => into.fill(0).length });
 * assertEquals([bot.displayName, track.source], ["tone", "microphone"]);
 * bot.close();
 * ```
 */
export class RoomBot {
  /** Its id. */
  readonly participantId: ParticipantId;
  /** The name shown to others. */
  readonly displayName: string | undefined;
  readonly #publications: Publications;
  readonly #actions: BotActions;

  /** Made by `Room.addBot`. */
  constructor(
    participantId: ParticipantId,
    displayName: string | undefined,
    publications: Publications,
    actions: BotActions,
  ) {
    this.participantId = participantId;
    this.displayName = displayName;
    this.#publications = publications;
    this.#actions = actions;
  }

  /**
   * Speaks until the input or the track ends.
   *
   * @throws {SeaMeetError} `codec` when Opus cannot be loaded, `closed` when it has left
   */
  publishAudio(input: AudioInput, options?: PublishAudioOptions): Promise<TrackHandle> {
    return this.#publications.audio(input, options);
  }

  /** Shows pictures until the input or the track ends. @throws {SeaMeetError} `closed` when it has left */
  publishVideo(input: VideoInput, options?: PublishVideoOptions): TrackHandle {
    return this.#publications.video(input, options);
  }

  /** Writes to the room's chat. */
  chat(content: string): void {
    this.#actions.chat(content);
  }

  /** Leaves. Any number of times. */
  close(): void {
    this.#publications.close();
    this.#actions.remove();
  }

  /** The same as `close`. */
  [Symbol.dispose](): void {
    this.close();
  }
}
