import { SeaMeetError } from "../../../base/errors.ts";

/** A picture as libav.js takes it. */
export interface LibavFrame {
  data: Uint8Array<ArrayBuffer>;
  format: number;
  width?: number;
  height?: number;
  layout?: { offset: number; stride: number }[];
  pts?: number;
  ptshi?: number;
  /** 1 makes it a keyframe. */
  pict_type?: number;
}

/** An encoded picture as libav.js takes and gives it. */
export interface LibavPacket {
  data: Uint8Array<ArrayBuffer>;
  flags?: number;
  pts?: number;
  ptshi?: number;
}

/** What we call of one instance of libav.js; contexts, frames and packets are numbers. */
export interface Libav {
  readonly AV_PIX_FMT_YUV420P: number;
  readonly AV_PKT_FLAG_KEY: number;
  readonly AV_LOG_QUIET: number;
  av_log_set_level_sync(level: number): void;
  ff_init_encoder_sync(name: string, options: {
    ctx: Record<string, number>;
    time_base: [number, number];
    options: Record<string, string>;
  }): [number, number, number, number, number];
  ff_encode_multi_sync(context: number, frame: number, packet: number, frames: (LibavFrame | number)[]): LibavPacket[];
  ff_free_encoder_sync(context: number, frame: number, packet: number): void;
  ff_init_decoder_sync(name: string): [number, number, number, number];
  ff_decode_multi_sync(
    context: number,
    packet: number,
    frame: number,
    packets: LibavPacket[],
    options: { copyoutFrame: "ptr" },
  ): number[];
  av_frame_alloc_sync(): number;
  av_frame_free_js_sync(frame: number): void;
  ff_copyin_frame_sync(frame: number, content: LibavFrame): void;
  AVFrame_width_sync(frame: number): number;
  AVFrame_height_sync(frame: number): number;
  AVFrame_format_sync(frame: number): number;
  AVFrame_data_a_sync(frame: number, plane: number): number;
  AVFrame_linesize_a_sync(frame: number, plane: number): number;
  copyin_u8_sync(pointer: number, bytes: Uint8Array): void;
  copyout_u8_sync(pointer: number, length: number): Uint8Array;
  ff_free_decoder_sync(context: number, packet: number, frame: number): void;
}

interface LibavModule {
  readonly default: { LibAV(options: { noworker: true }): Promise<Libav> };
}

/**
 * The package. It is put together so that nothing loads its 85 MB because this file is loaded: Deno fetches a package that
 * stands as a literal in an `import()`.
 */
export const LIBAV_PACKAGE = "libav.js@6.10.9";
const LIBAV_SPECIFIER = `npm:${LIBAV_PACKAGE}/vp8-opus`;

let loading: Promise<LibavModule> | undefined;

/** Instances that no codec uses: their memory is used again, not left to the garbage collector. */
const idle: Libav[] = [];

/** Kept at most; a burst of codecs must not hold memory for good. */
const MAX_IDLE = 2;

/** An instance of its own for one codec. @throws {SeaMeetError} with code `codec` when the package cannot be loaded */
export async function takeLibav(): Promise<Libav> {
  const instance = idle.pop();
  if (instance !== undefined) return instance;
  try {
    loading ??= import(LIBAV_SPECIFIER);
    const { default: factory } = await loading;
    const fresh = await factory.LibAV({ noworker: true });
    // Damaged pictures are answers to the caller, not lines on the console.
    fresh.av_log_set_level_sync(fresh.AV_LOG_QUIET);
    return fresh;
  } catch (cause) {
    loading = undefined;
    const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new SeaMeetError("codec", `npm:${LIBAV_PACKAGE} cannot be loaded: ${reason}`, { cause });
  }
}

/** Takes an instance back whose codec is closed and never trapped. */
export function giveBackLibav(instance: Libav): void {
  if (idle.length < MAX_IDLE) idle.push(instance);
}

/** True for an error after which the memory of the instance cannot be trusted. */
export function isTrap(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError ||
    (error instanceof Error && /abort|out of memory/i.test(error.message));
}

/** What libav says with an exception, as ours. */
export function libavError(what: string, cause: unknown): SeaMeetError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new SeaMeetError("codec", `libvpx in WebAssembly cannot ${what}: ${reason}`, { cause });
}
