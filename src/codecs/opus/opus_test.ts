import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { SeaMeetError } from "../../base/errors.ts";
import { seededRandom } from "../../base/random.ts";
import type { AudioDecoder, AudioEncoder, EncodedAudio } from "../../processing/frames.ts";
import { rejected, thrown } from "../testing_errors.ts";
import { createOpusDecoder, createOpusEncoder, MAX_OPUS_PACKET_BYTES } from "./mod.ts";
import type { OpusEncoderOptions } from "./opus_options.ts";
import { compare, compareDelayed, FRAME, framesOf, join, RATE, tone, voice } from "./testing_sound.ts";

/** The first 200 ms are left out of comparisons: the coder settles. */
const SETTLED = 10 * FRAME;

function encodeAll(encoder: AudioEncoder, sound: Float32Array<ArrayBuffer>): EncodedAudio[] {
  return framesOf(sound).map((samples) => encoder.encode({ samples, sampleRate: RATE, channels: 1 }));
}

async function roundTrip(sound: Float32Array<ArrayBuffer>, options: OpusEncoderOptions) {
  const encoder = await createOpusEncoder(options);
  const decoder = await createOpusDecoder();
  const heard = join(encodeAll(encoder, sound).map((packet) => decoder.decode(packet).samples));
  encoder.close();
  decoder.close();
  return compareDelayed(sound.subarray(SETTLED), heard.subarray(SETTLED));
}

Deno.test("a tone and a voice come through: shape, level and a delay of 6.5 ms", async () => {
  const sine = await roundTrip(tone(440, 1), { bitrate: 32_000 });
  assert(sine.correlation > 0.999, `tone: correlation ${sine.correlation}`);
  assert(sine.snrDb > 27, `tone: SNR ${sine.snrDb} dB`);
  const music = await roundTrip(voice(2), { bitrate: 32_000 });
  assert(music.correlation > 0.98 && music.snrDb > 15, JSON.stringify(music));
  const speech = await roundTrip(voice(2), { bitrate: 32_000, application: "voip" });
  assert(speech.correlation > 0.95 && speech.snrDb > 10, JSON.stringify(speech));
  assertAlmostEquals(speech.delay, 312, 8);
});

Deno.test("stereo keeps the sides apart, and a mono decoder mixes them", async () => {
  const encoder = await createOpusEncoder({ channels: 2, bitrate: 96_000 });
  const [stereo, mono] = [await createOpusDecoder({ channels: 2 }), await createOpusDecoder()];
  const [left, right] = [tone(440, 1), tone(1_000, 1)];
  const [heardLeft, heardRight, mixed]: [number[], number[], number[]] = [[], [], []];
  for (let at = 0; at + FRAME <= left.length; at += FRAME) {
    const samples = Float32Array.from({ length: 2 * FRAME }, (_, i) => (i % 2 === 0 ? left : right)[at + (i >> 1)]!);
    const packet = encoder.encode({ samples, sampleRate: RATE, channels: 2 });
    const frame = stereo.decode(packet);
    assertEquals([frame.channels, frame.samples.length], [2, 2 * FRAME]);
    for (const [i, value] of frame.samples.entries()) (i % 2 === 0 ? heardLeft : heardRight).push(value);
    mixed.push(...mono.decode(packet).samples);
  }
  const likeness = (expected: Float32Array, heard: number[]) =>
    compareDelayed(expected.subarray(SETTLED), Float32Array.from(heard).subarray(SETTLED)).correlation;
  assert(likeness(left, heardLeft) > 0.99);
  assert(likeness(right, heardRight) > 0.99);
  assert(likeness(left.map((value, i) => (value + right[i]!) / 2), mixed) > 0.99);
  for (const codec of [encoder, stereo, mono]) codec.close();
});

Deno.test("every fifth packet lost: redundancy restores it, concealment fills it, both better than silence", async () => {
  for (const bitrate of [24_000, 32_000, 48_000]) {
    const encoder = await createOpusEncoder({ application: "voip", bitrate, fec: true, expectedLossPercent: 20 });
    const packets = encodeAll(encoder, voice(4));
    const [whole, concealing, recovering] = await Promise.all([1, 2, 3].map(() => createOpusDecoder()));
    const [expected, concealed, recovered]: [Float32Array[], Float32Array[], Float32Array[]] = [[], [], []];
    for (const [i, packet] of packets.entries()) {
      const next = packets[i + 1];
      const reference = whole!.decode(packet).samples;
      const lost = i % 5 === 4 && next !== undefined;
      const a = lost ? concealing!.conceal(FRAME) : concealing!.decode(packet);
      const b = lost ? recovering!.recover(next, FRAME) : recovering!.decode(packet);
      if (!lost || i < 20) continue;
      expected.push(reference);
      concealed.push(a.samples);
      recovered.push(b.samples);
    }
    const plc = compare(join(expected), join(concealed));
    const fec = compare(join(expected), join(recovered));
    assert(plc.correlation > 0.45 && plc.snrDb > 0.5, `${bitrate}: concealed ${JSON.stringify(plc)}`);
    assert(fec.correlation > 0.9 && fec.snrDb > 8, `${bitrate}: restored ${JSON.stringify(fec)}`);
    for (const codec of [encoder, whole, concealing, recovering]) codec!.close();
  }
});

Deno.test("DTX: silence shrinks to packets that need not be sent", async () => {
  const encoder = await createOpusEncoder({ application: "voip", bitrate: 24_000, dtx: true });
  encodeAll(encoder, voice(1));
  const small = encodeAll(encoder, new Float32Array(150 * FRAME)).filter(({ data }) => data.length <= 2);
  assert(small.length > 100, `${small.length} of 150 packets need not be sent`);
  encoder.close();
});

Deno.test("setBitrate() and setPacketLoss() take effect at once", async () => {
  const encoder = await createOpusEncoder({ application: "voip", bitrate: 24_000, fec: true });
  const bytes = (packets: EncodedAudio[]) => packets.reduce((sum, { data }) => sum + data.length, 0);
  const sound = voice(1);
  const low = bytes(encodeAll(encoder, sound));
  encoder.setBitrate(64_000);
  const high = bytes(encodeAll(encoder, sound));
  assert(high > 2 * low, `${low} bytes, then ${high}`);
  encoder.setBitrate(24_000);
  encodeAll(encoder, sound);
  // A packet without redundancy cannot restore the one before it better than concealment does.
  const restored = async () => {
    const packets = encodeAll(encoder, sound);
    const [whole, lossy] = [await createOpusDecoder(), await createOpusDecoder()];
    const pairs = packets.slice(0, -1).map((packet, i) => {
      const expected = whole.decode(packet).samples;
      return i % 5 === 4 ? [expected, lossy.recover(packets[i + 1]!, FRAME).samples] : [lossy.decode(packet).samples];
    }).filter((pair) => pair.length === 2);
    whole.close();
    lossy.close();
    return compare(join(pairs.map(([a]) => a!)), join(pairs.map(([, b]) => b!))).snrDb;
  };
  const without = await restored();
  encoder.setPacketLoss(20);
  const withIt = await restored();
  assert(withIt > without + 4, `${without} dB without redundancy, ${withIt} dB with it`);
  encoder.close();
});

Deno.test("every rate and frame length: as many samples come out as went in", async () => {
  for (const sampleRate of [8_000, 12_000, 16_000, 24_000, 48_000] as const) {
    for (const frameMs of [2.5, 5, 10, 20, 40, 60] as const) {
      const encoder = await createOpusEncoder({ sampleRate, frameMs, channels: 2 });
      const decoder = await createOpusDecoder({ sampleRate, channels: 2 });
      const samples = new Float32Array(2 * sampleRate * frameMs / 1_000);
      const packet = encoder.encode({ samples, sampleRate, channels: 2 });
      assertEquals(decoder.decode(packet).samples.length, samples.length);
      // An empty packet stands for a lost one of the same length.
      assertEquals(decoder.decode({ data: new Uint8Array() }).samples.length, samples.length);
      encoder.close();
      decoder.close();
    }
  }
});

Deno.test("loud samples are clipped and what is no number is silent", async () => {
  const encoder = await createOpusEncoder();
  const samples = Float32Array.from({ length: FRAME }, (_, i) => [2, -2, NaN, Infinity, -Infinity][i % 5]!);
  const decoder = await createOpusDecoder();
  const heard = decoder.decode(encoder.encode({ samples, sampleRate: RATE, channels: 1 }));
  assert(heard.samples.every((value) => value >= -1 && value <= 1));
  encoder.close();
  decoder.close();
});

function codecError(use: () => unknown): SeaMeetError {
  const error = thrown(use);
  assertEquals(error.code, "codec");
  return error;
}

Deno.test("damaged packets throw a typed error, and the decoder goes on", async () => {
  const encoder = await createOpusEncoder({ bitrate: 32_000 });
  const packets = encodeAll(encoder, voice(1));
  const decoder = await createOpusDecoder();
  const random = seededRandom(11);
  let refused = 0;
  for (let i = 0; i < 1_000; i++) {
    const data = new Uint8Array(1 + Math.floor(random.next() * 400));
    random.fill(data);
    try {
      const { samples } = decoder.decode({ data });
      assert(samples.length > 0 && samples.length <= 5_760);
    } catch (error) {
      assert(error instanceof SeaMeetError && error.code === "codec", String(error));
      refused++;
    }
  }
  assert(refused > 100 && refused < 1_000, `${refused} of 1000 refused`);
  const fresh = await createOpusDecoder();
  const heard = (by: AudioDecoder) => join(packets.map((packet) => by.decode(packet).samples)).subarray(SETTLED);
  assert(compare(heard(fresh), heard(decoder)).correlation > 0.99, "good packets decode as before");
  assert(codecError(() => decoder.decode({ data: Uint8Array.of(0xff, 0xff, 0xff) })).message.includes("corrupted"));
  for (const codec of [encoder, decoder, fresh]) codec.close();
});

Deno.test("what is out of range is refused before libopus sees it", async () => {
  const [encoder, decoder] = [await createOpusEncoder(), await createOpusDecoder()];
  codecError(() => decoder.decode({ data: new Uint8Array(MAX_OPUS_PACKET_BYTES + 1) }));
  codecError(() => decoder.recover({ data: new Uint8Array(MAX_OPUS_PACKET_BYTES + 1) }, FRAME));
  for (const hole of [0, -960, 961, 5_880, NaN, Infinity]) codecError(() => decoder.conceal(hole));
  for (const length of [0, 959, 961, 1_920]) {
    codecError(() => encoder.encode({ samples: new Float32Array(length), sampleRate: RATE, channels: 1 }));
  }
  codecError(() => encoder.encode({ samples: new Float32Array(FRAME), sampleRate: 16_000, channels: 1 }));
  codecError(() => encoder.encode({ samples: new Float32Array(FRAME), sampleRate: RATE, channels: 2 }));
  assertEquals(thrown(() => encoder.setBitrate(1)).code, "config");
  assertEquals(thrown(() => encoder.setPacketLoss(101)).code, "config");
  for (const options of [{ bitrate: NaN }, { complexity: 11 }, { bitrate: 600_000 }, { expectedLossPercent: -1 }]) {
    assertEquals((await rejected(createOpusEncoder(options))).code, "config");
  }
  encoder.close();
  decoder.close();
});

Deno.test("a closed codec says so, and closing twice is fine", async () => {
  const [encoder, decoder] = [await createOpusEncoder(), await createOpusDecoder()];
  for (const codec of [encoder, decoder, encoder, decoder]) codec.close();
  const silence = { samples: new Float32Array(FRAME), sampleRate: RATE, channels: 1 };
  assertEquals(thrown(() => encoder.encode(silence)).code, "closed");
  assertEquals(thrown(() => decoder.conceal(FRAME)).code, "closed");
});
