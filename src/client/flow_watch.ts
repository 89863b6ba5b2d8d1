import type { Millis } from "../base/time.ts";
import type { PeerConnectionLike } from "./ports.ts";
import type { Scheduler } from "./scheduler.ts";

/** Time between two looks at the counters while something comes in; a look at a large call costs a browser a few milliseconds. */
const LOOK_MS: Millis = 300;

/** The same once nothing has come since the last look. */
const CLOSE_LOOK_MS: Millis = 150;

/** Looks without anything new that mean silence: 0.6 to 0.9 s. Browsers take 2.5 to 5 s for it, from unanswered checks. */
const QUIET_LOOKS = 3;

/** Looks with something new before a silence means anything: where nobody sends, silence is as it should be. */
const STEADY_LOOKS = 5;

/** What a {@linkcode FlowWatch} needs from outside. */
export interface FlowWatchOptions {
  /** The connection that is watched. */
  readonly connection: Pick<PeerConnectionLike, "getStats">;
  /** Does the waiting. */
  readonly scheduler: Scheduler;
  /** What has come steadily comes no more. Said once, until it has come steadily again. */
  readonly onSilent: () => void;
}

/** Notices that nothing comes in any more, sooner than the browser says so. */
export class FlowWatch {
  #options: FlowWatchOptions;
  #bytes: number | undefined;
  #steady = 0;
  #quiet = 0;
  #closed = false;
  #cancel: () => void = () => {};

  /** Starts watching. A connection without counters is not watched. */
  constructor(options: FlowWatchOptions) {
    this.#options = options;
    this.#wait();
  }

  /** Stops watching. */
  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  #wait(): void {
    const delay = this.#quiet === 0 ? LOOK_MS : CLOSE_LOOK_MS;
    this.#cancel = this.#options.scheduler.after(delay, () => void this.#look());
  }

  async #look(): Promise<void> {
    let report: RTCStatsReport;
    try {
      report = await this.#options.connection.getStats();
    } catch {
      return;
    }
    if (this.#closed) return;
    const bytes = bytesReceived(report);
    if (bytes === this.#bytes) this.#quiet++;
    else {
      this.#quiet = 0;
      if (this.#bytes !== undefined) this.#steady++;
    }
    this.#bytes = bytes;
    if (this.#quiet >= QUIET_LOOKS) {
      const wasSteady = this.#steady >= STEADY_LOOKS;
      this.#steady = 0;
      if (wasSteady) this.#options.onSilent();
    }
    if (!this.#closed) this.#wait();
  }
}

/** What has come in; of the transport where the browser counts that, since the pairs below it come and go. */
function bytesReceived(report: RTCStatsReport): number {
  let transports = 0;
  let pairs = 0;
  report.forEach((stats) => {
    const { type, bytesReceived: bytes } = stats;
    if (typeof bytes !== "number") return;
    if (type === "transport") transports += bytes;
    else if (type === "candidate-pair") pairs += bytes;
  });
  return transports > 0 ? transports : pairs;
}
