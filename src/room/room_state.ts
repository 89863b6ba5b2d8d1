import type { ParticipantId, RoomId } from "../base/ids.ts";
import { type Millis, NEVER } from "../base/time.ts";
import { ActiveSpeaker } from "./active_speaker.ts";
import type { ChatLog } from "./chat_log.ts";
import type { E2eeRelay } from "./e2ee_relay.ts";
import { SoundFloor, type Voice } from "./sound_floor.ts";
import type { Participant } from "./participant.ts";

/**
 * One room of the core: its members in join order and what belongs to all of them.
 *
 * The only place that changes membership. (The public `Room` runs a whole core; this is its inside.)
 */
export class RoomState<Member extends Participant, Chat> {
  readonly id: RoomId;
  readonly createdAt: Millis;
  readonly chat: ChatLog<Chat>;
  readonly e2ee: E2eeRelay;
  readonly speaker: ActiveSpeaker = new ActiveSpeaker();
  /** Whose sound everybody gets where there are more microphones than lines for them. */
  readonly floor: SoundFloor;
  /** How many have joined over the room's life. */
  joinCount = 0;
  /** Hands raised over the room's life: the number that the next one gets. */
  handsRaised = 0;
  /** Kept by the core's timer queue. */
  wakeAt: Millis = NEVER;
  readonly #members: Map<ParticipantId, Member> = new Map();

  /** `audioSlots` bounds the lines for microphones that each receiver has; 0 for one each. */
  constructor(id: RoomId, chat: ChatLog<Chat>, e2ee: E2eeRelay, audioSlots: number, now: Millis) {
    this.id = id;
    this.chat = chat;
    this.e2ee = e2ee;
    this.createdAt = now;
    this.floor = new SoundFloor(audioSlots, now);
  }

  /** Members in join order. */
  get members(): ReadonlyMap<ParticipantId, Member> {
    return this.#members;
  }

  /** Adds a member at the end of the order. */
  add(member: Member): void {
    this.#members.set(member.id, member);
    member.meter = this.speaker.add(member.id);
    this.joinCount++;
  }

  /** Brings the floor in line with who is there and can be heard; returns whether a place has changed hands. */
  settleFloor(now: Millis): boolean {
    const { floor } = this;
    // Somebody who speaks hears the others only, so one microphone more than places is not too many.
    floor.isActive = floor.places.length > 0 && this.#members.size - 1 > floor.places.length;
    if (!floor.isActive) return false;
    const voices: Voice[] = [];
    for (const member of this.#members.values()) {
      const { voice } = member;
      voice.isOpen = member.outgoing("microphone")?.muted === false;
      voices.push(voice);
    }
    return floor.settle(voices, now);
  }

  /** Takes a member out; `false` when it is not (or no longer) the one under its id. */
  remove(member: Member): boolean {
    if (this.#members.get(member.id) !== member) return false;
    this.#members.delete(member.id);
    this.speaker.remove(member.id);
    this.e2ee.remove(member.id);
    member.meter = undefined;
    return true;
  }
}
