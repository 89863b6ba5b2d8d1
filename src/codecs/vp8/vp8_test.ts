import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { seededRandom } from "../../base/random.ts";
import { SeaMeetError } from "../../base/errors.ts";
import { rejected, thrown } from "../testing_errors.ts";
import { codecWorkers } from "./codec_worker.ts";
import { createVp8Decoder, createVp8Encoder } from "./mod.ts";
import { closeAll, decodeAll, encodeAll, nativeTest } from "./testing_codecs.ts";
import { film, psnrLuma, STEP_MS, testPicture } from "./testing_pictures.ts";
import { MAX_ENCODED_BYTES } from "./vp8_decoder.ts";

const SIZE = { width: 320, height: 240 } as const;

nativeTest("a film comes through: keyframes at their distance, the pictures alike", async () => {
  const encoder = await createVp8Encoder({ ...SIZE, bitrateKbps: 600, keyframeInterval: 20, backend: "native" });
  const decoder = await createVp8Decoder({ backend: "native" });
  assertEquals([encoder.backend, decoder.backend], ["native", "native"]);
  const pictures = film(50);
  const encoded = await encodeAll(encoder, pictures);
  assertEquals(encoded.flatMap(({ isKeyframe }, index) => isKeyframe ? [index] : []), [0, 20, 40]);
  const decoded = await decodeAll(decoder, encoded);
  for (const [index, picture] of decoded.entries()) {
    assertEquals([picture.width, picture.height, picture.format], [320, 240, "I420"]);
    assertEquals(picture.ptsMs, index * STEP_MS);
    const psnr = psnrLuma(pictures[index]!, picture);
    assert(psnr > 32, `picture ${index}: ${psnr} dB`);
  }
  await closeAll(encoder, decoder);
});

nativeTest("requestKeyframe(): the next picture and no other", async () => {
  const encoder = await createVp8Encoder({ ...SIZE, backend: "native" });
  await encodeAll(encoder, film(3));
  encoder.requestKeyframe();
  const encoded = await encodeAll(encoder, film(3));
  assertEquals(encoded.map(({ isKeyframe }) => isKeyframe), [true, false, false]);
  await closeAll(encoder);
});

nativeTest("another size, also an odd one, begins with a keyframe and comes out as it is", async () => {
  const encoder = await createVp8Encoder({ ...SIZE, backend: "native" });
  const decoder = await createVp8Decoder({ backend: "native" });
  for (const [width, height] of [[320, 240], [160, 90], [321, 181], [1, 1]] as const) {
    const pictures = film(3, width, height);
    const encoded = await encodeAll(encoder, pictures);
    assertEquals(encoded.map(({ isKeyframe }) => isKeyframe), [true, false, false]);
    const decoded = await decodeAll(decoder, encoded);
    assertEquals(decoded.map((picture) => [picture.width, picture.height]), Array(3).fill([width, height]));
    for (const [i, picture] of decoded.entries()) {
      const psnr = psnrLuma(pictures[i]!, picture);
      assert(psnr > 28, `${width} × ${height}, picture ${i}: ${psnr} dB`);
    }
  }
  await closeAll(encoder, decoder);
});

nativeTest("setBitrate() takes effect without a keyframe", async () => {
  const encoder = await createVp8Encoder({ ...SIZE, bitrateKbps: 800, backend: "native", keyframeInterval: 1_000 });
  const random = seededRandom(3);
  // Noise takes every bit that is given.
  const noisy = film(120).map((picture) => {
    for (let i = 0; i < SIZE.width * SIZE.height; i++) picture.data[i]! += 12 * random.next();
    return picture;
  });
  const kbps = async (from: number, to: number) => {
    const encoded = await encodeAll(encoder, noisy.slice(from, to));
    // The first pictures after a change settle the rate.
    const settled = encoded.slice(20);
    assert(from === 0 || encoded.every(({ isKeyframe }) => !isKeyframe));
    return settled.reduce((sum, { data }) => sum + data.length, 0) * 8 / settled.length * 30 / 1_000;
  };
  const high = await kbps(0, 60);
  encoder.setBitrate(300_000);
  const low = await kbps(60, 120);
  assert(high > 500 && high < 1_100 && low < 0.65 * high, `${high} kb/s, then ${low}`);
  assertEquals(thrown(() => encoder.setBitrate(NaN)).code, "config");
  await closeAll(encoder);
});

nativeTest("pictures that come too fast: the newest wins, the others are counted", async () => {
  const encoder = await createVp8Encoder({ ...SIZE, backend: "native" });
  const results = await Promise.all(film(5).map((picture) => encoder.encode(picture)));
  assertEquals(results.map((result) => result?.ptsMs), [0, undefined, undefined, undefined, 4 * STEP_MS]);
  assertEquals(encoder.dropped, 3);
  await closeAll(encoder);
});

nativeTest("the caller keeps its picture, and RGB24 is taken", async () => {
  const encoder = await createVp8Encoder({ ...SIZE, backend: "native" });
  const decoder = await createVp8Decoder({ backend: "native" });
  const red = new Uint8Array(3 * 320 * 240).map((_, i) => i % 3 === 0 ? 255 : 0);
  const encoded = await encoder.encode({ data: red, ...SIZE, format: "RGB24", ptsMs: 5 });
  assertEquals(red.length, 3 * 320 * 240);
  assert(encoded !== undefined);
  const picture = await decoder.decode(encoded);
  assertEquals(encoded.data.length > 0 && picture?.ptsMs, 5);
  assert(Math.abs(picture!.data[0]! - 82) < 4, `luma of red: ${picture!.data[0]}`);
  await closeAll(encoder, decoder);
});

nativeTest("damaged pictures are errors, and the next keyframe works", async () => {
  const encoder = await createVp8Encoder({ ...SIZE, keyframeInterval: 5, backend: "native" });
  const decoder = await createVp8Decoder({ backend: "native" });
  const encoded = await encodeAll(encoder, film(60));
  const random = seededRandom(5);
  let errors = 0;
  for (const { data, ...rest } of encoded) {
    const damaged = data.slice(0, random.next() < 0.3 ? Math.floor(random.next() * data.length) : data.length);
    for (let i = 0; i < 20; i++) damaged[Math.floor(random.next() * damaged.length)] = Math.floor(random.next() * 256);
    try {
      await decoder.decode({ data: damaged, ...rest });
    } catch (error) {
      assert(error instanceof SeaMeetError && error.code === "codec", String(error));
      errors++;
    }
  }
  assert(errors > 10, `${errors} errors`);
  const whole = await createVp8Decoder({ backend: "native" });
  const good = encoded.slice(5);
  const [expected, heard] = [await decodeAll(whole, good), await decodeAll(decoder, good)];
  assertEquals(heard.map(({ data }) => data), expected.map(({ data }) => data));
  await closeAll(encoder, decoder, whole);
});

nativeTest("what can be refused is refused before libvpx sees it", async () => {
  const encoder = await createVp8Encoder({ ...SIZE, backend: "native" });
  const decoder = await createVp8Decoder({ backend: "native", maxPixels: 320 * 240 });
  const [key, delta] = await encodeAll(encoder, film(2));
  const decode = (data: Uint8Array<ArrayBuffer>) => decoder.decode({ data, isKeyframe: true, ptsMs: 0 });
  const huge = key!.data.slice();
  huge.set([0xff, 0x3f, 0xff, 0x3f], 6);
  const cases: [string, Uint8Array<ArrayBuffer>][] = [
    ["no VP8 frame", new Uint8Array()],
    ["no VP8 frame", key!.data.slice(0, 9)],
    ["no VP8 frame", key!.data.map((byte, i) => i === 3 ? 0 : byte)],
    ["16383 × 16383", huge],
    ["keyframe", delta!.data],
    ["more than", new Uint8Array(MAX_ENCODED_BYTES + 1).fill(1)],
  ];
  for (const [text, data] of cases) {
    const error = await rejected(decode(data));
    assertEquals(error.code, "codec");
    assertStringIncludes(error.message, text);
  }
  assertEquals((await decode(key!.data))?.width, 320);
  for (const wrong of [{ width: 0 }, { width: 319 }, { height: 1.5 }, { width: 16_384 }]) {
    assertEquals((await rejected(encoder.encode({ ...testPicture(0), ...wrong }))).code, "codec");
  }
  await closeAll(encoder, decoder);
});

nativeTest("a decoder that cannot follow says so and goes on with a keyframe", async () => {
  const encoder = await createVp8Encoder({ ...SIZE, keyframeInterval: 1_000, backend: "native" });
  const decoder = await createVp8Decoder({ backend: "native" });
  const encoded = await encodeAll(encoder, film(30));
  const results = await Promise.allSettled(encoded.map((picture) => decoder.decode(picture)));
  const done = results.map(({ status }) => status === "fulfilled");
  assertEquals(done.slice(0, 10), Array(10).fill(true));
  assert(!done[29]);
  assertStringIncludes((await rejected(decoder.decode(encoded[29]!))).message, "keyframe");
  assertEquals((await decodeAll(decoder, encoded)).length, 30);
  await closeAll(encoder, decoder);
});

nativeTest("after the last codec is closed no worker is left, and closed codecs say so", async () => {
  const [encoder, decoder] = [await createVp8Encoder({ backend: "native" }), await createVp8Decoder()];
  const atWork = encoder.encode(testPicture(0, 640, 480));
  await closeAll(encoder, decoder, encoder);
  assertEquals((await atWork)?.isKeyframe, true);
  assertEquals(codecWorkers.workers.length, 0);
  assertEquals((await rejected(encoder.encode(testPicture(0)))).code, "closed");
  const data = (await atWork)!.data;
  assertEquals((await rejected(decoder.decode({ data, isKeyframe: true, ptsMs: 0 }))).code, "closed");
});

Deno.test("options out of range are refused", async () => {
  const wrong = [
    { width: 0 },
    { height: 16_384 },
    { width: 16_383, height: 16_383 },
    { bitrateKbps: 0 },
    { keyframeInterval: 0.5 },
    { fps: Infinity },
  ];
  for (const options of wrong) assertEquals((await rejected(createVp8Encoder(options))).code, "config");
  assertEquals((await rejected(createVp8Decoder({ maxPixels: 0 }))).code, "config");
});
