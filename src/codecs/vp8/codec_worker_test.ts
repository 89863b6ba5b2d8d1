import { assertEquals, assertStringIncludes } from "@std/assert";
import { rejected } from "../testing_errors.ts";
import { CodecWorker, CodecWorkerPool } from "./codec_worker.ts";
import { nativeTest } from "./testing_codecs.ts";
import { film, testPicture } from "./testing_pictures.ts";
import { CheckedVp8Decoder } from "./vp8_decoder.ts";
import { QueuedVp8Encoder } from "./vp8_encoder.ts";
import { decoderSettings, encoderSettings } from "./vp8_options.ts";
import { WorkerLink } from "./worker_link.ts";

const SETTINGS = encoderSettings({ width: 320, height: 240, backend: "native" });

nativeTest("a crashed worker: what waits is rejected, the codecs go on in another one", async () => {
  const pool = new CodecWorkerPool(1);
  const encoder = new QueuedVp8Encoder(
    await WorkerLink.open(pool, { op: "openEncoder", settings: SETTINGS }),
    SETTINGS,
  );
  const settings = decoderSettings({ backend: "native" });
  const decoder = new CheckedVp8Decoder(await WorkerLink.open(pool, { op: "openDecoder", settings }), settings);
  const pictures = film(4);
  const key = await encoder.encode(pictures[0]!);
  await decoder.decode(key!);
  const delta = await encoder.encode(pictures[1]!);
  const waiting = encoder.encode(pictures[2]!);
  pool.workers[0]!.end();
  const error = await rejected(waiting);
  assertEquals(error.code, "codec");
  assertStringIncludes(error.message, "stopped");
  // The new decoder has no picture that this one could be predicted from.
  assertStringIncludes((await rejected(decoder.decode(delta!))).message, "keyframe");
  const next = await encoder.encode(pictures[3]!);
  assertEquals(next?.isKeyframe, true);
  assertEquals((await decoder.decode(next!))?.width, 320);
  for (const codec of [encoder, decoder]) codec.close();
  await Promise.all([encoder.closed, decoder.closed]);
  assertEquals(pool.workers.length, 0);
});

Deno.test("an error that the worker does not catch rejects what waits and does not end the program", async () => {
  const worker = new CodecWorker(new URL("data:text/javascript,onmessage = () => { throw new Error('broken'); };"));
  const error = await rejected(worker.request({ op: "close", codec: 1 }));
  assertEquals(error.code, "codec");
  assertStringIncludes(error.message, "broken");
  assertEquals(worker.usable, false);
  assertEquals((await rejected(worker.request({ op: "close", codec: 1 }))).code, "codec");
});

nativeTest("codecs spread over the workers, and the last one on a worker ends it", async () => {
  const pool = new CodecWorkerPool(2);
  const open = () => WorkerLink.open(pool, { op: "openEncoder", settings: SETTINGS });
  const links = [await open(), await open(), await open(), await open(), await open()];
  assertEquals(pool.workers.map(({ users }) => users).sort(), [2, 3]);
  for (const link of links) await link.close();
  assertEquals(pool.workers.length, 0);
});

nativeTest("an encoder that was closed while a picture waits gives nothing for it", async () => {
  const pool = new CodecWorkerPool(1);
  const encoder = new QueuedVp8Encoder(
    await WorkerLink.open(pool, { op: "openEncoder", settings: SETTINGS }),
    SETTINGS,
  );
  const [first, second] = [encoder.encode(testPicture(0)), encoder.encode(testPicture(1))];
  encoder.close();
  assertEquals([(await first)?.isKeyframe, await second], [true, undefined]);
  await encoder.closed;
});
