import type { EncodedAudioPacketSource, EncodedVideoPacketSource, Output } from "mediabunny";
import type { Millis } from "../../base/time.ts";

/** Bytes that may wait for the disk; above that, pictures are left out. */
const MAX_PENDING_BYTES = 8 * 1024 * 1024;

/** Samples that a decoder leaves out at the beginning, as browsers' encoders announce it (RFC 7845 section 5.1). */
const OPUS_PRE_SKIP = 312;

/** What a file holds; nothing can be added later. */
export interface WebmLayout {
  /** Opus, with so many channels. */
  readonly audio?: { readonly channels: 1 | 2 };
  readonly video?: { readonly codec: "VP8" | "VP9"; readonly width: number; readonly height: number };
}

/**
 * One WebM file that is only ever appended to, so that it can be played after the process was killed.
 *
 * Opus and VP8 or VP9 go in as they are. Calls return at once; what they write waits in memory, bounded, for the disk.
 * Times must not go back within a track. After `onError` has been called nothing more is written.
 */
export class WebmFile {
  readonly #onError: (error: unknown) => void;
  readonly #layout: WebmLayout;
  readonly #bunny: typeof import("mediabunny");
  readonly #output: Output;
  readonly #audio: EncodedAudioPacketSource | undefined;
  readonly #video: EncodedVideoPacketSource | undefined;
  #queue: Promise<void>;
  #pendingBytes = 0;
  #failed = false;
  #firstAudio = true;
  #firstVideo = true;

  private constructor(
    bunny: typeof import("mediabunny"),
    file: Deno.FsFile,
    layout: WebmLayout,
    onError: (error: unknown) => void,
  ) {
    this.#bunny = bunny;
    this.#layout = layout;
    this.#onError = onError;
    this.#output = new bunny.Output({
      format: new bunny.WebMOutputFormat({ appendOnly: true }),
      target: new bunny.AppendOnlyStreamTarget(new WritableStream<Uint8Array>(new FileSink(file))),
    });
    if (layout.video !== undefined) {
      this.#video = new bunny.EncodedVideoPacketSource(layout.video.codec === "VP8" ? "vp8" : "vp9");
      this.#output.addVideoTrack(this.#video);
    }
    if (layout.audio !== undefined) {
      this.#audio = new bunny.EncodedAudioPacketSource("opus");
      this.#output.addAudioTrack(this.#audio);
    }
    this.#queue = this.#output.start();
    this.#queue.catch((error) => this.#fail(error));
  }

  /** Creates the file; it must not exist. */
  static async create(path: string, layout: WebmLayout, onError: (error: unknown) => void): Promise<WebmFile> {
    // Loaded by the first recording only: whoever never records never loads it.
    const bunny = await import("mediabunny");
    const file = await Deno.open(path, { write: true, createNew: true });
    return new WebmFile(bunny, file, layout, onError);
  }

  /** Whether pictures should be left out because the disk is too slow. */
  get isFull(): boolean {
    return this.#pendingBytes > MAX_PENDING_BYTES;
  }

  /** Adds an Opus packet. Times are milliseconds from the beginning of the file. */
  addAudio(data: Uint8Array, timeMs: Millis, durationMs: Millis): void {
    const source = this.#audio;
    if (source === undefined) return;
    const packet = new this.#bunny.EncodedPacket(data, "key", timeMs / 1000, durationMs / 1000);
    const meta = this.#firstAudio ? this.#audioMeta() : undefined;
    this.#firstAudio = false;
    this.#enqueue(data.length, () => source.add(packet, meta));
  }

  /** Adds a picture; the first one must be a keyframe. */
  addVideo(data: Uint8Array, isKeyframe: boolean, timeMs: Millis): void {
    const source = this.#video;
    if (source === undefined) return;
    const packet = new this.#bunny.EncodedPacket(data, isKeyframe ? "key" : "delta", timeMs / 1000, 0);
    const meta = this.#firstVideo ? this.#videoMeta() : undefined;
    this.#firstVideo = false;
    this.#enqueue(data.length, () => source.add(packet, meta));
  }

  /** Ends one track, so that the other does not wait for it. */
  endTrack(kind: "audio" | "video"): void {
    const source = kind === "audio" ? this.#audio : this.#video;
    if (source === undefined) return;
    this.#enqueue(0, () => {
      source.close();
      return Promise.resolve();
    });
  }

  /** Writes what waits and closes the file; never throws. */
  async finish(): Promise<void> {
    this.#enqueue(0, () => this.#output.finalize());
    await this.#queue.catch(() => {});
  }

  /** Resolves when all that was added so far has been written. */
  async written(): Promise<void> {
    await this.#queue.catch(() => {});
  }

  #enqueue(bytes: number, write: () => Promise<void>): void {
    if (this.#failed) return;
    this.#pendingBytes += bytes;
    this.#queue = this.#queue.then(async () => {
      if (!this.#failed) await write();
      this.#pendingBytes -= bytes;
    });
    this.#queue.catch((error) => this.#fail(error));
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#pendingBytes = 0;
    // Closes the file; that this fails too is to be expected.
    void this.#output.cancel().catch(() => {});
    this.#onError(error);
  }

  #audioMeta(): { decoderConfig: AudioDecoderConfig } {
    const numberOfChannels = this.#layout.audio!.channels;
    const description = new Uint8Array(19);
    const view = new DataView(description.buffer);
    description.set(new TextEncoder().encode("OpusHead"));
    description[8] = 1;
    description[9] = numberOfChannels;
    view.setUint16(10, OPUS_PRE_SKIP, true);
    view.setUint32(12, 48_000, true);
    return { decoderConfig: { codec: "opus", numberOfChannels, sampleRate: 48_000, description } };
  }

  #videoMeta(): { decoderConfig: VideoDecoderConfig } {
    const { codec, width, height } = this.#layout.video!;
    return {
      decoderConfig: { codec: codec === "VP8" ? "vp8" : "vp09.00.31.08", codedWidth: width, codedHeight: height },
    };
  }
}

/** Writes all of each chunk and closes the file at the end, whatever end. */
class FileSink implements UnderlyingSink<Uint8Array> {
  readonly #file: Deno.FsFile;
  #closed = false;

  constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  async write(chunk: Uint8Array): Promise<void> {
    let at = 0;
    try {
      while (at < chunk.length) at += await this.#file.write(chunk.subarray(at));
    } catch (error) {
      // An erring sink is neither closed nor aborted by its stream.
      this.close();
      throw error;
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#file.close();
  }

  abort(): void {
    this.close();
  }
}
