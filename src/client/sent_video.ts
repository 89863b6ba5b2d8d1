import type { BweUpdateMessage } from "../signaling/messages.ts";
import type { EncodingsMessage, LineDemand, VideoDemandMessage } from "../signaling/quality_messages.ts";
import type { OwnMedia } from "./own_media.ts";
import type { TransceiverLike } from "./ports.ts";
import type { Scheduler } from "./scheduler.ts";
import { applyCameraLimits } from "./simulcast.ts";
import { applyLimits, screenLimits } from "./video_limits.ts";

/** How the server says what can be used of what we send. */
export type LimitsMessage = BweUpdateMessage | EncodingsMessage | VideoDemandMessage;

/** What a browser has refused is tried again after this, so often; after an answer it is anyway. */
const RETRY_MS = 500;
const MAX_RETRIES = 5;

/** What {@linkcode SentVideo} needs from outside. */
export interface SentVideoOptions {
  /** What to send. */
  readonly own: OwnMedia;
  /** Does the waiting. */
  readonly scheduler: Scheduler;
  /** The line on which a source is sent now. */
  readonly line: (source: "camera" | "screen") => TransceiverLike | undefined;
}

/**
 * Keeps the encoders of camera and screen at what can be used: limits, and nothing at all of what nobody watches.
 *
 * Browsers refuse changes while another one is under way, and a change that is lost would leave a picture dark: changes
 * are made one after another, and once more when refused.
 */
export class SentVideo {
  #options: SentVideoOptions;
  /** By mid: the encodings that somebody uses, once the server has said so. */
  #active = new Map<string, readonly string[]>();
  /** By mid: how much of the only encoding somebody uses. */
  #demand = new Map<string, LineDemand>();
  #isApplying = false;
  #isClosed = false;
  #again = false;
  #retries = 0;
  #cancelRetry = () => {};

  constructor(options: SentVideoOptions) {
    this.#options = options;
  }

  /** The server says what can be used. */
  handle(message: LimitsMessage): void {
    if (message.type === "bwe_update") this.#options.own.bitrateCap = message.max_bitrate_bps;
    else if (message.type === "encodings") {
      for (const { mid, active } of message.tracks) {
        this.#active.set(mid, active);
      }
    } else for (const demand of message.tracks) this.#demand.set(demand.mid, demand);
    this.apply();
  }

  /** Puts everything into force. */
  apply(): void {
    this.#retries = 0;
    this.#again = true;
    if (!this.#isApplying && !this.#isClosed) void this.#run();
  }

  /** Nothing is tried any more. */
  close(): void {
    this.#isClosed = true;
    this.#cancelRetry();
  }

  async #run(): Promise<void> {
    this.#isApplying = true;
    this.#cancelRetry();
    let succeeded = true;
    while (this.#again && !this.#isClosed) {
      this.#again = false;
      succeeded = (await Promise.all([this.#applyCamera(), this.#applyScreen()])).every(Boolean);
    }
    this.#isApplying = false;
    if (succeeded || this.#isClosed || this.#retries >= MAX_RETRIES) return;
    this.#retries++;
    this.#cancelRetry = this.#options.scheduler.after(RETRY_MS, () => {
      this.#again = true;
      if (!this.#isApplying) void this.#run();
    });
  }

  async #applyCamera(): Promise<boolean> {
    const { own, line } = this.#options;
    const camera = line("camera");
    if (camera === undefined) return true;
    const mid = camera.mid ?? "";
    const use = { active: this.#active.get(mid), demand: this.#demand.get(mid) };
    return await applyCameraLimits(camera.sender, own.videoConfig, own.bitrateCap, use);
  }

  async #applyScreen(): Promise<boolean> {
    const { own, line } = this.#options;
    const screen = line("screen");
    if (screen === undefined) return true;
    const isWatched = this.#demand.get(screen.mid ?? "")?.layers !== 0;
    return await applyLimits(screen.sender, screenLimits(own.bitrateCap), isWatched);
  }
}
