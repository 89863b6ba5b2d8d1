import type { CodecBackend } from "../picture_codec.ts";
import { openLibvpx } from "./libvpx.ts";
import { NativeDecoder } from "./native_decoder.ts";
import { NativeEncoder } from "./native_encoder.ts";

/** The libvpx of the system. @throws {SeaMeetError} with code `codec` and why there is none */
export function nativeBackend(): CodecBackend {
  const library = openLibvpx();
  return {
    name: "native",
    encoder: (shape) => new NativeEncoder(library, shape),
    decoder: () => new NativeDecoder(library),
  };
}
