import { SeaMeetError } from "../../base/errors.ts";
import { nativeBackend } from "./native/native_backend.ts";
import { rgb24ToI420 } from "./picture.ts";
import {
  type CodecBackend,
  type PictureDecoder,
  type PictureEncoder,
  type RawPicture,
  TICKS_PER_SECOND,
} from "./picture_codec.ts";
import type { Vp8Backend, Vp8EncoderSettings } from "./vp8_options.ts";
import { LIBAV_PACKAGE } from "./wasm/libav.ts";
import { wasmBackend } from "./wasm/wasm_backend.ts";
import type { PictureMessage, WorkerResult } from "./worker_messages.ts";

/** A longer pause, in milliseconds, or a step back is a new timeline; libvpx only knows one that goes on. */
const MAX_STEP_MS = 1_000;

/** An encoder inside the worker, for pictures of any size. */
export class WorkerEncoder {
  readonly backend: Vp8Backend;
  readonly #library: CodecBackend;
  readonly #settings: Vp8EncoderSettings;
  #encoder: PictureEncoder | undefined;
  #width = 0;
  #height = 0;
  #pts = 0;
  #lastPtsMs = NaN;

  private constructor(library: CodecBackend, settings: Vp8EncoderSettings) {
    this.backend = library.name;
    this.#library = library;
    this.#settings = settings;
  }

  /** Finds a library and makes an encoder for the expected size. @throws {SeaMeetError} with code `codec` */
  static async open(settings: Vp8EncoderSettings): Promise<WorkerEncoder> {
    const opened = new WorkerEncoder(await findBackend(settings.backend), settings);
    await opened.#ready(settings.width, settings.height, settings.bitrateKbps);
    return opened;
  }

  /** Encodes one picture. @throws {SeaMeetError} with code `codec`; the next picture begins anew */
  async encode(message: PictureMessage): Promise<WorkerResult> {
    const { width, height, format, ptsMs, forceKeyframe, bitrateKbps } = message;
    const data = format === "I420" ? message.data : rgb24ToI420(message.data, width, height);
    const encoder = await this.#ready(width, height, bitrateKbps);
    this.#advance(ptsMs);
    try {
      const encoded = encoder.encode({ data, width, height }, { pts: this.#pts, forceKeyframe, bitrateKbps });
      return encoded === undefined ? { kind: "nothing" } : { kind: "encoded", ...encoded };
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Gives the memory back. */
  close(): void {
    this.#encoder?.close();
    this.#encoder = undefined;
  }

  async #ready(width: number, height: number, bitrateKbps: number): Promise<PictureEncoder> {
    if (this.#encoder !== undefined && this.#width === width && this.#height === height) return this.#encoder;
    this.close();
    [this.#width, this.#height] = [width, height];
    const { keyframeInterval, fps } = this.#settings;
    return this.#encoder = await this.#library.encoder({ width, height, bitrateKbps, keyframeInterval, fps });
  }

  #advance(ptsMs: number): void {
    const step = ptsMs - this.#lastPtsMs;
    const usual = 1_000 / this.#settings.fps;
    const stepMs = step > 0 && step <= MAX_STEP_MS ? step : usual;
    this.#lastPtsMs = ptsMs;
    this.#pts += Math.max(1, Math.round(stepMs * TICKS_PER_SECOND / 1_000));
  }
}

/** A decoder inside the worker. */
export class WorkerDecoder {
  readonly backend: Vp8Backend;
  readonly #library: CodecBackend;
  #decoder: PictureDecoder | undefined;

  private constructor(library: CodecBackend, decoder: PictureDecoder) {
    this.backend = library.name;
    this.#library = library;
    this.#decoder = decoder;
  }

  /** Finds a library and makes a decoder. @throws {SeaMeetError} with code `codec` */
  static async open(backend: "auto" | Vp8Backend): Promise<WorkerDecoder> {
    const library = await findBackend(backend);
    return new WorkerDecoder(library, await library.decoder());
  }

  /** Decodes one picture. @throws {SeaMeetError} with code `codec`; the next keyframe works */
  async decode(data: Uint8Array<ArrayBuffer>): Promise<WorkerResult> {
    this.#decoder ??= await this.#library.decoder();
    let picture: RawPicture | undefined;
    try {
      picture = this.#decoder.decode(data);
    } catch (error) {
      // After damage a state from before it is worth nothing; after a trap there is none.
      this.close();
      throw error;
    }
    return picture === undefined ? { kind: "nothing" } : { kind: "decoded", ...picture };
  }

  /** Gives the memory back. */
  close(): void {
    this.#decoder?.close();
    this.#decoder = undefined;
  }
}

/** @throws {SeaMeetError} with code `codec`, and what to install, when there is no library */
async function findBackend(wanted: "auto" | Vp8Backend): Promise<CodecBackend> {
  const reasons: string[] = [];
  if (wanted !== "wasm") {
    try {
      return nativeBackend();
    } catch (error) {
      reasons.push(`the system's libvpx cannot be used because ${messageOf(error)}`);
    }
  }
  if (wanted !== "native") {
    try {
      return await wasmBackend();
    } catch (error) {
      reasons.push(messageOf(error));
    }
  }
  const remedies = {
    native: "install libvpx (Debian: apt install libvpx7) and run Deno with --allow-ffi",
    wasm: `let Deno load npm:${LIBAV_PACKAGE} (85 MB, --allow-read)`,
  };
  const remedy = wanted === "auto" ? `${remedies.native}, or ${remedies.wasm}` : remedies[wanted];
  throw new SeaMeetError("codec", `There is no VP8 codec: ${reasons.join("; ")}. To get one, ${remedy}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
