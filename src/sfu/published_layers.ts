import type { Millis } from "../base/time.ts";
import type { PublishedTrack } from "../room/published_track.ts";
import { TrackDemand } from "../room/track_demand.ts";
import type { ActiveEncodings, LineDemand } from "../signaling/quality_messages.ts";
import { type Core, send } from "./core.ts";
import type { Member } from "./member.ts";

/** `bwe_update` comes at most this often, and for changes above this share (as clients of the basic protocol know it). */
const CAP_INTERVAL_MS = 2_000;
const CAP_CHANGE = 0.05;

/** Encoders overshoot, and headers are not counted by them. */
const CAP_SHARE = 0.85;

/** Below this a picture is of no use. */
const MIN_CAP_BPS = 100_000;

/** Said when nothing holds a publisher back any more: what clients of the basic protocol begin with. */
const NO_CAP_BPS = 8_000_000;

/** What one publisher has been told about the use of what it sends. */
export class PublishedLayers {
  readonly #core: Core;
  readonly #member: Member;
  /** By mid. */
  readonly #told: Map<string, TrackDemand> = new Map();
  #encodings: ActiveEncodings[] = [];
  #demands: LineDemand[] = [];
  #capBps = Infinity;
  #capAt: Millis = -Infinity;

  constructor(core: Core, member: Member) {
    this.#core = core;
    this.#member = member;
  }

  /** Says whether the encoders are held back by what viewers can take. */
  get isCapped(): boolean {
    return this.#capBps !== Infinity;
  }

  /** Looks at what the viewers can use, and tells the publisher what has changed. */
  update(now: Millis): void {
    for (const listener of this.#member.listeners) listener.update(now);
    let cap: number | undefined;
    for (const track of this.#member.tracks.values()) {
      if (track.kind !== "video" || track.muted) continue;
      this.#judge(track, true, now);
      if (track.rids.length === 0) cap = Math.max(cap ?? 0, this.#shareOf(track));
    }
    this.#send();
    if (cap !== undefined) this.#updateCap(cap, now);
  }

  /** Somebody wants to see a track that nobody has watched: its publisher is told at once. */
  wake(track: PublishedTrack, now: Millis): void {
    this.#judge(track, false, now);
    this.#send();
  }

  /** Tells everything once more that was told: the publisher may have missed some of it. */
  repeat(): void {
    for (const told of this.#told.values()) {
      // Of a track that is not there any more the publisher has begun anew, with everything.
      if (this.#member.tracks.get(told.track.source) === told.track) this.#queue(told);
    }
    this.#send();
    if (this.#capAt !== -Infinity) this.#sendCap();
  }

  #judge(track: PublishedTrack, mayNarrow: boolean, now: Millis): void {
    if (!this.#member.usesTrackMap) return;
    let told = this.#told.get(track.mid);
    if (told?.track !== track) {
      // The publisher may go on by what it was told about the track before.
      const isStale = told !== undefined && !told.isWhole;
      this.#told.set(track.mid, told = new TrackDemand(track, now));
      if (isStale) this.#queue(told);
    }
    if (told.update(mayNarrow, now)) this.#queue(told);
  }

  #queue({ track, used, count }: TrackDemand): void {
    const { mid } = track;
    if (track.rids.length > 0) this.#encodings.push({ mid, active: [...used] });
    else this.#demands.push({ mid, layers: used.length, of: count });
  }

  #send(): void {
    const room_id = this.#member.room.id;
    const [encodings, demands] = [this.#encodings, this.#demands];
    if (encodings.length > 0) {
      this.#encodings = [];
      send(this.#core, this.#member, { type: "encodings", room_id, tracks: encodings });
    }
    if (demands.length === 0) return;
    this.#demands = [];
    send(this.#core, this.#member, { type: "video_demand", room_id, tracks: demands });
  }

  /** The best of its viewers decides: the server thins what others get. */
  #shareOf(track: PublishedTrack): number {
    let most = 0;
    let viewers = 0;
    for (const member of this.#member.room.members.values()) {
      for (const subscription of member.subscriptions.values()) {
        if (subscription.track !== track || member.peer === undefined) continue;
        viewers++;
        most = Math.max(most, member.peer.viewer.shareBps());
      }
    }
    return viewers === 0 ? Infinity : Math.max(MIN_CAP_BPS, most);
  }

  #updateCap(cap: number, now: Millis): void {
    if (now - this.#capAt < CAP_INTERVAL_MS) return;
    if (cap === this.#capBps || Math.abs(cap - this.#capBps) < CAP_CHANGE * this.#capBps) return;
    this.#capBps = cap;
    this.#capAt = now;
    this.#sendCap();
  }

  #sendCap(): void {
    const cap = this.#capBps;
    const bps = cap === Infinity ? NO_CAP_BPS : Math.max(MIN_CAP_BPS, Math.round(cap * CAP_SHARE));
    send(this.#core, this.#member, { type: "bwe_update", max_bitrate_bps: bps });
  }
}
