import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { rejected, thrown } from "../testing_errors.ts";
import { instantiate, type LibopusExports, LibopusPool } from "./libopus.ts";
import { readLibopus } from "./libopus_file.ts";
import { OpusDecoder } from "./opus_decoder.ts";
import { OpusEncoder } from "./opus_encoder.ts";
import { decoderSettings, encoderSettings } from "./opus_options.ts";

const module = new WebAssembly.Module(await readLibopus());

/** Memory of an instance before it grows, in bytes. */
const FRESH_BYTES = instantiate(module).memory.buffer.byteLength;

/** A pool whose instances trap when they decode a packet that begins with this byte. */
const POISON = 0x13;

function poolWithPoison(): { pool: LibopusPool; made: LibopusExports[] } {
  const made: LibopusExports[] = [];
  const pool = new LibopusPool(() => {
    const real = instantiate(module);
    const exports: LibopusExports = {
      ...real,
      opus_decode(state, packet, bytes, pcm, samples, fec) {
        if (packet !== 0 && new Uint8Array(real.memory.buffer)[packet] === POISON) {
          throw new WebAssembly.RuntimeError("unreachable");
        }
        return real.opus_decode(state, packet, bytes, pcm, samples, fec);
      },
    };
    made.push(exports);
    return exports;
  });
  return { pool, made };
}

/** One frame of silence. */
const SILENCE = Uint8Array.of(0xf8, 0xff, 0xfe);

Deno.test("a trap: typed error, the instance is given up, every codec on it goes on with a fresh one", () => {
  const { pool, made } = poolWithPoison();
  const [victim, neighbour] = [new OpusDecoder(pool, decoderSettings({})), new OpusDecoder(pool, decoderSettings({}))];
  neighbour.decode({ data: SILENCE });
  assertEquals(made.length, 1);
  const error = thrown(() => victim.decode({ data: Uint8Array.of(POISON, 1, 2) }));
  assertEquals(error.code, "codec");
  assert(error.cause instanceof WebAssembly.RuntimeError);
  assertEquals(neighbour.decode({ data: SILENCE }).samples.length, 960);
  assertEquals(victim.decode({ data: SILENCE }).samples.length, 960);
  assertEquals([made.length, pool.size], [2, 1]);
  victim.close();
  neighbour.close();
});

Deno.test("no memory: a typed error", () => {
  const pool = new LibopusPool(() => {
    const real = instantiate(module);
    return { ...real, malloc: (bytes: number) => bytes < 30_000 ? real.malloc(bytes) : 0 };
  });
  assertEquals(thrown(() => new OpusEncoder(pool, encoderSettings({ channels: 2 }))).code, "codec");
});

Deno.test("3000 codecs made and closed: the same instance, memory that does not grow", () => {
  const { pool, made } = poolWithPoison();
  for (let i = 0; i < 3_000; i++) {
    const channels = i % 2 === 0 ? 1 : 2;
    const encoder = new OpusEncoder(pool, encoderSettings({ channels }));
    const decoder = new OpusDecoder(pool, decoderSettings({ channels }));
    if (i % 100 === 0) {
      decoder.decode(encoder.encode({ samples: new Float32Array(960 * channels), sampleRate: 48_000, channels }));
    }
    encoder.close();
    decoder.close();
  }
  assertEquals(made.length, 1);
  assertEquals(made[0]?.memory.buffer.byteLength, FRESH_BYTES);
});

Deno.test("many codecs spread over instances, which are let go again", () => {
  const { pool } = poolWithPoison();
  const decoders = Array.from({ length: 200 }, () => new OpusDecoder(pool, decoderSettings({ channels: 2 })));
  assertEquals(pool.size, 4);
  for (const decoder of decoders) assertEquals(decoder.decode({ data: SILENCE }).samples.length, 1_920);
  for (const decoder of decoders) decoder.close();
  new OpusDecoder(pool, decoderSettings({})).close();
  assertEquals(pool.size, 1);
});

Deno.test("a missing or wrong file is an error that says what to do", async () => {
  const missing = await rejected(readLibopus(new URL("./dist/missing.wasm", import.meta.url)));
  assertEquals(missing.code, "codec");
  assertStringIncludes(missing.message, "deno task build:codecs");
  const wrong = await rejected(readLibopus(new URL("./libopus_file.ts", import.meta.url)));
  assertStringIncludes(wrong.message, "not the expected file");
});

Deno.test("over HTTP: the file of a registry, or why not", async () => {
  const bytes = await readLibopus();
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    return request.url.endsWith("/libopus.bin") ? new Response(bytes) : new Response("no", { status: 404 });
  });
  const base = `http://127.0.0.1:${server.addr.port}/`;
  assertEquals(await readLibopus(new URL("libopus.bin", base)), bytes);
  assertStringIncludes((await rejected(readLibopus(new URL("other.wasm", base)))).message, "404");
});
