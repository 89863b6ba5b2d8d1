import { assertEquals, assertRejects } from "@std/assert";
import { SeaMeetError } from "../../base/errors.ts";
import type { AudioDecoder, PcmFrame, VideoDecoder } from "../../processing/frames.ts";
import { passthrough } from "../../processing/processor.ts";
import { audioPacket, FakeDecoder } from "../../processing/testing_audio.ts";
import { turn } from "../testing_clock.ts";
import { audioIntake } from "./audio_intake.ts";
import { codecSet, type RoomCodecs } from "./codec_set.ts";
import { FrameStreams } from "./frame_streams.ts";
import type { OnPacket } from "./packet_ports.ts";
import { videoIntake } from "./video_intake.ts";

/** One participant's packets, sent by the test. */
class Origin {
  encrypted = false;
  readonly ears: Set<OnPacket> = new Set();

  listen(_source: string, onPacket: OnPacket) {
    this.ears.add(onPacket);
    return {
      closed: false,
      requestKeyframe: () => {},
      clockNow: () => undefined,
      close: () => void this.ears.delete(onPacket),
    };
  }
}

function intakes(codecs: RoomCodecs) {
  const origin = new Origin();
  const options = {
    origin,
    codecs: codecSet(codecs),
    processor: () => passthrough,
    onEvent: () => {},
    onError: () => {},
  };
  return {
    origin,
    sound: audioIntake("microphone", { ...options, channels: 1 }),
    pictures: videoIntake("camera", options),
  };
}

Deno.test("a slow reader misses frames, which are counted, and nobody waits for it; each reader has its own copy", async () => {
  const sizes: number[] = [];
  const streams = new FrameStreams<{ n: number }>(3, (frame) => ({ ...frame }), () => sizes.push(streams.size));
  const [slow, fast] = [streams.open(), streams.open().getReader()];
  for (let n = 0; n < 10; n++) {
    streams.emit({ n });
    const { value } = await fast.read();
    assertEquals(value!.n, n);
    value!.n = -1;
  }
  assertEquals(streams.dropped, 7);
  await fast.cancel();
  streams.end();
  assertEquals(await Array.fromAsync(slow), [{ n: 0 }, { n: 1 }, { n: 2 }]);
  assertEquals(sizes, [1, 2, 1, 0]);
});

Deno.test("sound is decoded only while somebody wants it, and cancelling halfway frees everything", async () => {
  const decoders: FakeDecoder[] = [];
  const { origin, sound } = intakes({
    opusDecoder: () => Promise.resolve((decoders.push(new FakeDecoder()), decoders.at(-1)!)),
  });
  assertEquals([decoders.length, origin.ears.size], [0, 0]);
  const [reader, other] = [sound.open().getReader(), sound.open().getReader()];
  await turn();
  assertEquals([decoders.length, origin.ears.size], [1, 1]);
  for (const ear of origin.ears) ear(audioPacket(0), "opus", performance.now());
  const frames: PcmFrame[] = [(await reader.read()).value!, (await other.read()).value!];
  assertEquals(frames.map(({ samples }) => samples.length), [960, 960]);
  await reader.cancel();
  assertEquals(decoders[0]!.closed, false);
  await other.cancel();
  assertEquals([decoders[0]!.closed, origin.ears.size], [true, 0]);

  const again = sound.open();
  await turn();
  assertEquals(decoders.length, 2);
  sound.close();
  assertEquals([decoders[1]!.closed, origin.ears.size], [true, 0]);
  await Array.fromAsync(again);
});

Deno.test("a decoder that is ready after everybody has gone is closed at once", async () => {
  const ready = Promise.withResolvers<AudioDecoder>();
  const { origin, sound } = intakes({ opusDecoder: () => ready.promise });
  await sound.open().cancel();
  const decoder = new FakeDecoder();
  ready.resolve(decoder);
  await turn();
  assertEquals([decoder.closed, origin.ears.size], [true, 0]);
});

Deno.test("a missing codec is a typed error for the reader, never silence or black", async () => {
  const refuse = () => Promise.reject(new SeaMeetError("codec", "install it"));
  const { sound, pictures } = intakes({ opusDecoder: refuse, vp8Decoder: refuse });
  await assertRejects(() => sound.open().getReader().read(), SeaMeetError, "install it");
  await assertRejects(() => pictures.open().getReader().read(), SeaMeetError, "install it");
});

Deno.test("what is encrypted from end to end gets no decoder at all, and the reader is told why", async () => {
  let made = 0;
  const video: VideoDecoder = { decode: () => Promise.resolve(undefined), close: () => {} };
  const { origin, sound, pictures } = intakes({
    opusDecoder: () => Promise.resolve((made++, new FakeDecoder())),
    vp8Decoder: () => Promise.resolve((made++, video)),
  });
  origin.encrypted = true;
  await assertRejects(() => sound.open().getReader().read(), SeaMeetError, "end to end");
  await assertRejects(() => pictures.open().getReader().read(), SeaMeetError, "end to end");
  assertEquals(made, 0);

  origin.encrypted = false;
  const reader = sound.open().getReader();
  await turn();
  origin.encrypted = true;
  for (const ear of origin.ears) ear(audioPacket(0), "opus", performance.now());
  await assertRejects(() => reader.read(), SeaMeetError, "end to end");
  assertEquals(origin.ears.size, 0);
});
