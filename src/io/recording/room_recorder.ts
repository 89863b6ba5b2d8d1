import { SeaMeetError } from "../../base/errors.ts";
import type { ParticipantId, RoomId } from "../../base/ids.ts";
import type { Millis } from "../../base/time.ts";
import type { InboundPacket } from "../../processing/depacketizer.ts";
import { PublisherClock } from "../../room/publisher_clock.ts";
import type { TrackSource } from "../../room/track_source.ts";
import { type Clock, systemClock } from "../clock.ts";
import { Alarm } from "./alarm.ts";
import type { ReportedTime } from "./capture_timeline.ts";
import { SessionFile } from "./session_file.ts";
import { TimelineFile } from "./timeline_file.ts";
import { type RecordedCodec, TrackIntake } from "./track_intake.ts";

/** How often what has come is written: a killed process loses that much and what was waited for. */
const RUN_EVERY_MS = 200;
/** How often a keyframe is asked for while none has come. */
const KEYFRAME_REPEAT_MS = 500;

/** Something to be noted in the timeline; the time is added. */
export interface TimelineNote {
  /** For example `muted`, `unmuted`, `speechStarted`, `speechEnded`, `activeSpeaker`. */
  readonly type: string;
  readonly participant?: ParticipantId;
  readonly [detail: string]: unknown;
}

/** How a `RoomRecorder` is made. */
export interface RoomRecorderOptions {
  /** A folder for this recording alone; it is made. Files in it are never overwritten. */
  readonly directory: string;
  readonly roomId: RoomId;
  /** The room is end-to-end encrypted: recording is refused. */
  readonly e2ee?: boolean;
  /** The disk is full, cannot be written or the like: the recording has stopped, the call has not. Called once. */
  readonly onFailed?: (error: SeaMeetError) => void;
  readonly clock?: Clock;
  /** Milliseconds since 1970, for the timeline. */
  readonly unixNow?: () => Millis;
}

/** A track that is recorded. */
export interface RecordedTrackOptions {
  readonly source: TrackSource;
  readonly codec: RecordedCodec;
  /** Asks the publisher for a keyframe. */
  readonly requestKeyframe?: () => void;
}

/** Where the packets of one track go. Nothing here throws or waits. */
export interface RecordedTrack {
  /** Takes a packet as it arrives, in any order; the payload (without padding) is copied. */
  onPacket(packet: InboundPacket): void;
  /** Takes a sender report of the track as it arrives: sound and picture are brought together by them. */
  onSenderReport(report: ReportedTime): void;
  /** The track has ended; what came is still written. */
  close(): void;
}

/** What was recorded so far. */
export interface RoomRecorderStats {
  /** Tracks that are recorded now. */
  readonly tracks: number;
  /** Packets that never came. */
  readonly lost: number;
  /** Pictures left out because one before them is missing or the disk is too slow. */
  readonly skippedPictures: number;
}

interface OpenTrack {
  readonly intake: TrackIntake;
  readonly session: SessionFile;
  readonly kind: "audio" | "video";
  readonly requestKeyframe: (() => void) | undefined;
  askedAt: Millis;
  ended: boolean;
}

interface RecordedParticipant {
  readonly number: number;
  readonly clock: PublisherClock;
  /** The file of microphone and camera. */
  main: SessionFile | undefined;
  /** The file of the screen that is shared now. */
  screen: SessionFile | undefined;
  screens: number;
  readonly tracks: Set<OpenTrack>;
}

/**
 * Records a room without decoding: one WebM file for each participant (microphone and camera), one for each screen
 * share, and `timeline.json` with what happened when.
 *
 * Opus, VP8 and VP9 are written as they came. Files are named by us (`participant-1.webm`, in the order of joining;
 * `participant-1-screen-1.webm`), never by clients; who is who is in the timeline. Files are only appended to: after
 * `kill -9` they can be played up to the last moments. It never disturbs the call: what fails ends the recording.
 */
export class RoomRecorder {
  readonly #options: RoomRecorderOptions;
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  readonly #timeline: TimelineFile;
  readonly #startedAt: Millis;
  readonly #participants = new Map<ParticipantId, RecordedParticipant>();
  readonly #ending = new Set<Promise<void>>();
  #joined = 0;
  #state: "recording" | "stopping" | "stopped" = "recording";
  #stopping: Promise<void> | undefined;
  #lostBefore = 0;
  #skippedBefore = 0;

  private constructor(options: RoomRecorderOptions, clock: Clock, timeline: TimelineFile) {
    this.#options = options;
    this.#clock = clock;
    this.#timeline = timeline;
    this.#startedAt = clock.now();
    this.#alarm = new Alarm(clock, () => this.#run());
    this.#alarm.set(this.#startedAt + RUN_EVERY_MS);
  }

  /**
   * Begins a recording.
   *
   * @throws {SeaMeetError} with code `config` for an end-to-end encrypted room, whose media nobody here can read, and
   * `io` when the folder or the timeline cannot be made
   */
  static async start(options: RoomRecorderOptions): Promise<RoomRecorder> {
    if (options.e2ee === true) throw encrypted();
    const startedAt = new Date(options.unixNow?.() ?? Date.now()).toISOString();
    try {
      await Deno.mkdir(options.directory, { recursive: true });
      const path = `${options.directory}/timeline.json`;
      const timeline = await TimelineFile.create(path, { room: options.roomId, startedAt });
      return new RoomRecorder(options, options.clock ?? systemClock, timeline);
    } catch (cause) {
      throw new SeaMeetError("io", `Cannot record to ${options.directory}: ${reasonOf(cause)}`, { cause });
    }
  }

  /** Whether it still records. */
  get recording(): boolean {
    return this.#state === "recording";
  }

  /** Somebody is in the room. */
  participantJoined(participant: ParticipantId, displayName?: string): void {
    if (!this.recording) return;
    this.#participantOf(participant);
    this.note({ type: "joined", participant, ...(displayName !== undefined && { displayName }) });
  }

  /** Somebody has left; their files are closed. Coming back begins new ones. */
  participantLeft(participant: ParticipantId): void {
    const recorded = this.#participants.get(participant);
    if (recorded === undefined || !this.recording) return;
    this.#participants.delete(participant);
    this.note({ type: "left", participant });
    this.#end(this.#finishParticipant(recorded));
  }

  /**
   * Records a track from now on, until it is closed.
   *
   * @throws {SeaMeetError} with code `config` when the participant's media is end-to-end encrypted
   */
  track(participant: ParticipantId, options: RecordedTrackOptions & { readonly e2ee?: boolean }): RecordedTrack {
    if (options.e2ee === true) throw encrypted();
    const recorded = this.#participantOf(participant);
    const isScreen = options.source === "screen" || options.source === "screen_audio";
    const kind = options.codec === "opus" ? "audio" : "video";
    const session = isScreen ? this.#screenOf(participant, recorded) : this.#mainOf(participant, recorded);
    if (kind === "audio") session.expectAudio();
    else session.expectVideo(options.codec as "VP8" | "VP9", options.source === "camera");
    const track: OpenTrack = {
      intake: new TrackIntake(options.codec, recorded.clock),
      session,
      kind,
      requestKeyframe: options.requestKeyframe,
      askedAt: -Infinity,
      ended: false,
    };
    recorded.tracks.add(track);
    return {
      onPacket: (packet) => {
        if (this.recording && !track.ended) track.intake.push(packet, this.#clock.now());
      },
      onSenderReport: (report) => {
        if (!this.recording || track.ended) return;
        const now = this.#clock.now();
        recorded.clock.sample(report.ntp, now);
        track.intake.report(report, now);
      },
      close: () => this.#closeTrack(recorded, track),
    };
  }

  /** A screen is shared from now on. */
  screenShareStarted(participant: ParticipantId): void {
    this.note({ type: "screenShareStarted", participant });
  }

  /** A screen is shared no more: its file is closed. */
  screenShareStopped(participant: ParticipantId): void {
    this.note({ type: "screenShareStopped", participant });
    const recorded = this.#participants.get(participant);
    const screen = recorded?.screen;
    if (recorded === undefined || screen === undefined) return;
    recorded.screen = undefined;
    for (const track of [...recorded.tracks]) if (track.session === screen) this.#closeTrack(recorded, track);
    this.#end(this.#finishSession(screen));
  }

  /** Notes something in the timeline, with the offset from the beginning of the recording. */
  note(note: TimelineNote): void {
    if (this.#state === "stopped") return;
    const atMs = Math.round(this.#clock.now() - this.#startedAt);
    this.#timeline.add({ atMs, ...note }).catch((error) => this.#fail(error));
  }

  /** What was recorded so far. */
  get stats(): RoomRecorderStats {
    let [tracks, lost, skippedPictures] = [0, this.#lostBefore, this.#skippedBefore];
    for (const { tracks: open, main, screen } of this.#participants.values()) {
      tracks += open.size;
      for (const { intake } of open) lost += intake.lost;
      skippedPictures += (main?.skippedPictures ?? 0) + (screen?.skippedPictures ?? 0);
    }
    return { tracks, lost, skippedPictures };
  }

  /** Ends the recording and closes all files. Any number of times. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stop(): Promise<void> {
    if (this.#state !== "recording") return;
    this.#state = "stopping";
    this.#alarm.set(Infinity);
    for (const recorded of this.#participants.values()) this.#end(this.#finishParticipant(recorded));
    this.#participants.clear();
    await Promise.all(this.#ending);
    this.note({ type: "stopped" });
    await this.#timeline.close();
    this.#state = "stopped";
  }

  #fail(error: unknown): void {
    if (this.#state === "stopped") return;
    this.#state = "stopped";
    this.#alarm.set(Infinity);
    for (const { main, screen } of this.#participants.values()) {
      for (const session of [main, screen]) if (session !== undefined) this.#end(session.abort());
    }
    this.#participants.clear();
    this.#end(this.#timeline.close());
    this.#stopping ??= Promise.all(this.#ending).then(() => {});
    this.#options.onFailed?.(
      new SeaMeetError("io", `The recording of room "${this.#options.roomId}" has stopped: ${reasonOf(error)}`, {
        cause: error,
      }),
    );
  }

  #run(): void {
    if (!this.recording) return;
    const now = this.#clock.now();
    for (const { tracks, main, screen } of this.#participants.values()) {
      for (const track of tracks) this.#drain(track, now);
      for (const session of [main, screen]) {
        // Pictures or sound still wait for their first sender report: what is beside them waits too.
        const holding = [...tracks].some((track) => track.session === session && track.intake.holding(now));
        if (!holding) session?.run(now);
      }
    }
    this.#alarm.set(now + RUN_EVERY_MS);
  }

  #drain(track: OpenTrack, now: Millis, flush = false): void {
    for (const unit of track.intake.poll(now, flush)) track.session.add(track.kind, unit);
    if (track.kind !== "video" || flush || now - track.askedAt < KEYFRAME_REPEAT_MS) return;
    if (!track.intake.keyframeWanted && !track.session.keyframeWanted) return;
    // A camera that is off would not answer.
    if (now - track.intake.lastAt > KEYFRAME_REPEAT_MS) return;
    track.askedAt = now;
    track.requestKeyframe?.();
  }

  #participantOf(participant: ParticipantId): RecordedParticipant {
    let recorded = this.#participants.get(participant);
    if (recorded === undefined) {
      recorded = {
        number: ++this.#joined,
        clock: new PublisherClock(),
        main: undefined,
        screen: undefined,
        screens: 0,
        tracks: new Set(),
      };
      this.#participants.set(participant, recorded);
    }
    return recorded;
  }

  #mainOf(participant: ParticipantId, recorded: RecordedParticipant): SessionFile {
    recorded.main ??= this.#session(participant, `participant-${recorded.number}`);
    return recorded.main;
  }

  #screenOf(participant: ParticipantId, recorded: RecordedParticipant): SessionFile {
    recorded.screen ??= this.#session(participant, `participant-${recorded.number}-screen-${++recorded.screens}`);
    return recorded.screen;
  }

  #session(participant: ParticipantId, name: string): SessionFile {
    const fileOf = (part: number) => part === 1 ? `${name}.webm` : `${name}-part-${part}.webm`;
    return new SessionFile({
      path: (part) => `${this.#options.directory}/${fileOf(part)}`,
      onError: (error) => this.#fail(error),
      onPart: (part, startedAt) => {
        const startMs = Math.round(startedAt - this.#startedAt);
        this.note({ type: "file", participant, file: fileOf(part), startMs });
      },
    });
  }

  #closeTrack(recorded: RecordedParticipant, track: OpenTrack): void {
    if (track.ended) return;
    track.ended = true;
    recorded.tracks.delete(track);
    if (this.recording || this.#state === "stopping") this.#drain(track, this.#clock.now(), true);
    this.#lostBefore += track.intake.lost;
  }

  async #finishParticipant(recorded: RecordedParticipant): Promise<void> {
    for (const track of [...recorded.tracks]) this.#closeTrack(recorded, track);
    await Promise.all([recorded.main, recorded.screen].map((session) => session && this.#finishSession(session)));
  }

  async #finishSession(session: SessionFile): Promise<void> {
    await session.finish(this.#clock.now());
    this.#skippedBefore += session.skippedPictures;
  }

  /** Keeps hold of work that goes on until the recording is closed. */
  #end(work: Promise<void>): void {
    const done: Promise<void> = work.catch((error) => this.#fail(error)).finally(() => this.#ending.delete(done));
    this.#ending.add(done);
  }
}

function encrypted(): SeaMeetError {
  return new SeaMeetError("config", "Cannot record: the media is end-to-end encrypted and cannot be read here");
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
