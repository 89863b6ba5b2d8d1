import type { Assignment, SlotAssigner, SlotSection } from "./slots.ts";
import { SlotMembers } from "./slot_members.ts";

/** The sections of an offer, one letter each: `a`udio, `v`ideo; mids count from 0. */
export function sections(kinds: string, change: (section: SlotSection) => SlotSection = (same) => same): SlotSection[] {
  return [...kinds].map((letter, index) =>
    change({
      mid: String(index),
      kind: letter === "a" ? "audio" : "video",
      clientSends: true,
      clientReceives: true,
      msidStream: index < 2 ? "camera" : "-",
    })
  );
}

/** Members by id; an id in capitals shares its screen. */
export function members(...ids: string[]): SlotMembers {
  return SlotMembers.of(ids.map((id) => ({
    id: id.toLowerCase(),
    sources: id === id.toLowerCase() ? ["microphone", "camera"] : ["microphone", "camera", "screen"],
  })));
}

/** Assignments as short text: `3=bob.camera`, by mid. */
export function wiring(slots: SlotAssigner): string {
  const text = ({ mid, participant, source }: Assignment) => `${mid}=${participant}.${source}`;
  return [...slots.assignments()].sort((a, b) => Number(a.mid) - Number(b.mid)).map(text).join(" ");
}
