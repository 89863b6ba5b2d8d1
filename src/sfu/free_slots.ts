import type { ParticipantId } from "../base/ids.ts";
import { kindOf, type MediaKind, type TrackSource } from "../room/track_source.ts";
import type { Assignment, OwnTrack, SlotAssigner, SlotSection } from "./slots.ts";
import { SlotMembers } from "./slot_members.ts";

interface Slot {
  readonly mid: string;
  readonly kind: MediaKind;
  usable: boolean;
  participant: ParticipantId | undefined;
  source: TrackSource | undefined;
  /** Index of the place on the floor that it belongs to, whoever has that; -1 for none. */
  place: number;
}

const NOBODY = SlotMembers.of([]);

/**
 * Slots of a client that is told by `track_map`: a track keeps its line while it lives, a freed line is used again.
 *
 * In a room with more microphones than lines for them, each of those lines belongs to a place on the room's floor: what is
 * on it changes with the speakers, without a word between the slots and the room.
 */
export class FreeSlots implements SlotAssigner {
  #slots: Slot[] = [];
  #members = NOBODY;
  /** The room's floor while it has one. */
  #floor: readonly (ParticipantId | undefined)[] | undefined;
  #requested = 0;

  readySent(): void {
    this.#slots = [];
    this.#members = NOBODY;
    this.#floor = undefined;
    this.#requested = 0;
  }

  offerApplied(sections: readonly SlotSection[], declared: readonly OwnTrack[] | undefined): readonly OwnTrack[] {
    const own = (declared ?? []).filter((track) =>
      sections.some((section) =>
        section.mid === track.mid && section.clientSends && section.kind === kindOf(track.source)
      )
    );
    for (const section of sections) {
      const slot = this.#slots.find((candidate) => candidate.mid === section.mid);
      const usable = section.clientReceives && !own.some((track) => track.mid === section.mid);
      if (slot !== undefined) slot.usable = usable;
      else if (usable) {
        this.#slots.push({
          mid: section.mid,
          kind: section.kind,
          usable,
          participant: undefined,
          source: undefined,
          place: -1,
        });
      }
    }
    this.#requested = 0;
    this.#assign();
    return own;
  }

  membersSent(members: SlotMembers): void {
    this.#members = members;
    this.#assign();
  }

  sharesToReset(): readonly ParticipantId[] {
    return [];
  }

  sharesToAnnounce(): readonly ParticipantId[] {
    return [];
  }

  shareStarted(): void {}

  shareStopped(): void {}

  missing(): number {
    const missing = { audio: this.#members.count("audio"), video: this.#members.count("video") };
    // Every line in use carries something that is wanted: #assign has seen to that.
    for (const slot of this.#slots) {
      if (slot.participant !== undefined || slot.place >= 0) missing[slot.kind]--;
    }
    return Math.max(0, Math.max(missing.audio, missing.video) - this.#requested);
  }

  pairsRequested(count: number): void {
    this.#requested += count;
  }

  assignments(): readonly Assignment[] {
    const found: Assignment[] = [];
    const floor = this.#floor;
    for (const { mid, participant, source, place } of this.#slots) {
      if (participant !== undefined && source !== undefined) found.push({ mid, participant, source });
      else if (place < 0) continue;
      // The client's own place stays empty for it; who has just come may have one before we know them.
      const speaker = floor?.[place];
      if (speaker !== undefined && this.#members.sourcesOf(speaker) !== undefined) {
        found.push({ mid, participant: speaker, source: "microphone" });
      }
    }
    return found;
  }

  #assign(): void {
    this.#followFloor();
    const free = { audio: 0, video: 0 };
    for (const slot of this.#slots) {
      const { usable, participant, source } = slot;
      if (slot.place >= 0) continue;
      const kept = usable && participant !== undefined && source !== undefined &&
        (this.#members.sourcesOf(participant)?.includes(source) ?? false);
      if (kept) continue;
      slot.participant = slot.source = undefined;
      if (usable) free[slot.kind]++;
    }
    if (free.audio > 0 || free.video > 0) this.#fill(free);
  }

  /** Lets each place on the floor have a line, and no line a microphone without one. */
  #followFloor(): void {
    const before = this.#floor;
    const floor = this.#floor = this.#members.floor;
    if (floor === undefined) {
      for (const slot of this.#slots) {
        if (slot.place < 0) continue;
        slot.participant = before?.[slot.place];
        slot.source = "microphone";
        slot.place = -1;
      }
      return;
    }
    const lines: (Slot | undefined)[] = new Array(floor.length).fill(undefined);
    for (const slot of this.#slots) {
      if (slot.place >= 0 && slot.usable) lines[slot.place] = slot;
      else slot.place = -1;
    }
    for (const slot of this.#slots) {
      if (slot.source !== "microphone" || slot.participant === undefined) continue;
      // Whoever is heard at the moment stays where it is.
      const place = floor.indexOf(slot.participant);
      if (place >= 0 && lines[place] === undefined && slot.usable) this.#occupy(slot, place, lines);
      slot.participant = slot.source = undefined;
    }
    const isFree = (slot: Slot) =>
      slot.kind === "audio" && slot.usable && slot.place < 0 && slot.participant === undefined;
    for (let place = 0; place < floor.length; place++) {
      const slot = lines[place] === undefined ? this.#slots.find(isFree) : undefined;
      if (slot !== undefined) this.#occupy(slot, place, lines);
    }
  }

  #occupy(slot: Slot, place: number, lines: (Slot | undefined)[]): void {
    slot.place = place;
    lines[place] = slot;
  }

  /** Gives free lines to those without one. Nobody is looked at any more once the lines have run out: rooms may be large. */
  #fill(free: Record<MediaKind, number>): void {
    const placed = new Set(this.#slots.map(({ participant, source }) => `${source} ${participant}`));
    const next = { audio: 0, video: 0 };
    const hasFloor = this.#members.floor !== undefined;
    for (const { id, sources } of this.#members) {
      if (free.audio === 0 && free.video === 0) return;
      for (const source of sources) {
        if (hasFloor && source === "microphone") continue;
        const kind = kindOf(source);
        if (free[kind] === 0 || placed.has(`${source} ${id}`)) continue;
        const at = this.#slots.findIndex((slot, place) =>
          place >= next[kind] && slot.usable && slot.participant === undefined && slot.place < 0 && slot.kind === kind
        );
        this.#slots[at]!.participant = id;
        this.#slots[at]!.source = source;
        next[kind] = at + 1;
        free[kind]--;
      }
    }
  }
}
