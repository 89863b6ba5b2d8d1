/** Pictures for tests, and how well they are kept. */
import type { EncodedVideo, RawVideoFrame } from "../../processing/frames.ts";
import { half, pictureBytes } from "./picture.ts";

/** Milliseconds from one picture to the next. */
export const STEP_MS = 1_000 / 30;

/** Picture `index` of a film: moving stripes of changing colour and a bright square that crosses them. */
export function testPicture(index: number, width = 320, height = 240): RawVideoFrame {
  const data = new Uint8Array(pictureBytes("I420", width, height));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const inSquare = Math.abs(x - (20 + 3 * index) % width) < 16 && Math.abs(y - height / 2) < 16;
      data[y * width + x] = inSquare ? 230 : 110 + 60 * Math.sin((x + 2 * index) / 14) * Math.cos(y / 18);
    }
  }
  let at = width * height;
  for (let plane = 0; plane < 2; plane++) {
    for (let y = 0; y < half(height); y++) {
      for (let x = 0; x < half(width); x++) data[at++] = 128 + 40 * Math.sin((plane === 0 ? x : y) / 20 + index / 15);
    }
  }
  return { data, width, height, format: "I420", ptsMs: index * STEP_MS };
}

/** The first `count` pictures of the film. */
export function film(count: number, width?: number, height?: number): RawVideoFrame[] {
  return Array.from({ length: count }, (_, index) => testPicture(index, width, height));
}

/** Peak signal to noise ratio of the luma plane in decibels; infinite for the same picture. */
export function psnrLuma(expected: RawVideoFrame, actual: RawVideoFrame): number {
  let sum = 0;
  const luma = expected.width * expected.height;
  for (let i = 0; i < luma; i++) sum += (expected.data[i]! - actual.data[i]!) ** 2;
  return 10 * Math.log10(255 ** 2 * luma / sum);
}

/** The same for the lower chroma plane, whose last line is the one that is easily lost. */
export function psnrChroma(expected: RawVideoFrame, actual: RawVideoFrame): number {
  const chroma = half(expected.width) * half(expected.height);
  const from = expected.data.length - chroma;
  let sum = 0;
  for (let i = from; i < expected.data.length; i++) sum += (expected.data[i]! - actual.data[i]!) ** 2;
  return 10 * Math.log10(255 ** 2 * chroma / sum);
}

/** Reads the pictures of an IVF file, the simple container that FFmpeg writes VP8 into. */
export function readIvf(file: Uint8Array<ArrayBuffer>): EncodedVideo[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const pictures: EncodedVideo[] = [];
  for (let at = view.getUint16(6, true); at < file.length;) {
    const length = view.getUint32(at, true);
    const data = file.slice(at + 12, at + 12 + length);
    pictures.push({ data, isKeyframe: (data[0]! & 1) === 0, ptsMs: pictures.length * STEP_MS });
    at += 12 + length;
  }
  return pictures;
}

/** Writes VP8 pictures as an IVF file at 30 pictures a second. */
export function writeIvf(pictures: readonly EncodedVideo[], width: number, height: number): Uint8Array<ArrayBuffer> {
  const size = pictures.reduce((sum, { data }) => sum + 12 + data.length, 32);
  const file = new Uint8Array(size);
  const view = new DataView(file.buffer);
  file.set(new TextEncoder().encode("DKIF"));
  view.setUint16(6, 32, true);
  file.set(new TextEncoder().encode("VP80"), 8);
  view.setUint16(12, width, true);
  view.setUint16(14, height, true);
  view.setUint32(16, 30, true);
  view.setUint32(20, 1, true);
  view.setUint32(24, pictures.length, true);
  let at = 32;
  for (const [index, { data }] of pictures.entries()) {
    view.setUint32(at, data.length, true);
    view.setUint32(at + 4, index, true);
    file.set(data, at + 12);
    at += 12 + data.length;
  }
  return file;
}
