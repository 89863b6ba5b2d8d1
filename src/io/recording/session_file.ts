import type { Millis } from "../../base/time.ts";
import { opusIsStereo } from "../../processing/opus_payload.ts";
import { BLACK_HEIGHT, BLACK_PICTURE, BLACK_WIDTH } from "./black_picture.ts";
import type { RecordedUnit } from "./track_intake.ts";
import { WebmFile, type WebmLayout } from "./webm_file.ts";

/** How long the second track may stay away before the file begins without it. */
const OPEN_WAIT_MS = 1_000;
/** So far behind the present a track that is silent is filled: what is in order has arrived by then. */
const FILL_LAG_MS = 2_500;
/** One black picture so often while a camera is off: the step in which a player can seek, and a few hundred bytes. */
const BLACK_EVERY_MS = 1_000;
/** A track that cannot be filled and is silent for so long is ended, so that the other one does not wait in memory. */
const STALL_MS = 10_000;
/** Units that wait for the file to be opened, at most. */
const MAX_WAITING = 2_000;
/** Opus silence of 20 ms: CELT fullband, stereo or mono as the decoder likes (RFC 6716 section 3.1). */
const SILENCE = Uint8Array.of(0xf8, 0xff, 0xfe);
const SILENCE_MS = 20;

/** What a file is made with. */
export interface SessionFileOptions {
  /** Full path of the n-th part of this recording, from 1. */
  readonly path: (part: number) => string;
  readonly onError: (error: unknown) => void;
  /** A part was begun; `startedAt` is the time on our clock of its zero. */
  readonly onPart: (part: number, startedAt: Millis) => void;
}

/** A track's place in the file that is open. */
interface Lane {
  /** The end of what was written, on our clock. */
  endMs: Millis;
  started: boolean;
  ended: boolean;
  /** Nothing decodable before the next keyframe. */
  broken: boolean;
}

/**
 * Sound and picture of one source in one file, with what players need put in where nothing came: silence for missing
 * sound, black for a camera that is off.
 *
 * Another file (part) is begun only where WebM leaves no choice: a track comes that the file has no place for.
 */
export class SessionFile {
  readonly #options: SessionFileOptions;
  readonly #waiting: { kind: "audio" | "video"; unit: RecordedUnit }[] = [];
  #hasAudioTrack = false;
  #videoCodec: "VP8" | "VP9" | undefined;
  #fillsVideo = false;
  #file: WebmFile | undefined;
  #opening: Promise<void> | undefined;
  #layout: WebmLayout = {};
  #originMs: Millis = 0;
  #audio: Lane | undefined;
  #video: Lane | undefined;
  #part = 0;
  #finishing: Promise<unknown>[] = [];
  #closed = false;
  #skippedPictures = 0;
  #dropped = 0;

  constructor(options: SessionFileOptions) {
    this.#options = options;
  }

  /** There is sound in this session, now or later. */
  expectAudio(): void {
    this.#hasAudioTrack = true;
  }

  /** There are pictures; those of a camera are black while it is off (VP8 only). */
  expectVideo(codec: "VP8" | "VP9", isCamera: boolean): void {
    this.#videoCodec = codec;
    this.#fillsVideo = isCamera && codec === "VP8";
  }

  /** Pictures are needed from a keyframe on. */
  get keyframeWanted(): boolean {
    return this.#video?.broken === true;
  }

  /** Pictures left out because the disk was too slow, or none before them was written. */
  get skippedPictures(): number {
    return this.#skippedPictures;
  }

  /** Units that came too late for their place, or while no file could be opened. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes something of a track; in order within each track. */
  add(kind: "audio" | "video", unit: RecordedUnit): void {
    if (this.#closed) return;
    this.#waiting.push({ kind, unit });
    if (this.#waiting.length <= MAX_WAITING) return;
    this.#waiting.shift();
    this.#dropped++;
  }

  /** Writes what is due. To be called some times a second. */
  run(now: Millis): void {
    if (this.#closed || this.#opening !== undefined) return;
    if (this.#file === undefined && !this.#begin(now)) return;
    // Only now is it known whether the file can be opened.
    if (this.#opening === undefined) this.#write(now);
  }

  /** Writes all that is left and closes the file. */
  async finish(now: Millis): Promise<void> {
    if (this.#closed) return;
    await this.#opening;
    do {
      if (this.#file === undefined) {
        if (!this.#begin(now, true)) break;
        await this.#opening;
        if (this.#file === undefined) break;
      }
      this.#writeWaiting();
    } while (this.#waiting.length > 0);
    this.#closed = true;
    this.#endPart();
    await Promise.all(this.#finishing);
  }

  /** Stops at once: the disk is full, or the recorder gives up. */
  async abort(): Promise<void> {
    this.#closed = true;
    this.#waiting.length = 0;
    await this.#opening;
    this.#endPart();
    await Promise.all(this.#finishing);
  }

  /** Opens the next part, once it is known what is in it; `false` while nothing can be said. */
  #begin(now: Millis, flush = false): boolean {
    const firstVideo = this.#firstKeyframe();
    const firstAudio = this.#waiting.find(({ kind }) => kind === "audio")?.unit;
    const first = Math.min(firstAudio?.timeMs ?? Infinity, firstVideo?.timeMs ?? Infinity);
    if (first === Infinity) return false;
    const isComplete = (firstAudio !== undefined || !this.#hasAudioTrack) &&
      (firstVideo !== undefined || this.#videoCodec === undefined);
    if (!isComplete && !flush && now - first < OPEN_WAIT_MS + FILL_LAG_MS) return false;
    this.#layout = this.#layoutFor(firstAudio, firstVideo);
    this.#originMs = first;
    const lane = () => ({ endMs: first, started: false, ended: false, broken: true });
    this.#audio = this.#layout.audio && lane();
    this.#video = this.#layout.video && lane();
    const part = ++this.#part;
    this.#opening = this.#open(part);
    return true;
  }

  async #open(part: number): Promise<void> {
    try {
      const file = await WebmFile.create(this.#options.path(part), this.#layout, this.#options.onError);
      this.#file = file;
      this.#options.onPart(part, this.#originMs);
    } catch (error) {
      this.#options.onError(error);
    } finally {
      this.#opening = undefined;
    }
  }

  #layoutFor(firstAudio: RecordedUnit | undefined, firstVideo: RecordedUnit | undefined): WebmLayout {
    const codec = this.#videoCodec;
    const hasVideo = codec !== undefined && (firstVideo !== undefined || this.#fillsVideo);
    // Stereo is said by the packets, and microphones change their mind; two channels hold both.
    const channels = firstAudio !== undefined && !opusIsStereo(firstAudio.data) ? 1 : 2;
    return {
      ...(this.#hasAudioTrack && { audio: { channels } }),
      ...(hasVideo && {
        video: { codec, width: firstVideo?.width ?? BLACK_WIDTH, height: firstVideo?.height ?? BLACK_HEIGHT },
      }),
    };
  }

  #firstKeyframe(): RecordedUnit | undefined {
    return this.#waiting.find(({ kind, unit }) => kind === "video" && unit.isKeyframe)?.unit;
  }

  #write(now: Millis): void {
    this.#writeWaiting();
    if (this.#file === undefined) return;
    const until = now - FILL_LAG_MS;
    if (this.#audio !== undefined && !this.#audio.ended) this.#fillAudio(this.#file, this.#audio, until);
    const video = this.#video;
    if (video === undefined || video.ended) return;
    if (this.#fillsVideo) this.#fillVideo(this.#file, video, until);
    else if (now - video.endMs > STALL_MS && this.#audio !== undefined) {
      video.ended = video.broken = true;
      this.#file.endTrack("video");
    }
  }

  #writeWaiting(): void {
    while (this.#waiting.length > 0 && this.#file !== undefined) {
      const { kind, unit } = this.#waiting[0]!;
      const lane = kind === "audio" ? this.#audio : this.#video;
      if (lane === undefined || lane.ended) {
        // The file has no place for it: the next part begins with it, if anything can begin with it.
        if (kind === "audio" || unit.isKeyframe) return this.#endPart();
        this.#skippedPictures++;
      } else if (kind === "audio") this.#writeAudio(this.#file, lane, unit);
      else this.#writeVideo(this.#file, lane, unit);
      this.#waiting.shift();
    }
  }

  #writeAudio(file: WebmFile, lane: Lane, unit: RecordedUnit): void {
    // Its place was filled already, or it is a packet from before the file began.
    if (unit.timeMs + unit.durationMs / 2 < lane.endMs) {
      this.#dropped++;
      return;
    }
    this.#fillAudio(file, lane, unit.timeMs + 1);
    const timeMs = Math.max(unit.timeMs, lane.endMs - unit.durationMs / 2);
    file.addAudio(unit.data, timeMs - this.#originMs, unit.durationMs);
    lane.endMs = timeMs + unit.durationMs;
    lane.broken = false;
  }

  #fillAudio(file: WebmFile, lane: Lane, until: Millis): void {
    while (lane.endMs + SILENCE_MS <= until) {
      file.addAudio(SILENCE, lane.endMs - this.#originMs, SILENCE_MS);
      lane.endMs += SILENCE_MS;
    }
  }

  #writeVideo(file: WebmFile, lane: Lane, unit: RecordedUnit): void {
    if (unit.isKeyframe) {
      if (lane.broken && this.#fillsVideo && unit.timeMs - lane.endMs > BLACK_EVERY_MS) {
        this.#fillVideo(file, lane, unit.timeMs - 1);
      }
      lane.broken = false;
    }
    if (file.isFull) lane.broken = true;
    if (lane.broken || unit.timeMs < this.#originMs) {
      this.#skippedPictures++;
      return;
    }
    // Two pictures never share a moment: reports may move the timeline by a millisecond.
    const timeMs = Math.max(unit.timeMs, lane.endMs + (lane.started ? 1 : 0));
    file.addVideo(unit.data, unit.isKeyframe, timeMs - this.#originMs);
    lane.endMs = timeMs;
    lane.started = true;
  }

  #fillVideo(file: WebmFile, lane: Lane, until: Millis): void {
    // While the file has no picture yet, black belongs to its very beginning.
    if (!lane.started && until >= lane.endMs) {
      file.addVideo(BLACK_PICTURE, true, 0);
      lane.started = true;
    }
    while (lane.endMs + BLACK_EVERY_MS <= until) {
      lane.endMs += BLACK_EVERY_MS;
      lane.broken = true;
      file.addVideo(BLACK_PICTURE, true, lane.endMs - this.#originMs);
    }
  }

  #endPart(): void {
    const file = this.#file;
    this.#file = undefined;
    this.#audio = this.#video = undefined;
    if (file !== undefined) this.#finishing.push(file.finish());
  }
}
