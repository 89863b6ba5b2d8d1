import type { ParticipantId } from "../base/ids.ts";
import type { Millis } from "../base/time.ts";
import type { SendEstimate } from "../bandwidth/send_estimate.ts";
import { allocate, type PathBudget } from "../room/allocation.ts";
import type { Subscription } from "../room/subscription.ts";
import { chooseRedundancy, soundBps } from "../room/sound_budget.ts";
import { NO_WISH, VideoLine, type Wish } from "../room/video_line.ts";
import type { TrackSource } from "../room/track_source.ts";
import type { TrackQuality } from "../signaling/quality_messages.ts";
import { type Core, send } from "./core.ts";
import type { Peer } from "./peer.ts";

/** Layers are chosen anew at most this often for new feedback. */
const ALLOCATION_INTERVAL_MS = 100;

/** A receiver that has sent no feedback by then never will: nothing can be known about its path. */
const FEEDBACK_PATIENCE_MS = 5_000;

/** So much more than everything that is wanted means that nothing is limited any more. */
const AMPLE = 1.5;

/** More than this is of no use for one picture, so a publisher is not held back by it. */
const ENOUGH_FOR_A_PICTURE_BPS = 3_500_000;

/** Where publishers are held back by the path, a little more than that is tried now and then. */
const GROWTH = 1.25;

/** `track_quality` comes at most this often. */
const REPORT_INTERVAL_MS = 1_000;

/** The key of a track in a member's wishes. */
export function wishKey(participant: ParticipantId, source: TrackSource): string {
  return `${participant} ${source}`;
}

/** Decides which layers one member gets, and tells it. */
export class Viewer {
  readonly #core: Core;
  readonly #peer: Peer;
  readonly #lines: Map<Subscription, VideoLine> = new Map();
  #allocatedAt: Millis = -Infinity;
  #reportedAt: Millis = -Infinity;
  #reported: Map<string, string> = new Map();
  #since: Millis | undefined;
  /** Pictures are left out because only so many are sent. */
  #leavesOut = false;
  #wantedBps = 0;
  #givenBps = 0;

  constructor(core: Core, peer: Peer) {
    this.#core = core;
    this.#peer = peer;
  }

  /** The video lines with a track, as they were seen by the last allocation. */
  get lines(): IterableIterator<VideoLine> {
    return this.#lines.values();
  }

  /** Share of what could be used that is sent: 1 is everything. */
  get satisfaction(): number {
    return this.#wantedBps === 0 ? 1 : Math.min(1, this.#givenBps / this.#wantedBps);
  }

  /** Chooses anew when new feedback makes it worth while. */
  informed(now: Millis): void {
    if (now - this.#allocatedAt >= ALLOCATION_INTERVAL_MS) this.allocate(now);
  }

  /** Chooses layers for all lines. */
  allocate(now: Millis): void {
    if (!this.#peer.canSend) return;
    this.#allocatedAt = now;
    this.#since ??= now;
    const lines = this.#update();
    const { estimate } = this.#peer.outgoing;
    chooseRedundancy(this.#peer.member.subscriptions.values(), estimate?.limited === true ? estimate.bps : Infinity);
    const result = allocate(lines, this.#budget(estimate, now), now);
    this.#wantedBps = result.wantedBps;
    this.#givenBps = result.givenBps;
    if (estimate !== undefined) this.#steer(estimate, lines);
    this.report(now);
  }

  /** Somebody has begun to speak: chooses anew where that may matter. */
  speakersChanged(now: Millis): void {
    if (this.#leavesOut) this.allocate(now);
  }

  /** Bits per second that a publisher of a single encoding may use as far as this viewer is concerned. */
  shareBps(): number {
    const { estimate } = this.#peer.outgoing;
    if (estimate === undefined || !estimate.limited) return Infinity;
    const shown =
      [...this.#lines.values()].filter((line) => line.wish.visible && !line.leftOut && line.reason !== "paused").length;
    const share = (estimate.bps - this.#fixedBps()) / Math.max(1, shown);
    return share >= ENOUGH_FOR_A_PICTURE_BPS ? Infinity : Math.max(0, share);
  }

  /** Tells the member everything once more: it may have missed some of it. */
  repeat(now: Millis): void {
    this.#reported.clear();
    this.#reportedAt = -Infinity;
    this.report(now);
  }

  /** Tells the member what has changed, once a second at most. */
  report(now: Millis): void {
    const { member } = this.#peer;
    if (!member.usesTrackMap || now - this.#reportedAt < REPORT_INTERVAL_MS) return;
    const tracks: TrackQuality[] = [];
    const seen = new Map<string, string>();
    for (const line of this.#lines.values()) {
      const { mid } = line.subscription.format;
      const quality = this.#qualityOf(line, now);
      if (quality === undefined) continue;
      const { participant, source, layer, layers, temporal, reason } = quality;
      const text = [participant, source, layer, layers, temporal, reason].join();
      seen.set(mid, text);
      if (this.#reported.get(mid) !== text) tracks.push(quality);
    }
    this.#reported = seen;
    if (tracks.length === 0) return;
    this.#reportedAt = now;
    send(this.#core, member, { type: "track_quality", room_id: member.room.id, tracks });
  }

  /** Brings the lines in line with the subscriptions, the wishes and who speaks. */
  #update(): VideoLine[] {
    const { member } = this.#peer;
    const { subscriptions, wishes, room } = member;
    const lines: VideoLine[] = [];
    for (const subscription of subscriptions.values()) {
      const { track, format } = subscription;
      if (format.kind !== "video" || track === undefined) {
        this.#lines.delete(subscription);
        continue;
      }
      let line = this.#lines.get(subscription);
      if (line === undefined) this.#lines.set(subscription, line = new VideoLine(subscription));
      const { participant } = track.publisher;
      line.wish = wishes.get(wishKey(participant, track.source)) ?? NO_WISH;
      line.speaks = room.speaker.speaker === participant;
      lines.push(line);
    }
    if (this.#lines.size > lines.length) {
      for (const [subscription, line] of this.#lines) if (!lines.includes(line)) this.#lines.delete(subscription);
    }
    this.#ration(lines);
    return lines;
  }

  /** Of many cameras only those of the last speakers are sent, and whatever the viewer has given a priority. */
  #ration(lines: readonly VideoLine[]): void {
    const { lastN, sparedLayers } = this.#core.load;
    const { speaker } = this.#peer.member.room;
    const rationed = lines.filter((line) => line.isRationed);
    this.#leavesOut = rationed.length > lastN;
    const placeOf = (line: VideoLine) => speaker.placeOf(line.subscription.track!.publisher.participant);
    if (this.#leavesOut) rationed.sort((a, b) => placeOf(a) - placeOf(b));
    const leftOut = this.#leavesOut ? rationed.slice(lastN) : [];
    for (const line of lines) {
      line.leftOut = leftOut.includes(line);
      line.sparedLayers = line.subscription.track?.source === "camera" ? sparedLayers : 0;
    }
  }

  #budget(estimate: SendEstimate | undefined, now: Millis): PathBudget {
    const fixedBps = this.#fixedBps();
    const silent = estimate !== undefined && !estimate.informed && now - this.#since! > FEEDBACK_PATIENCE_MS;
    if (estimate === undefined || silent) {
      return { bps: Infinity, drainBps: Infinity, limited: false, queueMs: 0, fixedBps };
    }
    const { bps, budgetBps: drainBps, limited, queueMs } = estimate;
    return { bps, drainBps, limited, queueMs, fixedBps };
  }

  /** Tells the estimate how much there is to gain. */
  #steer(estimate: SendEstimate, lines: readonly VideoLine[]): void {
    const heldBack = estimate.limited && lines.some((line) => line.isHeldBack) && this.shareBps() !== Infinity;
    const wanted = heldBack ? Math.max(this.#wantedBps, estimate.bps * GROWTH) : this.#wantedBps;
    estimate.want(wanted);
    if (estimate.bps > AMPLE * wanted) estimate.limited = false;
    this.#core.timers.wakeBy(this.#peer, this.#peer.outgoing.nextTimeout(this.#allocatedAt));
  }

  #fixedBps(): number {
    return soundBps(this.#peer.member.subscriptions.values());
  }

  #qualityOf(line: VideoLine, now: Millis): TrackQuality | undefined {
    const { subscription } = line;
    const { track, target, format } = subscription;
    if (track === undefined) return undefined;
    const layer = target === undefined ? -1 : track.layers.indexOf(target);
    return {
      mid: format.mid,
      participant: track.publisher.participant,
      source: track.source,
      layer,
      layers: Math.max(layer + 1, track.layersThere(now)),
      temporal: Math.max(0, Math.min(subscription.temporal, target?.rates.top ?? 0)),
      width: target?.width ?? 0,
      height: target?.height ?? 0,
      reason: line.reason,
      bitrate_bps: Math.round(line.chosenBps),
      best_bps: Math.round(line.bestBps),
      available_bps: Math.round(this.#peer.outgoing.estimate?.bps ?? 0),
    };
  }
}

/** Wishes of a `subscribe` message, for the member to keep. */
export function wishesOf(
  tracks: readonly {
    participant: ParticipantId;
    source: TrackSource;
    visible?: boolean | undefined;
    width?: number | undefined;
    height?: number | undefined;
    priority?: number | undefined;
  }[],
): Map<string, Wish> {
  return new Map(tracks.map(({ participant, source, visible = true, width = 0, height = 0, priority = 0 }) => [
    wishKey(participant, source),
    { visible, width, height, priority },
  ]));
}
