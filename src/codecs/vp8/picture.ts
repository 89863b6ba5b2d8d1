/** Sizes and conversions of raw pictures. */
import type { PixelFormat } from "../../processing/frames.ts";

/** Bytes of a picture without gaps; I420 has chroma planes of half the size, rounded up. */
export function pictureBytes(format: PixelFormat, width: number, height: number): number {
  if (format === "RGB24") return 3 * width * height;
  return width * height + 2 * half(width) * half(height);
}

/** Half of a side, rounded up: a side of a chroma plane. */
export function half(side: number): number {
  return (side + 1) >> 1;
}

/** A plane of a picture whose lines have gaps between them. */
export interface PaddedPlane {
  readonly bytes: Uint8Array;
  /** Bytes from one line to the next. */
  readonly stride: number;
}

/** Puts the three planes of an I420 picture together without gaps. */
export function packI420(
  planes: readonly PaddedPlane[],
  width: number,
  height: number,
): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(pictureBytes("I420", width, height));
  let at = 0;
  for (const [plane, { bytes, stride }] of planes.entries()) {
    const columns = plane === 0 ? width : half(width);
    const lines = plane === 0 ? height : half(height);
    for (let line = 0; line < lines; line++, at += columns) {
      data.set(bytes.subarray(line * stride, line * stride + columns), at);
    }
  }
  return data;
}

/** Bytes from the first to the last pixel of a plane whose lines have gaps; plane 0 is luma. */
export function paddedBytes(plane: number, stride: number, width: number, height: number): number {
  const columns = plane === 0 ? width : half(width);
  const lines = plane === 0 ? height : half(height);
  return stride * (lines - 1) + columns;
}

/**
 * Converts RGB24 to I420, in the range that video uses (ITU-R BT.601: luma 16 … 235, chroma 16 … 240).
 *
 * Chroma is the mean of the four (at odd edges: two, one) pixels it stands for.
 *
 * @example
 * ```ts
 * import { rgb24ToI420 } from "@seameet/cli/codecs/vp8";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(rgb24ToI420(Uint8Array.of(255, 255, 255), 1, 1), Uint8Array.of(235, 128, 128));
 * ```
 */
export function rgb24ToI420(rgb: Uint8Array, width: number, height: number): Uint8Array<ArrayBuffer> {
  const picture = new Uint8Array(pictureBytes("I420", width, height));
  for (let i = 0, at = 0; i < width * height; i++, at += 3) {
    picture[i] = 16 + ((66 * rgb[at]! + 129 * rgb[at + 1]! + 25 * rgb[at + 2]! + 128) >> 8);
  }
  let [u, v] = [width * height, width * height + half(width) * half(height)];
  for (let y = 0; y < height; y += 2) {
    const below = y + 1 < height ? 3 * width : 0;
    for (let x = 0; x < width; x += 2) {
      const right = x + 1 < width ? 3 : 0;
      const at = 3 * (y * width + x);
      // At an edge a pixel is counted twice, which leaves the mean as it is.
      const r = rgb[at]! + rgb[at + right]! + rgb[at + below]! + rgb[at + below + right]!;
      const g = rgb[at + 1]! + rgb[at + right + 1]! + rgb[at + below + 1]! + rgb[at + below + right + 1]!;
      const b = rgb[at + 2]! + rgb[at + right + 2]! + rgb[at + below + 2]! + rgb[at + below + right + 2]!;
      picture[u++] = 128 + ((-38 * r - 74 * g + 112 * b + 512) >> 10);
      picture[v++] = 128 + ((112 * r - 94 * g - 18 * b + 512) >> 10);
    }
  }
  return picture;
}

/**
 * Converts I420 in the range that video uses (ITU-R BT.601) to RGB24.
 *
 * @example
 * ```ts
 * import { i420ToRgb24 } from "@seameet/cli/codecs/vp8";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(i420ToRgb24(Uint8Array.of(16, 128, 128), 1, 1), Uint8Array.of(0, 0, 0));
 * ```
 */
export function i420ToRgb24(picture: Uint8Array, width: number, height: number): Uint8Array<ArrayBuffer> {
  // Rounds and keeps every value between 0 and 255.
  const rgb = new Uint8ClampedArray(3 * width * height);
  const chroma = half(width) * half(height);
  for (let y = 0, at = 0; y < height; y++) {
    const line = width * height + (y >> 1) * half(width);
    for (let x = 0; x < width; x++, at += 3) {
      const luma = 298 * (picture[y * width + x]! - 16);
      const u = picture[line + (x >> 1)]! - 128;
      const v = picture[line + chroma + (x >> 1)]! - 128;
      rgb[at] = (luma + 409 * v) / 256;
      rgb[at + 1] = (luma - 100 * u - 208 * v) / 256;
      rgb[at + 2] = (luma + 516 * u) / 256;
    }
  }
  return new Uint8Array(rgb.buffer);
}
