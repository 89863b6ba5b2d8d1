import type { ParticipantId } from "../base/ids.ts";
import type { TrackSource } from "../signaling/messages.ts";
import type {
  ConnectionQualityMessage,
  DirectionQuality,
  QualityReason,
  TrackQualityMessage,
} from "../signaling/quality_messages.ts";
import type { Emitter } from "./emitter.ts";
import type { RoomSender } from "./room_sender.ts";
import type { ClientEvents } from "./types.ts";

/** How somebody's track is shown here. */
export interface TrackView {
  /** Whose track. */
  readonly participant: ParticipantId;
  /** Which of its tracks. */
  readonly source: TrackSource;
  /** It can be seen; what cannot is not sent. True by default. */
  readonly visible?: boolean;
  /** Physical pixels across; a larger picture than that is not sent. Any by default. */
  readonly width?: number;
  /** Physical pixels down. */
  readonly height?: number;
  /** 0 (the default) … 10; where not everything fits, higher ones are sharp first. */
  readonly priority?: number;
}

/** How somebody's track comes, and why not better. */
export interface TrackQualityEvent {
  /** Whose track. */
  readonly participant: ParticipantId;
  /** Which of its tracks. */
  readonly source: TrackSource;
  /** Which encoding comes, 0 the lowest; -1 for none. */
  readonly layer: number;
  /** How many there are. */
  readonly layers: number;
  /** Size of the picture in pixels, 0 where it is not known. */
  readonly width: number;
  /** See `width`. */
  readonly height: number;
  /** `ok` for the best there is. */
  readonly reason: QualityReason;
  /** Bits per second of what comes, and of the best that could. */
  readonly bitrate: number;
  /** See `bitrate`. */
  readonly bestBitrate: number;
}

/** How good our path to the server is. */
export interface ConnectionQualityEvent {
  /** From the server to us. */
  readonly down: Readonly<DirectionQuality>;
  /** From us to the server. */
  readonly up: Readonly<DirectionQuality>;
  /** Round trip in milliseconds, 0 where it is not known. */
  readonly rttMs: number;
}

/**
 * What of the others is shown, and how good it is: the server sends no more than can be seen, and says why not more.
 *
 * @example
 * ```ts
 * import { SeaMeetClient } from "@seameet/cli/client";
 *
 * const client = new SeaMeetClient({ url: "wss://meet.example.org/", roomId: "daily", displayName: "Ada" });
 * client.on("trackadded", ({ participant, source }) => {
 *   client.views.set([{ participant, source, width: 640, height: 360, priority: 5 }]);
 * });
 * client.on("trackquality", ({ participant, reason }) => console.log(participant, reason));
 * ```
 */
export class Views {
  #sender: RoomSender;
  #events: Emitter<ClientEvents>;
  #joined: () => boolean;
  #views: readonly TrackView[] | undefined;

  /** Creates the views of one client. */
  constructor(sender: RoomSender, events: Emitter<ClientEvents>, joined: () => boolean) {
    this.#sender = sender;
    this.#events = events;
    this.#joined = joined;
  }

  /** Says what is shown, all of it; what is not named comes as good as the path allows. It is said again after each rejoin. */
  set(views: readonly TrackView[]): void {
    this.#views = views;
    this.resend();
  }

  /** Tells the server what was set, as far as anything was. */
  resend(): void {
    if (this.#views !== undefined && this.#joined()) this.#sender.subscribe(this.#views);
  }

  /** Passes on what the server says about quality. */
  handle(message: TrackQualityMessage | ConnectionQualityMessage): void {
    if (message.type === "connection_quality") {
      const { down, up, rtt_ms: rttMs } = message;
      return this.#events.emit("connectionquality", { down, up, rttMs });
    }
    for (const { participant, source, layer, layers, width, height, reason, ...rates } of message.tracks) {
      const { bitrate_bps: bitrate, best_bps: bestBitrate } = rates;
      const event = { participant, source, layer, layers, width, height, reason, bitrate, bestBitrate };
      this.#events.emit("trackquality", event);
    }
  }
}
