/**
 * The native functions we call, as small typed interfaces over `Deno.dlopen`.
 *
 * All pointers are plain addresses (`bigint`): such calls take the fast path of Deno (some 10 ns) without an object per pointer.
 * The rules for what an address must fulfil stand in `memory.ts`. No call here blocks, and none is made from another thread.
 */

/** Functions of libc. */
export interface Libc {
  /** Sends `count` messages of the `mmsghdr` array at `messages`; answers how many went out, or -1 and `errno()`. */
  sendmmsg(fd: number, messages: bigint, count: number, flags: number): number;
  /** Receives into the `mmsghdr` array at `messages`; answers how many came in, or -1. `timeout` is 0. */
  recvmmsg(fd: number, messages: bigint, count: number, flags: number, timeout: bigint): number;
  /** Sets a socket option; 0, or -1. */
  setsockopt(fd: number, level: number, name: number, value: bigint, length: number): number;
  /** Reads a socket option into `value`; `length` points to the size of it. 0, or -1. */
  getsockopt(fd: number, level: number, name: number, value: bigint, length: bigint): number;
  /** Reads the local address of a socket; `length` points to the room at `address`. 0, or -1. */
  getsockname(fd: number, address: bigint, length: bigint): number;
  /** Why the last call failed. Only a hint: the runtime may have made calls of its own since. */
  errno(): number;
}

/** Functions of libcrypto (OpenSSL 1.1 or 3); 1 means success throughout. */
export interface Libcrypto {
  EVP_CIPHER_CTX_new(): bigint;
  EVP_CIPHER_CTX_free(context: bigint): void;
  EVP_aes_128_gcm(): bigint;
  EVP_aes_128_ctr(): bigint;
  EVP_sha1(): bigint;
  /** `type` and `key` 0 keep those that are set; `encrypt` 1 or 0 chooses the direction. */
  EVP_CipherInit_ex(
    context: bigint,
    type: bigint,
    engine: bigint,
    key: bigint,
    iv: bigint,
    encrypt: number,
  ): number;
  /** `out` 0 takes `input` in as associated data; `outLength` points to an int. */
  EVP_CipherUpdate(context: bigint, out: bigint, outLength: bigint, input: bigint, length: number): number;
  EVP_CipherFinal_ex(context: bigint, out: bigint, outLength: bigint): number;
  EVP_CIPHER_CTX_ctrl(context: bigint, type: number, argument: number, pointer: bigint): number;
  HMAC_CTX_new(): bigint;
  HMAC_CTX_free(context: bigint): void;
  /** `key` and `digest` 0 start over with the key that is set. */
  HMAC_Init_ex(context: bigint, key: bigint, length: number, digest: bigint, engine: bigint): number;
  HMAC_Update(context: bigint, data: bigint, length: bigint): number;
  /** Writes the whole digest to `out`; `outLength` points to an unsigned int. */
  HMAC_Final(context: bigint, out: bigint, outLength: bigint): number;
}

/** The libraries, opened. They stay open until the process ends: code of theirs may still be referred to. */
export interface NativeLibraries {
  readonly libc: Libc;
  readonly crypto: Libcrypto;
  /** Which libcrypto was found. */
  readonly cryptoName: string;
}

/** Why native code cannot be called here. */
export interface NativeUnavailable {
  /** A clause for people, to be put behind "because": no capital, no full stop. */
  readonly unavailable: string;
}

/** OpenSSL 3 and 1.1; the functions we use are the same in both. */
const CRYPTO_NAMES = ["libcrypto.so.3", "libcrypto.so.1.1"];

const LIBC_SYMBOLS = {
  sendmmsg: { parameters: ["i32", "usize", "u32", "i32"], result: "i32" },
  recvmmsg: { parameters: ["i32", "usize", "u32", "i32", "usize"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "usize", "u32"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "usize", "usize"], result: "i32" },
  getsockname: { parameters: ["i32", "usize", "usize"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
} as const;

const CRYPTO_SYMBOLS = {
  EVP_CIPHER_CTX_new: { parameters: [], result: "usize" },
  EVP_CIPHER_CTX_free: { parameters: ["usize"], result: "void" },
  EVP_aes_128_gcm: { parameters: [], result: "usize" },
  EVP_aes_128_ctr: { parameters: [], result: "usize" },
  EVP_sha1: { parameters: [], result: "usize" },
  EVP_CipherInit_ex: { parameters: ["usize", "usize", "usize", "usize", "usize", "i32"], result: "i32" },
  EVP_CipherUpdate: { parameters: ["usize", "usize", "usize", "usize", "i32"], result: "i32" },
  EVP_CipherFinal_ex: { parameters: ["usize", "usize", "usize"], result: "i32" },
  EVP_CIPHER_CTX_ctrl: { parameters: ["usize", "i32", "i32", "usize"], result: "i32" },
  HMAC_CTX_new: { parameters: [], result: "usize" },
  HMAC_CTX_free: { parameters: ["usize"], result: "void" },
  HMAC_Init_ex: { parameters: ["usize", "usize", "i32", "usize", "usize"], result: "i32" },
  HMAC_Update: { parameters: ["usize", "usize", "usize"], result: "i32" },
  HMAC_Final: { parameters: ["usize", "usize", "usize"], result: "i32" },
} as const;

/**
 * Opens libc and libcrypto; never throws and never asks for a permission.
 *
 * @returns the libraries, or why there are none
 */
export function openNative(): NativeLibraries | NativeUnavailable {
  const { os, arch } = Deno.build;
  if (os !== "linux") return { unavailable: `it is written for Linux, not ${os}` };
  // The structs in this folder are laid out for 64-bit little-endian machines.
  if (arch !== "x86_64" && arch !== "aarch64") return { unavailable: `it is not written for ${arch}` };
  try {
    if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") {
      return { unavailable: "Deno runs without --allow-ffi" };
    }
    return openLibraries();
  } catch (error) {
    return { unavailable: error instanceof Error ? error.message : String(error) };
  }
}

function openLibraries(): NativeLibraries | NativeUnavailable {
  const libc = openLibc();
  let reason = "";
  for (const cryptoName of CRYPTO_NAMES) {
    try {
      return { libc, crypto: Deno.dlopen(cryptoName, CRYPTO_SYMBOLS).symbols, cryptoName };
    } catch (error) {
      reason ||= error instanceof Error ? error.message : String(error);
    }
  }
  return { unavailable: `${CRYPTO_NAMES.join(" and ")} cannot be opened: ${reason}` };
}

function openLibc(): Libc {
  const { __errno_location, ...functions } = Deno.dlopen("libc.so.6", LIBC_SYMBOLS).symbols;
  // One place per thread, and this thread is the only one that calls.
  const location = __errno_location();
  if (location === null) throw new Error("libc has no errno");
  const view = new Deno.UnsafePointerView(location);
  return { ...functions, errno: () => view.getInt32() };
}
