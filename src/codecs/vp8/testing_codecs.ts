/** What tests do with codecs again and again. */
import type { EncodedVideo, RawVideoFrame } from "../../processing/frames.ts";
import { thrown } from "../testing_errors.ts";
import { openLibvpx } from "./native/libvpx.ts";
import type { Vp8Decoder } from "./vp8_decoder.ts";
import type { Vp8Encoder } from "./vp8_encoder.ts";

/** Why the system's libvpx cannot be called here; `undefined` when it can. */
export const nativeObstacle: string | undefined = findObstacle();

function findObstacle(): string | undefined {
  try {
    openLibvpx();
    return undefined;
  } catch {
    return thrown(openLibvpx).message;
  }
}

/**
 * A test of the system's libvpx. Where it is not installed the test is that its absence is told; in CI that is a failure.
 */
export function nativeTest(name: string, run: () => Promise<void>): void {
  Deno.test(name, async () => {
    if (nativeObstacle === undefined) return await run();
    if (Deno.env.get("CI") !== undefined) throw new Error(`libvpx is missing: ${nativeObstacle}`);
    if (!/not installed|not supported/.test(nativeObstacle)) throw new Error(nativeObstacle);
  });
}

/** Encodes pictures one after another; fails when one is left out. */
export async function encodeAll(encoder: Vp8Encoder, pictures: readonly RawVideoFrame[]): Promise<EncodedVideo[]> {
  const encoded: EncodedVideo[] = [];
  for (const picture of pictures) {
    const result = await encoder.encode(picture);
    if (result === undefined) throw new Error(`Picture ${encoded.length} was left out`);
    encoded.push(result);
  }
  return encoded;
}

/** Decodes pictures one after another; fails when one gives nothing. */
export async function decodeAll(decoder: Vp8Decoder, pictures: readonly EncodedVideo[]): Promise<RawVideoFrame[]> {
  const decoded: RawVideoFrame[] = [];
  for (const picture of pictures) {
    const result = await decoder.decode(picture);
    if (result === undefined) throw new Error(`Picture ${decoded.length} gave nothing`);
    decoded.push(result);
  }
  return decoded;
}

/** Closes codecs and waits until their memory has been given back. */
export async function closeAll(...codecs: (Vp8Encoder | Vp8Decoder)[]): Promise<void> {
  for (const codec of codecs) codec.close();
  await Promise.all(codecs.map((codec) => codec.closed));
}
