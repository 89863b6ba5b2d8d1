import type { ParticipantId } from "../base/ids.ts";
import type {
  ActiveSpeakerMessage,
  ParticipantStatus,
  TrackSource,
  VideoConfigChangedMessage,
} from "../signaling/messages.ts";
import type { Emitter } from "./emitter.ts";
import type { ClientEvents, RemoteParticipant, TrackEvent } from "./types.ts";

type Tracks = Partial<Record<TrackSource, MediaStreamTrack>>;

const SOURCES: readonly TrackSource[] = ["microphone", "camera", "screen", "screen_audio"];

/**
 * Who else is in the room and what can be seen and heard of them.
 *
 * Members come from `room_status`, tracks from `track_map`; both are whole each time and may arrive in either order, so the
 * latest of both is kept and every difference becomes an event.
 */
export class Roster {
  /** The others, in the order they became known. */
  readonly participants: Map<ParticipantId, RemoteParticipant> = new Map();
  #events: Emitter<ClientEvents>;
  #isPlain: (participant: RemoteParticipant) => boolean;
  #tracks: readonly TrackEvent[] = [];

  /** Creates an empty roster that reports to `events`; tracks of those that are not `isPlain` to us are kept back. */
  constructor(events: Emitter<ClientEvents>, isPlain: (participant: RemoteParticipant) => boolean) {
    this.#events = events;
    this.#isPlain = isPlain;
  }

  /** Takes the members, without ourselves. */
  setMembers(members: readonly ParticipantStatus[]): void {
    const present = new Set(members.map((member) => member.id));
    for (const participant of [...this.participants.values()]) {
      if (!present.has(participant.id)) this.#remove(participant);
    }
    for (const member of members) this.#update(member);
    this.#bindAll();
  }

  /** Takes the tracks that are bound, all of them. */
  setTracks(tracks: readonly TrackEvent[]): void {
    this.#tracks = tracks;
    this.#bindAll();
  }

  /** Passes on what is said about somebody and kept by nobody. */
  handleNews(message: ActiveSpeakerMessage | VideoConfigChangedMessage): void {
    if (message.type === "active_speaker") {
      return this.#events.emit("activespeaker", { participant: message.speaker, level: message.level });
    }
    const { from: participant, width, height, fps } = message;
    this.#events.emit("videoconfig", { participant, width, height, fps });
  }

  /** Forgets everybody. */
  clear(): void {
    this.#tracks = [];
    for (const participant of [...this.participants.values()]) this.#remove(participant);
  }

  #update(member: ParticipantStatus): void {
    const old = this.participants.get(member.id);
    const next: RemoteParticipant = {
      id: member.id,
      displayName: member.display_name ?? "",
      audioMuted: member.audio_muted,
      videoMuted: member.video_muted,
      screenSharing: member.screen_sharing,
      e2ee: member.e2ee,
      handOrder: member.hand_order ?? 0,
      tracks: old?.tracks ?? {},
    };
    if (old !== undefined && sameFlags(old, next)) return;
    this.participants.set(member.id, next);
    this.#events.emit(old === undefined ? "participantjoined" : "participantchanged", next);
  }

  #remove(participant: RemoteParticipant): void {
    this.#bind([[participant, {}]]);
    this.participants.delete(participant.id);
    this.#events.emit("participantleft", participant);
  }

  #bindAll(): void {
    const byParticipant = new Map<ParticipantId, Tracks>();
    for (const { participant, source, track } of this.#tracks) {
      const tracks = byParticipant.get(participant) ?? {};
      tracks[source] = track;
      byParticipant.set(participant, tracks);
    }
    this.#bind([...this.participants.values()].map((participant) => [
      participant,
      this.#isPlain(participant) && byParticipant.get(participant.id) || {},
    ]));
  }

  /** Gives participants their tracks. A track that goes from one to another has left the first when the second gets it. */
  #bind(wanted: readonly (readonly [RemoteParticipant, Tracks])[]): void {
    const changes = wanted.map(([{ id, tracks: before }, after]) => ({
      id,
      before,
      after,
      sources: SOURCES.filter((source) => before[source] !== after[source]),
    })).filter(({ sources }) => sources.length > 0);
    for (const { id, after } of changes) this.participants.set(id, { ...this.participants.get(id)!, tracks: after });
    this.#tell("trackremoved", changes.map(({ id, sources, before }) => ({ id, sources, tracks: before })));
    this.#tell("trackadded", changes.map(({ id, sources, after }) => ({ id, sources, tracks: after })));
    for (const { id } of changes) {
      const participant = this.participants.get(id);
      if (participant !== undefined) this.#events.emit("participantchanged", participant);
    }
  }

  #tell(
    event: "trackadded" | "trackremoved",
    changes: readonly {
      readonly id: ParticipantId;
      readonly sources: readonly TrackSource[];
      readonly tracks: Tracks;
    }[],
  ): void {
    for (const { id, sources, tracks } of changes) {
      for (const source of sources) {
        const track = tracks[source];
        if (track !== undefined) this.#events.emit(event, { participant: id, source, track });
      }
    }
  }
}

function sameFlags(a: RemoteParticipant, b: RemoteParticipant): boolean {
  return a.displayName === b.displayName && a.audioMuted === b.audioMuted && a.videoMuted === b.videoMuted &&
    a.screenSharing === b.screenSharing && a.e2ee === b.e2ee && a.handOrder === b.handOrder;
}
