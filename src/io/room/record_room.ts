import type { SeaMeetError } from "../../base/errors.ts";
import type { ParticipantId } from "../../base/ids.ts";
import type { RoomEvent } from "../../room/room_events.ts";
import { TRACK_SOURCES, type TrackSource } from "../../room/track_source.ts";
import { type RecordedTrack, RoomRecorder, type RoomRecorderStats } from "../recording/room_recorder.ts";
import type { PacketFeed } from "./packet_ports.ts";
import type { Room } from "./room.ts";

/** How a room is recorded. */
export interface RecordRoomOptions {
  /** A folder for this recording alone; it is made, and files in it are never overwritten. */
  readonly directory: string;
  /** The disk is full or cannot be written: the recording has stopped, the call goes on. Called once. */
  readonly onFailed?: (error: SeaMeetError) => void;
}

/** A running recording. */
export interface RoomRecording extends AsyncDisposable {
  /** Whether it still records. */
  readonly recording: boolean;
  /** What was recorded so far. */
  readonly stats: RoomRecorderStats;
  /** Ends it and closes all files; any number of times. The end of the room does the same. */
  stop(): Promise<void>;
}

/** How often the recorder is told how the clocks of the tracks relate; browsers report as often. */
const REPORT_EVERY_MS = 1_000;

/** What can be written as it came. */
const CODECS = ["opus", "VP8", "VP9"] as const;

/** One source of one participant that is being recorded. */
interface Ear {
  readonly feed: PacketFeed;
  track: RecordedTrack | undefined;
}

/**
 * Records a room as its members get it, without decoding: one WebM for each participant, one for each screen share,
 * and `timeline.json` with who was there and what happened when.
 *
 * @throws {SeaMeetError} `config` when somebody's media is encrypted from end to end, `io` when the folder cannot be made
 *
 * @example
 * ```ts
 * import { recordRoom, Room } from "@seameet/cli";
 * import { assert } from "@std/assert";
 *
 * await using room = new Room();
 * await room.addBot({ name: "nobody yet" });
 * const directory = await Deno.makeTempDir();
 * const recording = await recordRoom(room, { directory: `${directory}/standup` });
 * await recording.stop();
 * assert((await Deno.readTextFile(`${directory}/standup/timeline.json`)).includes("joined"));
 * ```
 */
export async function recordRoom(room: Room, options: RecordRoomOptions): Promise<RoomRecording> {
  const { directory, onFailed } = options;
  const e2ee = [...room.participants.keys()].some((id) => room.isEncrypted(id));
  const recorder = await RoomRecorder.start({
    directory,
    roomId: room.id,
    e2ee,
    ...(onFailed !== undefined && { onFailed }),
  });
  return new RunningRecording(room, recorder);
}

class RunningRecording implements RoomRecording {
  readonly #room: Room;
  readonly #recorder: RoomRecorder;
  readonly #stopFollowing: () => void;
  readonly #letEnd: () => void;
  readonly #ears: Map<ParticipantId, Map<TrackSource, Ear>> = new Map();
  readonly #timer: ReturnType<typeof setInterval>;
  #stopping: Promise<void> | undefined;

  constructor(room: Room, recorder: RoomRecorder) {
    this.#room = room;
    this.#recorder = recorder;
    for (const id of room.participants.keys()) this.#enter(id);
    this.#timer = setInterval(() => this.#report(), REPORT_EVERY_MS);
    this.#stopFollowing = room.observe((event) => this.#handle(event));
    this.#letEnd = room.beforeEnd(() => this.stop());
  }

  get recording(): boolean {
    return this.#recorder.recording;
  }

  get stats(): RoomRecorderStats {
    return this.#recorder.stats;
  }

  stop(): Promise<void> {
    return this.#stopping ??= this.#stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(): Promise<void> {
    clearInterval(this.#timer);
    for (const id of [...this.#ears.keys()]) this.#forget(id);
    this.#stopFollowing();
    this.#letEnd();
    await this.#recorder.stop();
  }

  #handle(event: RoomEvent): void {
    switch (event.type) {
      case "participantJoined":
        this.#forget(event.participant);
        this.#enter(event.participant);
        break;
      case "participantLeft":
        this.#forget(event.participant);
        this.#recorder.participantLeft(event.participant);
        break;
      case "screenShareStarted":
        this.#recorder.screenShareStarted(event.participant);
        break;
      case "screenShareStopped":
        this.#closeTracks(event.participant, ["screen", "screen_audio"]);
        this.#recorder.screenShareStopped(event.participant);
        break;
      case "trackEnded":
        this.#closeTracks(event.participant, [event.source]);
        break;
      case "activeSpeaker":
      case "speechStarted":
      case "speechEnded":
        this.#recorder.note({ type: event.type, participant: event.participant });
        break;
      default:
        break;
    }
  }

  #enter(id: ParticipantId): void {
    const name = this.#room.participants.get(id)?.displayName;
    this.#recorder.participantJoined(id, name);
    const ears = new Map<TrackSource, Ear>();
    this.#ears.set(id, ears);
    for (const source of TRACK_SOURCES) this.#listen(id, source, ears);
  }

  #listen(id: ParticipantId, source: TrackSource, ears: Map<TrackSource, Ear>): void {
    let told = false;
    const feed = this.#room.listen(id, source, (packet, codec) => {
      const ear = ears.get(source);
      if (ear === undefined || told) return;
      // Also of somebody who began to encrypt just now: what nobody can decode must not stand in a file.
      if (this.#room.isEncrypted(id)) {
        told = true;
        ear.track?.close();
        ear.track = undefined;
        return this.#notRecorded(id, source, codec);
      }
      // Not before the first packet: only that says which codec it is, and a source without media needs no file.
      ear.track ??= this.#open(id, source, codec, ear.feed);
      if (ear.track === undefined) told = true;
      ear.track?.onPacket(packet);
    });
    if (feed !== undefined) ears.set(source, { feed, track: undefined });
  }

  #open(id: ParticipantId, source: TrackSource, name: string, feed: PacketFeed): RecordedTrack | undefined {
    const codec = CODECS.find((known) => known === name);
    if (codec !== undefined) {
      return this.#recorder.track(id, { source, codec, requestKeyframe: () => feed.requestKeyframe() });
    }
    this.#notRecorded(id, source, name);
    return undefined;
  }

  #notRecorded(participant: ParticipantId, source: TrackSource, codec: string): void {
    this.#recorder.note({ type: "notRecorded", participant, source, codec });
  }

  /** Tells the recorder which moment of each stream is now. */
  #report(): void {
    for (const ears of this.#ears.values()) {
      for (const { feed, track } of ears.values()) {
        const clock = track === undefined ? undefined : feed.clockNow();
        if (clock !== undefined) track?.onSenderReport(clock);
      }
    }
  }

  #closeTracks(id: ParticipantId, sources: readonly TrackSource[]): void {
    for (const source of sources) {
      const ear = this.#ears.get(id)?.get(source);
      ear?.track?.close();
      if (ear !== undefined) ear.track = undefined;
    }
  }

  #forget(id: ParticipantId): void {
    const ears = this.#ears.get(id);
    this.#ears.delete(id);
    for (const { feed, track } of ears?.values() ?? []) {
      feed.close();
      track?.close();
    }
  }
}
