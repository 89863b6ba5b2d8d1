import type { CodecBackend } from "../picture_codec.ts";
import { giveBackLibav, takeLibav } from "./libav.ts";
import { WasmDecoder } from "./wasm_decoder.ts";
import { WasmEncoder } from "./wasm_encoder.ts";

/** libvpx in WebAssembly. @throws {SeaMeetError} with code `codec` when the package cannot be loaded */
export async function wasmBackend(): Promise<CodecBackend> {
  // What cannot be loaded says so now and not at the first picture.
  giveBackLibav(await takeLibav());
  return {
    name: "wasm",
    encoder: async (shape) => new WasmEncoder(await takeLibav(), shape),
    decoder: async () => new WasmDecoder(await takeLibav()),
  };
}
