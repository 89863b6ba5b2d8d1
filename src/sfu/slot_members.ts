import type { ParticipantId } from "../base/ids.ts";
import { kindOf, type MediaKind, type TrackSource } from "../room/track_source.ts";

/** A remote participant as slots see it. */
export interface SlotMember {
  readonly id: ParticipantId;
  /** Sources it has, or may have without telling again. */
  readonly sources: readonly TrackSource[];
}

/** What is the same for everybody in a room; made once per change. */
interface Everybody {
  readonly byId: ReadonlyMap<ParticipantId, SlotMember>;
  readonly sources: Readonly<Record<MediaKind, number>>;
  /** Whose microphone has which of the few lines for them; `undefined` where each has its own. */
  readonly floor: readonly (ParticipantId | undefined)[] | undefined;
}

/**
 * The members of a room as one of them sees it: all but itself, in join order.
 *
 * Each member gets such a view at each change of the room. What all of them share is made once, or every join would
 * cost the square of the number of members.
 */
export class SlotMembers implements Iterable<SlotMember> {
  readonly #everybody: Everybody;
  readonly #self: ParticipantId | undefined;

  private constructor(everybody: Everybody, self: ParticipantId | undefined) {
    this.#everybody = everybody;
    this.#self = self;
  }

  /** A view of all of `members`; `floor` where not every microphone has a line. */
  static of(members: readonly SlotMember[], floor?: readonly (ParticipantId | undefined)[]): SlotMembers {
    const sources = { audio: 0, video: 0 };
    for (const member of members) {
      for (const source of member.sources) {
        if (floor === undefined || source !== "microphone") sources[kindOf(source)]++;
      }
    }
    const byId = new Map(members.map((member) => [member.id, member]));
    return new SlotMembers({ byId, sources, floor }, undefined);
  }

  /** Whose microphone has which of the lines for them, as it is at any time; `undefined` where each has its own. */
  get floor(): readonly (ParticipantId | undefined)[] | undefined {
    return this.#everybody.floor;
  }

  /** The same as that member sees it. */
  without(self: ParticipantId): SlotMembers {
    return new SlotMembers(this.#everybody, self);
  }

  /** What a member has; `undefined` when it is not here. */
  sourcesOf(id: ParticipantId): readonly TrackSource[] | undefined {
    return id === this.#self ? undefined : this.#everybody.byId.get(id)?.sources;
  }

  /** How many lines of that kind it takes. */
  count(kind: MediaKind): number {
    const { byId, sources, floor } = this.#everybody;
    const own = this.#self === undefined ? [] : byId.get(this.#self)?.sources ?? [];
    const hasLine = (source: TrackSource) => floor === undefined || source !== "microphone";
    const places = kind === "audio" ? floor?.length ?? 0 : 0;
    return places + sources[kind] - own.filter((source) => kindOf(source) === kind && hasLine(source)).length;
  }

  /** The members, in join order. */
  *[Symbol.iterator](): Iterator<SlotMember> {
    for (const member of this.#everybody.byId.values()) {
      if (member.id !== this.#self) yield member;
    }
  }
}
