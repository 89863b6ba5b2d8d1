import type { TrackId } from "../../base/ids.ts";
import type { TrackSource } from "../../room/track_source.ts";

/** What a `TrackHandle` does to its track. */
export interface TrackHandleActions {
  /** Sends silence, or nothing, from now on; or goes on. */
  mute(muted: boolean): void;
  /** Ends the track. */
  close(): void;
}

/**
 * A track that is being sent from here.
 *
 * @example
 * ```ts
 * import { TrackHandle } from "@seameet/cli";
 * import { assertEquals } from "@std/assert";
 *
 * const handle = new TrackHandle(7, "camera");
 * handle.muted = true;
 * handle.close();
 * await handle.closed;
 * assertEquals([handle.id, handle.source, handle.muted], [7, "camera", true]);
 * ```
 */
export class TrackHandle {
  /** Numbers the tracks of this process. */
  readonly id: TrackId;
  /** What it shows or sounds. */
  readonly source: TrackSource;
  /** Settles when the track has ended: by `close`, with its source, or with its participant. */
  readonly closed: Promise<void>;
  readonly #actions: TrackHandleActions;
  #muted = false;
  #isClosed = false;
  #settle: () => void = () => {};

  /** Makes a handle; those of real tracks come from `publishAudio` and `publishVideo`. */
  constructor(id: TrackId, source: TrackSource = "camera", actions: Partial<TrackHandleActions> = {}) {
    this.id = id;
    this.source = source;
    this.#actions = { mute: () => {}, close: () => {}, ...actions };
    this.closed = new Promise((resolve) => this.#settle = resolve);
  }

  /** Whether nothing of the source is sent now. */
  get muted(): boolean {
    return this.#muted;
  }

  set muted(muted: boolean) {
    if (this.#muted === muted || this.#isClosed) return;
    this.#muted = muted;
    this.#actions.mute(muted);
  }

  /** Whether the track has ended. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Ends the track. Any number of times. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#actions.close();
    this.#settle();
  }

  /** The same as `close`. */
  [Symbol.dispose](): void {
    this.close();
  }
}
