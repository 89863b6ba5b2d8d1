import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../../base/random.ts";
import { SeaMeetError } from "../../base/errors.ts";
import { createVp8Decoder, createVp8Encoder, type Vp8Backend } from "./mod.ts";
import { pictureBytes } from "./picture.ts";
import { closeAll, decodeAll, encodeAll, nativeObstacle } from "./testing_codecs.ts";
import { film, psnrChroma, psnrLuma, readIvf, STEP_MS, testPicture, writeIvf } from "./testing_pictures.ts";

const SIZE = { width: 320, height: 240 } as const;

/** What this machine has; `npm:libav.js` is loaded once here. In CI both have to be there. */
const backends: Vp8Backend[] = nativeObstacle === undefined || Deno.env.get("CI") !== undefined
  ? ["native", "wasm"]
  : ["wasm"];

/** Runs FFmpeg on bytes. */
async function ffmpeg(args: readonly string[], input: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const command = new Deno.Command("ffmpeg", {
    args: ["-loglevel", "error", ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
  const child = command.spawn();
  const output = child.output();
  const writer = child.stdin.getWriter();
  await writer.write(input);
  await writer.close();
  const { success, stdout, stderr } = await output;
  assert(success, new TextDecoder().decode(stderr));
  return new Uint8Array(stdout);
}

/** The pictures of FFmpeg's raw output. */
function rawPictures(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  const size = pictureBytes("I420", SIZE.width, SIZE.height);
  return Array.from({ length: bytes.length / size }, (_, i) => bytes.slice(i * size, (i + 1) * size));
}

const RAW = ["-f", "rawvideo", "-pix_fmt", "yuv420p"];

for (const backend of backends) {
  Deno.test(`${backend}: FFmpeg decodes our film as we do, bit for bit`, async () => {
    const encoder = await createVp8Encoder({ ...SIZE, bitrateKbps: 600, backend });
    const decoder = await createVp8Decoder({ backend });
    const pictures = film(90);
    const encoded = await encodeAll(encoder, pictures);
    const decoded = await decodeAll(decoder, encoded);
    const raw = rawPictures(await ffmpeg(["-f", "ivf", "-i", "-", ...RAW, "-"], writeIvf(encoded, 320, 240)));
    assertEquals(raw.length, 90);
    for (const [i, data] of raw.entries()) {
      assertEquals(data, decoded[i]!.data, `picture ${i}`);
      const psnr = psnrLuma(pictures[i]!, decoded[i]!);
      assert(psnr > 32, `picture ${i}: ${psnr} dB`);
    }
    const kbps = encoded.reduce((sum, { data }) => sum + data.length, 0) * 8 / 3 / 1_000;
    assert(kbps > 200 && kbps < 900, `${kbps} kb/s for a target of 600`);
    await closeAll(encoder, decoder);
  });

  Deno.test(`${backend}: we decode FFmpeg's film as it does, bit for bit`, async () => {
    const input = Uint8Array.from(film(60).flatMap(({ data }) => [...data]));
    const options = ["-c:v", "libvpx", "-b:v", "500k", "-deadline", "realtime", "-auto-alt-ref", "0", "-g", "25"];
    const args = [...RAW, "-s", "320x240", "-r", "30", "-i", "-", ...options, "-f", "ivf", "-"];
    // FFmpeg cannot go back in a pipe to write the number of pictures; nobody needs it.
    const encoded = readIvf(await ffmpeg(args, input));
    assertEquals(encoded.length, 60);
    const decoder = await createVp8Decoder({ backend });
    const decoded = await decodeAll(decoder, encoded);
    const raw = rawPictures(await ffmpeg(["-f", "ivf", "-i", "-", ...RAW, "-"], writeIvf(encoded, 320, 240)));
    for (const [i, data] of raw.entries()) assertEquals(decoded[i]!.data, data, `picture ${i}`);
    await closeAll(decoder);
  });

  Deno.test(`${backend}: forced keyframes, other sizes and another rate`, async () => {
    const encoder = await createVp8Encoder({ ...SIZE, bitrateKbps: 800, keyframeInterval: 1_000, backend });
    const decoder = await createVp8Decoder({ backend });
    const first = await encodeAll(encoder, film(3));
    encoder.requestKeyframe();
    const second = await encodeAll(encoder, film(3));
    assertEquals([...first, ...second].map(({ isKeyframe }) => isKeyframe), [true, false, false, true, false, false]);
    const odd = await encodeAll(encoder, film(3, 161, 91));
    assertEquals(odd.map(({ isKeyframe }) => isKeyframe), [true, false, false]);
    const decoded = await decodeAll(decoder, [...first, ...second, ...odd]);
    assertEquals(decoded.slice(-3).map(({ width, height }) => [width, height]), Array(3).fill([161, 91]));
    assert(psnrLuma(testPicture(2, 161, 91), decoded.at(-1)!) > 30);
    assert(psnrChroma(testPicture(2, 161, 91), decoded.at(-1)!) > 30);
    const bytes = async () => {
      const encoded = await encodeAll(encoder, Array.from({ length: 60 }, (_, i) => noisyPicture(i)));
      return encoded.slice(20).reduce((sum, { data }) => sum + data.length, 0);
    };
    const high = await bytes();
    encoder.setBitrate(200_000);
    const low = await bytes();
    assert(low < 0.6 * high, `${high} bytes, then ${low}`);
    await closeAll(encoder, decoder);
  });

  Deno.test(`${backend}: damage is an error, and the next keyframe works`, async () => {
    const encoder = await createVp8Encoder({ ...SIZE, keyframeInterval: 5, backend });
    const [decoder, whole] = [await createVp8Decoder({ backend }), await createVp8Decoder({ backend })];
    const encoded = await encodeAll(encoder, film(200));
    const random = seededRandom(9);
    let errors = 0;
    for (const { data, ...rest } of encoded) {
      const damaged = data.slice(0, Math.ceil(data.length * (random.next() < 0.5 ? random.next() : 1)));
      // Not the size of the picture: that one is checked before.
      for (let i = 0; i < 20; i++) damaged[10 + Math.floor(random.next() * damaged.length)] = random.next() * 256;
      const error = await decoder.decode({ data: damaged, ...rest }).then(() => undefined, (error: unknown) => error);
      if (error === undefined) continue;
      assert(error instanceof SeaMeetError && error.code === "codec", String(error));
      errors++;
    }
    assert(errors > 10, `${errors} errors`);
    assertEquals(await decodeAll(decoder, encoded), await decodeAll(whole, encoded));
    await closeAll(encoder, decoder, whole);
  });

  Deno.test(`${backend}: codecs made and closed give their memory back`, async () => {
    // Keeps the worker, whose memory is the matter, alive.
    const keeper = await createVp8Decoder({ backend });
    const round = async () => {
      const [encoder, decoder] = [await createVp8Encoder({ ...SIZE, backend }), await createVp8Decoder({ backend })];
      await decodeAll(decoder, await encodeAll(encoder, film(2)));
      await closeAll(encoder, decoder);
    };
    const rounds = backend === "native" ? 200 : 60;
    for (let i = 0; i < rounds; i++) await round();
    const before = Deno.memoryUsage().rss;
    for (let i = 0; i < rounds; i++) await round();
    const grown = (Deno.memoryUsage().rss - before) / 2 ** 20;
    // A codec of this size holds 2 MB and more: a leak of every one would be hundreds.
    assert(grown < 60, `${grown} MiB more after ${rounds} rounds`);
    await closeAll(keeper);
  });
}

Deno.test("both backends decode each other's films, bit for bit", async () => {
  if (backends.length < 2) return assert(nativeObstacle?.includes("not"));
  for (const from of backends) {
    const encoder = await createVp8Encoder({ ...SIZE, backend: from });
    const encoded = [...await encodeAll(encoder, film(60)), ...await encodeAll(encoder, film(20, 163, 97))];
    const films = [];
    for (const backend of backends) {
      const decoder = await createVp8Decoder({ backend });
      films.push(await decodeAll(decoder, encoded));
      await closeAll(decoder);
    }
    assertEquals(films[0], films[1], `encoded by ${from}`);
    await closeAll(encoder);
  }
});

Deno.test("wasm: pictures of odd height leave the heap whole", async () => {
  const encoder = await createVp8Encoder({ ...SIZE, backend: "wasm" });
  const decoder = await createVp8Decoder({ backend: "wasm" });
  // The same instance takes every size in turn; one frame freed twice is found by the next ones that are made.
  for (const [width, height] of [[320, 240], [163, 97], [640, 361], [320, 240], [161, 91]] as const) {
    const pictures = film(15, width, height);
    const decoded = await decodeAll(decoder, await encodeAll(encoder, pictures));
    for (const [i, picture] of pictures.entries()) {
      const psnr = psnrLuma(picture, decoded[i]!);
      assert(psnr > 28, `picture ${i} of ${width} × ${height}: ${psnr} dB`);
    }
  }
  await closeAll(encoder, decoder);
});

/** Something that takes every bit it is given. */
function noisyPicture(index: number) {
  const random = seededRandom(index);
  const picture = testPicture(index);
  for (let i = 0; i < SIZE.width * SIZE.height; i++) picture.data[i]! += 12 * random.next();
  return { ...picture, ptsMs: 1_000_000 + index * STEP_MS };
}
