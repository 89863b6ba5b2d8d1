import { SeaMeetError } from "../../base/errors.ts";

/**
 * Where the packed library lies: in a clone, in the published package, and in a compiled file.
 *
 * It is not called `.wasm` because `deno publish` rewrites the import names inside such files.
 */
const LIBOPUS_URL = new URL("./dist/libopus.bin", import.meta.url);

/** What the file has to be: `wasm/simd.wasm` of `npm:@evan/opus@1.0.3`. */
export const LIBOPUS_SHA256 = "47705009f5a81ccf6b091d45b6e8f75d3f419ff27b75145c6c9a85d9dbd6f51c";

/**
 * Reads the packed libopus from disk, or from the registry when the package runs from there (Deno keeps no copy of files
 * that are no modules).
 *
 * @throws {SeaMeetError} with code `codec` when it is missing or is something else; the message says what to do
 */
export async function readLibopus(url: URL = LIBOPUS_URL): Promise<Uint8Array<ArrayBuffer>> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = url.protocol === "file:" ? await Deno.readFile(url) : await download(url);
  } catch (cause) {
    throw new SeaMeetError("codec", `Cannot load Opus from ${url.href}: ${remedy(url, cause)}`, { cause });
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  if (digest === LIBOPUS_SHA256) return bytes;
  throw new SeaMeetError("codec", `Cannot load Opus from ${url.href}: it is not the expected file (SHA-256 ${digest})`);
}

async function download(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url);
  if (response.ok) return new Uint8Array(await response.arrayBuffer());
  await response.body?.cancel();
  throw new Error(`HTTP status ${response.status}`);
}

function remedy(url: URL, cause: unknown): string {
  if (cause instanceof Deno.errors.NotFound) {
    return "the file is missing. In a clone run `deno task build:codecs`; a compiled file needs `--include src/codecs/opus/dist`";
  }
  if (cause instanceof Deno.errors.NotCapable) {
    return url.protocol === "file:" ? "run Deno with --allow-read" : `run Deno with --allow-net=${url.host}`;
  }
  return cause instanceof Error ? cause.message : String(cause);
}
