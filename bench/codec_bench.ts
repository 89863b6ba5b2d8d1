/**
 * What one frame costs to encode and to decode: Opus (20 ms), VP8 (640 × 360 at 800 kb/s).
 *
 * VP8 in WebAssembly is measured when `SEAMEET_BENCH_WASM=1` allows its package (85 MB) to be loaded.
 */
import { createOpusDecoder, createOpusEncoder } from "../src/codecs/opus/mod.ts";
import { FRAME, framesOf, RATE, voice } from "../src/codecs/opus/testing_sound.ts";
import { createVp8Decoder, createVp8Encoder, type Vp8Backend } from "../src/codecs/vp8/mod.ts";
import { decodeAll, encodeAll, nativeObstacle } from "../src/codecs/vp8/testing_codecs.ts";
import { film } from "../src/codecs/vp8/testing_pictures.ts";

const sound = framesOf(voice(2));

for (
  const [name, options] of [
    ["voip 32k mono, complexity 5, FEC", {
      application: "voip",
      bitrate: 32_000,
      fec: true,
      expectedLossPercent: 10,
    }],
    ["voip 32k mono, complexity 9", { application: "voip", bitrate: 32_000, complexity: 9 }],
    ["audio 32k mono, complexity 5", { bitrate: 32_000 }],
  ] as const
) {
  const [encoder, decoder] = [await createOpusEncoder(options), await createOpusDecoder()];
  const packets = sound.map((samples) => encoder.encode({ samples, sampleRate: RATE, channels: 1 }));
  let at = 0;
  Deno.bench(`Opus encode, ${name}`, { group: "Opus" }, () => {
    encoder.encode({ samples: sound[at++ % sound.length]!, sampleRate: RATE, channels: 1 });
  });
  Deno.bench(`Opus decode, ${name}`, { group: "Opus" }, () => {
    decoder.decode(packets[at++ % packets.length]!);
  });
  Deno.bench(`Opus conceal, ${name}`, { group: "Opus" }, () => {
    decoder.conceal(FRAME);
  });
}

const backends: Vp8Backend[] = nativeObstacle === undefined ? ["native"] : [];
if (Deno.env.get("SEAMEET_BENCH_WASM") === "1") backends.push("wasm");

// Codecs live in the benchmark that uses them: an open one keeps the process alive.
for (const backend of backends) {
  const pictures = film(60, 640, 360);
  Deno.bench(`VP8 ${backend}, 60 pictures encoded`, { group: "VP8", n: 10, warmup: 1 }, async (bench) => {
    const encoder = await createVp8Encoder({ width: 640, height: 360, bitrateKbps: 800, backend });
    bench.start();
    await encodeAll(encoder, pictures);
    bench.end();
    encoder.close();
    await encoder.closed;
  });
  const encoder = await createVp8Encoder({ width: 640, height: 360, bitrateKbps: 800, backend });
  const encoded = await encodeAll(encoder, pictures);
  encoder.close();
  Deno.bench(`VP8 ${backend}, 60 pictures decoded`, { group: "VP8", n: 10, warmup: 1 }, async (bench) => {
    const decoder = await createVp8Decoder({ backend });
    bench.start();
    await decodeAll(decoder, encoded);
    bench.end();
    decoder.close();
    await decoder.closed;
  });
}
