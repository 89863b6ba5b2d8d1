import { SeaMeetError } from "../../base/errors.ts";
import type { EncodedVideo, RawVideoFrame, VideoDecoder } from "../../processing/frames.ts";
import { readVp8Header } from "./vp8_header.ts";
import type { Vp8Backend, Vp8DecoderSettings } from "./vp8_options.ts";
import type { WorkerLink } from "./worker_link.ts";

/** A VP8 decoder; it works in a thread of its own. */
export interface Vp8Decoder extends VideoDecoder {
  /** Which libvpx was found. */
  readonly backend: Vp8Backend;
  /** Fulfilled when the memory has been given back after `close`. */
  readonly closed: Promise<void>;
}

/** Pictures on the way to the worker at once: a third of a second. One that cannot follow begins anew. */
const MAX_PENDING = 10;

/** No encoder makes more of a picture of the largest size, in bytes; a keyframe of 4K at the best quality has 3 MB. */
export const MAX_ENCODED_BYTES = 8 * 1_024 * 1_024;

/** The application's side of a decoder: checks what comes before anything native sees it. */
export class CheckedVp8Decoder implements Vp8Decoder {
  readonly #link: WorkerLink;
  readonly #maxPixels: number;
  readonly #closed = Promise.withResolvers<void>();
  #pending = 0;
  /** Pictures sent to the worker, and which of them was the last keyframe. */
  #count = 0;
  #lastKeyframe = 0;
  #needsKeyframe = true;

  constructor(link: WorkerLink, settings: Vp8DecoderSettings) {
    this.#link = link;
    this.#maxPixels = settings.maxPixels;
  }

  /** @inheritdoc */
  get backend(): Vp8Backend {
    return this.#link.backend;
  }

  /** @inheritdoc */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** @inheritdoc */
  async decode(input: EncodedVideo): Promise<RawVideoFrame | undefined> {
    const isKeyframe = this.#check(input.data);
    const number = ++this.#count;
    if (isKeyframe) this.#lastKeyframe = number;
    this.#needsKeyframe = false;
    const data = new Uint8Array(input.data);
    this.#pending++;
    try {
      const result = await this.#link.request({ op: "decode", data }, [data.buffer]);
      if (result.kind !== "decoded") return undefined;
      const { width, height } = result;
      return { data: result.data, width, height, format: "I420", ptsMs: input.ptsMs };
    } catch (error) {
      // What follows is predicted from a picture that is not there, unless a keyframe was sent meanwhile.
      if (this.#lastKeyframe <= number) this.#needsKeyframe = true;
      throw error;
    } finally {
      this.#pending--;
    }
  }

  /** @inheritdoc */
  close(): void {
    this.#link.close().then(this.#closed.resolve, this.#closed.reject);
  }

  /** True for a keyframe. @throws {SeaMeetError} with code `codec` for what cannot be decoded */
  #check(data: Uint8Array): boolean {
    const header = readVp8Header(data);
    if (header === undefined) throw damaged("it is no VP8 frame");
    if (data.length > MAX_ENCODED_BYTES) throw damaged(`it has more than ${MAX_ENCODED_BYTES} bytes`);
    if (header.width * header.height > this.#maxPixels) {
      throw damaged(`it has ${header.width} × ${header.height} pixels, at most ${this.#maxPixels} are allowed`);
    }
    if (!this.#link.connected) this.#needsKeyframe = true;
    if (this.#pending >= MAX_PENDING) {
      this.#needsKeyframe = true;
      throw damaged("the decoder cannot follow; it goes on with the next keyframe");
    }
    if (this.#needsKeyframe && !header.isKeyframe) throw damaged("it needs a keyframe before it");
    return header.isKeyframe;
  }
}

function damaged(reason: string): SeaMeetError {
  return new SeaMeetError("codec", `Cannot decode a VP8 picture: ${reason}`);
}
