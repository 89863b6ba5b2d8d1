/**
 * The functions of the system's libvpx that we call, and how its structs lie in memory.
 *
 * What keeps such a call from ending the process: a struct is backed by an `ArrayBuffer` larger than it, held in a field
 * for as long as anything points to it; lengths are checked right before a call; after a destroy the address is 0. Offsets
 * are those of 64-bit Linux, printed from the headers of libvpx 1.12 and 1.16, which agree.
 */
import { InvariantError, SeaMeetError } from "../../../base/errors.ts";

/** The newest first seen last: only the first was run by us, the structs of the others are the same. */
const SONAMES = ["libvpx.so.7", "libvpx.so.8", "libvpx.so.9", "libvpx.so.11"];

const SYMBOLS = {
  vpx_codec_vp8_cx: { parameters: [], result: "usize" },
  vpx_codec_vp8_dx: { parameters: [], result: "usize" },
  vpx_codec_enc_config_default: { parameters: ["usize", "usize", "u32"], result: "i32" },
  vpx_codec_enc_config_set: { parameters: ["usize", "usize"], result: "i32" },
  vpx_codec_enc_init_ver: { parameters: ["usize", "usize", "usize", "i64", "i32"], result: "i32" },
  vpx_codec_dec_init_ver: { parameters: ["usize", "usize", "usize", "i64", "i32"], result: "i32" },
  vpx_codec_control_: { parameters: ["usize", "i32", "i32"], result: "i32" },
  vpx_codec_encode: { parameters: ["usize", "usize", "i64", "u64", "i64", "u64"], result: "i32" },
  vpx_codec_get_cx_data: { parameters: ["usize", "usize"], result: "usize" },
  vpx_codec_decode: { parameters: ["usize", "usize", "u32", "usize", "i64"], result: "i32" },
  vpx_codec_get_frame: { parameters: ["usize", "usize"], result: "usize" },
  vpx_codec_destroy: { parameters: ["usize"], result: "i32" },
  vpx_codec_err_to_string: { parameters: ["i32"], result: "usize" },
  vpx_img_wrap: { parameters: ["usize", "i32", "u32", "u32", "u32", "usize"], result: "usize" },
} as const;

/** The opened functions. */
export type LibvpxFunctions = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** The library, opened, with the ABI numbers that it wants to hear. */
export interface Libvpx {
  readonly functions: LibvpxFunctions;
  /** The file that was found, for example `libvpx.so.7`. */
  readonly soname: string;
  readonly encoderAbi: number;
  readonly decoderAbi: number;
}

/** `vpx_codec_err_t`: the caller's header is another one. */
const ABI_MISMATCH = 3;

/** Above every ABI number so far (25 in 1.12, 39 in 1.16); asking is done from here downwards. */
const HIGHEST_ABI = 60;

/** Bytes for a `vpx_codec_ctx` (56) and a `vpx_codec_enc_cfg` (504), with room for later versions. */
const CONTEXT_BYTES = 1_024;
const CONFIG_BYTES = 4_096;

/** Memory that native code reads and writes, zeroed; valid as long as this object is reachable. */
export class NativeBlock {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
  /** Where it begins. */
  readonly address: bigint;

  constructor(size: number) {
    const buffer = new ArrayBuffer(size);
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    const pointer = Deno.UnsafePointer.of(buffer);
    if (pointer === null) throw new InvariantError("Cannot hand an empty buffer to native code");
    this.address = BigInt(Deno.UnsafePointer.value(pointer));
  }
}

/** A fresh `vpx_codec_ctx`. */
export function contextBlock(): NativeBlock {
  return new NativeBlock(CONTEXT_BYTES);
}

/** A fresh `vpx_codec_enc_cfg`. */
export function configBlock(): NativeBlock {
  return new NativeBlock(CONFIG_BYTES);
}

let opened: Libvpx | undefined;

/**
 * Opens libvpx; asks for no permission.
 *
 * @throws {SeaMeetError} with code `codec` and the reason as message, a clause to be put behind "because"
 */
export function openLibvpx(): Libvpx {
  return opened ??= open();
}

/** A view of native memory; the address comes from libvpx. @throws {InvariantError} for address 0 */
export function viewAt(address: bigint): Deno.UnsafePointerView {
  const pointer = Deno.UnsafePointer.create(address);
  if (pointer === null) throw new InvariantError("libvpx answered with an address of 0");
  return new Deno.UnsafePointerView(pointer);
}

/** @throws {SeaMeetError} with code `codec` when a call has not answered 0 */
export function checkResult(library: Libvpx, what: string, result: number): void {
  if (result === 0) return;
  const text = viewAt(library.functions.vpx_codec_err_to_string(result)).getCString();
  throw new SeaMeetError("codec", `libvpx cannot ${what}: ${text}`);
}

function open(): Libvpx {
  const { os, arch } = Deno.build;
  // Other systems lay structs out or pass variadic arguments differently.
  if (os !== "linux" || (arch !== "x86_64" && arch !== "aarch64")) {
    throw unavailable(`${os} on ${arch} is not supported`);
  }
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") {
    throw unavailable("Deno runs without --allow-ffi");
  }
  for (const soname of SONAMES) {
    const functions = tryOpen(soname);
    if (functions === undefined) continue;
    return { functions, soname, encoderAbi: encoderAbi(functions), decoderAbi: decoderAbi(functions) };
  }
  throw unavailable(`${SONAMES.join(", ")} are not installed`);
}

function tryOpen(soname: string): LibvpxFunctions | undefined {
  try {
    return Deno.dlopen(soname, SYMBOLS).symbols;
  } catch {
    // Which one is installed differs; that none is, is reported.
    return undefined;
  }
}

/** The header's ABI number is a constant of C that a program without headers has to find out. */
function encoderAbi(functions: LibvpxFunctions): number {
  const [context, config] = [contextBlock(), configBlock()];
  const iface = functions.vpx_codec_vp8_cx();
  if (functions.vpx_codec_enc_config_default(iface, config.address, 0) !== 0) {
    throw unavailable("it has no VP8 encoder");
  }
  return probeAbi(functions, context, (abi) => {
    return functions.vpx_codec_enc_init_ver(context.address, iface, config.address, 0n, abi);
  });
}

function decoderAbi(functions: LibvpxFunctions): number {
  const context = contextBlock();
  const iface = functions.vpx_codec_vp8_dx();
  return probeAbi(
    functions,
    context,
    (abi) => functions.vpx_codec_dec_init_ver(context.address, iface, 0n, 0n, abi),
  );
}

function probeAbi(functions: LibvpxFunctions, context: NativeBlock, attempt: (abi: number) => number): number {
  for (let abi = HIGHEST_ABI; abi > 0; abi--) {
    context.bytes.fill(0);
    const result = attempt(abi);
    if (result === ABI_MISMATCH) continue;
    if (result !== 0) throw unavailable(`its VP8 codec answers ${result}`);
    functions.vpx_codec_destroy(context.address);
    return abi;
  }
  throw unavailable("it is of an unknown version");
}

function unavailable(reason: string): SeaMeetError {
  return new SeaMeetError("codec", reason);
}
