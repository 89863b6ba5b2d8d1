import type { ParticipantId } from "../../base/ids.ts";
import type { PcmFrame, RawVideoFrame } from "../../processing/frames.ts";
import type { ParticipantStatus } from "../../signaling/messages.ts";
import type { ParticipantMedia } from "./participant_media.ts";

/**
 * Somebody in a room of another server: its state and its decoded media.
 *
 * @example
 * ```ts
 * import { createServer, joinRoom } from "@seameet/cli";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = await createServer({ ws: "127.0.0.1:0", udpPort: 0, allowUnauthenticatedJoins: true });
 * const url = `ws://127.0.0.1:${server.wsAddress.port}`;
 * await using ada = await joinRoom({ url, room: "daily", displayName: "Ada" });
 * await using ben = await joinRoom({ url, room: "daily", displayName: "Ben" });
 * for await (const { displayName, audioMuted } of ben.arrivals()) {
 *   assertEquals([displayName, audioMuted], ["Ada", false]);
 *   break;
 * }
 * await ada.close();
 * ```
 */
export class RemoteParticipant {
  /** The participant's id. */
  readonly participantId: ParticipantId;
  readonly #media: ParticipantMedia;
  #status: ParticipantStatus;

  /** Made by the membership. */
  constructor(status: ParticipantStatus, media: ParticipantMedia) {
    this.participantId = status.id;
    this.#status = status;
    this.#media = media;
  }

  /** The name shown to others. */
  get displayName(): string | undefined {
    return this.#status.display_name;
  }

  /** The microphone is muted. */
  get audioMuted(): boolean {
    return this.#status.audio_muted;
  }

  /** The camera is off. */
  get videoMuted(): boolean {
    return this.#status.video_muted;
  }

  /** It shares a screen. */
  get screenSharing(): boolean {
    return this.#status.screen_sharing;
  }

  /** What its microphone sounds: 48 kHz, 20 ms a frame as a rule, at an even pace. */
  audio(): ReadableStream<PcmFrame> {
    return this.#media.sound("microphone");
  }

  /** What its camera shows, as I420. */
  video(): ReadableStream<RawVideoFrame> {
    return this.#media.pictures("camera");
  }

  /** The screen or window it shares. */
  screen(): ReadableStream<RawVideoFrame> {
    return this.#media.pictures("screen");
  }

  /** The sound of what it shares. */
  screenAudio(): ReadableStream<PcmFrame> {
    return this.#media.sound("screen_audio");
  }

  /** Called by the membership with what the server says of it. */
  update(status: ParticipantStatus): void {
    this.#status = status;
  }

  /** Called by the membership when it has gone. */
  end(): void {
    this.#media.close();
  }
}
