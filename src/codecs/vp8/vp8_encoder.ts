import { SeaMeetError } from "../../base/errors.ts";
import type { EncodedVideo, RawVideoFrame, VideoEncoder } from "../../processing/frames.ts";
import { pictureBytes } from "./picture.ts";
import { checkBitrate, MAX_PIXELS, MAX_SIDE, type Vp8Backend, type Vp8EncoderSettings } from "./vp8_options.ts";
import type { WorkerLink } from "./worker_link.ts";

/** A VP8 encoder; it works in a thread of its own. */
export interface Vp8Encoder extends VideoEncoder {
  /** Which libvpx was found. */
  readonly backend: Vp8Backend;
  /** Pictures left out so far because newer ones came before they could be encoded. */
  readonly dropped: number;
  /** Fulfilled when the memory has been given back after `close`. */
  readonly closed: Promise<void>;
}

interface Waiting {
  readonly input: RawVideoFrame;
  resolve(encoded: EncodedVideo | undefined): void;
  reject(error: unknown): void;
}

/** The application's side of an encoder: one picture is at work, one waits, and a newer one takes its place. */
export class QueuedVp8Encoder implements Vp8Encoder {
  readonly #link: WorkerLink;
  readonly #closed = Promise.withResolvers<void>();
  #bitrateKbps: number;
  #keyframeWanted = false;
  #working = false;
  #waiting: Waiting | undefined;
  #dropped = 0;

  constructor(link: WorkerLink, settings: Vp8EncoderSettings) {
    this.#link = link;
    this.#bitrateKbps = settings.bitrateKbps;
  }

  /** @inheritdoc */
  get backend(): Vp8Backend {
    return this.#link.backend;
  }

  /** @inheritdoc */
  get dropped(): number {
    return this.#dropped;
  }

  /** @inheritdoc */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** @inheritdoc */
  encode(input: RawVideoFrame): Promise<EncodedVideo | undefined> {
    const problem = problemOf(input);
    if (problem !== undefined) return Promise.reject(new SeaMeetError("codec", problem));
    // The caller may write the next picture into the same memory.
    const copy = { ...input, data: new Uint8Array(input.data) };
    return new Promise((resolve, reject) => {
      const call: Waiting = { input: copy, resolve, reject };
      if (!this.#working) return void this.#work(call);
      if (this.#waiting !== undefined) {
        this.#dropped++;
        this.#waiting.resolve(undefined);
      }
      this.#waiting = call;
    });
  }

  /** @inheritdoc */
  requestKeyframe(): void {
    this.#keyframeWanted = true;
  }

  /** @inheritdoc */
  setBitrate(bitrateBps: number): void {
    checkBitrate(bitrateBps / 1_000);
    this.#bitrateKbps = bitrateBps / 1_000;
  }

  /** @inheritdoc */
  close(): void {
    this.#waiting?.resolve(undefined);
    this.#waiting = undefined;
    this.#link.close().then(this.#closed.resolve, this.#closed.reject);
  }

  async #work({ input, resolve, reject }: Waiting): Promise<void> {
    this.#working = true;
    const forceKeyframe = this.#keyframeWanted;
    this.#keyframeWanted = false;
    try {
      const picture = { ...input, forceKeyframe, bitrateKbps: this.#bitrateKbps };
      const result = await this.#link.request({ op: "encode", picture }, [input.data.buffer]);
      if (result.kind !== "encoded") {
        this.#keyframeWanted ||= forceKeyframe;
        resolve(undefined);
      } else {
        resolve({ data: result.data, isKeyframe: result.isKeyframe, ptsMs: input.ptsMs });
      }
    } catch (error) {
      this.#keyframeWanted ||= forceKeyframe;
      reject(error);
    }
    this.#working = false;
    const next = this.#waiting;
    this.#waiting = undefined;
    if (next !== undefined) void this.#work(next);
  }
}

function problemOf({ data, width, height, format }: RawVideoFrame): string | undefined {
  const sides = [width, height];
  if (!sides.every((side) => Number.isInteger(side) && side >= 1 && side <= MAX_SIDE) || width * height > MAX_PIXELS) {
    return `VP8 cannot encode a picture of ${width} × ${height}`;
  }
  if (format !== "I420" && format !== "RGB24") return `VP8 cannot encode pictures of format ${format}`;
  const bytes = pictureBytes(format, width, height);
  if (data.length === bytes) return undefined;
  return `A picture of ${width} × ${height} in ${format} has ${bytes} bytes, not ${data.length}`;
}
