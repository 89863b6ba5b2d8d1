import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { unixFromNtp } from "../base/time.ts";
import type { RawVideoFrame } from "./frames.ts";
import { OutboundAudioPipeline } from "./outbound_audio.ts";
import type { OutboundPacket } from "./outbound_packet.ts";
import { OutboundVideoPipeline } from "./outbound_video.ts";
import { FakeEncoder } from "./testing_audio.ts";

interface Sent extends OutboundPacket {
  readonly at: number;
}

function audio(options: { dtx?: boolean; channels?: number } = {}) {
  const sent: Sent[] = [];
  const encoder = new FakeEncoder(options.dtx);
  const pipeline = new OutboundAudioPipeline({
    encoder,
    channels: options.channels ?? 1,
    start: { sequenceNumber: 65_535, timestamp: 1_000 },
    sink: (packet, at) => sent.push({ ...packet, at }),
  });
  return { sent, encoder, pipeline };
}

const sound = (samples: number, value = 0.5, sampleRate = 48_000, channels = 1) => ({
  samples: new Float32Array(samples * channels).fill(value),
  sampleRate,
  channels,
});

function run(pipeline: OutboundAudioPipeline, until: number): void {
  while (pipeline.nextTimeout() <= until) pipeline.poll(pipeline.nextTimeout());
}

Deno.test("a second of sound in one piece leaves as 50 packets, one each 20 ms", () => {
  const { sent, pipeline } = audio();
  pipeline.push(sound(48_000), 5_000);
  assertEquals(pipeline.bufferedMs, 1_000);
  run(pipeline, 10_000);
  assertEquals(sent.map(({ at }) => at), Array.from({ length: 50 }, (_, i) => 5_000 + i * 20));
  assertEquals(sent.map(({ timestamp }) => timestamp), Array.from({ length: 50 }, (_, i) => 1_000 + i * 960));
  assertEquals(sent.slice(0, 3).map(({ sequenceNumber }) => sequenceNumber), [65_535, 0, 1]);
  assertEquals(sent.map(({ marker }) => marker).indexOf(true, 1), -1);
  assert(sent[0]!.marker);
});

Deno.test("pieces of any size become whole frames, and a late source keeps media time", () => {
  const { sent, encoder, pipeline } = audio();
  let now = 0;
  for (let i = 0; i < 100; i++, now += 10) {
    pipeline.push(sound(480), now + (i % 4) * 3);
    run(pipeline, now + (i % 4) * 3);
  }
  run(pipeline, 2_000);
  assertEquals(sent.length, 50);
  assert(encoder.frames.every(({ samples }) => samples.length === 960));
  assertEquals(sent.at(-1)!.timestamp, 1_000 + 49 * 960);
});

Deno.test("after a pause of the source the timestamp has gone on and the marker is set", () => {
  const { sent, pipeline } = audio();
  pipeline.push(sound(960), 0);
  run(pipeline, 0);
  pipeline.push(sound(960), 1_000);
  run(pipeline, 2_000);
  assertEquals(sent.map(({ timestamp, marker }) => [timestamp, marker]), [[1_000, true], [49_000, true]]);
});

Deno.test("another rate and stereo are converted: a tone stays a tone", () => {
  const { encoder, pipeline } = audio();
  const samples = new Float32Array(2 * 16_000);
  for (let i = 0; i < 16_000; i++) {
    samples[2 * i] = 0.6 * Math.sin((2 * Math.PI * 440 * i) / 16_000);
    samples[2 * i + 1] = 0.2 * Math.sin((2 * Math.PI * 440 * i) / 16_000);
  }
  pipeline.push({ samples, sampleRate: 16_000, channels: 2 }, 0);
  run(pipeline, 2_000);
  assertEquals(encoder.frames.length, 49);
  const out = Float32Array.from(encoder.frames.slice(2, 47).flatMap((frame) => [...frame.samples]));
  let [sine, cosine, power] = [0, 0, 0];
  out.forEach((value, i) => {
    sine += value * Math.sin((2 * Math.PI * 440 * i) / 48_000);
    cosine += value * Math.cos((2 * Math.PI * 440 * i) / 48_000);
    power += value * value;
  });
  const amplitude = (2 * Math.hypot(sine, cosine)) / out.length;
  assertAlmostEquals(amplitude, 0.4, 0.004);
  const noise = power / out.length - amplitude ** 2 / 2;
  assert(10 * Math.log10((amplitude ** 2 / 2) / Math.max(noise, 1e-12)) > 50, `${noise}`);
});

Deno.test("during discontinuous transmission one packet in 400 ms is sent", () => {
  const { sent, pipeline } = audio({ dtx: true });
  pipeline.push(sound(48_000, 0), 0);
  run(pipeline, 2_000);
  assertEquals(sent.map(({ timestamp }) => (timestamp - 1_000) / 960), [0, 19, 39]);
});

Deno.test("processors run before the encoder; what they drop is not sent, what they throw is told", () => {
  const events: unknown[] = [];
  const errors: unknown[] = [];
  const encoder = new FakeEncoder();
  let call = 0;
  const pipeline = new OutboundAudioPipeline<string>({
    encoder,
    processor: {
      processAudio(frame) {
        call++;
        if (call === 1) return "drop";
        if (call === 2) return { emit: "hello" };
        if (call === 3) throw new Error("mine");
        frame.samples.fill(0.25);
        return "forward";
      },
    },
    onEvent: (event) => events.push(event),
    onError: (error) => errors.push(error),
    sink: () => {},
  });
  for (let i = 0; i < 4; i++) pipeline.push(sound(960), i * 20);
  pipeline.poll(80);
  assertEquals(encoder.frames.map(({ samples }) => samples[0]), [0.25]);
  assertEquals(events, ["hello"]);
  assertEquals(errors.length, 1);
});

Deno.test("an encoder that refuses a frame costs that frame only", () => {
  const { sent, encoder, pipeline } = audio();
  encoder.failNext = true;
  pipeline.push(sound(1_920), 0);
  run(pipeline, 100);
  assertEquals([pipeline.failed, sent.length, sent[0]!.timestamp], [1, 1, 1_960]);
});

const raw = (ptsMs: number): RawVideoFrame => ({
  data: new Uint8Array(6),
  width: 2,
  height: 2,
  format: "I420",
  ptsMs,
});

function video(fps = 30) {
  const sent: Sent[] = [];
  const pipeline = new OutboundVideoPipeline({
    fps,
    start: { timestamp: 0xffff_ff00 },
    sink: (packet, at) => sent.push({ ...packet, at }),
  });
  const push = (ptsMs: number, now: number) => {
    if (!pipeline.accept(raw(ptsMs), now)) return false;
    pipeline.send({ data: Uint8Array.of(0x10, 1, 2), isKeyframe: true, ptsMs }, now + 7);
    return true;
  };
  return { sent, pipeline, push };
}

Deno.test("video timestamps follow the presentation time, whatever encoding takes, and wrap", () => {
  const { sent, push } = video();
  for (let i = 0; i < 4; i++) push(500 + i * 40, 10_000 + i * 40 + (i % 2) * 15);
  const first = 0xffff_ff00;
  assertEquals(sent.map(({ timestamp }) => timestamp), [0, 1, 2, 3].map((i) => (first + i * 3_600) >>> 0));
});

Deno.test("pictures above the rate are left out", () => {
  const { push } = video(15);
  const accepted = Array.from({ length: 60 }, (_, i) => push(i * 10, i * 10)).filter(Boolean).length;
  assert(accepted >= 14 && accepted <= 16, `${accepted} in 600 ms`);
});

Deno.test("a source that jumps in its own time goes on in ours", () => {
  const { sent, push } = video();
  push(0, 0);
  push(40, 40);
  push(-100_000, 80);
  push(-99_960, 2_120);
  const ticks = sent.map(({ timestamp }) => (timestamp - sent[0]!.timestamp) | 0);
  assertEquals(ticks, [0, 3_600, 7_200, 90 * 2_120]);
});

Deno.test("sender reports of sound and picture agree on the clock: what was captured together is played together", () => {
  const { pipeline: audioPipeline, sent: audioSent } = audio();
  const { pipeline: videoPipeline, push, sent: videoSent } = video();
  audioPipeline.push(sound(960 * 50), 1_000);
  for (let now = 1_000; now < 2_000; now += 40) {
    push(now - 1_000, now);
    run(audioPipeline, now);
  }
  const unixMs = 1_700_000_000_000;
  const wall = (report: ReturnType<typeof audioPipeline.senderReport>, timestamp: number, rate: number) =>
    unixFromNtp(report!.ntp) + (((timestamp - report!.rtpTimestamp) | 0) * 1000) / rate;
  const audioWall = wall(audioPipeline.senderReport(1, 2_500, unixMs), audioSent[10]!.timestamp, 48_000);
  const videoWall = wall(videoPipeline.senderReport(2, 2_700, unixMs + 200), videoSent[5]!.timestamp, 90_000);
  assertAlmostEquals(audioWall, videoWall, 1);
  assertEquals(audioPipeline.senderReport(1, 2_500, unixMs)!.packetCount, audioSent.length);
  assertEquals(audioPipeline.senderReport(1, 2_500, unixMs)!.octetCount, audioSent.length * 4);
});
