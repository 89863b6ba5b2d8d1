import type { ParticipantId, RoomId } from "../base/ids.ts";
import type { Millis } from "../base/time.ts";
import type { TrackSource } from "../room/track_source.ts";
import type { Core } from "./core.ts";
import { type HearPacket, LocalListener } from "./local_listener.ts";
import { type LocalCodec, LocalTrack } from "./local_track.ts";
import { announceLocal } from "./local_announcement.ts";
import { LOCAL_CONNECTION, Member } from "./member.ts";
import { createRoom, enter, removeMember } from "./membership.ts";
import { rewireRoom } from "./wiring.ts";

/** Who is added without a connection. */
export interface LocalParticipant {
  /** A UUID. */
  readonly id: ParticipantId;
  /** The name shown to others. */
  readonly displayName?: string | undefined;
}

/** Why somebody could not be added. */
export type LocalRefusal = "room_full" | "server_full" | "participant_in_use" | "e2ee_required";

/**
 * The inside door of the core: members that live in this process, ears on what others send, and tracks sent in
 * somebody's name.
 *
 * @example
 * ```ts
 * import { PacketPool, portableCiphers, Sfu, silentLogger } from "@seameet/cli/sfu";
 * import { assertEquals } from "@std/assert";
 *
 * const sfu = new Sfu({
 *   random: { fill: (bytes) => crypto.getRandomValues(bytes) },
 *   ciphers: portableCiphers(),
 *   pool: new PacketPool(),
 *   fingerprint: "AB:".repeat(31) + "AB",
 *   candidates: () => [],
 *   limits: { maxRoomMembers: 25, maxRooms: 10, maxChatHistory: 100 },
 *   unixOriginMs: 0,
 *   e2ee: { required: false, joinTimeoutMs: 0 },
 *   logger: silentLogger,
 * });
 *
 * const id = crypto.randomUUID();
 * sfu.local.addParticipant("daily", { id }, 0);
 * assertEquals(sfu.local.isEncrypted("daily", id), false);
 * assertEquals(sfu.local.removeParticipant("daily", id, 10), true);
 * ```
 */
export class LocalMedia {
  readonly #core: Core;

  /** Made by `Sfu`. */
  constructor(core: Core) {
    this.#core = core;
  }

  /** Makes somebody a member who has neither connection nor media path; `undefined` when that was done. */
  addParticipant(roomId: RoomId, who: LocalParticipant, now: Millis): LocalRefusal | undefined {
    const core = this.#core;
    const present = core.rooms.get(roomId);
    if (present?.members.has(who.id)) return "participant_in_use";
    if ((present?.members.size ?? 0) >= core.options.limits.maxRoomMembers) return "room_full";
    if (present === undefined && core.rooms.size >= core.options.limits.maxRooms) return "server_full";
    if (core.options.e2ee.required) return "e2ee_required";
    const room = present ?? createRoom(core, roomId, now);
    const member = new Member(core, {
      id: who.id,
      displayName: who.displayName,
      connection: LOCAL_CONNECTION,
      room,
      grant: { permissions: ["publish", "screen", "chat"], ownsParticipant: true },
      resume: "",
      usesTrackMap: true,
    }, now);
    member.audioMuted = member.videoMuted = true;
    enter(core, member, now);
    return undefined;
  }

  /** Ends the membership of somebody added here; `false` when there is none. */
  removeParticipant(roomId: RoomId, participant: ParticipantId, now: Millis): boolean {
    const member = this.#member(roomId, participant);
    if (!member?.isLocal) return false;
    removeMember(this.#core, member, now);
    return true;
  }

  /** Ends all members that live here. */
  close(now: Millis): void {
    for (const room of [...this.#core.rooms.values()]) {
      for (const member of [...room.members.values()]) {
        if (member.isLocal) removeMember(this.#core, member, now);
      }
    }
  }

  /** Starts to send a source in a member's name; one it had before ends. `undefined` when there is no such member. */
  publish(
    roomId: RoomId,
    participant: ParticipantId,
    source: TrackSource,
    codec: LocalCodec,
    now: Millis,
  ): LocalTrack | undefined {
    const member = this.#member(roomId, participant);
    if (member === undefined) return undefined;
    member.localTracks.get(source)?.close(now);
    const local = new LocalTrack(this.#core, member, source, codec);
    member.localTracks.set(source, local.track);
    member.applyMutes(now);
    if (member.isLocal) announceLocal(this.#core, member, source, true, now);
    else rewireRoom(this.#core, member.room, now);
    return local;
  }

  /**
   * Hears a source of a member, now and whenever it is there: as the member sends it, or `asOthers` get it.
   *
   * `undefined` when there is no such member.
   */
  listen(
    roomId: RoomId,
    participant: ParticipantId,
    source: TrackSource,
    onPacket: HearPacket,
    now: Millis,
    asOthers: boolean = false,
  ): LocalListener | undefined {
    const member = this.#member(roomId, participant);
    if (member === undefined) return undefined;
    const listener = new LocalListener(this.#core, member, source, onPacket, asOthers);
    member.listeners.add(listener);
    listener.update(now);
    // It wants the best there is, which the publisher may have been told to leave out.
    member.layers.update(now);
    return listener;
  }

  /** Keeps a source of a member from the others, who get what is published in its name instead; or ends that. */
  divert(roomId: RoomId, participant: ParticipantId, source: TrackSource, diverted: boolean, now: Millis): boolean {
    const member = this.#member(roomId, participant);
    if (member === undefined) return false;
    if (diverted) member.diverted.add(source);
    else member.diverted.delete(source);
    rewireRoom(this.#core, member.room, now);
    return true;
  }

  /** Whether a member's media is encrypted from end to end, so that nothing can be heard of it here. */
  isEncrypted(roomId: RoomId, participant: ParticipantId): boolean {
    return this.#member(roomId, participant)?.e2ee ?? false;
  }

  #member(roomId: RoomId, participant: ParticipantId): Member | undefined {
    return this.#core.rooms.get(roomId)?.members.get(participant);
  }
}
