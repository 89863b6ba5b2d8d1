import type { TrackSource } from "../../src/room/track_source.ts";
import type { LocalTrack } from "../../src/sfu/local_track.ts";
import { AUDIO_INTERVAL_MS, VIDEO_INTERVAL_MS } from "./media_sender.ts";
import { AUDIO_PAYLOAD_LENGTH, writeAudioPayload, writeVideoPayload } from "./payloads.ts";
import type { SimWorld } from "./sim_world.ts";

const KEYFRAME_PAYLOAD = 900;
const DELTA_PAYLOAD = 200;

/** Lets the server's own process send a source in somebody's name, frame after frame. */
export class LocalSender {
  readonly track: LocalTrack;
  frames = 0;
  keyframes = 0;
  readonly #world: SimWorld;
  readonly #owner: number;
  readonly #firstFrame: number;
  #keyframesAsked = 0;

  constructor(
    world: SimWorld,
    participant: { id: string; number: number; room?: string },
    source: TrackSource,
    firstFrame = 0,
  ) {
    this.#world = world;
    this.#owner = participant.number;
    this.#firstFrame = firstFrame;
    const codec = source === "microphone" || source === "screen_audio" ? "opus" : "VP8";
    const room = participant.room ?? "room";
    this.track = world.inside((local, now) => local.publish(room, participant.id, source, codec, now)!);
    this.#produce();
  }

  #produce(): void {
    if (this.track.closed) return;
    const isVideo = this.track.track.kind === "video";
    this.#world.inside((_, now) => {
      const asked = this.#world.keyframesWanted.filter((track) => track === this.track).length;
      const isKeyframe = isVideo && (this.frames === 0 || asked > this.#keyframesAsked);
      this.#keyframesAsked = asked;
      const content = {
        owner: this.#owner,
        source: this.track.source,
        frame: this.#firstFrame + this.frames,
        index: 0,
        count: 1,
        isKeyframe,
        layer: 1,
        temporal: 0,
        isSync: false,
        reference: isKeyframe ? -1 : this.#firstFrame + this.frames - 1,
        capturedAt: now,
      };
      const payload = new Uint8Array(!isVideo ? AUDIO_PAYLOAD_LENGTH : isKeyframe ? KEYFRAME_PAYLOAD : DELTA_PAYLOAD);
      if (isVideo) writeVideoPayload(payload, 0, payload.length, content, this.frames, this.frames);
      else writeAudioPayload(payload, 0, content);
      const timestamp = Math.round(now * (isVideo ? 90 : 48));
      this.track.send({ payload, timestamp, marker: isVideo, audioLevel: isVideo ? undefined : 20 }, now);
      this.frames++;
      if (isKeyframe) this.keyframes++;
    });
    this.#world.events.after(isVideo ? VIDEO_INTERVAL_MS : AUDIO_INTERVAL_MS, () => this.#produce());
  }
}
