import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../../base/random.ts";
import { i420ToRgb24, pictureBytes, rgb24ToI420 } from "./picture.ts";

Deno.test("pictureBytes() rounds chroma up", () => {
  assertEquals(pictureBytes("I420", 640, 480), 460_800);
  assertEquals(pictureBytes("I420", 3, 3), 9 + 2 * 4);
  assertEquals(pictureBytes("RGB24", 3, 3), 27);
});

Deno.test("known colours of ITU-R BT.601", () => {
  const colours: [string, number[], number[]][] = [
    ["black", [0, 0, 0], [16, 128, 128]],
    ["white", [255, 255, 255], [235, 128, 128]],
    ["red", [255, 0, 0], [82, 90, 240]],
    ["green", [0, 255, 0], [145, 54, 34]],
    ["blue", [0, 0, 255], [41, 240, 110]],
  ];
  for (const [name, rgb, yuv] of colours) {
    const converted = rgb24ToI420(Uint8Array.from(rgb), 1, 1);
    for (const [i, value] of yuv.entries()) assert(Math.abs(converted[i]! - value) <= 1, `${name}: ${converted}`);
    const back = i420ToRgb24(converted, 1, 1);
    for (const [i, value] of rgb.entries()) assert(Math.abs(back[i]! - value) <= 3, `${name} and back: ${back}`);
  }
});

Deno.test("there and back: even and odd sizes, where neighbours have one colour", () => {
  const random = seededRandom(1);
  for (const [width, height] of [[8, 6], [7, 5], [2, 1], [1, 2]] as const) {
    const rgb = new Uint8Array(3 * width * height);
    const colours = Array.from({ length: 64 }, () => [0, 1, 2].map(() => Math.floor(random.next() * 256)));
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) rgb.set(colours[(y >> 1) * 8 + (x >> 1)]!, 3 * (y * width + x));
    }
    const back = i420ToRgb24(rgb24ToI420(rgb, width, height), width, height);
    for (const [i, value] of rgb.entries()) assert(Math.abs(back[i]! - value) <= 4, `${width} × ${height} at ${i}`);
  }
});
