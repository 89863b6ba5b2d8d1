import type { Millis } from "../base/time.ts";
import type { PublishedTrack } from "../room/published_track.ts";
import type { ActiveEncodings } from "../signaling/quality_messages.ts";
import { type Core, send } from "./core.ts";
import type { Member } from "./member.ts";

/** An encoding is switched off when nobody could use it for so long: viewers look around. */
const SWITCH_OFF_MS = 5_000;

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
  /** By mid: the identifiers that were told last, and since when fewer would do. */
  readonly #told: Map<string, { active: string; idleSince: Millis }> = new Map();
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
    const changed: ActiveEncodings[] = [];
    let cap: number | undefined;
    for (const track of this.#member.tracks.values()) {
      if (track.kind !== "video" || track.muted) continue;
      if (track.rids.length > 0) this.#addEncodings(track, changed, now);
      else cap = Math.max(cap ?? 0, this.#shareOf(track));
    }
    if (changed.length > 0 && this.#member.usesTrackMap) {
      send(this.#core, this.#member, { type: "encodings", room_id: this.#member.room.id, tracks: changed });
    }
    if (cap !== undefined) this.#updateCap(cap, now);
  }

  /** Tells everything once more that was told: the publisher may have missed some of it. */
  repeat(): void {
    const tracks = [...this.#told].map(([mid, { active }]) => ({
      mid,
      active: active === "" ? [] : active.split(","),
    }));
    if (tracks.length > 0) {
      send(this.#core, this.#member, { type: "encodings", room_id: this.#member.room.id, tracks });
    }
    if (this.#capAt !== -Infinity) this.#sendCap();
  }

  #addEncodings(track: PublishedTrack, changed: ActiveEncodings[], now: Millis): void {
    const { rids, encodings, mid } = track;
    const isUsed = (rid: string) => {
      const encoding = encodings.find((candidate) => candidate.rid === rid);
      // What has not come yet is not judged; the lowest is kept for those who come.
      return encoding === undefined || encoding === encodings[0] || encoding.outputs.length > 0 ||
        this.#anybodyWants(track, rid);
    };
    const used = rids.filter(isUsed);
    const told = this.#told.get(mid) ?? { active: rids.join(), idleSince: now };
    this.#told.set(mid, told);
    const active = used.join();
    const before = told.active === "" ? [] : told.active.split(",");
    if (active === told.active) told.idleSince = now;
    else if (used.some((rid) => !before.includes(rid)) || now - told.idleSince >= SWITCH_OFF_MS) {
      told.active = active;
      told.idleSince = now;
      changed.push({ mid, active: used });
    }
  }

  #anybodyWants(track: PublishedTrack, rid: string): boolean {
    for (const member of this.#member.room.members.values()) {
      for (const encoding of track.encodings) {
        if (encoding.rid === rid && member.peer?.viewer.wants(encoding) === true) return true;
      }
    }
    return false;
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
