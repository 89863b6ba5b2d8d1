import { SeaMeetError } from "../../base/errors.ts";

/** What the WebAssembly module offers; pointers are byte offsets into its memory, negative results are error codes. */
export interface LibopusExports {
  readonly memory: WebAssembly.Memory;
  malloc(bytes: number): number;
  free(pointer: number): void;
  opus_strerror(code: number): number;
  opus_encoder_get_size(channels: number): number;
  opus_encoder_init(state: number, sampleRate: number, channels: number, application: number): number;
  opus_encoder_ctl_set(state: number, request: number, value: number): number;
  opus_encode(state: number, pcm: number, samples: number, packet: number, room: number): number;
  opus_decoder_get_size(channels: number): number;
  opus_decoder_init(state: number, sampleRate: number, channels: number): number;
  opus_decode(state: number, packet: number, bytes: number, pcm: number, samples: number, fec: number): number;
}

/**
 * The largest packet taken in or given out, in bytes: six frames of 20 ms of 1,275 bytes each and their lengths
 * (RFC 6716 sections 3.2 and 3.4). The format allows more in theory; no network carries that in one datagram.
 *
 * @example
 * ```ts
 * import { createOpusEncoder, MAX_OPUS_PACKET_BYTES } from "@seameet/cli/codecs/opus";
 * import { assert } from "@std/assert";
 *
 * const encoder = await createOpusEncoder();
 * const { data } = encoder.encode({ samples: new Float32Array(960), sampleRate: 48_000, channels: 1 });
 * assert(data.length <= MAX_OPUS_PACKET_BYTES);
 * encoder.close();
 * ```
 */
export const MAX_OPUS_PACKET_BYTES: number = 6 * 1_275 + 7;

/** No packet is longer, in seconds (RFC 6716 section 3.2.5). */
export const MAX_PACKET_SECONDS = 0.12;

/** Samples of the longest packet at 48 kHz in stereo. */
const MAX_SAMPLES = 48_000 * MAX_PACKET_SECONDS * 2;

/** How many codecs share one instance: 36 KB each, so they fit into what a fresh instance has. */
const CODECS_PER_INSTANCE = 64;

/** Messages of libopus are short; a longer one is not one. */
const MAX_MESSAGE_BYTES = 128;

/**
 * One instance of libopus with the memory of the codecs on it.
 *
 * When its code traps, its memory is in an unknown state: the instance is given up for good, and the codecs on it begin
 * anew on another one. Encoders and decoders never share an instance, so no packet can reach what others send.
 */
export class LibopusInstance {
  readonly exports: LibopusExports;
  /** Room for one frame; shared, because no call outlasts a turn. */
  readonly #pcm: number;
  readonly #packet: number;
  #users = 0;
  #failed = false;

  /** Takes an instance over. @throws {SeaMeetError} with code `codec` when there is no memory */
  constructor(exports: LibopusExports) {
    this.exports = exports;
    this.#pcm = this.#malloc(MAX_SAMPLES * Int16Array.BYTES_PER_ELEMENT);
    this.#packet = this.#malloc(MAX_OPUS_PACKET_BYTES);
  }

  /** False after a trap: nothing may be called any more. */
  get usable(): boolean {
    return !this.#failed;
  }

  /** True when one more codec may be put on it. */
  get hasRoom(): boolean {
    return !this.#failed && this.#users < CODECS_PER_INSTANCE;
  }

  /** How many codecs are on it. */
  get users(): number {
    return this.#users;
  }

  /** Where samples are put for a call and found after it. */
  get pcmPointer(): number {
    return this.#pcm;
  }

  /** Where a packet is put for a call and found after it. */
  get packetPointer(): number {
    return this.#packet;
  }

  /** Memory for the state of one codec. @throws {SeaMeetError} with code `codec` when there is none */
  allocate(bytes: number): number {
    const pointer = this.#malloc(bytes);
    this.#users++;
    return pointer;
  }

  /** Gives the state of a codec back. */
  release(pointer: number): void {
    this.#users--;
    if (!this.#failed) this.guard(() => this.exports.free(pointer));
  }

  /**
   * Calls into the instance and answers the result.
   *
   * @throws {SeaMeetError} with code `codec` when the result is negative, or when the code traps; after a trap the
   * instance is lost
   */
  call(what: string, use: () => number): number {
    const result = this.guard(use);
    if (result >= 0) return result;
    throw new SeaMeetError("codec", `Opus cannot ${what}: ${this.#message(result)}`);
  }

  /** Runs code of the instance; whatever it throws ends the instance. */
  guard<Result>(use: () => Result): Result {
    if (this.#failed) throw new SeaMeetError("codec", "This instance of libopus has failed before");
    try {
      return use();
    } catch (cause) {
      this.#failed = true;
      throw new SeaMeetError("codec", "libopus failed; its state is thrown away, the next call begins anew", { cause });
    }
  }

  /** The first samples of the frame room. A view to be used at once: growing memory detaches it. */
  pcm(samples: number): Int16Array {
    return new Int16Array(this.exports.memory.buffer, this.#pcm, samples);
  }

  /** The first bytes of the packet room. A view to be used at once: growing memory detaches it. */
  packet(bytes: number): Uint8Array {
    return new Uint8Array(this.exports.memory.buffer, this.#packet, bytes);
  }

  #malloc(bytes: number): number {
    const pointer = this.guard(() => this.exports.malloc(bytes));
    if (pointer === 0) throw new SeaMeetError("codec", `libopus has no memory for ${bytes} bytes`);
    return pointer;
  }

  #message(code: number): string {
    const pointer = this.guard(() => this.exports.opus_strerror(code));
    const bytes = new Uint8Array(this.exports.memory.buffer, pointer).subarray(0, MAX_MESSAGE_BYTES);
    return new TextDecoder().decode(bytes.slice(0, bytes.indexOf(0)));
  }
}

/** Finds an instance for each codec; the fullest first, so that instances empty again and are let go. */
export class LibopusPool {
  readonly #create: () => LibopusExports;
  #instances: LibopusInstance[] = [];

  /** `create` makes a fresh instance. */
  constructor(create: () => LibopusExports) {
    this.#create = create;
  }

  /** How many instances hold memory. */
  get size(): number {
    return this.#instances.length;
  }

  /** An instance with room for one more codec. */
  take(): LibopusInstance {
    // One idle instance stays: making it costs more than a codec does.
    this.#instances = this.#instances.filter((instance) => instance.usable);
    const idle = this.#instances.filter((instance) => instance.users === 0).slice(1);
    this.#instances = this.#instances.filter((instance) => !idle.includes(instance));
    const found = this.#instances.filter((instance) => instance.hasRoom).sort((a, b) => b.users - a.users)[0];
    if (found !== undefined) return found;
    const fresh = new LibopusInstance(this.#create());
    this.#instances.push(fresh);
    return fresh;
  }
}

/** Makes a fresh instance of the compiled library. */
export function instantiate(module: WebAssembly.Module): LibopusExports {
  const { exports } = new WebAssembly.Instance(module, {
    // libopus neither reads nor writes files; a build with assertions would, to say why it gives up.
    wasi_snapshot_preview1: { fd_seek: refuse, fd_write: refuse, fd_close: refuse, proc_exit: giveUp },
    env: { emscripten_notify_memory_growth: () => {} },
  });
  if (typeof exports._initialize === "function") exports._initialize();
  // The file was checked by its digest, so its exports are these.
  return exports as WebAssembly.Exports & LibopusExports;
}

/** The answer of a system without files: WASI's error `badf`. */
function refuse(): number {
  return 8;
}

function giveUp(code: number): never {
  throw new WebAssembly.RuntimeError(`libopus ended with ${code}`);
}
